import FoundationEssentials

/// Reads a spec from disk and checks all of it.
///
/// A spec is a file, or a directory whose `*.yaml` and `*.yml` files are merged. Nothing but the named files,
/// the files that it, its images and the run's variables name, and the environment is read.
public struct SpecLoader {
  /// What came of loading: every problem, the texts to show them in, and the site if there was no error.
  public struct Result: Sendable {
    public let site: Site?
    public let diagnostics: [Diagnostic]
    public let sources: [SourceText]
    /// The values of secret variables and the passwords of screens, which no output may show: `diagnostics` and the
    /// origins of `site` may quote them.
    public let secrets: [String]

    /// The diagnostics as text for people.
    public var rendered: [String] {
      let renderer = DiagnosticRenderer(sources: sources)
      return diagnostics.map(renderer.render)
    }
  }

  private let environment: [String: String]
  private let given: GivenVariables
  private let policies: [String]
  /// Bytes of all files of a spec together, and how many files there may be.
  private static let (maximumSize, maximumFiles) = (32 << 20, 10_000)
  /// Bytes of a variable's file.
  private static let maximumVariableSize = 1 << 20

  /// - Parameters:
  ///   - environment: what `env:` of a variable reads.
  ///   - given: values of variables that count over what the spec says of them.
  ///   - policies: paths of policy files, whose rules count beside the spec's own.
  public init(
    environment: [String: String], given: GivenVariables = GivenVariables(), policies: [String] = []
  ) {
    self.environment = environment
    self.given = given
    self.policies = policies
  }

  /// Loads the spec at `path`, a file or a directory.
  public func load(_ path: String) -> Result {
    let diagnostics = Diagnostics()
    return load(Self.texts(at: path, diagnostics), diagnostics)
  }

  /// The names in the spec at `path`, as far as they can be told, whatever is wrong with it.
  public func names(_ path: String) -> SpecNames {
    let diagnostics = Diagnostics()
    var sources = Self.texts(at: path, diagnostics, patience: nil)
    let decoded = decode(sources, diagnostics, shown: &sources)
    return decoded.map { $0.decoder.names(of: $0.root) } ?? SpecNames()
  }

  /// The files of the spec at `path` as they are, and what cannot be read.
  public static func texts(at path: String) -> (texts: [SourceText], diagnostics: [Diagnostic]) {
    let diagnostics = Diagnostics()
    let texts = texts(at: path, diagnostics)
    return (texts, diagnostics.sorted)
  }

  /// - Parameter patience: how many seconds to wait for a pipe, which the user may name, too; nil if it may be none.
  static func texts(
    at path: String, _ diagnostics: Diagnostics, patience: Int? = FileReader.patience
  ) -> [SourceText] {
    var texts: [SourceText] = []
    var bytes = 0
    for file in files(at: path, diagnostics) {
      let text = diagnostics.value(at: nil) { () throws(ValueError) in
        try FileReader.text(
          file, maximum: YAMLParser.Bounds().bytes, patience: file == path ? patience : nil)
      }
      guard let text else { continue }
      bytes += text.utf8.count
      guard bytes <= maximumSize else {
        diagnostics.error(
          "the files of '\(path)' are larger than \(maximumSize >> 20) MiB together", at: nil,
          help: "split the spec into several stacks")
        return []
      }
      texts.append(SourceText(path: file, text: text))
    }
    return texts
  }

  /// Checks texts that are read already.
  public func load(_ sources: [SourceText]) -> Result { load(sources, Diagnostics()) }

  func load(_ sources: [SourceText], _ diagnostics: Diagnostics) -> Result {
    var shown = sources
    let decoded = decode(sources, diagnostics, shown: &shown)
    return Result(
      site: diagnostics.hasErrors ? nil : decoded?.site, diagnostics: diagnostics.sorted, sources: shown,
      secrets: decoded?.decoder.secrets.sorted() ?? [])
  }

  /// What a spec comes to.
  private struct Decoded {
    let root: YAMLNode
    let decoder: SiteDecoder
    let site: Site?
  }

  /// Reads the texts; nil if one of them is no YAML.
  ///
  /// - Parameter shown: gets the texts of further files, to show diagnostics in.
  private func decode(
    _ sources: [SourceText], _ diagnostics: Diagnostics, shown: inout [SourceText]
  ) -> Decoded? {
    var bounds = YAMLParser.Bounds()
    let roots = sources.compactMap { source -> YAMLNode? in
      guard bounds.nodes > 0 else { return nil }
      let root = YAMLParser.parse(source, spending: &bounds, diagnostics: diagnostics)
      if let root, root.mapping == nil, !root.isNull {
        diagnostics.error("a spec must be a map, not \(root.kind)", at: root.location)
        return nil
      }
      return root
    }
    let given = self.given.values(diagnostics, sources: &shown)
    let policies = policies.compactMap { Self.root(ofPolicy: $0, diagnostics, sources: &shown) }
    // A file that is no YAML would make every reference into it look wrong: its own errors come first.
    guard !diagnostics.hasErrors else { return nil }
    let variables = VariableTable.Sources(environment: environment, given: given) {
      path throws(ValueError) in
      var text = try FileReader.text(path, maximum: Self.maximumVariableSize)
      if text.last?.isNewline == true { text.removeLast() }
      return text
    }
    let root = Self.merge(roots, of: sources, diagnostics)
    var decoder = SiteDecoder(diagnostics: diagnostics, sources: variables, policies: policies)
    let site = decoder.decode(root)
    return Decoded(root: root, decoder: decoder, site: site)
  }

  private static func root(
    ofPolicy path: String, _ diagnostics: Diagnostics, sources: inout [SourceText]
  ) -> YAMLNode? {
    let text = diagnostics.value(at: nil) { () throws(ValueError) in
      try FileReader.text(path, maximum: YAMLParser.Bounds().bytes, patience: FileReader.patience)
    }
    guard let text else { return nil }
    let source = SourceText(path: path, text: text)
    sources.append(source)
    // A file without anything in it has no node.
    let nothing = YAMLNode(
      .scalar(YAMLScalar("", style: .plain)), at: SourceLocation(path: path, line: 1, column: 1))
    return YAMLParser.parse(source, diagnostics: diagnostics) ?? nothing
  }

  private static func files(at path: String, _ diagnostics: Diagnostics) -> [String] {
    var isDirectory = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
      diagnostics.error(
        "no spec at '\(path)'", at: nil, help: "name a YAML file or a directory that holds some")
      return []
    }
    guard isDirectory else { return [path] }
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
    let prefix = path == "." ? "" : (path.hasSuffix("/") ? path : path + "/")
    let files = names.filter { ($0.hasSuffix(".yaml") || $0.hasSuffix(".yml")) && !$0.hasPrefix(".") }
    if files.isEmpty {
      diagnostics.error(
        "no *.yaml file in '\(path)'", at: nil, help: "name a YAML file or a directory that holds some")
    }
    guard files.count <= maximumFiles else {
      diagnostics.error(
        "'\(path)' has more than \(maximumFiles) *.yaml files", at: nil,
        help: "split the spec into several stacks")
      return []
    }
    return files.map { prefix + $0 }
  }

  /// One mapping of all files. Sections merge by name; the same name twice is an error that shows both.
  private static func merge(_ roots: [YAMLNode], of sources: [SourceText], _ diagnostics: Diagnostics)
    -> YAMLNode
  {
    var merged = YAMLMapping()
    for entry in roots.compactMap(\.mapping).flatMap(\.entries) {
      guard let first = merged[entry.key] else {
        merged.append(entry)
        continue
      }
      if merge(entry, into: first, diagnostics) { merged = merged.merging(YAMLMapping([entry])) }
    }
    let start = SourceLocation(path: sources.first?.path ?? "", line: 1, column: 1)
    return YAMLNode(.mapping(merged), at: start)
  }

  /// True if `entry`, whose key `first` has already, is to be laid over it; reports what is there twice.
  private static func merge(
    _ entry: YAMLMapping.Entry, into first: YAMLMapping.Entry, _ diagnostics: Diagnostics
  ) -> Bool {
    switch (first.value.content, entry.value.content) {
    case (.mapping(let a), .mapping(let b)):
      for inner in b.entries {
        guard let earlier = a[inner.key] else { continue }
        diagnostics.error(
          "'\(entry.key).\(inner.key)' is defined twice", at: inner.keyLocation,
          related: [.init(message: "it is defined here first", location: earlier.keyLocation)])
      }
      return true
    case (.scalar(let empty), _) where empty.isNull: return true
    case (_, .scalar(let empty)) where empty.isNull: return false
    case (.scalar(let a), .scalar(let b)) where a == b: return false
    default:
      diagnostics.error(
        "'\(entry.key)' is set twice", at: entry.keyLocation,
        related: [.init(message: "it is set here first", location: first.keyLocation)])
      return false
    }
  }
}

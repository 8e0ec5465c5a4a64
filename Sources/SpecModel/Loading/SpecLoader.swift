import FoundationEssentials

/// Reads a spec from disk and checks all of it.
///
/// A spec is a file, or a directory whose `*.yaml` and `*.yml` files are merged. Nothing but the named files,
/// the files that variables and images name, and the environment is read.
public struct SpecLoader {
  /// What came of loading: every problem, the texts to show them in, and the site if there was no error.
  public struct Result: Sendable {
    public let site: Site?
    public let diagnostics: [Diagnostic]
    public let sources: [SourceText]

    /// The diagnostics as text for people.
    public var rendered: [String] {
      let renderer = DiagnosticRenderer(sources: sources)
      return diagnostics.map(renderer.render)
    }
  }

  private let environment: [String: String]

  /// - Parameter environment: what `env:` of a variable reads.
  public init(environment: [String: String]) { self.environment = environment }

  /// Loads the spec at `path`, a file or a directory.
  public func load(_ path: String) -> Result {
    let diagnostics = Diagnostics()
    let sources = Self.files(at: path, diagnostics).compactMap { file in
      diagnostics.value(at: nil) { () throws(ValueError) in
        SourceText(path: file, text: try Self.readText(file))
      }
    }
    return load(sources, diagnostics)
  }

  /// Checks texts that are read already.
  public func load(_ sources: [SourceText]) -> Result { load(sources, Diagnostics()) }

  private func load(_ sources: [SourceText], _ diagnostics: Diagnostics) -> Result {
    let roots = sources.compactMap { source -> YAMLNode? in
      let root = YAMLParser.parse(source, diagnostics: diagnostics)
      if let root, root.mapping == nil, !root.isNull {
        diagnostics.error("a spec must be a map, not \(root.kind)", at: root.location)
        return nil
      }
      return root
    }
    var site: Site?
    // A file that is no YAML would make every reference into it look wrong: its own errors come first.
    if !diagnostics.hasErrors {
      let variables = VariableTable.Sources(environment: environment) { path throws(ValueError) in
        var text = try Self.readText(path)
        if text.last == "\n" { text.removeLast() }
        return text
      }
      var decoder = SiteDecoder(diagnostics: diagnostics)
      site = decoder.decode(Self.merge(roots, diagnostics), variables: variables)
    }
    return Result(
      site: diagnostics.hasErrors ? nil : site, diagnostics: diagnostics.sorted, sources: sources)
  }

  private static func files(at path: String, _ diagnostics: Diagnostics) -> [String] {
    var isDirectory = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
      diagnostics.error("no spec at '\(path)'", at: nil, help: "name a YAML file or a directory that holds some")
      return []
    }
    guard isDirectory else { return [path] }
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
    let prefix = path == "." ? "" : (path.hasSuffix("/") ? path : path + "/")
    let files = names.filter { ($0.hasSuffix(".yaml") || $0.hasSuffix(".yml")) && !$0.hasPrefix(".") }
    if files.isEmpty {
      diagnostics.error("no *.yaml file in '\(path)'", at: nil, help: "name a YAML file or a directory that holds some")
    }
    return files.map { prefix + $0 }
  }

  private static func readText(_ path: String) throws(ValueError) -> String {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw ValueError("cannot read '\(path)'", help: "check that the file is there and that you may read it")
    }
    guard let text = String(data: data, encoding: .utf8) else { throw ValueError("'\(path)' is not UTF-8 text") }
    return text
  }

  /// One mapping of all files. Sections merge by name; the same name twice is an error that shows both.
  private static func merge(_ roots: [YAMLNode], _ diagnostics: Diagnostics) -> YAMLNode {
    var merged = YAMLMapping()
    for entry in roots.compactMap(\.mapping).flatMap(\.entries) {
      guard let first = merged[entry.key] else {
        merged.append(entry)
        continue
      }
      switch (first.value.content, entry.value.content) {
      case (.mapping(let a), .mapping(let b)):
        for inner in b.entries {
          guard let earlier = a[inner.key] else { continue }
          diagnostics.error(
            "'\(entry.key).\(inner.key)' is defined twice", at: inner.keyLocation,
            related: [.init(message: "it is defined here first", location: earlier.keyLocation)])
        }
        merged = merged.merging(YAMLMapping([entry]))
      case (.scalar(let a), .scalar(let b)) where a == b: continue
      case (_, .scalar(let empty)) where empty.isNull: continue
      default:
        diagnostics.error(
          "'\(entry.key)' is set twice", at: entry.keyLocation,
          related: [.init(message: "it is set here first", location: first.keyLocation)])
      }
    }
    let start = SourceLocation(path: roots.first?.location.path ?? "", line: 1, column: 1)
    return YAMLNode(.mapping(merged), at: roots.count == 1 ? roots[0].location : start)
  }
}

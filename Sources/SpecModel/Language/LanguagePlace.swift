/// What a path of the language leads to.
public struct LanguagePlace: Sendable {
  /// The keys on the way, in which NAME stands for a name: `vms.NAME.disks.NAME.size`. Empty for the top of a spec.
  public let path: String
  /// The same without names: `vms`, `disks`, `size`.
  public let keys: [String]
  /// nil for the top of a spec.
  public let field: LanguageField?

  /// The keys below, each with its path.
  public var fields: [(path: String, field: LanguageField)] {
    guard let field else { return Language.root.fields.map { ($0.name, $0) } }
    return field.type.parts.flatMap { part in
      part.object.fields.map { (Language.join(path + part.suffix, $0.name), $0) }
    }
  }

  /// The place of a key below.
  public func below(_ field: LanguageField, at path: String) -> LanguagePlace {
    LanguagePlace(path: path, keys: keys + [field.name], field: field)
  }
}

extension Language {
  /// The place that `path` leads to. Names in it may be any, or be left out: `vms.web-1.disks.root.size` and
  /// `vms.disks.size` are the same.
  public static func place(at path: String) throws(ValueError) -> LanguagePlace {
    // `cells[0]` is an item of a list, which has no key of its own.
    let plain = path.replacing(/\[[^\]]*\]/, with: "")
    let words = plain.split(separator: ".", omittingEmptySubsequences: true).map(String.init)
    return try find(words[...], from: LanguagePlace(path: "", keys: [], field: nil))
  }

  /// The paths that go on from what is written of one, for a shell that completes it.
  public static func completions(of prefix: String) -> [String] {
    let written = prefix.lastIndex(of: ".").map { String(prefix[..<$0]) } ?? ""
    guard let place = try? place(at: written) else { return [] }
    var seen: Set<String> = []
    return place.fields.map { join(written, $0.field.name) }.filter { seen.insert($0).inserted }
  }

  /// - Parameter isNamed: true behind a name, which another one cannot follow.
  private static func find(
    _ words: ArraySlice<String>, from place: LanguagePlace, isNamed: Bool = false
  ) throws(ValueError) -> LanguagePlace {
    guard let word = words.first else { return place }
    let fields = place.fields
    if let next = fields.first(where: { $0.field.name == word }) {
      return try find(words.dropFirst(), from: place.below(next.field, at: next.path))
    }
    let near = nearest(to: word, in: fields.map(\.field.name))
    guard !isNamed, place.field?.type.takesName(word) == true else { throw unknown(word, at: place, near) }
    // A name alone could as well be a key that is misspelt.
    let isPlaceholder = !word.contains(where: \.isLowercase)
    if words.count == 1, let near, !isPlaceholder { throw unknown(word, at: place, near) }
    // Names may have dots in them.
    var failure: ValueError?
    for count in 1...max(words.count - 1, 1) {
      do {
        return try find(words.dropFirst(count), from: place, isNamed: true)
      } catch {
        failure = failure ?? error
      }
    }
    throw near.map { unknown(word, at: place, $0) } ?? failure ?? unknown(word, at: place, nil)
  }

  private static func unknown(_ word: String, at place: LanguagePlace, _ near: String?) -> ValueError {
    let keys = place.fields.map(\.field.name)
    let title = place.path.isEmpty ? "a spec" : "'\(place.path)'"
    return ValueError(
      keys.isEmpty ? "\(title) has no keys of its own" : "\(title) has no key '\(word)'",
      help: near.map { "did you mean '\(join(place.path, $0))'?" }
        ?? (keys.isEmpty ? nil : "it has " + keys.joined(separator: ", ")))
  }
}

extension LanguageType {
  /// True if `word` may be a name, or a number, in a value of this type.
  fileprivate func takesName(_ word: String) -> Bool {
    switch self {
    case .namedMap, .freeMap: true
    case .list(let item): Int(word) != nil || item.takesName(word)
    case .either(let types): types.contains { $0.takesName(word) }
    case .text, .line, .integer, .boolean, .scalar, .form, .choice, .reference, .object: false
    }
  }
}

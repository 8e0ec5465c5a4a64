extension String {
  /// What follows the last `/`.
  var lastPathComponent: String { split(separator: "/").last.map(String.init) ?? self }

  /// What precedes the last `/`; nil if there is none.
  var directory: String? {
    guard let slash = lastIndex(of: "/") else { return nil }
    return slash == startIndex ? "/" : String(self[..<slash])
  }

  /// The last part without what follows its last dot.
  var stem: String {
    let name = lastPathComponent
    guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return name }
    return String(name[..<dot])
  }

  /// What follows the last dot of the last part, in lower case; empty if there is none.
  var pathExtension: String {
    let name = lastPathComponent
    guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return "" }
    return name[name.index(after: dot)...].lowercased()
  }

  /// This path as seen from where `file` is: absolute ones stay.
  func relative(toFile file: String) -> String {
    guard !hasPrefix("/"), let directory = file.directory else { return self }
    var rest = self[...]
    while rest.hasPrefix("./") { rest = rest.dropFirst(2) }
    return directory.hasSuffix("/") ? directory + rest : "\(directory)/\(rest)"
  }
}

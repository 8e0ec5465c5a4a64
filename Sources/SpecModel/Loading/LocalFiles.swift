/// Files of this machine that VMs name, each read once, however many VMs name it.
final class LocalFiles {
  /// Bytes of one file.
  static let maximumSize = 1 << 20

  private let home: String?
  private var contents: [String: [UInt8]] = [:]

  /// - Parameter home: what `~/` stands for.
  init(home: String?) { self.home = home }

  /// The file that `path` names in a spec's file: relative to that, or to the user's home directory after `~/`.
  func bytes(_ path: String, besides specFile: String) throws(ValueError) -> [UInt8] {
    var file = VariableTable.resolve(path, besides: specFile)
    if path.hasPrefix("~/") {
      guard let home else {
        throw ValueError("there is no home directory for '\(path)'", help: "set HOME in the environment")
      }
      file = home + path.dropFirst()
    }
    if let known = contents[file] { return known }
    let bytes = try FileReader.bytes(file, maximum: Self.maximumSize)
    contents[file] = bytes
    return bytes
  }

  /// The same as a text.
  func text(_ path: String, besides specFile: String) throws(ValueError) -> String {
    guard let text = String(validating: try bytes(path, besides: specFile), as: UTF8.self) else {
      throw ValueError("'\(path)' is not UTF-8 text", help: "convert it, such as with iconv -t UTF-8")
    }
    return text
  }
}

import FoundationEssentials
import Glibc

/// A directory that only this user can look into, for as long as something is done with it.
enum PrivateDirectory {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// Runs `body` with its path. It is gone when `body` ends.
  static func with<Value>(_ body: (String) async throws -> Value) async throws -> Value {
    var template = Array("\(FileManager.default.temporaryDirectory.path)/virtform-seed-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw Failure(description: "cannot make a directory for the seed: \(String(cString: strerror(errno)))")
    }
    let directory = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    return try await body(directory)
  }
}

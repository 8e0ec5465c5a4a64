import FoundationEssentials
import Glibc

/// A directory that only this user can look into, for as long as something is done with it.
enum PrivateDirectory {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  private static let prefix = "virtform-seed-"

  /// Runs `body` with its path. It is gone when `body` ends; if this process is killed before, the next run removes it.
  static func with<Value>(_ body: (String) async throws -> Value) async throws -> Value {
    let parent = FileManager.default.temporaryDirectory.path
    removeAbandoned(in: parent)
    var template = Array("\(parent)/\(prefix)XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw Failure(description: "cannot make a directory for the seed: \(String(cString: strerror(errno)))")
    }
    let directory = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    // Whoever has the lock uses it; it ends with the process.
    let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if descriptor >= 0 { flock(descriptor, LOCK_EX | LOCK_NB) }
    defer {
      try? FileManager.default.removeItem(atPath: directory)
      if descriptor >= 0 { close(descriptor) }
    }
    return try await body(directory)
  }

  /// Removes what processes of this user have left that were killed.
  static func removeAbandoned(in parent: String) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
    for name in names where name.hasPrefix(prefix) {
      let path = "\(parent)/\(name)"
      let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
      guard descriptor >= 0 else { continue }
      defer { close(descriptor) }
      var status = stat()
      // One that was made just now may not be locked yet.
      guard fstat(descriptor, &status) == 0, status.st_uid == geteuid(),
        time(nil) - status.st_mtim.tv_sec > 60,
        flock(descriptor, LOCK_EX | LOCK_NB) == 0
      else { continue }
      try? FileManager.default.removeItem(atPath: path)
    }
  }
}

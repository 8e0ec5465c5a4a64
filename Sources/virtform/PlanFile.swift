import FoundationEssentials
import Glibc
import Planner
import SpecModel

/// Saved plans on this machine.
enum PlanFile {
  /// Writes `plan` for its owner alone, in one move: who reads it finds all of it or the file that was there before.
  static func write(_ plan: SavedPlan, to path: String) throws {
    let temporary = "\(path).\(getpid())"
    do {
      let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
      guard descriptor >= 0 else { throw ValueError(String(cString: strerror(errno))) }
      defer { close(descriptor) }
      var bytes = try plan.encoded()[...]
      while !bytes.isEmpty {
        let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        guard written > 0 || errno == EINTR else { throw ValueError(String(cString: strerror(errno))) }
        if written > 0 { bytes = bytes.dropFirst(written) }
      }
      guard fsync(descriptor) == 0, rename(temporary, path) == 0 else {
        throw ValueError(String(cString: strerror(errno)))
      }
    } catch {
      unlink(temporary)
      let reason = (error as? ValueError)?.message ?? "\(error)"
      Terminal.error("error: cannot write the plan to '\(path)': \(reason)")
      throw ExitStatus.failure
    }
  }

  /// The plan in the file at `path`; nil if that is a spec or nothing at all.
  static func read(_ path: String) throws -> SavedPlan? {
    guard let data = try? Data(contentsOf: URL(filePath: path)),
      data.first(where: { !" \t\r\n".utf8.contains($0) }) == UInt8(ascii: "{"),
      data.contains(text: "\"format_version\"")
    else { return nil }
    do {
      return try SavedPlan(decoding: data)
    } catch {
      Terminal.error("error: \(path): \(error.message)" + (error.help.map { "\n  help: \($0)" } ?? ""))
      throw ExitStatus.failure
    }
  }
}

extension Data {
  fileprivate func contains(text: String) -> Bool { firstRange(of: Data(text.utf8)) != nil }
}

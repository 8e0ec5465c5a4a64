import CloudInit
import FoundationEssentials
import Glibc
import Subprocess

/// A seed as the file system that cloud-init looks for: ISO 9660 with the label CIDATA, made by `xorriso`.
///
/// The same documents make the same bytes: every time in it is a fixed one.
enum SeedVolume {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  private static let tool = "xorriso"

  /// 1 January 1980, UTC, in seconds since 1970.
  private static let time = 315_532_800

  /// Runs `body` with the path of the volume. What the documents hold may be secret: they lie in a directory that only
  /// this user can look into, and are gone when `body` ends.
  static func withFile(of seed: Seed, _ body: (String) async throws -> Void) async throws {
    try await PrivateDirectory.with { directory in
      let documents = "\(directory)/documents"
      try FileManager.default.createDirectory(atPath: documents, withIntermediateDirectories: false)
      for document in seed.documents {
        let path = "\(documents)/\(document.name)"
        guard FileManager.default.createFile(atPath: path, contents: Data(document.text.utf8)) else {
          throw Failure(description: "cannot write \(path)")
        }
        try setTime(of: path)
      }
      try setTime(of: documents)
      let volume = "\(directory)/seed.iso"
      try await make(volume, of: documents)
      try pad(volume, to: seed.length)
      try await body(volume)
    }
  }

  private static func make(_ volume: String, of documents: String) async throws {
    let arguments = [
      "-as", "mkisofs", "-quiet", "-volid", Seed.volumeLabel, "-joliet", "-rational-rock", "-no-pad",
      "-output",
      volume, documents,
    ]
    do {
      let result = try await Subprocess.run(
        .name(tool), arguments: Arguments(arguments),
        environment: .inherit.updating(["SOURCE_DATE_EPOCH": "\(time)", "TZ": "UTC", "LC_ALL": "C"]),
        output: .discarded, error: .string(limit: 1 << 16))
      guard result.terminationStatus.isSuccess else {
        throw Failure(description: "\(tool) cannot make the seed: \(result.standardError)")
      }
    } catch let failure as Failure {
      throw failure
    } catch {
      throw Failure(
        description: "cannot run \(tool), which makes the seed: install it, on Debian apt-get install xorriso"
      )
    }
  }

  private static func setTime(of path: String) throws {
    let moment = timespec(tv_sec: time, tv_nsec: 0)
    guard utimensat(AT_FDCWD, path, [moment, moment], 0) == 0 else {
      throw Failure(description: "cannot set the time of \(path): \(String(cString: strerror(errno)))")
    }
  }

  /// The plan knows the length before the volume is made.
  private static func pad(_ volume: String, to length: Int) throws {
    var status = stat()
    guard stat(volume, &status) == 0, status.st_size <= length, truncate(volume, length) == 0 else {
      throw Failure(
        description: "the seed has \(status.st_size) bytes, more than the \(length) that it may have")
    }
  }
}

import FoundationEssentials
import Glibc
import Planner
import SpecModel

/// An image as the bytes that a guest sees.
enum RawImage {
  /// Runs `body` with the path of a raw file, and its length in bytes. What has to be converted lies in a directory for large
  /// temporary files (`TMPDIR`, or else /var/tmp), and is gone when `body` ends.
  ///
  /// - Throws: `StepRunner.Failure` if the image is not what was planned, `ImageError` if it cannot be converted.
  static func withFile(
    of image: ImageContent, _ format: DiskFormat, _ body: (String, UInt64) async throws -> Void
  ) async throws {
    let source = try await FileDigest(of: image.file)
    guard source.sha256 == image.sha256, source.length == image.length else {
      throw StepRunner.Failure(description: "the file '\(image.file)' has changed since it was planned")
    }
    if format == .raw { return try await body(image.file, source.length.rawValue) }
    let parent = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/var/tmp"
    var template = Array("\(parent)/virtform-raw-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw StepRunner.Failure(
        description: "cannot make a directory in \(parent): \(String(cString: strerror(errno)))")
    }
    let directory = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let raw = "\(directory)/disk"
    // The format is stated: a probed one would be whatever the content says.
    try await ImageTool.qemuImg.run(
      ["convert", "-q", "-f", format.rawValue, "-O", "raw", "file:\(image.file)", "file:\(raw)"])
    try await body(raw, image.virtualSize.rawValue)
  }
}

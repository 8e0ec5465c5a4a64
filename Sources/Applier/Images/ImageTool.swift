import FoundationEssentials
import SpecModel
import Subprocess

/// A program that works on images, such as qemu-img.
struct ImageTool {
  let name: String
  /// The Debian package that it comes with.
  let package: String

  static let qemuImg = ImageTool(name: "qemu-img", package: "qemu-utils")
  static let tar = ImageTool(name: "tar", package: "tar")

  init(name: String, package: String) {
    self.name = name
    self.package = package
  }

  init(_ compression: Compression) {
    switch compression {
    case .gz: self.init(name: "gzip", package: "gzip")
    case .xz: self.init(name: "xz", package: "xz-utils")
    }
  }

  /// Runs the program to its end and returns what it says.
  ///
  /// - Parameter output: a file that gets the output instead.
  @discardableResult
  func run(_ arguments: [String], output: String? = nil) async throws -> String {
    let path = try find()
    let script = output == nil ? #"shift; exec "$@""# : #"out=$1; shift; exec "$@" > "$out""#
    let result = try await Subprocess.run(
      .path("/bin/sh"), arguments: Arguments(["-c", script, "sh", output ?? "", path] + arguments),
      environment: .inherit.updating(["LC_ALL": "C"]), output: .string(limit: 1 << 20),
      error: .string(limit: 16 << 10))
    guard result.terminationStatus.isSuccess else {
      let said = result.standardError.split(separator: "\n").suffix(2).joined(separator: "; ")
      throw ImageError("\(name) failed: \(said.isEmpty ? "\(result.terminationStatus)" : said)")
    }
    return result.standardOutput
  }

  private func find() throws -> String {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    let directories = path.split(separator: ":").map(String.init)
    let candidates = directories.map { "\($0)/\(name)" }
    guard let found = candidates.first(where: FileManager.default.isExecutableFile) else {
      throw ImageError(
        "\(name) is not installed on this machine", help: "on Debian: apt install \(package)")
    }
    return found
  }
}

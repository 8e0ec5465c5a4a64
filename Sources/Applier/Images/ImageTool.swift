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
    let program = Executable.path(.init(try find()))
    let environment = Environment.inherit.updating(["LC_ALL": "C"])
    guard let output else {
      let result = try await Subprocess.run(
        program, arguments: Arguments(arguments), environment: environment, output: .string(limit: 1 << 20),
        error: .string(limit: 16 << 10))
      try check(result.terminationStatus, result.standardError)
      return result.standardOutput
    }
    let result = try await Subprocess.run(
      program, arguments: Arguments(arguments), environment: environment,
      output: .fileDescriptor(
        try .open(output, .writeOnly, options: [.create, .truncate], permissions: .ownerReadWrite),
        closeAfterSpawningProcess: true), error: .string(limit: 16 << 10))
    try check(result.terminationStatus, result.standardError)
    return ""
  }

  private func check(_ status: TerminationStatus, _ errors: String) throws {
    guard !status.isSuccess else { return }
    let said = errors.split(separator: "\n").suffix(2).joined(separator: "; ")
    throw ImageError("\(name) failed: \(said.isEmpty ? "\(status)" : said)")
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

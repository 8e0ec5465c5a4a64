import FoundationEssentials

/// A block device over a file, of root's.
public struct LoopDevice: Sendable {
  /// `/dev/loop7`
  public let path: String
  private let file: String

  /// - Parameter file: is made, of `mebibytes` MiB without content.
  public init(_ file: String, mebibytes: Int) async throws {
    self.file = file
    _ = try await Self.run("/usr/bin/truncate", "--size", "\(mebibytes)M", file)
    path = try await Self.run("/usr/sbin/losetup", "--find", "--show", "--partscan", file).filter {
      $0 != "\n"
    }
  }

  public func detach() async {
    _ = try? await Self.run("/usr/sbin/losetup", "--detach", path)
    try? FileManager.default.removeItem(atPath: file)
  }

  /// Runs a program that has to succeed. Returns what it says.
  @discardableResult
  public static func run(_ program: String, _ arguments: String...) async throws -> String {
    let outcome = try await Lab.run(program, arguments, in: "/")
    guard outcome.status == 0 else {
      throw Lab.Failure(description: "\(program) \(arguments): \(outcome.errors)")
    }
    return outcome.output
  }
}

import ArgumentParser
import Libvirt

/// Says which version this is.
struct VersionCommand: ParsableCommand {
  static let current = "0.1.0"
  static let configuration = CommandConfiguration(
    commandName: "version", abstract: "Show the version.")

  func run() {
    Terminal.print("virtform \(Self.current)\nlibvirt \(Connection.clientVersion)")
  }
}

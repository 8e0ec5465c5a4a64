import ArgumentParser
import Libvirt
import Reports

/// Says which version this is.
struct VersionCommand: ParsableCommand {
  static let current = "0.1.0"
  static let configuration = CommandConfiguration(
    subcommand: "version", abstract: "Show the version.")

  @Flag(name: .customLong("json"), help: "As JSON.")
  var isJSON = false

  func run() {
    guard isJSON else {
      return Terminal.print("virtform \(Self.current)\nlibvirt \(Connection.clientVersion)")
    }
    Terminal.print(["virtform": .string(Self.current), "libvirt": .string("\(Connection.clientVersion)")])
  }
}

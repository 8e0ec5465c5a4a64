import Applier
import ArgumentParser
import FoundationEssentials

/// Prints what goes into an ssh configuration.
struct SSHConfigCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    subcommand: "ssh-config",
    abstract: "Print a Host block of ssh_config for each VM whose address is known.",
    discussion: "Such as: virtform ssh-config > ~/.ssh/config.d/shop")

  @OptionGroup var options: SpecOptions

  func run() async throws {
    let embedded = EmbeddedLibvirt(environment: ProcessInfo.processInfo.environment)
    try await Workspace.open(options, access: .readOnly).closing { workspace in
      let targets = await workspace.guestEntries().compactMap {
        SSHTarget($0, stack: workspace.site.stack, embedded: embedded)
      }
      if !targets.isEmpty { SSHTarget.makeDirectory(embedded) }
      Terminal.print(targets.map(\.configuration).joined(separator: "\n"), terminator: "")
    }
  }
}

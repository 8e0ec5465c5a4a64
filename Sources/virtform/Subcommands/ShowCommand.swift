import Applier
import ArgumentParser
import Libvirt
import Planner
import SpecModel

/// Shows what is on the hosts, or what the spec comes to.
struct ShowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show what the hosts have, or the resolved spec.")

  @OptionGroup var options: SpecOptions

  @Flag(name: .customLong("spec"), help: "Show the resolved spec, and where each value was written.")
  var showsSpec = false

  func run() async throws {
    if showsSpec { return showSpec(try options.load()) }
    try await Workspace.open(options, access: .readOnly).closing { workspace in
      var sections: [String] = []
      for state in workspace.states {
        guard let session = workspace.fleet.sessions[state.name] else { continue }
        let addresses = await session.leasedAddresses()
        sections.append(
          HostText(state, stack: workspace.site.stack, uri: session.connection.uri, addresses: addresses)
            .render())
      }
      Terminal.print(sections.joined(separator: "\n"), terminator: "")
    }
  }

  private func showSpec(_ site: Site) {
    let leaves = site.origins.leaves.filter { !$0.path.description.hasPrefix("variables") }
    let width = min(leaves.map { $0.path.description.count + $0.value.count + 2 }.max() ?? 0, 60)
    for leaf in leaves {
      let text = "\(leaf.path): \(printable(leaf.value.split(separator: "\n").joined(separator: "⏎")))"
      Terminal.print(
        text + String(repeating: " ", count: max(width - text.count, 0)) + "  # \(leaf.location)")
    }
  }
}

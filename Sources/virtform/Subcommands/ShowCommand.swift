import Applier
import ArgumentParser
import Libvirt
import Planner
import Reports
import SpecModel

/// Shows what is on the hosts, or what the spec comes to.
struct ShowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show what the hosts have, all of one VM, or the resolved spec.")

  @OptionGroup var options: NamedSpecOptions

  @Flag(name: .customLong("spec"), help: "Show the resolved spec, and where each value was written.")
  var showsSpec = false

  @Flag(name: .customLong("json"), help: "One VM as JSON, sizes in bytes.")
  var isJSON = false

  func validate() throws {
    if showsSpec, options.words.count > 1 { throw ValidationError("--spec shows the whole spec, not a VM") }
    if isJSON, options.name == nil || showsSpec { throw ValidationError("--json goes with the name of a VM") }
  }

  func run() async throws {
    // A spec that is not there is no VM.
    if showsSpec { return showSpec(try options.spec(at: options.words.first ?? ".").load()) }
    let spec = try options.spec
    if let name = options.name { return try await showMachine(name, spec) }
    try await Workspace.open(spec, access: .readOnly).closing { workspace in
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

  private func showMachine(_ name: String, _ spec: SpecOptions) async throws {
    let (workspace, machine) = try await Workspace.open(vm: name, spec, access: .readOnly)
    try await workspace.closing { workspace in
      _ = try workspace.guest(of: machine)
      guard let entry = await workspace.guestEntries(of: [machine]).first else { return }
      let view = GuestText(entry)
      if isJSON { return Terminal.print(view.json) }
      Terminal.print(view.render(), terminator: "")
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

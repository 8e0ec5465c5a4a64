import Applier
import ArgumentParser
import FoundationEssentials
import Reports

/// Tells Ansible which VMs there are.
struct InventoryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    subcommand: "inventory", abstract: "Print the VMs that are there as a dynamic inventory for Ansible.",
    discussion: """
      Groups are host_NAME, the entries of 'vms' with a count or for_each, and what 'groups' of a VM names. As an inventory \
      script: #!/bin/sh, then exec virtform inventory "$@" /path/to/spec
      """)

  @OptionGroup var options: SpecOptions

  @Flag(name: .customLong("list"), help: "All groups and VMs; this is what it prints anyway.")
  var lists = false

  @Option(
    name: .customLong("host"), help: ArgumentHelp("Only the variables of this VM.", valueName: "name"),
    completion: Completions.machines)
  var host: String?

  func validate() throws {
    if lists, host != nil { throw ValidationError("there is either --list or --host") }
  }

  func run() async throws {
    let embedded = EmbeddedLibvirt(environment: ProcessInfo.processInfo.environment)
    if let host {
      let (workspace, machine) = try await Workspace.open(vm: host, options, access: .readOnly)
      return try await workspace.closing { workspace in
        let entries = await workspace.guestEntries(of: [machine])
        let inventory = Inventory(entries, stack: workspace.site.stack, embedded: embedded)
        Terminal.print(inventory.variables(of: machine.name.rawValue))
      }
    }
    try await Workspace.open(options, access: .readOnly).closing { workspace in
      let inventory = Inventory(
        await workspace.guestEntries(), stack: workspace.site.stack, embedded: embedded)
      SSHTarget.makeDirectory(embedded)
      Terminal.print(inventory.list)
    }
  }
}

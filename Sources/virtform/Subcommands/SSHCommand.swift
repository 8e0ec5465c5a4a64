import Applier
import ArgumentParser
import FoundationEssentials
import Glibc
import SpecModel

/// Logs in to a guest.
struct SSHCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    subcommand: "ssh", abstract: "Log in to a VM by SSH, or run a command there.",
    discussion:
      "It becomes ssh, with the address that is known of the VM and with what the spec says under 'ssh'.")

  @Argument(help: "The name of the VM.", completion: Completions.machines)
  var name: String

  @OptionGroup var options: SpecOptions

  @Argument(
    parsing: .postTerminator, help: ArgumentHelp("What to run there, after --.", valueName: "command"))
  var command: [String] = []

  func run() async throws {
    let embedded = EmbeddedLibvirt(environment: ProcessInfo.processInfo.environment)
    let (workspace, machine) = try await Workspace.open(vm: name, options, access: .readOnly)
    let target = try await workspace.closing { workspace in
      _ = try workspace.guest(of: machine)
      let entries = await workspace.guestEntries(of: [machine])
      return entries.first.flatMap { SSHTarget($0, stack: workspace.site.stack, embedded: embedded) }
    }
    guard let target else {
      throw Terminal.fail(
        "no address is known of VM '\(machine.name)'",
        help: "it has one once it has a DHCP lease, an 'ip' in the spec, or an agent that answers")
    }
    SSHTarget.makeDirectory(embedded)
    try become(["ssh"] + target.arguments + [target.name] + (command.isEmpty ? [] : ["--"] + command))
  }

  private func become(_ words: [String]) throws -> Never {
    // ssh is to die of a reader that goes away, as ever.
    signal(SIGPIPE, SIG_DFL)
    var arguments = words.map { strdup($0) } + [nil]
    execvp(words[0], &arguments)
    _ = Terminal.fail("ssh cannot be run: \(String(cString: strerror(errno)))")
    throw ExitStatus.failure
  }
}

import Applier
import ArgumentParser
import Libvirt
import Planner
import SpecModel

/// Ties the terminal to a guest's serial console.
struct ConsoleCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    subcommand: "console", abstract: "Connect to the serial console of a VM.",
    discussion: """
      Ctrl-] ends the session. Without a terminal, what comes on standard input is sent, and what the guest says is printed \
      until the guest is off or nobody reads any more.
      """)

  @Argument(help: "The name of the VM.", completion: Completions.machines)
  var name: String

  @OptionGroup var options: SpecOptions

  @Flag(name: .customLong("force"), help: "Take the console away from whoever has it.")
  var isForced = false

  @Option(
    name: .customLong("escape"),
    help: ArgumentHelp("The key that ends the session, such as ^a.", valueName: "key"),
    transform: Self.key)
  var escape = Self.defaultEscape

  /// Ctrl-], as for virsh and telnet.
  private static let defaultEscape: UInt8 = 0x1d

  func run() async throws {
    let (workspace, machine) = try await Workspace.open(vm: name, options, access: .readWrite)
    try await workspace.closing { workspace in
      let guest = try workspace.guest(of: machine)
      guard guest.machine.isActive else {
        throw fail("VM '\(machine.name)' is off", help: "virtform apply starts it, if the spec says so")
      }
      let stream = try await open(guest)
      if Terminal.isInteractive {
        Terminal.error(
          "Connected to VM '\(machine.name)' on host '\(machine.host)'; leave with \(Self.text(escape))")
      }
      do {
        try await ConsoleSession(stream: stream, escape: escape).run()
      } catch let error as LibvirtError {
        throw fail("the console of VM '\(machine.name)' has ended: \(error)", help: nil)
      }
      try? await stream.abort()
      if Terminal.isInteractive { Terminal.error("") }
    }
  }

  private func open(_ guest: GuestOnHost) async throws -> Libvirt.Stream {
    do {
      guard let domain = try await guest.session.connection.domain(uuid: guest.machine.uuid) else {
        throw fail("VM '\(guest.spec.name)' is gone", help: nil)
      }
      return try await domain.openConsole(force: isForced)
    } catch let error as LibvirtError {
      throw fail(
        error.isBusyConsole
          ? "somebody else has the console of VM '\(guest.spec.name)'"
          : "the console of VM '\(guest.spec.name)' cannot be opened: \(error)",
        help: error.isBusyConsole ? "--force takes it away from them" : nil)
    }
  }

  private func fail(_ message: String, help: String?) -> ExitStatus {
    Terminal.fail(message, help: help)
  }

  // MARK: The escape key

  /// `^]` or a character.
  private static func key(_ text: String) throws -> UInt8 {
    let bytes = Array(text.utf8)
    switch bytes.count {
    case 1: return bytes[0]
    // The control key takes off all but the last five bits.
    case 2 where bytes[0] == UInt8(ascii: "^") && (0x3f...0x7a).contains(bytes[1]): return bytes[1] & 0x1f
    default: throw ValidationError("'\(text)' is not a key; write one such as ^] or ^a")
    }
  }

  private static func text(_ key: UInt8) -> String {
    key < 0x20 ? "Ctrl-\(Character(Unicode.Scalar(key | 0x40)))" : "'\(Character(Unicode.Scalar(key)))'"
  }
}

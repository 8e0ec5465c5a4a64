import ArgumentParser
import Glibc

/// The command line tool.
@main
struct Virtform: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "virtform",
    abstract: "Keeps virtual machines as a YAML spec describes them.",
    discussion: """
      SPEC is a YAML file, or a directory whose *.yaml files are merged; without it, the current directory.

      Exit codes: 0 done, or nothing to do; 1 error; 2 changes or drift present (--detailed-exitcode); \
      3 the spec is invalid; 4 the hosts have changed since the plan was shown; 5 applied in part; \
      6 the stack is locked; 7 refused.
      """,
    version: VersionCommand.current,
    subcommands: [
      InitCommand.self, ValidateCommand.self, FmtCommand.self, PlanCommand.self, ApplyCommand.self,
      DestroyCommand.self, ImportCommand.self, DrainCommand.self, MigrateCommand.self,
      ConsolidateCommand.self,
      ShowCommand.self, GraphCommand.self, DriftCommand.self, VerifyCommand.self, LockCommand.self,
      UnlockCommand.self,
      ConsoleCommand.self, SSHCommand.self, SSHConfigCommand.self, InventoryCommand.self,
      OutputCommand.self, HostsCommand.self, ExplainCommand.self, SchemaCommand.self, VersionCommand.self,
    ])

  static func main() async {
    // A reader of the output, or a daemon, that goes away must not end an apply in its middle.
    signal(SIGPIPE, SIG_IGN)
    CoreDumps.forbid()
    Terminal.speak(Speech(arguments: CommandLine.arguments))
    do {
      var command = try parsed()
      if var asynchronous = command as? AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
      end(nil)
    } catch let status as ExitStatus {
      end(status)
    } catch {
      // The parser has a code of its own for wrong arguments; here they are an error like any other.
      let isHelp = exitCode(for: error).isSuccess
      if isHelp { exit(withError: error) }
      if Terminal.speech == .text {
        Terminal.error(fullMessage(for: error))
      } else {
        _ = Terminal.fail(message(for: error))
      }
      end(.failure)
    }
  }

  /// The command that the arguments ask for.
  ///
  /// The parser goes through the options of all commands before those of one, which takes longer than many a command. So
  /// the one that the first word names reads the rest. What it cannot run with is read once more from the start: messages
  /// tell of the whole command line.
  private static func parsed() throws -> any ParsableCommand {
    let arguments = CommandLine.arguments.dropFirst()
    let type = configuration.subcommands.first { $0.configuration.commandName == arguments.first }
    if let type, let command = try? type.parseAsRoot(Array(arguments.dropFirst())) { return command }
    return try parseAsRoot()
  }

  /// Ends the process at once. Threads of libvirt's, and of connections, may still be running: what C libraries tidy up
  /// when a process exits would be torn down under them.
  static func end(_ status: ExitStatus?) -> Never {
    Terminal.finish()
    fflush(nil)
    _exit(status?.rawValue ?? 0)
  }
}

extension CommandConfiguration {
  /// What a subcommand is called and says of itself.
  ///
  /// The parser reads it as a command of its own (`Virtform.parsed()`). Since there is another above it, its help names that,
  /// too, and no completion script is looked for among its options, which took longer than to read them.
  init(subcommand name: String, abstract: String, discussion: String = "") {
    self.init(
      commandName: name, _superCommandName: "virtform", abstract: abstract, discussion: discussion)
  }
}

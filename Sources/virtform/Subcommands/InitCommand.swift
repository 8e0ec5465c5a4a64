import Applier
import ArgumentParser
import FoundationEssentials
import Planner
import SpecModel

/// Writes a spec to start from.
struct InitCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    subcommand: "init",
    abstract: "Write a spec to start from, with comments; for a host of yours with what is there.")

  @Argument(help: "The directory that gets site.yaml; it is made if it is not there.", completion: .directory)
  var directory = "."

  @Option(
    help: ArgumentHelp(
      "A host by its libvirt URI: its pools and networks are used. Reads it, and changes nothing.",
      valueName: "uri"))
  var host: String?

  @Option(help: "The name of the stack; that of the directory unless it is given.")
  var stack: String?

  func run() async throws {
    let path = directory == "." ? "site.yaml" : "\(directory)/site.yaml"
    guard !FileManager.default.fileExists(atPath: path) else {
      throw Terminal.fail("'\(path)' is there already", help: "name another directory")
    }
    let name = try stackName()
    let text = StartingSpec(stack: name, host: try await readHost()).text
    do {
      try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    } catch {
      throw Terminal.fail("cannot make the directory '\(directory)'")
    }
    try OutputFile.replace(path, with: Array(text.utf8), newMode: 0o644)
    let spec = directory == "." ? "" : " \(directory)"
    Terminal.print("Wrote \(path). Have a look at it, then: virtform plan\(spec)")
  }

  /// The one that was asked for, or one made of the directory's name.
  private func stackName() throws -> String {
    if let stack {
      do {
        return try ResourceName(parsing: stack).rawValue
      } catch {
        throw Terminal.fail(error.message, help: error.help)
      }
    }
    let last = URL(filePath: directory, directoryHint: .isDirectory).standardizedFileURL.lastPathComponent
    return (try? ResourceName(parsing: last.lowercased()))?.rawValue ?? "main"
  }

  private func readHost() async throws -> StartingSpec.Host? {
    guard let host else { return nil }
    let uri: HostURI
    do {
      uri = try HostURI(parsing: host)
    } catch {
      throw Terminal.fail(error.message, help: error.help)
    }
    let label = uri.host?.split(separator: ".").first.map(String.init) ?? "local"
    let name = (try? ResourceName(parsing: label))?.rawValue ?? "host"
    let spec = "virtform: 1\nstack: init\nhosts: {\(name): {uri: \"\(uri)\"}}\n"
    let loaded = SpecLoader(environment: [:]).load([SourceText(path: "--host", text: spec)])
    // Nobody has written it: no message has a place in it.
    guard let site = loaded.site?.withoutOrigins else {
      Terminal.report(loaded.diagnostics, in: loaded.sources)
      throw ExitStatus.failure
    }
    return try await Workspace.open(site, SpecOptions.parse([]), access: .readOnly, needsAll: true).closing {
      workspace in
      guard let state = workspace.states.first else { return nil }
      return StartingSpec.Host(
        name: name, uri: "\(uri)", pools: state.pools.filter(\.isActive).map(\.name).sorted(),
        networks: state.networks.filter(\.isActive).map(\.name).sorted(), hasKVM: state.capabilities.hasKVM,
        machines: state.machines.count)
    }
  }
}

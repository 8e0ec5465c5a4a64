import Applier
import ArgumentParser
import FoundationEssentials
import Import
import Libvirt
import Planner
import SpecModel

/// Writes a spec of what hosts have. Opens them for reading only.
struct ImportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    subcommand: "import", abstract: "Write a spec of what hosts or files have; changes no host.",
    discussion: """
      SOURCE is the libvirt URI of a host, such as qemu+ssh://root@rack1/system. The spec's plan adopts what is there and \
      changes nothing; from its apply on virtform manages it. 'removed: {vms.NAME: {forget: true}}' lets it go again.

      Or it is a file: a document of libvirt's, a Terraform state or configuration in JSON with the provider for libvirt, a \
      kcli plan, a box of vagrant-libvirt, an OVA or OVF, a VMX file or a configuration of xl. What the spec does not say of \
      it is told.
      """)

  @Argument(help: ArgumentHelp("URIs of hosts, or files.", valueName: "source"))
  var sources: [String]

  @Option(name: .shortAndLong, help: ArgumentHelp("Write the spec into this new file.", valueName: "file"))
  var output: String?

  @Option(help: ArgumentHelp("The name of the stack that it becomes.", valueName: "name"))
  var stack = "imported"

  @Option(
    name: .customLong("vm"),
    help: ArgumentHelp("Only this VM, and what it uses; may be given again.", valueName: "name"))
  var machines: [String] = []

  private static func isHost(_ source: String) -> Bool { source == "embedded" || source.contains("://") }

  func validate() throws {
    guard !sources.isEmpty else { throw ValidationError("name what to import: the URI of a host, or a file") }
    if sources.contains(where: Self.isHost), !sources.allSatisfy(Self.isHost) {
      throw ValidationError(
        "import hosts and files each by themselves: who knows where the machines of files are")
    }
    if let output, FileManager.default.fileExists(atPath: output) {
      throw ValidationError("there is a file '\(output)'; an import never overwrites one")
    }
    do {
      _ = try ResourceName(parsing: stack)
    } catch {
      throw ValidationError(error.message + (error.help.map { "; \($0)" } ?? ""))
    }
  }

  func run() async throws {
    let isHost = sources.allSatisfy(Self.isHost)
    let importer =
      isHost ? try await Importer.reading(sources) : try Importer.reading(files: sources, output: output)
    let found = try importer.spec(stack: try ResourceName(parsing: stack), machines: Set(machines))
    for name in machines where !found.spec.machines.contains(where: { $0.name.rawValue == name }) {
      let reason = found.spec.omissions.first { $0.subject == "VM '\(name)'" }
      throw Terminal.fail(reason.map { "\($0)" } ?? "no host has a VM '\(name)'")
    }
    if let output {
      do {
        try found.spec.text.write(toFile: output, atomically: true, encoding: .utf8)
      } catch {
        throw Terminal.fail(
          "cannot write '\(output)'", help: "is its directory there, and may you write into it?")
      }
    } else {
      Terminal.print(found.spec.text, terminator: "")
    }
    for line in found.summary + importer.notes { Terminal.remark(line) }
  }
}

/// Hosts that were read, to make a spec of.
private struct Importer {
  let hosts: [(host: ImportedHost, estate: EstateReader.Estate)]
  /// What files are read from; nil for hosts.
  var files: [String]?
  /// What files say and the spec does not.
  var notes: [String] = []

  static func reading(files paths: [String], output: String?) throws -> Importer {
    let files = try ImportedFiles(paths, isBesideSpec: output.map { !$0.contains("/") } ?? true)
    let name = try ResourceName(parsing: "local")
    let estate = EstateReader.read(files.documents, host: name)
    var host = ImportedHost(name: name, uri: nil, state: estate.state)
    (host.images, host.sizes, host.freeAddresses) = (files.images, files.sizes, estate.inventedAddresses)
    return Importer(
      hosts: [(host, estate)], files: paths, notes: files.notes.map { "not carried: \($0)" })
  }

  static func reading(_ sources: [String]) async throws -> Importer {
    let site = try site(of: sources)
    let embedded = EmbeddedLibvirt(environment: ProcessInfo.processInfo.environment)
    let fleet = await Fleet.open(site, access: .readOnly, embedded: embedded)
    do {
      if let failure = fleet.unreachable.first { throw Terminal.fail("\(failure)") }
      var hosts: [(ImportedHost, EstateReader.Estate)] = []
      for (name, session) in fleet.sessions.sorted(by: { $0.key < $1.key }) {
        do {
          let estate = try await EstateReader.read(session, of: site)
          let uri = site.host(name)?.uriText
          hosts.append((ImportedHost(name: name, uri: uri, state: estate.state), estate))
        } catch let error as LibvirtError {
          throw Terminal.fail("host '\(name)' (\(session.connection.uri)): \(error)")
        }
      }
      await fleet.close()
      return Importer(hosts: hosts)
    } catch {
      await fleet.close()
      throw error
    }
  }

  /// A spec of the hosts alone.
  private static func site(of sources: [String]) throws -> Site {
    var names: Set<String> = []
    var text = "virtform: 1\nstack: import\nhosts:\n"
    for source in sources {
      let name = try self.name(of: source, besides: names)
      names.insert(name)
      text += "  \(name): {uri: \"\(source)\"}\n"
    }
    let result = load(text, as: "the sources")
    guard let site = result.site else {
      throw Terminal.fail(result.diagnostics.map(\.message).joined(separator: "\n"))
    }
    return site
  }

  /// What the spec calls a host: as its address starts, `local` for this machine.
  private static func name(of source: String, besides names: Set<String>) throws -> String {
    guard source != "embedded" else { return "local" }
    let uri: HostURI
    do {
      uri = try HostURI(parsing: source)
    } catch {
      throw Terminal.fail(error.message, help: error.help)
    }
    let address = uri.host ?? "local"
    let isNumber = address.allSatisfy { $0.isNumber || $0 == "." } || address.contains(":")
    let wish = isNumber ? "host" : String(address.split(separator: ".").first ?? "host")
    let first = (try? ResourceName(parsing: wish))?.rawValue ?? "host"
    let candidates = (isNumber ? [] : [first]) + (1...).prefix(10_000).map { "\(first)\($0)" }
    return candidates.first { !names.contains($0) } ?? first
  }

  private static func load(_ text: String, as path: String) -> SpecLoader.Result {
    SpecLoader(environment: [:]).load([SourceText(path: path, text: text)])
  }

  // MARK: The spec

  /// A second spec of a stack would take from the hosts what it does not have.
  private func requireNew(_ stack: ResourceName) throws {
    for (host, estate) in hosts {
      let marks =
        estate.state.machines.map { ("VM '\($0.domainName)'", $0.mark) }
        + estate.state.networks.map { ("network '\($0.name)'", $0.mark) }
      guard let own = marks.first(where: { $0.1?.stack == stack.rawValue }) else { continue }
      throw Terminal.fail(
        "host '\(host.name)' has \(own.0) of stack '\(stack)' already",
        help: "name another stack, --stack NAME, or add to the spec of that one")
    }
  }

  func spec(stack: ResourceName, machines: Set<String>) throws -> SpecImport {
    try requireNew(stack)
    var choice = ImportChoice(stack: stack)
    choice.machines = machines
    choice.origin = [
      "Written by virtform import from " + (files ?? hosts.map { $0.host.uri ?? "" }).joined(separator: ", ")
        + "."
    ]
    if files != nil {
      choice.origin.append("Without 'hosts' it is for a libvirt of your own on this machine.")
    }
    let estates = Dictionary(hosts.map { ($0.host.name, $0.estate) }, uniquingKeysWith: { first, _ in first })
    do {
      return try SpecImport(of: hosts.map(\.host), choice) { machine, wanted in
        estates[machine.host]?.remainder(beside: wanted)
      }
    } catch {
      Terminal.report(error.diagnostics, in: [error.source])
      throw Terminal.fail("the spec that was written is in error, which is a fault of virtform's")
    }
  }
}

extension Host {
  fileprivate var uriText: String {
    switch connection {
    case .embedded: "embedded"
    case .uri(let uri): uri.description
    }
  }
}

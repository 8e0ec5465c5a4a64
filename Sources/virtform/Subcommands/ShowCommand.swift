import Applier
import ArgumentParser
import Libvirt
import Planner
import Reports
import SpecModel

/// Shows what is on the hosts, or what the spec comes to.
struct ShowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    subcommand: "show", abstract: "Show what the hosts have, all of one VM, or the resolved spec.")

  @OptionGroup var options: NamedSpecOptions

  @Flag(name: .customLong("spec"), help: "Show the resolved spec, and where each value was written.")
  var showsSpec = false

  /// In which form the hosts, or a VM, are shown.
  enum Format: String, CaseIterable, ExpressibleByArgument {
    case text, json, html
  }

  @Option(help: "How to show them: \(Format.allCases.map(\.rawValue).joined(separator: ", ")).")
  var format: Format?

  @Flag(name: .customLong("json"), help: "Short for --format json: sizes in bytes.")
  var isJSON = false

  @Option(
    name: .customLong("html-into"),
    help: ArgumentHelp("Write a page with a drawing of the hosts, too.", valueName: "file"),
    completion: .file(extensions: ["html"]))
  var html: String?

  private var form: Format { isJSON ? .json : format ?? .text }

  func validate() throws {
    if isJSON, let format, format != .json {
      throw ValidationError("--json and --format \(format.rawValue) exclude each other")
    }
    if showsSpec, options.words.count > 1 { throw ValidationError("--spec shows the whole spec, not a VM") }
    if showsSpec, form != .text || html != nil { throw ValidationError("--spec is shown as text only") }
    if options.name != nil, form == .html || html != nil {
      throw ValidationError("a page shows the hosts, not a single VM")
    }
  }

  func run() async throws {
    // A spec that is not there is no VM.
    if showsSpec { return showSpec(try options.spec(at: options.words.first ?? ".").load()) }
    let spec = try options.spec
    if let name = options.name { return try await showMachine(name, spec) }
    try await Workspace.open(spec, access: .readOnly).closing { workspace in
      let estate = Estate(
        workspace.states, stack: workspace.site.stack,
        uris: workspace.fleet.sessions.mapValues(\.connection.uri)
      ).gauged(by: workspace.states)
      let page = HTMLReport(estate, stack: workspace.site.stack, version: VersionCommand.current)
      if let html { try OutputFile.replace(html, with: Array(page.render().utf8)) }
      switch form {
      case .text: await showHosts(workspace, estate)
      case .json: Terminal.print(EstateDocument(estate, stack: workspace.site.stack).json)
      case .html: Terminal.print(page.render(), terminator: "")
      }
    }
  }

  private func showHosts(_ workspace: Workspace, _ estate: Estate) async {
    let style = Terminal.style(noColor: options.reading.noColor)
    var sections: [String] = []
    let states = workspace.site.dividingSharedPools(
      of: workspace.states, unreachable: Set(workspace.unreachable.map(\.host)))
    for (state, host) in zip(states, estate.hosts) {
      guard let session = workspace.fleet.sessions[state.name] else { continue }
      let addresses = await session.leasedAddresses()
      sections.append(
        HostText(
          state, stack: workspace.site.stack, uri: session.connection.uri, gauges: host.gauges,
          addresses: addresses, style: style
        ).render())
    }
    Terminal.print(sections.joined(separator: "\n"), terminator: "")
  }

  private func showMachine(_ name: String, _ spec: SpecOptions) async throws {
    let (workspace, machine) = try await Workspace.open(vm: name, spec, access: .readOnly)
    try await workspace.closing { workspace in
      _ = try workspace.guest(of: machine)
      guard let entry = await workspace.guestEntries(of: [machine]).first else { return }
      let view = GuestText(entry)
      if form == .json { return Terminal.print(view.json) }
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

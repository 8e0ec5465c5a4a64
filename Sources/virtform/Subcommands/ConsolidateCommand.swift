import ArgumentParser
import Planner
import Reports
import SpecModel

/// Says how few hosts are enough. Opens them for reading only.
struct ConsolidateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "consolidate", abstract: "Show how few hosts hold all VMs, and the moves; changes no host.",
    discussion: """
      Rules, reserves and overcommit hold as in a plan; VMs whose host the spec names may go elsewhere, too. Running VMs of \
      others count where they are. With --write the spec says what is proposed, and apply makes the moves.
      """)

  enum Basis: String, CaseIterable, ExpressibleByArgument {
    case hosts, spec
  }

  @OptionGroup var options: SpecOptions

  @Option(
    help: ArgumentHelp(
      "Where VMs are and what hosts have: 'hosts' asks them, 'spec' takes hosts.NAME.size and the hosts that VMs name.",
      valueName: "hosts|spec"))
  var from = Basis.hosts

  @Option(
    help: ArgumentHelp(
      "Leave this share of each host free, such as 20% or memory=20%; may be given again.",
      valueName: "share"))
  var headroom: [String] = []

  @Option(
    help: ArgumentHelp(
      "Count how many more VMs of this size fit; without it, of the median VM.", valueName: "2cpus,4GiB"),
    transform: Self.size)
  var fits: MachineSize?

  @Flag(name: .customLong("all"), help: "What if the running VMs of others could move, too?")
  var movesOthers = false

  @Flag(name: .customLong("json"), help: "As JSON, sizes in bytes.")
  var isJSON = false

  @Flag(help: "Change the spec's files so that they say it: drain emptied hosts, rename the hosts of VMs.")
  var write = false

  func validate() throws {
    if movesOthers, from == .spec { throw ValidationError("the spec knows nothing of VMs of others") }
    if movesOthers, write { throw ValidationError("a spec moves no VMs of others: --write without --all") }
    _ = try share()
  }

  private static func size(_ text: String) throws -> MachineSize {
    do {
      return try MachineSize(parsing: text)
    } catch {
      throw ValidationError(error.message + (error.help.map { "; \($0)" } ?? ""))
    }
  }

  private func share() throws -> Headroom {
    do {
      return try Headroom(parsing: headroom)
    } catch {
      throw ValidationError(error.message + (error.help.map { "; \($0)" } ?? ""))
    }
  }

  func run() async throws {
    let read = try options.read()
    let site = try options.accept(read)
    let found = try await propose(site)
    guard isJSON else {
      let style = Terminal.style(noColor: options.reading.noColor)
      Terminal.print(ConsolidationText(found, style: style).render(), terminator: "")
      if write { Terminal.print("\n" + (try rewrite(found, of: site)), terminator: "") }
      return
    }
    if write { _ = try rewrite(found, of: site) }
    Terminal.print(ConsolidationDocument(found, version: VersionCommand.current).json)
  }

  private func propose(_ site: Site) async throws -> SiteConsolidation {
    var asked = SiteConsolidation.Options(basis: from == .spec ? .spec : .hosts)
    asked.headroom = try share()
    asked.reference = fits
    asked.movesOthers = movesOthers
    do {
      guard from == .hosts else {
        return try SiteConsolidation.propose(for: site, hosts: [], options: asked)
      }
      return try await Workspace.open(site, options, access: .readOnly).closing { workspace in
        try SiteConsolidation.propose(
          for: site, hosts: workspace.states, unreachable: Set(workspace.unreachable.map(\.host)),
          options: asked)
      }
    } catch let failure as SitePlanner.Failure {
      Terminal.report(failure.diagnostics)
      throw failure.isRefusal ? ExitStatus.refused : .failure
    }
  }

  /// Changes the spec's files unless something is in the way; returns what is different.
  private func rewrite(_ found: SiteConsolidation, of site: Site) throws -> String {
    let (sources, _) = SpecLoader.texts(at: options.spec)
    let (edited, faults) = SpecEditor.apply(found.edits(of: site), to: sources)
    Terminal.report(faults, in: sources)
    if !faults.isEmpty { throw ExitStatus.refused }
    let again = options.read(edited)
    guard let result = again.site else {
      Terminal.report(again.diagnostics, in: again.sources)
      throw Terminal.fail("with what is proposed the spec would be wrong, and it stays as it was")
    }
    if let contradiction = found.contradictions(in: result).first {
      throw Terminal.fail(
        "the spec would not say what is proposed, and stays as it was: \(contradiction)", .refused)
    }
    var difference = ""
    for (old, new) in zip(sources, edited) where old.text != new.text {
      difference += LineDifference(from: old, to: new).render()
      try OutputFile.replace(new.path, with: Array(new.text.utf8))
    }
    return difference.isEmpty ? "The spec says so already.\n" : difference
  }
}

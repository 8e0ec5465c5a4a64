import ArgumentParser
import Libvirt
import Planner
import Reports
import SpecModel

/// Says how few hosts are enough. Opens them for reading only.
struct ConsolidateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    subcommand: "consolidate", abstract: "Show how few hosts hold all VMs, and the moves; changes no host.",
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

  // What begins with a dash is a value, too, and told what is wrong with it.
  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "Leave this share of each host free, such as 20% or memory=20%; may be given again.",
      valueName: "share"))
  var headroom: [String] = []

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Count how many more VMs of this size fit; without it, of the median VM.", valueName: "2cpus,4GiB"),
    transform: Self.size)
  var fits: MachineSize?

  @Flag(name: .customLong("all"), help: "What if the running VMs of others could move, too?")
  var movesOthers = false

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Look at running VMs for this long, such as 60s, and count the CPUs that they use instead of their vCPUs.",
      valueName: "time"), transform: Self.time)
  var measure: TimeSpan?

  @Option(
    name: .customLong("cpu-factor"), parsing: .unconditional,
    help: ArgumentHelp(
      "Count so many CPUs for each that was in use at most while VMs were looked at.", valueName: "ratio"),
    transform: Self.ratio)
  var factor: Ratio?

  @Flag(name: .customLong("json"), help: "As JSON, sizes in bytes.")
  var isJSON = false

  @Flag(help: "Change the spec's files so that they say it: drain emptied hosts, rename the hosts of VMs.")
  var write = false

  func validate() throws {
    if movesOthers, from == .spec { throw ValidationError("the spec knows nothing of VMs of others") }
    if measure != nil, from == .spec { throw ValidationError("nothing is measured without the hosts") }
    if factor != nil, measure == nil { throw ValidationError("--cpu-factor goes with --measure") }
    if movesOthers, write { throw ValidationError("a spec moves no VMs of others: --write without --all") }
    _ = try share()
  }

  private static func size(_ text: String) throws -> MachineSize {
    try checked { () throws(ValueError) in try MachineSize(parsing: text) }
  }

  private static func time(_ text: String) throws -> TimeSpan {
    try checked { () throws(ValueError) in
      let span = try TimeSpan(parsing: text)
      guard span.seconds > 0 else { throw ValueError("in '\(text)' nothing is measured", help: "write 60s") }
      return span
    }
  }

  private static func ratio(_ text: String) throws -> Ratio {
    try checked { () throws(ValueError) in try Ratio(parsing: text) }
  }

  private func share() throws -> Headroom {
    try Self.checked { () throws(ValueError) in try Headroom(parsing: headroom) }
  }

  private static func checked<Value>(_ parse: () throws(ValueError) -> Value) throws -> Value {
    do {
      return try parse()
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
        var asked = asked
        if let measure { asked.load = try await Self.load(of: workspace, measure, factor) }
        return try SiteConsolidation.propose(
          for: site, hosts: workspace.states, unreachable: Set(workspace.unreachable.map(\.host)),
          options: asked)
      }
    } catch let failure as SitePlanner.Failure {
      Terminal.report(failure.diagnostics)
      throw failure.isRefusal ? ExitStatus.refused : .failure
    }
  }

  /// A dozen looks at what VMs use.
  private static func load(of workspace: Workspace, _ span: TimeSpan, _ factor: Ratio?) async throws
    -> MeasuredLoad
  {
    let away = Set(workspace.unreachable.map(\.host))
    let sessions = workspace.fleet.sessions.filter { !away.contains($0.key) }.sorted { $0.key < $1.key }
    var load = MeasuredLoad(factor: try factor ?? Ratio(parsing: "1.5"))
    let clock = ContinuousClock()
    let start = clock.now
    for look in 0...12 {
      if look > 0 { try await clock.sleep(until: start + .milliseconds(span.seconds * 1000 * look / 12)) }
      for (name, session) in sessions {
        do {
          let stats = try await session.connection.domainStats()
          let time = start.duration(to: clock.now).components
          let samples = stats.compactMap { stats in
            stats.cpuTime.map { cpuTime in
              let used = stats.memory.flatMap { all in
                stats.unusedMemory.map { (all > $0 ? all - $0 : 0) << 10 }
              }
              return (stats.uuid, MeasuredLoad.Sample(cpuTime: cpuTime, usedMemory: used))
            }
          }
          load.add(
            Dictionary(samples, uniquingKeysWith: { first, _ in first }),
            at: UInt64(time.seconds) * 1_000_000_000 + UInt64(time.attoseconds / 1_000_000_000))
        } catch let error as LibvirtError {
          throw Terminal.fail("host '\(name)': \(error)")
        }
      }
    }
    return load
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

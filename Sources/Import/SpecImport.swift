public import Planner
public import SpecModel

/// The whole way from what hosts have to a spec, and a look at what its plan would do.
public struct SpecImport: Sendable {
  public let spec: ImportedSpec
  /// The spec, read again.
  public let site: Site
  /// What the spec's plan would do; nil if there is none.
  public let plan: Plan?
  /// Why there is no plan.
  public let obstacles: [Diagnostic]

  /// A fault of this program: it wrote a spec that it cannot read.
  public struct Unreadable: Error {
    public let diagnostics: [Diagnostic]
    public let source: SourceText
  }

  /// - Parameter remainder: what the definition of a VM says beside what virtform would make of the spec; nil if that is
  ///   nothing.
  public init(
    of hosts: [ImportedHost], _ choice: ImportChoice,
    remainder: (ImportedMachine, _ wanted: Machine) -> String?
  ) throws(Unreadable) {
    let states = hosts.map(\.state)
    let plain = SpecComposer.compose(hosts, choice)
    let wanted = SitePlanner.wantedMachines(of: try Self.read(plain), hosts: states)
    var xml: [ResourceName: String] = [:]
    for machine in plain.machines {
      xml[machine.name] = wanted[machine.name].flatMap { remainder(machine, $0) }
    }
    spec = SpecComposer.compose(hosts, choice, xml: xml)
    site = try Self.read(spec)
    do {
      plan = try SitePlanner.plan(site, hosts: states, images: [:])
      obstacles = []
    } catch {
      (plan, obstacles) = (nil, error.diagnostics)
    }
  }

  private static func read(_ spec: ImportedSpec) throws(Unreadable) -> Site {
    let source = SourceText(path: "the spec", text: spec.text)
    let result = SpecLoader(environment: [:]).load([source])
    guard let site = result.site else { throw Unreadable(diagnostics: result.diagnostics, source: source) }
    return site
  }

  /// The changes that the plan would make, beside the marks.
  public var changes: [Change] {
    (plan?.changes ?? []).filter { change in
      change.action != .adopt || change.fields.contains { $0.from != nil || $0.effect != .none }
    }
  }

  /// What to tell people beside the spec.
  public var summary: [String] {
    func count(_ number: Int, _ word: String) -> String { "\(number) \(word)\(number == 1 ? "" : "s")" }
    var lines = [
      [
        count(spec.machines.count, "VM"), count(site.networks.count, "network"),
        count(site.pools.count, "pool"),
      ]
      .joined(separator: ", ")
    ]
    lines += spec.omissions.map { "left out: \($0)" }
    lines += obstacles.map { "its plan is refused: \($0.message)" }
    if let plan {
      lines.append(
        changes.isEmpty
          ? "its plan adopts \(plan.summary.adopted) of them and changes nothing"
          : "its plan would change " + changes.map { "\($0.address)" }.joined(separator: ", "))
    }
    return lines
  }
}

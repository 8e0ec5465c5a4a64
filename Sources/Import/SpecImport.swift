public import Planner
public import SpecModel

/// The whole way from what hosts have to a spec, and a look at what its plan would do.
public struct SpecImport: Sendable {
  public let spec: ImportedSpec
  /// The spec, read again; nil if it has errors, as where an image is not there.
  public let site: Site?
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
    let isThere = hosts.contains { $0.uri != nil }
    // What a file of an image has does not matter here, and it need not be there yet.
    let withoutFiles = hosts.map { host in
      var host = host
      for index in host.images.indices { host.images[index].source = "https://image.invalid/\(index)" }
      return host
    }
    let plain = SpecComposer.compose(withoutFiles, choice)
    let (plainSite, _) = try Self.read(plain, mayLack: !isThere)
    let wanted = plainSite.map { SitePlanner.wantedMachines(of: $0, hosts: states) } ?? [:]
    var xml: [ResourceName: String] = [:]
    for machine in plain.machines {
      xml[machine.name] = wanted[machine.name].flatMap { remainder(machine, $0) }
    }
    spec = SpecComposer.compose(hosts, choice, xml: xml)
    let (site, faults) = try Self.read(spec, mayLack: !isThere)
    self.site = site
    guard isThere, let site else {
      (plan, obstacles) = (nil, faults)
      return
    }
    do {
      plan = try SitePlanner.plan(site, hosts: states, images: [:])
      obstacles = []
    } catch {
      (plan, obstacles) = (nil, error.diagnostics)
    }
  }

  /// - Parameter mayLack: true if what the spec names need not be there yet.
  private static func read(_ spec: ImportedSpec, mayLack: Bool) throws(Unreadable) -> (Site?, [Diagnostic]) {
    let source = SourceText(path: "spec.yaml", text: spec.text)
    let result = SpecLoader(environment: [:]).load([source])
    guard result.site != nil || mayLack else {
      throw Unreadable(diagnostics: result.diagnostics, source: source)
    }
    return (result.site, result.diagnostics.filter { $0.severity == .error })
  }

  /// The changes that the plan would make, beside the marks.
  public var changes: [Change] {
    (plan?.changes ?? []).filter { $0.action != .adopt || !$0.fields.isEmpty }
  }

  /// What to tell people beside the spec.
  public var summary: [String] {
    func count(_ number: Int, _ word: String) -> String { "\(number) \(word)\(number == 1 ? "" : "s")" }
    var counts = [count(spec.machines.count, "VM")]
    if let site { counts += [count(site.networks.count, "network"), count(site.pools.count, "pool")] }
    var lines = [counts.joined(separator: ", ")]
    lines += spec.omissions.map { "left out: \($0)" }
    lines += obstacles.map {
      (site == nil ? "the spec has an error yet: " : "its plan is refused: ") + $0.message
    }
    if let plan {
      lines.append(
        changes.isEmpty
          ? "its plan adopts \(plan.summary.adopted) of them and changes nothing"
          : "its plan would change " + changes.map { "\($0.address)" }.joined(separator: ", "))
    }
    return lines
  }
}

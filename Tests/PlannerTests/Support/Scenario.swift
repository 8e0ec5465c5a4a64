import FoundationEssentials
import Planner
import SpecModel
import Testing

/// A spec of one file and hosts in memory, with what one does with them.
struct Scenario {
  /// Lines that every spec of the suites starts with: the hosts `alpha` and `beta` where asked for.
  static func header(hosts: [String] = ["alpha"]) -> String {
    "virtform: 1\nstack: shop\nhosts:\n"
      + hosts.map { "  \($0): {uri: qemu+tls://\($0)/system}\n" }.joined()
  }

  var fleet: SimulatedFleet
  /// Raises the version of an image's content, by its name.
  var imageVersions: [String: Int] = [:]

  init(_ fleet: SimulatedFleet = SimulatedFleet()) { self.fleet = fleet }

  /// A scenario in which `spec` is applied.
  static func applied(_ spec: String, on fleet: SimulatedFleet = SimulatedFleet()) throws -> Scenario {
    var scenario = Scenario(fleet)
    try scenario.apply(spec)
    return scenario
  }

  func plan(_ spec: String, allowsDataLoss: Bool = false) throws -> Plan {
    try plan(spec, .init(allowsDataLoss: allowsDataLoss))
  }

  func plan(_ spec: String, _ options: SitePlanner.Options) throws -> Plan {
    let site = try Self.site(spec)
    let states = fleet.states(for: site)
    let plan = try SitePlanner.plan(site, hosts: states, images: contents(of: site), options: options)
    PlanLaws.check(plan)
    return plan
  }

  func destroyPlan(_ spec: String, allowsDataLoss: Bool = false) throws -> Plan {
    try plan(spec, .init(goal: .destroy, allowsDataLoss: allowsDataLoss))
  }

  /// Plans and carries out; returns the plan.
  @discardableResult
  mutating func apply(_ spec: String, allowsDataLoss: Bool = false) throws -> Plan {
    let plan = try plan(spec, allowsDataLoss: allowsDataLoss)
    fleet.run(plan)
    fleet.expectNoViolations()
    return plan
  }

  /// The plan's text, and that the plan after its execution is empty.
  mutating func text(_ spec: String, allowsDataLoss: Bool = false) throws -> String {
    let plan = try apply(spec, allowsDataLoss: allowsDataLoss)
    let second = try self.plan(spec, allowsDataLoss: allowsDataLoss)
    #expect(second.isEmpty, "the second plan is not empty:\n\(PlanText(second).render())")
    return PlanText(plan).render()
  }

  /// The diagnostics for which there is no plan, as people see them.
  func refusal(_ spec: String, allowsDataLoss: Bool = false) throws -> String {
    do {
      let plan = try plan(spec, allowsDataLoss: allowsDataLoss)
      Issue.record("planned:\n\(PlanText(plan).render())")
      return ""
    } catch let failure as SitePlanner.Failure {
      let renderer = DiagnosticRenderer(sources: [SourceText(path: Self.file, text: spec)])
      return failure.diagnostics.map(renderer.render).joined(separator: "\n") + "\n"
    }
  }

  // MARK: Specs and images

  private static let file = "site.yaml"

  static func site(_ spec: String) throws -> Site {
    let result = SpecLoader(environment: [:]).load([SourceText(path: file, text: spec)])
    return try #require(result.site, "\(result.rendered.joined(separator: "\n"))")
  }

  func contents(of site: Site) -> [ResourceName: ImageContent] {
    Dictionary(
      uniqueKeysWithValues: site.images.map { image in
        let version = imageVersions[image.name.rawValue] ?? 1
        let digit = String(version % 10)
        return (
          image.name,
          ImageContent(
            sha256: String(repeating: digit, count: 64), length: .mebibytes(UInt64(Images.mebibytes)))
        )
      })
  }
}

/// Image files, which the loader looks into: raw ones of 2 MiB without content.
enum Images {
  static let mebibytes = 2
  /// The file that every image of the suites names.
  static let file: String = {
    let directory = FileManager.default.temporaryDirectory.path
    let path = "\(directory)/virtform-planner-tests-\(ProcessInfo.processInfo.processIdentifier).raw"
    let isMade = FileManager.default.createFile(
      atPath: path, contents: Data(repeating: 0, count: mebibytes << 20))
    precondition(isMade, "the image file can be written")
    return path
  }()
}

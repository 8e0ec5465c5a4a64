import FoundationEssentials
import Glibc
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

  /// - Parameter lost: hosts that do not answer.
  func plan(_ spec: String, _ options: SitePlanner.Options, lost: [String] = []) throws -> Plan {
    let site = try Self.site(spec)
    let states = fleet.states(for: site).filter { !lost.contains($0.name.rawValue) }
    let unreachable = try lost.map {
      UnreachableHost(name: try ResourceName(parsing: $0), reason: "no route to it")
    }
    let plan = try SitePlanner.plan(
      site, hosts: states, unreachable: unreachable, images: contents(of: site), options: options)
    PlanLaws.check(plan)
    OrderLaws.check(plan, site)
    return plan
  }

  func destroyPlan(_ spec: String, allowsDataLoss: Bool = false) throws -> Plan {
    try plan(spec, .init(goal: .destroy, allowsDataLoss: allowsDataLoss))
  }

  /// Plans and carries out; returns the plan.
  @discardableResult
  mutating func apply(_ spec: String, allowsDataLoss: Bool = false, restarts: Bool = false) throws -> Plan {
    let plan = try plan(spec, .init(allowsDataLoss: allowsDataLoss, restarts: restarts))
    fleet.run(plan)
    fleet.expectNoViolations()
    return plan
  }

  /// The plan's text, and that the plan after its execution is empty.
  mutating func text(_ spec: String, allowsDataLoss: Bool = false, restarts: Bool = false) throws -> String {
    let plan = try apply(spec, allowsDataLoss: allowsDataLoss, restarts: restarts)
    let second = try self.plan(spec, allowsDataLoss: allowsDataLoss)
    #expect(second.isEmpty, "the second plan is not empty:\n\(PlanText(second).render())")
    VerificationLaws.check(fleet, try Self.site(spec), PlanText(plan).render())
    return PlanText(plan).render().replacing(Images.file, with: "debian.raw")
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
            sha256: String(repeating: digit, count: 64), length: .mebibytes(UInt64(Images.mebibytes)),
            file: Images.file, virtualSize: .mebibytes(UInt64(Images.mebibytes)))
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
    atexit { unlink(Images.file) }
    return path
  }()
}

/// The spec that most scenarios start from: a VM with a disk of its own on a network with addresses.
enum Specs {
  static let web = """
    virtform: 1
    stack: shop
    hosts:
      alpha: {uri: qemu+tls://alpha/system}
    pools:
      main: {path: /srv/main}
    networks:
      lan: {mode: nat, cidr: 10.0.0.0/24, dhcp: {from: 10.0.0.100, to: 10.0.0.199}}
    vms:
      web:
        memory: 2GiB
        disks: {root: {size: 4GiB}}
        nics: {lan: {ip: 10.0.0.11}}

    """

  static let restarting = web.with("memory: 2GiB", "memory: 2GiB\n    on_change: restart-if-needed")
  static let stopped = web.with("memory: 2GiB", "memory: 2GiB\n    state: off")
  static let imaged = web.with(
    "networks:", "images:\n  debian: {source: \(Images.file), format: raw}\nnetworks:"
  )
  .with("root: {size: 4GiB}", "root: {size: 4GiB, image: debian}")
}

extension String {
  /// The text with `old`, which must be in it, replaced.
  func with(_ old: String, _ new: String) -> String {
    precondition(contains(old), "the spec has '\(old)'")
    return replacing(old, with: new)
  }

  /// The text without the line that starts with `start`, blanks left out, and without what is indented below it.
  func without(_ start: String) -> String {
    var indentation: Int?
    let lines = split(separator: "\n", omittingEmptySubsequences: false).filter { line in
      let blanks = line.prefix { $0 == " " }.count
      if let level = indentation, blanks > level { return false }
      indentation = line.dropFirst(blanks).hasPrefix(start) ? blanks : nil
      return indentation == nil
    }
    return lines.joined(separator: "\n")
  }
}

/// Compares a plan, or the refusal of one, with what it should read like, line by line.
func expect(_ actual: String, is expected: String, sourceLocation: Testing.SourceLocation = #_sourceLocation)
{
  #expect(actual == expected, "it reads:\n\(actual)", sourceLocation: sourceLocation)
}

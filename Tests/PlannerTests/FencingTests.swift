import FoundationEssentials
import SpecModel
import Testing

@testable import Planner

/// Hosts that do not answer, are down by the spec, or are fenced.
@Suite("Fencing")
struct FencingTests {
  private static let header = """
    virtform: 1
    stack: shop
    hosts:
      alpha: {uri: qemu+tls://alpha/system}
      beta: {uri: qemu+tls://beta/system}
      gamma: {uri: qemu+tls://gamma/system}
    pools: {nas: {path: /srv/nas, shared: true}, main: {path: /srv/main}}

    """

  private static func fleet() -> SimulatedFleet {
    var hosts = ["alpha", "beta", "gamma"].map { SimulatedHost($0) }
    for index in hosts.indices {
      hosts[index].state.capabilities.cpus = 4
      hosts[index].state.capabilities.memory = .gibibytes(8)
    }
    var fleet = SimulatedFleet(hosts)
    fleet.sharedPools = ["nas"]
    return fleet
  }

  private static func host(of name: String, in scenario: Scenario) throws -> String {
    try #require(
      scenario.fleet.hosts.first { $0.value.state.machines.contains { $0.name == name } }?.key)
  }

  private static func failure(_ plan: () throws -> Plan) throws -> SitePlanner.Failure {
    do {
      let plan = try plan()
      Issue.record("planned: \(PlanText(plan).render())")
    } catch let failure as SitePlanner.Failure {
      return failure
    }
    throw SitePlanner.Failure(diagnostics: [], isRefusal: false)
  }

  private static func checked(_ plan: Plan, _ spec: String, _ scenario: Scenario) throws -> Plan {
    let site = try Scenario.site(spec)
    return plan.checked(
      against: site, hosts: scenario.fleet.states(for: site), at: Date(timeIntervalSince1970: 0))
  }

  @Test("a failure that the policy wants survived may happen: what else would not be is told")
  func survivedFailure() throws {
    let spec =
      Self.header
      + "policy: {survive: 1 host}\nvms: {web: {count: 4, host: any, pool: nas, memory: 4GiB}}\n"
    var scenario = try Scenario.applied(spec, on: Self.fleet())
    let lost = try Self.host(of: "web-1", in: scenario)
    let whole = try Self.checked(scenario.plan(spec), spec, scenario)
    #expect(whole.breaches == [])
    // Who is lost alone may not be made up for yet, but is no reason to refuse what else there is to do.
    #expect(try Self.checked(scenario.plan(spec, .init(), lost: [lost]), spec, scenario).breaches == [])
    var options = SitePlanner.Options()
    options.fenced = [try ResourceName(parsing: lost)]
    let plan = try Self.checked(scenario.plan(spec, options, lost: [lost]), spec, scenario)
    #expect(plan.breaches == [] && plan.gaps == [] && plan.summary.add > 0)
    let notes = plan.notes.map(\.text)
    #expect(notes.count == 4 && notes.allSatisfy { $0.contains("fails, too (memory)") }, "\(notes)")
    #expect(
      notes.allSatisfy { $0.hasSuffix("what the policy wants survived is that of '\(lost)'") }, "\(notes)")
    scenario.fleet.run(plan)
  }

  @Test("what is kept with a VM whose disks went with its host is left out with it, and nothing else")
  func company() throws {
    let spec =
      Self.header + """
        vms:
          a: {host: any, keep_with: [b], memory: 1GiB, disks: {root: {size: 1GiB, pool: nas}}}
          b: {host: any, memory: 1GiB, disks: {root: {size: 1GiB, pool: main}}}
          c: {host: any, keep_with: [a], memory: 1GiB}
          d: {host: any, memory: 1GiB}

        """
    let scenario = try Scenario.applied(spec, on: Self.fleet())
    let lost = try Self.host(of: "a", in: scenario)
    #expect(try Self.host(of: "b", in: scenario) == lost)
    var options = SitePlanner.Options()
    options.fenced = [try ResourceName(parsing: lost)]
    let plan = try scenario.plan(spec, options, lost: [lost])
    #expect(plan.changes == [])
    #expect(plan.unknown.first?.machines.map(\.rawValue) == ["a", "b", "c"])
    #expect(
      plan.notes.map { "\($0.address): \($0.text)" } == [
        "vm.a: is started nowhere else: it is kept with VM 'b'",
        "vm.b: is started nowhere else: its disks may lie on host '\(lost)' alone",
        "vm.c: is started nowhere else: it is kept with VM 'a'",
      ])
  }

  @Test("a VM whose company is on a host that does not answer is no reason to plan nothing")
  func companyAway() throws {
    let apart = Self.header + "vms: {a: {host: alpha, memory: 1GiB}, b: {host: beta, memory: 1GiB}}\n"
    let scenario = try Scenario.applied(apart, on: Self.fleet())
    let spec =
      Self.header + "vms: {a: {host: any, keep_with: [b], memory: 1GiB}, b: {host: any, memory: 1GiB}}\n"
    #expect(try scenario.plan(spec, .init(), lost: ["beta"]).isEmpty)
  }

  @Test("a host that answers is not fenced")
  func fencedAlive() throws {
    let spec = Self.header + "vms: {web: {host: any, pool: nas, memory: 1GiB, disks: {root: {size: 1GiB}}}}\n"
    let scenario = try Scenario.applied(spec, on: Self.fleet())
    var options = SitePlanner.Options()
    options.fenced = [try ResourceName(parsing: "gamma")]
    let failure = try Self.failure { try scenario.plan(spec, options) }
    #expect(!failure.isRefusal)
    #expect(failure.diagnostics.map(\.message) == ["host 'gamma' answers: --fenced is for hosts that do not"])
    #expect(failure.diagnostics.first?.help == "--drain gamma moves its VMs to other hosts")
  }

  @Test("from a host that does not answer, or is down by the spec, nothing moves")
  func drained() throws {
    let spec =
      Self.header
      + "vms: {a: {host: alpha, memory: 1GiB, disks: {root: {size: 1GiB, pool: nas}}}, b: {host: any, memory: 1GiB}}\n"
    let scenario = try Scenario.applied(spec, on: Self.fleet())
    var options = SitePlanner.Options()
    options.drained = [try ResourceName(parsing: "alpha")]
    var failure = try Self.failure { try scenario.plan(spec, options, lost: ["alpha"]) }
    #expect(
      failure.diagnostics.map(\.message) == ["host 'alpha' does not answer, and nothing moves from it"])
    #expect(
      failure.diagnostics.first?.help
        == "if nothing runs there any more, apply --fenced alpha starts its VMs on other hosts")
    let down = spec.with("alpha/system}", "alpha/system, state: down}")
    failure = try Self.failure { try scenario.plan(down, options, lost: ["alpha"]) }
    #expect(
      failure.diagnostics.map(\.message) == [
        "host 'alpha' is down, as the spec says, and nothing moves from it"
      ])
  }

  @Test("a VM that may be on a host which does not answer is moved nowhere, whoever asks for it")
  func destination() throws {
    let spec = Self.header + "vms: {web: {host: any, memory: 1GiB}}\n"
    let scenario = try Scenario.applied(spec, on: Self.fleet())
    let home = try Self.host(of: "web", in: scenario)
    let other = try #require(["alpha", "beta", "gamma"].first { $0 != home })
    var options = SitePlanner.Options()
    options.destinations = [try ResourceName(parsing: "web"): try ResourceName(parsing: other)]
    options.isOnlyMoves = true
    let failure = try Self.failure { try scenario.plan(spec, options, lost: [home]) }
    #expect(
      failure.diagnostics.map(\.message) == [
        "VM 'web' may be on host '\(home)', which does not answer, and is not moved"
      ])
  }

  @Test("what is in the way says whether a host does not answer or is down by the spec")
  func closed() throws {
    let spec = Self.header + "vms: {web: {host: any, memory: 1GiB}}\n"
    let scenario = try Scenario.applied(spec, on: Self.fleet())
    let home = try Self.host(of: "web", in: scenario)
    let others = ["alpha", "beta", "gamma"].filter { $0 != home }
    let states =
      spec.with("\(home)/system}", "\(home)/system, state: drained}")
      .with("\(others[0])/system}", "\(others[0])/system, state: down}")
    let failure = try Self.failure { try scenario.plan(states, .init(), lost: others) }
    let message = try #require(failure.diagnostics.first?.message)
    #expect(message.contains("\(others[0]): is down, as the spec says"), "\(message)")
    #expect(message.contains("\(others[1]): does not answer"), "\(message)")
  }
}

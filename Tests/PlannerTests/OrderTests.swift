import SpecModel
import Testing

@testable import Planner

@Suite("Order of VMs") struct OrderTests {
  /// Three VMs on two hosts: `web` after `app`, `app` after `db`, which is the last in the order of hosts.
  private func spec(_ memory: String = "1GiB", ready: String = "ready: {tcp: 22}", more: String = "")
    -> String
  {
    Scenario.header(hosts: ["alpha", "beta"]) + """
      defaults: {memory: \(memory), on_change: restart-if-needed}
      vms:
        web: {host: alpha, start_after: [app]}
        app: {host: alpha, start_after: [db]}
        db: {host: beta, \(ready)}
      \(more)
      """
  }

  /// Starts, waits and stops in the plan's order: `start db`.
  private func steps(_ plan: Plan) -> [String] {
    plan.steps.compactMap { step in
      switch step.operation {
      case .startMachine: "start \(step.address.name)"
      case .awaitReady: "await \(step.address.name)"
      case .stopMachine, .powerOffMachine: "stop \(step.address.name)"
      case .resumeMachine: "resume \(step.address.name)"
      default: nil
      }
    }
  }

  private func needs(_ plan: Plan, _ text: String) -> [String] {
    let names = plan.steps.map { "\($0.operation.verb.present) \($0.address.name)" }
    return plan.steps.filter { "\($0.operation.verb.present) \($0.address.name)" == text }.flatMap(
      \.dependsOn
    ).map {
      names[$0]
    }
  }

  @Test("VMs start one after the other, each when the one before is ready, on whatever host")
  func starts() throws {
    var scenario = Scenario()
    let plan = try scenario.apply(spec())
    #expect(steps(plan) == ["start db", "await db", "start app", "start web"])
    #expect(needs(plan, "starting app") == ["creating app", "waiting until ready db"])
    #expect(needs(plan, "starting web") == ["creating web", "starting app"])
    #expect(try scenario.plan(spec()).isEmpty)
  }

  @Test("the plan says what comes first and what is waited for")
  func text() throws {
    let plan = try Scenario().plan(spec())
    let text = PlanText(plan).render()
    #expect(text.contains("      start_after  app\n"))
    #expect(text.contains("      ready   tcp 22; within 5m\n"))
  }

  @Test("order and readiness are nothing that a host knows: changing them is no change")
  func noChange() throws {
    var scenario = Scenario()
    try scenario.apply(spec())
    let other = spec(ready: "start_after: [web]").with("start_after: [app]", "autostart: true")
      .with("start_after: [db]", "ready: {agent: true}")
    #expect(try scenario.plan(other).changes.flatMap(\.fields).map(\.path) == ["autostart"])
    #expect(try scenario.plan(spec(ready: "ready: {agent: true, timeout: 1s}")).isEmpty)
  }

  @Test("what restarts stops in the reverse order; who is not changed keeps running")
  func restarts() throws {
    var scenario = Scenario()
    try scenario.apply(spec())
    let all = try scenario.plan(spec("2GiB"))
    #expect(
      steps(all) == ["stop web", "stop app", "stop db", "start db", "await db", "start app", "start web"])
    let one = try scenario.plan(spec().with("beta, ", "beta, memory: 2GiB, "))
    #expect(steps(one) == ["stop db", "start db", "await db"])
  }

  @Test("a VM in between that neither starts nor stops hands the order on")
  func between() throws {
    var scenario = Scenario()
    try scenario.apply(spec().with("start_after: [app]", "state: off, start_after: [app]"))
    let plan = try scenario.plan(spec().with("beta, ", "beta, memory: 2GiB, "))
    #expect(steps(plan) == ["stop db", "start db", "await db", "start web"])
    #expect(needs(plan, "starting web").contains("waiting until ready db"))
  }

  @Test("a stack is destroyed in the reverse order of its starts")
  func destroy() throws {
    var scenario = Scenario()
    try scenario.apply(spec())
    let plan = try scenario.destroyPlan(spec())
    #expect(steps(plan) == ["stop web", "stop app", "stop db"])
    #expect(needs(plan, "stopping db") == ["stopping app"])
  }

  @Test("VMs that are made anew go down and come up in the order")
  func replacement() throws {
    var scenario = Scenario()
    try scenario.apply(spec())
    var options = SitePlanner.Options()
    options.replaced = [try AddressPattern(parsing: "vm.db"), try AddressPattern(parsing: "vm.app")]
    let plan = try scenario.plan(spec(), options)
    #expect(steps(plan) == ["stop app", "stop db", "start db", "await db", "start app"])
  }

  @Test("a VM that is paused is not waited for, and one that is off is not started after")
  func states() throws {
    let paused = try Scenario().plan(spec(ready: "state: paused, ready: {tcp: 22}"))
    #expect(steps(paused) == ["start db", "start app", "start web"])
    let off = try Scenario().plan(spec(ready: "state: off, ready: {tcp: 22}"))
    #expect(steps(off) == ["start app", "start web"])
    var scenario = Scenario()
    try scenario.apply(
      spec(ready: "state: paused").with("start_after: [db]", "state: off, start_after: [db]"))
    #expect(steps(try scenario.plan(spec())) == ["resume db", "start app"])
  }

  @Test("a run that was cut off between start and ready goes on without waiting again")
  func cutOff() throws {
    var scenario = Scenario()
    let plan = try scenario.plan(spec())
    let start = try #require(plan.steps.first { $0.operation.isWait })
    scenario.fleet.run(plan, first: start.id)
    #expect(steps(try scenario.plan(spec())) == ["start app", "start web"])
  }

  @Test("a part of a plan starts what it needs, and needs nobody to stop")
  func parts() throws {
    var scenario = Scenario()
    func options(_ scope: PlanScope) -> SitePlanner.Options {
      var options = SitePlanner.Options()
      options.scope = scope
      return options
    }
    let app = try AddressPattern(parsing: "vm.app")
    let db = try AddressPattern(parsing: "vm.db")
    #expect(
      steps(try scenario.plan(spec(), options(.init(targets: [app], excluded: [])))) == [
        "start db", "await db", "start app",
      ])
    #expect(
      steps(try scenario.plan(spec(), options(.init(targets: [], excluded: [app])))) == [
        "start db", "await db",
      ])
    try scenario.apply(spec())
    #expect(
      steps(try scenario.plan(spec("2GiB"), options(.init(targets: [db], excluded: [])))) == [
        "stop db", "start db", "await db",
      ])
  }

  @Test("the step that waits knows where the guest is")
  func interfaces() throws {
    let text =
      Specs.web.with("memory: 2GiB", "memory: 2GiB\n    ready: {lease: lan}")
    let plan = try Scenario().plan(text)
    let wait = try #require(
      plan.steps.lazy.compactMap { step in
        if case .awaitReady(let wait) = step.operation { wait } else { nil }
      }.first)
    let nic = try #require(wait.interfaces.first)
    #expect(nic.name == "lan" && nic.network == "lan" && nic.stated.map(\.description) == ["10.0.0.11"])
    let machine = try #require(
      plan.steps.lazy.compactMap { step in
        if case .defineMachine(let machine) = step.operation { machine } else { nil }
      }.first)
    #expect(nic.mac != nil && nic.mac == machine.nics.first?.mac && wait.uuid == machine.uuid)
  }
}

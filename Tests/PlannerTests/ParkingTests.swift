import FoundationEssentials
import SpecModel
import Testing

@testable import Planner

/// What a run leaves that was cut off while it restarted a network: guests wait on another one.
@Suite("Guests that wait for their network")
struct ParkingTests {
  /// The host of `Specs.web`, whose guest is parked; `count` interfaces are.
  private func parked(
    _ scenario: Scenario, connections count: Int = 1, isActive: Bool = true
  ) throws -> HostState {
    var state = try #require(scenario.fleet.states(for: try Scenario.site(Specs.web)).first)
    let name = Network.parkingName(for: "lan")
    let identity = Identity(stack: try ResourceName(parsing: "shop"))
    var parking = Network(name: name, uuid: identity.uuid(.network, name), mode: .isolated, isActive: true)
    parking.mark = Mark(stack: "shop")
    parking.connections = count
    state.networks.append(parking)
    state.liveNetworks[parking.uuid] = parking
    let web = try scenario.fleet[].machine("web")
    state.guests[web.uuid]?.nics[0].link = .network(name)
    let lan = try #require(state.networks.firstIndex { $0.name == "lan" })
    let uuid = state.networks[lan].uuid
    state.liveNetworks[uuid]?.unplugged = [web.uuid]
    state.liveNetworks[uuid]?.connections = 0
    if !isActive {
      state.networks[lan].isActive = false
      state.liveNetworks[uuid] = nil
    }
    return state
  }

  private func plan(
    _ spec: String, _ state: HostState, _ options: SitePlanner.Options = .init()
  ) throws -> Plan {
    let plan = try SitePlanner.plan(
      try Scenario.site(spec), hosts: [state], images: [:], options: options)
    PlanLaws.check(plan)
    return plan
  }

  private func removal(_ plan: Plan) -> Step? {
    plan.steps.first { step in
      if case .removeNetwork = step.operation { step.address.name == "lan~parked" } else { false }
    }
  }

  @Test("where nobody is any more the place to wait goes")
  func empty() throws {
    let text = PlanText(try plan(Specs.web, parked(try .applied(Specs.web), connections: 0))).render()
    #expect(text.contains("- network.lan~parked  # nothing uses it any more"), "\(text)")
  }

  @Test("guests that wait are not cut off, and taken back")
  func takenBack() throws {
    let state = try parked(try .applied(Specs.web))
    let plan = try plan(Specs.web, state)
    #expect(plan.steps.map(\.operation.verb) == [.update])
    #expect(plan.notes.isEmpty)
    let gone = try self.plan(Specs.web.without("nics:").without("networks:"), state)
    #expect(gone.notes.isEmpty, "the guest lets go of its NIC in this very run")
    #expect(removal(gone) != nil)
  }

  @Test(
    "where the last guest stops in this very run the place to wait goes after it, be its network active or not",
    arguments: [true, false])
  func stopped(isActive: Bool) throws {
    let state = try parked(try .applied(Specs.web), isActive: isActive)
    for (spec, options) in [
      (Specs.stopped, SitePlanner.Options()),
      (Specs.web.without("web:").with("vms:", "vms: {}"), SitePlanner.Options()),
      (Specs.web, SitePlanner.Options(goal: .destroy)),
    ] {
      let plan = try plan(spec, state, options)
      let step = try #require(removal(plan), "\(PlanText(plan).render())")
      let stop = try #require(plan.steps.first { $0.operation.stopped != nil })
      #expect(PlanLaws.ancestors(of: plan)[step.id].contains(stop.id))
    }
  }

  @Test("a guest that nobody knows keeps the place to wait")
  func stranger() throws {
    let state = try parked(try .applied(Specs.web), connections: 2)
    #expect(try removal(plan(Specs.stopped, state)) == nil)
    let plan = try plan(Specs.web, state, .init(goal: .destroy))
    #expect(removal(plan) == nil)
    #expect(plan.notes.contains { $0.text == "stays: guests of the network 'lan' are plugged into it" })
  }
}

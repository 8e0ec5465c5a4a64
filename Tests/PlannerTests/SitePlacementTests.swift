import FoundationEssentials
import SpecModel
import Testing

@testable import Planner

/// Which hosts VMs are on where the spec leaves it to virtform, and what the plan says of it.
@Suite("Hosts that are chosen")
struct SitePlacementTests {
  private static func header(_ fields: [String: String] = [:]) -> String {
    let hosts = ["alpha", "beta", "gamma"].map { name in
      "  \(name): {uri: qemu+tls://\(name)/system\(fields[name].map { ", \($0)" } ?? "")}\n"
    }
    return "virtform: 1\nstack: shop\nhosts:\n\(hosts.joined())pools: {nas: {path: /srv/nas, shared: true}}\n"
  }

  /// Three hosts of 4 CPUs and 8 GiB each.
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

  private static func places(_ scenario: Scenario) -> [String: String] {
    var places: [String: String] = [:]
    for (host, simulated) in scenario.fleet.hosts {
      for machine in simulated.state.machines { places[machine.name] = host }
    }
    return places
  }

  @Test("VMs are spread over hosts with room, and stay where they are")
  func balance() throws {
    let spec = header() + "vms: {web: {count: 6, host: any, memory: 2GiB}}\n"
    var scenario = try Scenario.applied(spec, on: Self.fleet())
    let places = Self.places(scenario)
    #expect(
      Dictionary(grouping: places.values, by: \.self).mapValues(\.count) == [
        "alpha": 2, "beta": 2, "gamma": 2,
      ])
    #expect(try scenario.plan(spec).isEmpty)
    // One more host or one VM less moves nobody.
    try scenario.apply(spec.with("count: 6", "count: 5"))
    #expect(Self.places(scenario) == places.filter { $0.key != "web-6" })
  }

  private func header(_ fields: [String: String] = [:]) -> String { Self.header(fields) }

  @Test(
    "a VM is on a host whose hypervisor gives it all that it asks for",
    arguments: [
      ("virt: pv", "beta"), ("virt: hvm", "alpha"), ("machine: q35", "alpha"), ("cpu: max", "alpha"),
      ("shares: {a: {path: /srv}}", "alpha"), ("ignition: {hostname: a}, pool: nas", "alpha"),
      ("nics: {out: {}}", "alpha"),
      ("cpus: {count: 1, shares: 65536}", "alpha"), ("firmware: uefi", "alpha"),
      ("disks: {root: {size: 1GiB, pool: nas, bus: scsi}}", "alpha"),
    ])
  func hypervisors(fields: String, host: String) throws {
    // The Xen host has more room, so it would be chosen otherwise.
    var (alpha, beta) = (SimulatedHost("alpha"), SimulatedHost("beta", driver: .xen))
    (alpha.state.capabilities.cpus, alpha.state.capabilities.memory) = (4, .gibibytes(8))
    (beta.state.capabilities.cpus, beta.state.capabilities.memory) = (32, .gibibytes(64))
    beta.state.capabilities.virtualizations = [.pv]
    beta.state.capabilities.guests = [.pv: GuestCapabilities(hasFirmware: false, hasHostDevices: true)]
    let spec = """
      virtform: 1
      stack: shop
      hosts: {alpha: {uri: qemu+tls://alpha/system}, beta: {uri: xen+tls://beta/}}
      pools: {nas: {path: /srv/nas, shared: true}}
      networks: {out: {mode: user}}
      vms: {web: {host: any, memory: 1GiB, \(fields)}}

      """
    let scenario = try Scenario.applied(spec, on: SimulatedFleet([alpha, beta]))
    #expect(Self.places(scenario) == ["web": host])
  }

  @Test("what dom0 has is no room for VMs, and dom0 is no VM")
  func dom0() throws {
    var (alpha, beta) = (SimulatedHost("alpha"), SimulatedHost("beta"))
    (alpha.state.capabilities.cpus, alpha.state.capabilities.memory) = (4, .gibibytes(4))
    (beta.state.capabilities.cpus, beta.state.capabilities.memory) = (4, .gibibytes(8))
    let uuid = try #require(UUID(uuidString: "00000000-0000-0000-0000-000000000000"))
    var settings = MachineSettings()
    settings.memory = MemoryAmount(size: .gibibytes(7))
    beta.state.machines.append(Machine(name: "Domain-0", uuid: uuid, settings: settings))
    beta.state.separateDom0()
    #expect(beta.state.machines.isEmpty && beta.state.dom0Memory == .gibibytes(7))
    let load = HostLoad.memory(beta.state, plan: nil)
    #expect(load.before == 7 << 30 && load.after == 7 << 30)
    #expect(HostLoad.cpus(beta.state, plan: nil).before == 0)
    let spec = """
      virtform: 1
      stack: shop
      hosts: {alpha: {uri: qemu+tls://alpha/system}, beta: {uri: qemu+tls://beta/system}}
      vms: {web: {host: any, memory: 2GiB}}

      """
    #expect(Self.places(try Scenario.applied(spec, on: SimulatedFleet([alpha, beta]))) == ["web": "alpha"])
    beta.state.dom0Memory = .gibibytes(1)
    #expect(Self.places(try Scenario.applied(spec, on: SimulatedFleet([alpha, beta]))) == ["web": "beta"])
  }

  @Test("a drained host is left, with the reason, and what moves waits for nobody that it need not wait for")
  func drained() throws {
    let spec =
      header()
      + "vms: {web: {count: 3, host: any, spread: host, memory: 2GiB}, db: {host: any, memory: 1GiB}}\n"
    var scenario = try Scenario.applied(spec, on: Self.fleet())
    let before = Self.places(scenario)
    let drained =
      header(["gamma": "state: drained"])
      + "vms: {web: {count: 2, host: any, spread: host, memory: 2GiB}, db: {host: any, memory: 1GiB}}\n"
    let plan = try scenario.apply(drained)
    let moves = plan.changes.filter { $0.action == .move }
    #expect(moves.allSatisfy { $0.reason == "host 'gamma' is drained" })
    #expect(!Self.places(scenario).values.contains("gamma"))
    #expect(try scenario.plan(drained).isEmpty)
    let stayed = before.filter { $0.value != "gamma" && $0.key != "web-3" }
    #expect(Self.places(scenario).merging(stayed) { $1 } == Self.places(scenario))
  }

  @Test("a host to drain or to give up that the spec has not is a slip of the pen")
  func noSuchHost() throws {
    let spec = header() + "vms: {web: {host: any, memory: 1GiB}}\n"
    var options = SitePlanner.Options()
    options.fenced = [try ResourceName(parsing: "gama")]
    do {
      let plan = try Scenario(Self.fleet()).plan(spec, options)
      Issue.record("planned: \(PlanText(plan).render())")
    } catch let failure as SitePlanner.Failure {
      #expect(failure.diagnostics.map(\.message) == ["no host 'gama' in this spec"])
      #expect(failure.diagnostics.first?.help == "did you mean 'gamma'?")
    }
  }

  @Test("a host is not drained of a VM that the spec has there")
  func fixed() throws {
    let spec = header() + "vms: {db: {host: alpha, memory: 1GiB}, web: {host: any, memory: 1GiB}}\n"
    let scenario = try Scenario.applied(spec, on: Self.fleet())
    var options = SitePlanner.Options()
    options.drained = [try ResourceName(parsing: "alpha")]
    do {
      let plan = try scenario.plan(spec, options)
      Issue.record("planned: \(PlanText(plan).render())")
    } catch let failure as SitePlanner.Failure {
      #expect(failure.isRefusal)
      #expect(
        failure.diagnostics.map(\.message) == ["VM 'db' cannot leave host 'alpha': the spec has it there"])
    }
    // Where the spec itself says so, that is for people to settle.
    let drained = try scenario.plan(
      header(["alpha": "state: drained"])
        + "vms: {db: {host: alpha, memory: 1GiB}, web: {host: any, memory: 1GiB}}\n", .init())
    #expect(drained.notes.contains { $0.text == "stays on the drained host: the spec has it there" })
  }

  @Test("while a host does not answer no VM is new: each may be there, and what starts after it needs it")
  func nothingNew() throws {
    let spec = header() + "vms: {db: {host: gamma, memory: 1GiB}}\n"
    let scenario = try Scenario.applied(spec, on: Self.fleet())
    let more = spec.with(
      "memory: 1GiB}", "memory: 1GiB}, web: {host: alpha, memory: 1GiB, start_after: [db]}")
    let plan = try scenario.plan(more, .init(), lost: ["gamma"])
    #expect(plan.isEmpty && plan.unknown.first?.machines.map(\.rawValue) == ["db", "web"])
  }

  @Test("what has no place is refused with what is in the way on each host, and what would be enough")
  func infeasible() throws {
    let spec =
      header(["beta": "reserve: {memory: 4GiB}", "gamma": "state: drained"])
      + "vms:\n  big: {host: any, memory: 12GiB}\n"
    expect(
      try Scenario(Self.fleet()).refusal(spec),
      is: """
        site.yaml:9:15: error: there is no place for VM 'big': no host takes it (alpha: lacks 4 GiB of memory; beta: lacks 8 GiB of memory; gamma: is drained)
          9 |   big: {host: any, memory: 12GiB}
            |               ^
          help: this would be enough: 4 GiB more on host 'alpha' (reserve or overcommit.memory)

        """)
  }

  @Test(
    "of several VMs that have no place the message speaks of them, and of what is missing as no less than it is"
  )
  func infeasibleCompany() throws {
    let spec =
      header(["alpha": "reserve: {memory: 7200000000B}", "beta": "state: drained", "gamma": "state: drained"])
      + "vms:\n  a: {host: any, keep_with: [b], memory: 1GiB}\n  b: {host: any, memory: 1GiB}\n"
    expect(
      try Scenario(Self.fleet()).refusal(spec),
      is: """
        site.yaml:9:13: error: there is no place for VMs 'a', 'b': all VMs need 2 GiB, and the hosts that take VMs have 1.2 GiB for them (alpha: lacks 722.5 MiB of memory; beta: is drained; gamma: is drained)
          9 |   a: {host: any, keep_with: [b], memory: 1GiB}
            |             ^
          help: any of these would be enough: 1.8 GiB more on host 'alpha' (reserve or overcommit.memory); VMs on host 'beta' again, not drained

        """)
    let spread =
      header(["beta": "state: drained", "gamma": "state: drained"])
      + "vms:\n  a: {count: 2, host: any, spread: host, memory: 1GiB}\n"
    #expect(
      try Scenario(Self.fleet()).refusal(spread).contains("spread of 'a' asks for 2 places, and there is 1"))
  }

  @Test("a VM that comes back is placed where its disks are, or nowhere")
  func keptDisks() throws {
    let without = header().with("pools: {nas:", "pools: {main: {path: /srv/main}, nas:")
    let spec =
      without
      + "vms:\n  web: {host: any, memory: 1GiB, disks: {data: {size: 1GiB, keep: true, pool: main}}}\n"
    var scenario = try Scenario.applied(spec, on: Self.fleet())
    let home = try #require(Self.places(scenario)["web"])
    try scenario.apply(without)
    // Its host is by now the fullest.
    let other =
      without + "vms:\n  other: {host: \(home), memory: 4GiB}\n"
    try scenario.apply(other)
    let back = spec + "  other: {host: \(home), memory: 4GiB}\n"
    let plan = try scenario.apply(back)
    #expect(Self.places(scenario)["web"] == home)
    #expect(plan.changes.map { "\($0.action) \($0.address)" } == ["create vm.web"])
    #expect(plan.changes.first?.reason == "its disks are there")
    #expect(try scenario.plan(back).isEmpty)
    // Where it has no room, no empty disk takes the place of its own.
    try scenario.apply(other)
    let refusal = try scenario.refusal(back.with("memory: 4GiB", "memory: 8GiB"))
    let elsewhere = try #require(["alpha", "beta", "gamma"].first { $0 != home })
    #expect(refusal.contains("\(home): lacks 1 GiB of memory"), "\(refusal)")
    #expect(refusal.contains("\(elsewhere): its disk 'data' lies on host '\(home)'"), "\(refusal)")
    #expect(refusal.contains("host: \(elsewhere) for VM 'web', with new disks"), "\(refusal)")
  }

  @Test("rules hold: labels, company, distance")
  func rules() throws {
    let spec =
      header(["alpha": "labels: {room: a}", "beta": "labels: {room: b}", "gamma": "labels: {room: b}"])
        + """
        vms:
          web: {count: 2, host: any, spread: room, memory: 1GiB}
          db: {host: {labels: {room: b}}, avoid: [web], memory: 1GiB}
          cache: {host: any, keep_with: [db], memory: 1GiB}

        """
    var scenario = try Scenario.applied(spec, on: Self.fleet())
    var places = Self.places(scenario)
    #expect(places["web-1"] == "alpha" || places["web-2"] == "alpha")
    #expect(places["db"] != "alpha" && places["db"] != places["web-1"] && places["db"] != places["web-2"])
    #expect(places["cache"] == places["db"])
    #expect(try scenario.plan(spec).isEmpty)
    // A rule that comes moves as few as it takes.
    let apart = spec.with("keep_with: [db]", "avoid: [db]")
    let plan = try scenario.apply(apart)
    #expect(plan.summary.moves == 1)
    places = Self.places(scenario)
    #expect(places["cache"] != places["db"])
  }

  @Test("a VM that somebody moved within its hosts is at home there, and one that is pinned is not moved")
  func elsewhere() throws {
    let spec = header() + "vms: {web: {host: [alpha, beta], pinned: true, memory: 1GiB}}\n"
    var scenario = try Scenario.applied(spec, on: Self.fleet())
    let home = try #require(Self.places(scenario)["web"])
    let other = home == "alpha" ? "beta" : "alpha"
    let machine = try scenario.fleet[home].machine("web")
    scenario.fleet[other].state.machines.append(machine)
    scenario.fleet[other].guests[machine.uuid] = scenario.fleet[home].guests.removeValue(forKey: machine.uuid)
    scenario.fleet[home].state.machines.removeAll()
    #expect(try scenario.plan(spec).isEmpty)
    let drained = spec.with(
      "\(other): {uri: qemu+tls://\(other)/system",
      "\(other): {uri: qemu+tls://\(other)/system, state: drained")
    #expect(try scenario.refusal(drained).contains("it is pinned to '\(other)'"))
  }

  @Test("a policy refuses a plan after which a host may not fail")
  func survival() throws {
    let spec =
      header() + "policy: {survive: 1 host}\nvms: {web: {count: 3, host: any, pool: nas, memory: 5GiB}}\n"
    let site = try Scenario.site(spec)
    let scenario = Scenario(Self.fleet())
    let states = scenario.fleet.states(for: site)
    let plan = try SitePlanner.plan(site, hosts: states, images: [:]).checked(
      against: site, hosts: states, at: Date(timeIntervalSince1970: 0))
    #expect(
      plan.breaches.map(\.message)
        == ["alpha", "beta", "gamma"].map { host in
          let name = plan.placement.first { $0.value.rawValue == host }?.key.rawValue ?? ""
          return "if '\(host)' fails, there is no place for '\(name)' (memory)"
        })
    let lines = PlanText(plan).render().split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.filter { $0.hasPrefix("  survive (site.yaml:8:10): if '") }.count == 3)
    #expect(!lines.contains { !$0.isEmpty && $0.allSatisfy(\.isWhitespace) })
    let small = try Scenario.site(spec.with("5GiB", "4GiB"))
    #expect(try SitePlanner.plan(small, hosts: states, images: [:]).gaps == [])
  }

  @Test("VMs of a host that does not answer start elsewhere only once somebody vouches for its end")
  func fenced() throws {
    let spec =
      header()
      + "vms: {web: {count: 3, host: any, spread: {over: host, max: 2}, pool: nas, memory: 1GiB, disks: {root: {size: 1GiB}}}}\n"
    var scenario = try Scenario.applied(spec, on: Self.fleet())
    let lost = try #require(Self.places(scenario).first { $0.value == "gamma" }?.key)
    let plan = try scenario.plan(spec, .init(), lost: ["gamma"])
    #expect(plan.isEmpty && plan.unknown.first?.machines.map(\.rawValue) == [lost])
    var options = SitePlanner.Options()
    options.fenced = [try ResourceName(parsing: "gamma")]
    let fenced = try scenario.plan(spec, options, lost: ["gamma"])
    #expect(fenced.changes.map { "\($0.action) \($0.address)" } == ["create vm.\(lost)"])
    // Its disk is there: none is made.
    scenario.fleet.run(fenced)
    scenario.fleet.expectNoViolations()
    // The host comes back with the definition; its power was off.
    scenario.fleet["gamma"].guests = [:]
    let back = try scenario.apply(spec)
    #expect(
      back.changes.map { "\($0.action) \($0.address) on \($0.address.host)" } == [
        "update pool.nas on gamma", "delete vm.\(lost) on gamma",
      ])
    #expect(try scenario.plan(spec).isEmpty)
  }
}

import FoundationEssentials
import SpecModel
import Testing

@testable import Planner

/// Changes of networks that are active, with guests on them.
@Suite("Networks that change in place")
struct NetworkChangeTests {
  private static let domain = Specs.web.with("mode: nat", "mode: nat, dns: {domain: shop.example}")

  // MARK: Live

  @Test("a range of addresses changes while the network runs; one that a person added beside it stays")
  func range() throws {
    var scenario = try Scenario.applied(Specs.web)
    let theirs = AddressRange(
      from: try IPv4Address(parsing: "10.0.0.20"), to: try IPv4Address(parsing: "10.0.0.29"))
    try scenario.fleet[].changeNetwork("lan") { $0.ipv4.ranges.append(theirs) }
    #expect(try scenario.plan(Specs.web).isEmpty)
    expect(
      try scenario.text(Specs.web.with("to: 10.0.0.199", "to: 10.0.0.150")),
      is: """
        alpha
          ~ network.lan
              ~ dhcp  10.0.0.100 – 10.0.0.199, 10.0.0.20 – 10.0.0.29 → 10.0.0.100 – 10.0.0.150, 10.0.0.20 – 10.0.0.29  (live)

        Plan: 0 to add, 1 to change, 0 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
    let live = try #require(scenario.fleet[].liveNetworks.values.first)
    #expect(live.ipv4.ranges.map(\.description) == ["10.0.0.100 – 10.0.0.150"])
  }

  @Test("a range that a person shortened is mended, in the definition and in the active network")
  func drift() throws {
    var scenario = try Scenario.applied(Specs.web)
    func shorten(_ network: inout Network) throws {
      network.ipv4.ranges = [
        AddressRange(
          from: try IPv4Address(parsing: "10.0.0.100"), to: try IPv4Address(parsing: "10.0.0.120"))
      ]
    }
    try scenario.fleet[].changeNetwork("lan") { try? shorten(&$0) }
    try scenario.fleet[].changeLiveNetwork("lan") { try? shorten(&$0) }
    let plan = try scenario.plan(Specs.web)
    #expect(plan.changes.flatMap(\.fields).map(\.cause) == [.drift])
    expect(
      try scenario.text(Specs.web),
      is: """
        alpha
          ~ network.lan
              not as it was last applied, goes back:
              ~ dhcp  10.0.0.100 – 10.0.0.120 → 10.0.0.100 – 10.0.0.199  (live)

        Plan: 0 to add, 1 to change, 0 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
    #expect(try scenario.plan(Self.domain).changes.flatMap(\.fields).map(\.cause) == [.change])
  }

  @Test("what only the active network has lost it gets back")
  func liveDrift() throws {
    var scenario = try Scenario.applied(Specs.web)
    try scenario.fleet[].changeLiveNetwork("lan") { $0.ipv4.reservations = [] }
    expect(
      try scenario.text(Specs.web),
      is: """
        alpha
          ~ network.lan
              not as it was last applied, goes back:
              + reservation  10.0.0.11 for web (52:54:f5:bc:31:56)  (live)

        Plan: 0 to add, 1 to change, 0 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
    #expect(scenario.fleet[].liveNetworks.values.first?.ipv4.reservations.count == 1)
  }

  @Test("a second address of a VM on a network is reserved without its name, which libvirt takes but once")
  func secondReservation() throws {
    var scenario = try Scenario.applied(Specs.web)
    let spec = Specs.web.with(
      "lan: {ip: 10.0.0.11}", "lan: {ip: 10.0.0.11}, back: {network: lan, ip: 10.0.0.12}")
    let text = try scenario.text(spec)
    #expect(text.contains("+ reservation  10.0.0.12 for 52:54:"), "\(text)")
  }

  @Test("a person's reservation stays, unless it is in the way of one of the spec")
  func foreignReservation() throws {
    var scenario = try Scenario.applied(Specs.web.without("nics:"))
    let theirs = Network.Reservation(
      mac: try MACAddress(parsing: "52:54:00:00:00:09"), ip: try IPv4Address(parsing: "10.0.0.11"),
      hostname: "web")
    let other = Network.Reservation(
      mac: try MACAddress(parsing: "52:54:00:00:00:08"), ip: try IPv4Address(parsing: "10.0.0.12"),
      hostname: "printer")
    try scenario.fleet[].changeNetwork("lan") { $0.ipv4.reservations = [theirs, other] }
    try scenario.fleet[].changeLiveNetwork("lan") { $0.ipv4.reservations = [theirs, other] }
    #expect(try scenario.plan(Specs.web.without("nics:")).isEmpty)
    let text = try scenario.text(Specs.web)
    #expect(text.contains("- reservation  10.0.0.11 for web (52:54:00:00:00:09)  (live)"), "\(text)")
    #expect(!text.contains("printer"))
  }

  // MARK: Three-way

  @Test("a field that the spec sets no more goes; one that it never set is left alone")
  func removedField() throws {
    var scenario = try Scenario.applied(Specs.stopped.with("mode: nat", "mode: nat, mtu: 1400"))
    try scenario.fleet[].changeNetwork("lan") {
      $0.domain = "by.hand"
      $0.autostart = false
    }
    expect(
      try scenario.text(Specs.stopped),
      is: """
        alpha
          ~ network.lan  (restart)
              - mtu  1400  (restart)

        Plan: 0 to add, 1 to change, 0 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
    #expect(scenario.fleet[].state.networks.first?.domain == "by.hand")
  }

  @Test("a value that a person set before the spec did becomes the spec's, and goes with it")
  func recorded() throws {
    var scenario = try Scenario.applied(Specs.stopped)
    try scenario.fleet[].changeNetwork("lan") { $0.mtu = 1400 }
    try scenario.fleet[].changeLiveNetwork("lan") { $0.mtu = 1400 }
    expect(
      try scenario.text(Specs.stopped.with("mode: nat", "mode: nat, mtu: 1400")),
      is: """
        alpha
          ~ network.lan  # it is so already, and the host is to remember it
              + mtu  1400

        Plan: 0 to add, 1 to change, 0 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
    #expect(try scenario.text(Specs.stopped).contains("- mtu  1400  (restart)"))
  }

  @Test(
    "what becomes of a field that the spec sets no more is what its rule says",
    arguments: NetworkField.allCases)
  func unset(field: NetworkField) throws {
    let old = Network(name: "lan", uuid: UUID(), mode: .nat, isActive: true)
    var full = old
    full.ipv4.cidr = try CIDRBlock(parsing: "10.0.0.0/24")
    full.ipv4.gateway = full.ipv4.cidr?.firstHost
    full.ipv4.ranges = [
      AddressRange(from: try IPv4Address(parsing: "10.0.0.5"), to: try IPv4Address(parsing: "10.0.0.9"))
    ]
    full.ipv4.reservations = [
      .init(
        mac: try MACAddress(parsing: "52:54:00:00:00:01"), ip: try IPv4Address(parsing: "10.0.0.3"),
        hostname: "a")
    ]
    full.ipv6.cidr = try CIDRBlock(parsing: "fd00::/64")
    full.ipv6.gateway = full.ipv6.cidr?.firstHost
    full.ipv6.ranges = [
      AddressRange(from: try IPv6Address(parsing: "fd00::5"), to: try IPv6Address(parsing: "fd00::9"))
    ]
    full.ipv6.reservations = [.init(ip: try IPv6Address(parsing: "fd00::3"), hostname: "a")]
    full.translatesIPv6 = true
    full.domain = "shop.example"
    full.records = [.init("db", .ipv4): try IPAddress(parsing: "10.0.0.4")]
    (full.devices, full.macvtap) = (["eth0"], .bridge)
    full.portgroups = ["web": Portgroup(vlan: VLAN(tag: 40))]
    (full.bridge, full.mtu, full.autostart, full.isProtected) = ("br0", 1400, false, true)
    let memory = NetworkDiffer.memory(of: full)
    let value = field.value(of: NetworkDiffer.merge(old, into: full, remembering: memory))
    switch field.rule.unset {
    case .required, .stays: #expect(value == field.value(of: full))
    case .removed: #expect(value == nil)
    case .back(let to, _): #expect(value == to)
    }
    // What nobody remembers was never the spec's.
    let untouched = field.value(of: NetworkDiffer.merge(old, into: full, remembering: [:]))
    #expect(field == .protect || untouched == field.value(of: full))
  }

  @Test("names of the DNS are set one by one; those of others stay")
  func records() throws {
    var wanted = Network(name: "lan", uuid: UUID(), mode: .nat, isActive: true)
    wanted.records = [.init("db", .ipv4): try IPAddress(parsing: "10.0.0.5")]
    var there = wanted
    there.records = [
      .init("db", .ipv4): try IPAddress(parsing: "10.0.0.4"),
      .init("db", .ipv6): try IPAddress(parsing: "fd00::4"),
      .init("old", .ipv4): try IPAddress(parsing: "10.0.0.6"),
      .init("theirs", .ipv4): try IPAddress(parsing: "10.0.0.7"),
    ]
    let memory = ["dns.hosts.db": "10.0.0.5", "dns.hosts.old": "10.0.0.6"]
    let target = NetworkDiffer.merge(wanted, into: there, remembering: memory)
    #expect(target.records.keys.map(\.description).sorted() == ["db", "db (IPv6)", "theirs"])
    let differences = NetworkDiffer.differences(from: there, to: target)
    #expect(
      differences == [
        .init(field: .records, key: "dns.hosts.db", from: "10.0.0.4", to: "10.0.0.5"),
        .init(field: .records, key: "dns.hosts.old", from: "10.0.0.6", to: nil),
      ])
    let edit = NetworkEdit(from: there, to: target, [.records])
    #expect(
      edit.removedRecords == [.init("old", .ipv4)] && Array(edit.setRecords.keys) == [.init("db", .ipv4)])
  }

  // MARK: Restart

  @Test("what waits for a restart is told by every plan until it has happened, or is taken back")
  func pending() throws {
    var scenario = try Scenario.applied(Specs.web)
    try scenario.apply(Self.domain)
    let waiting = """
      No changes. The hosts are as the spec says.
      Notes:
        network.lan on alpha: pending restart of the network: dns.domain (in use by VM 'web'; --restart restarts it and plugs its guests in again)

      """
    expect(PlanText(try scenario.plan(Self.domain)).render(), is: waiting)
    expect(PlanText(try scenario.plan(Self.domain)).render(), is: waiting)
    let state = scenario.fleet[].observed
    #expect(state.pendingFields(of: try #require(state.networks.first)) == ["dns.domain"])
    // Back again: nothing waits, and nothing was restarted.
    expect(
      try scenario.text(Specs.web),
      is: """
        alpha
          ~ network.lan
              - dns.domain  shop.example

        Plan: 0 to add, 1 to change, 0 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
    #expect(try scenario.plan(Specs.web).notes.isEmpty)
    #expect(scenario.fleet[].starts["lan"] == 1)
  }

  @Test("with the run's consent the network restarts, and its guests are plugged in again")
  func restart() throws {
    var scenario = try Scenario.applied(Specs.web)
    scenario.fleet["alpha"].addForeignMachine("guest-of-others", network: "lan")
    try scenario.apply(Self.domain)
    expect(
      try scenario.text(Self.domain.with("mode: nat", "mode: nat, mtu: 1400"), restarts: true),
      is: """
        alpha
          ~ network.lan  (restart)  # plugs in again: VM 'guest-of-others', VM 'web'
              + mtu         1400  (restart)
              + dns.domain  shop.example  (restart)

        Notes:
          network.lan on alpha: guests keep their packet size until they restart themselves: VM 'guest-of-others', VM 'web'

        Plan: 0 to add, 1 to change, 0 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
    #expect(try scenario.plan(Self.domain.with("mode: nat", "mode: nat, mtu: 1400")).notes.isEmpty)
  }

  @Test("VMs that may be restarted let their network restart; a guest of others does not")
  func policy() throws {
    let spec = Specs.restarting
    let changed = spec.with("mode: nat", "mode: nat, dns: {domain: shop.example}")
    var scenario = try Scenario.applied(spec)
    var shared = scenario
    expect(
      try scenario.text(changed),
      is: """
        alpha
          ~ network.lan  (restart)  # plugs in again: VM 'web'
              + dns.domain  shop.example  (restart)

        Plan: 0 to add, 1 to change, 0 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
    shared.fleet["alpha"].addForeignMachine("guest-of-others", network: "lan")
    let text = try shared.text(changed)
    #expect(
      text.contains("pending restart of the network: dns.domain (in use by VM 'guest-of-others', VM 'web'; "))
  }

  @Test("a network restarts once the guests that this plan stops are off")
  func restartAfterStop() throws {
    var scenario = try Scenario.applied(Specs.web)
    let spec = Self.domain.with("memory: 2GiB", "memory: 2GiB\n    state: off")
    let plan = try scenario.plan(spec)
    let stop = try #require(plan.steps.first { $0.operation.verb == .stop })
    let restart = try #require(plan.steps.first { $0.operation.verb == .restart })
    #expect(restart.dependsOn.contains(stop.id))
    #expect(try scenario.text(spec).contains("~ network.lan  (restart)\n"))
  }

  @Test("a host that cannot plug a running guest in again waits, whatever is allowed")
  func xen() throws {
    let fleet = SimulatedFleet([SimulatedHost("alpha", driver: .xen)])
    var scenario = try Scenario.applied(Specs.web, on: fleet)
    let text = try scenario.text(Self.domain, restarts: true)
    #expect(
      text.contains("it restarts when they are off: this host cannot plug a running guest in again"),
      "\(text)")
  }

  @Test("a guest that lost its network on such a host is named: only its own restart helps")
  func xenStopped() throws {
    var scenario = try Scenario.applied(
      Specs.web, on: SimulatedFleet([SimulatedHost("alpha", driver: .xen)]))
    try scenario.fleet[].stopNetwork("lan")
    let plan = try scenario.plan(Specs.web)
    #expect(
      plan.notes.map(\.text) == ["this host cannot plug a running guest in again: restart VM 'web'"])
    #expect(!PlanText(plan).render().contains("plugged in"))
  }

  // MARK: Guests without a network

  @Test("a network that was stopped under its guests is started, and they are plugged in again")
  func stoppedUnderGuests() throws {
    var scenario = try Scenario.applied(Specs.web)
    scenario.fleet["alpha"].addForeignMachine("guest-of-others", network: "lan")
    try scenario.fleet[].stopNetwork("lan")
    expect(
      try scenario.text(Specs.web),
      is: """
        alpha
          ~ network.lan
              not as it was last applied, goes back:
              ~ active                  false → true
              ~ guests.guest-of-others  unplugged → plugged in  (live)
              ~ guests.web              unplugged → plugged in  (live)

        Plan: 0 to add, 1 to change, 0 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
  }

  @Test("a network that was restarted under its guests gets them back")
  func restartedUnderGuests() throws {
    var scenario = try Scenario.applied(Specs.web)
    try scenario.fleet[].stopNetwork("lan")
    try scenario.fleet[].startNetwork("lan")
    expect(
      try scenario.text(Specs.web),
      is: """
        alpha
          ~ network.lan
              not as it was last applied, goes back:
              ~ guests.web  unplugged → plugged in  (live)

        Plan: 0 to add, 1 to change, 0 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
  }

  @Test("a restart tells of the range that comes, and not of the one that goes as a person's")
  func stagedRange() throws {
    let moved = Specs.web.replacing("10.0.0.", with: "10.0.7.")
    var scenario = try Scenario.applied(Specs.web)
    try scenario.apply(moved)
    let text = try scenario.text(moved, restarts: true)
    #expect(text.contains("10.0.0.100 – 10.0.0.199 → 10.0.7.100 – 10.0.7.199  (restart)"), "\(text)")
  }

  @Test("a network that a person undefined while it was active is defined again, and starts with its host")
  func undefined() throws {
    var scenario = try Scenario.applied(Specs.web)
    // `virsh net-undefine lan`
    try scenario.fleet[].changeNetwork("lan") { ($0.isTransient, $0.autostart) = (true, false) }
    let text = try scenario.text(Specs.web)
    #expect(
      text.contains("not as it was last applied, goes back:\n      + definition  what is active"), "\(text)")
    let network = try #require(scenario.fleet[].state.networks.first)
    #expect(!network.isTransient && network.autostart == true)
  }

  @Test("a network that a run defined and did not come to start is told to start with its host, too")
  func neverStarted() throws {
    var scenario = try Scenario.applied(Specs.stopped)
    try scenario.fleet[].changeNetwork("lan") { ($0.isActive, $0.autostart) = (false, false) }
    let text = try scenario.text(Specs.stopped)
    #expect(text.contains("~ autostart  false → true\n      ~ active     false → true\n"), "\(text)")
    let network = try #require(scenario.fleet[].state.networks.first)
    #expect(network.isActive && network.autostart == true)
    // Once it was active, that is a person's to change.
    try scenario.fleet[].changeNetwork("lan") { $0.autostart = false }
    #expect(try scenario.plan(Specs.stopped).isEmpty)
    // So it is of one that virtform did not make.
    try scenario.fleet[].changeNetwork("lan") { network in
      network.isActive = false
      network.mark?.adopted = network.uuid
    }
    #expect(try !scenario.text(Specs.stopped).contains("autostart"))
  }

  // MARK: Removal

  @Test("a network that was protected stays, whatever the spec says now")
  func protected() throws {
    var scenario = try Scenario.applied(Specs.stopped)
    try scenario.fleet[].changeNetwork("lan") {
      $0.mark?.applied["protect"] = "true"
      $0.isProtected = true
    }
    let gone = Specs.stopped.without("nics:").without("networks:")
    #expect(try scenario.text(gone).contains("network.lan on alpha: stays (protect: true)"))
    let destroy = try scenario.destroyPlan(Specs.stopped)
    #expect(destroy.notes.contains { $0.text == "stays (protect: true)" })
    #expect(!destroy.changes.contains { $0.address.kind == .network })
    // An application that has the network, without the word, takes it back.
    try scenario.fleet[].changeNetwork("lan") { $0.mark?.applied["protect"] = "true" }
    #expect(try scenario.text(Specs.stopped).contains("- protect  true\n"))
    #expect(try scenario.text(gone).contains("- network.lan"))
  }

  @Test("a network goes as soon as the VMs that used it have, whatever others do")
  func removalOrder() throws {
    let two = Specs.web.with("vms:", "  dmz: {mode: isolated}\nvms:\n  db: {memory: 1GiB, nics: {dmz: {}}}")
    let scenario = try Scenario.applied(two)
    let plan = try scenario.destroyPlan(two)
    let steps = plan.steps.filter { if case .removeNetwork = $0.operation { true } else { false } }
    for step in steps {
      let waitsFor = Set(step.dependsOn.map { plan.steps[$0].address.name })
      #expect(waitsFor == [step.address.name == "lan" ? "web" : "db"])
    }
    #expect(steps.count == 2)
  }
}

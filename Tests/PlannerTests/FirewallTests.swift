import SpecModel
import Testing

@testable import Planner

@Suite("Firewalls")
struct FirewallTests {
  private static let walled = Specs.web
    .with("lan: {ip: 10.0.0.11}", "lan: {ip: 10.0.0.11, firewall: db}")
    .with(
      "vms:",
      """
      firewalls:
        db: {in: [{protocol: tcp, port: [5432, 8000-8099], from: [app, 10.0.9.0/24]}, {protocol: icmp}]}
      vms:
        app: {memory: 1GiB, nics: {lan: {ip: 10.0.0.12}}}
      """)

  @Test("a firewall is made before the NIC that gets it, with the addresses of the VMs it names")
  func create() throws {
    var scenario = try Scenario.applied(Specs.web)
    expect(
      try scenario.text(Self.walled),
      is: """
        alpha
          + firewall.db
              in   icmp
              in   icmpv6
              in   tcp 5432 from 10.0.0.12
              in   tcp 5432 from 10.0.9.0/24
              in   tcp 8000-8099 from 10.0.0.12
              in   tcp 8000-8099 from 10.0.9.0/24
              in   drop all
              in   drop all-ipv6
              out  all
              out  all-ipv6
          ~ network.lan
              + reservation  10.0.0.12 for app (52:54:02:8d:82:28)  (live)
          + vm.app
              memory    1 GiB
              state     running
              nics.lan  lan (52:54:02:8d:82:28)
          ~ vm.web
              + nics.lan.firewall  virtform-shop-db  (live)

        Plan: 2 to add, 2 to change, 0 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
    #expect(scenario.fleet[].state.firewalls?.map(\.name) == ["virtform-shop-db"])
    #expect(
      scenario.fleet[].guests.values.contains { $0.nics.contains { $0.firewall == "virtform-shop-db" } })
  }

  @Test("a rule changes for all guests at once")
  func change() throws {
    var scenario = try Scenario.applied(Self.walled)
    expect(
      try scenario.text(Self.walled.with("{protocol: icmp}", "{protocol: tcp, port: 22}")),
      is: """
        alpha
          ~ firewall.db
              - in  icmp  (live)
              - in  icmpv6  (live)
              + in  tcp 22  (live)
              + in  tcp-ipv6 22  (live)

        Plan: 0 to add, 1 to change, 0 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
  }

  @Test("a firewall that is ahead of the addresses of a network says so")
  func ahead() throws {
    var scenario = try Scenario.applied(Self.walled)
    let renumbered = Self.walled.with("10.0.0.", "10.8.0.")
    let note = "until then its guests have their old addresses, which the firewall 'db' no longer lets pass"
    #expect(try scenario.text(renumbered).contains(note))
    #expect(try scenario.plan(renumbered).notes.contains { $0.text == note })
    try scenario.apply(renumbered, restarts: true)
    #expect(try scenario.plan(renumbered).notes.isEmpty)
  }

  @Test("a firewall that no NIC has any more goes, once none has it")
  func remove() throws {
    var scenario = try Scenario.applied(Self.walled)
    expect(
      try scenario.text(Self.walled.with(", firewall: db", "")),
      is: """
        alpha
          - firewall.db  # the spec no longer uses it
          ~ vm.web
              - nics.lan.firewall  virtform-shop-db  (live)

        Plan: 0 to add, 1 to change, 1 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
    #expect(scenario.fleet[].state.firewalls == [])
    #expect(try scenario.destroyPlan(Self.walled).changes.allSatisfy { $0.address.kind != .firewall })
  }

  @Test("rules that a person changed are set right, and a filter of theirs is left alone")
  func changedByHand() throws {
    var scenario = try Scenario.applied(Self.walled)
    scenario.fleet["alpha"].state.firewalls?[0].rules.insert(.init("accept", .inbound, priority: 1, "all"))
    expect(
      try scenario.text(Self.walled),
      is: """
        alpha
          ~ firewall.db
              - in  all  (live)

        Plan: 0 to add, 1 to change, 0 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
  }

  @Test("a firewall is refused where the host cannot filter")
  func unsupported() throws {
    let scenario = Scenario(SimulatedFleet([SimulatedHost("alpha", driver: .xen)]))
    expect(
      try scenario.refusal(Self.walled),
      is: """
        site.yaml:10:7: error: host 'alpha' has no network filters, which the firewall 'db' needs
          10 |   db: {in: [{protocol: tcp, port: [5432, 8000-8099], from: [app, 10.0.9.0/24]}, {protocol: icmp}]}
             |       ^
          help: libvirt filters for QEMU, where it runs as root; leave out 'firewall' at the NICs on this host

        """)
  }

  @Test("a filter that the host has not, and one that somebody else made, are refused at their places")
  func refusals() throws {
    expect(
      try Scenario().refusal(Self.walled.with("{protocol: icmp}]", "{protocol: icmp}], include: [no-such]")),
      is: """
        site.yaml:10:109: error: host 'alpha' has no network filter 'no-such'
          10 |   db: {in: [{protocol: tcp, port: [5432, 8000-8099], from: [app, 10.0.9.0/24]}, {protocol: icmp}], include: [no-such]}
             |                                                                                                             ^
          help: virsh nwfilter-list shows those that it has; libvirt's own come with its package of filters

        """)
  }
}

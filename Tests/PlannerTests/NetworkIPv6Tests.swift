import Testing

@testable import Planner

/// Networks and reservations with addresses of IPv6.
@Suite("Networks with IPv6")
struct NetworkIPv6Tests {
  private static let block = "cidr: 10.0.0.0/24, ipv6: {cidr: \"fd00::/64\"}"
  private static let range =
    "cidr: 10.0.0.0/24, ipv6: {cidr: \"fd00::/64\", dhcp: {from: \"fd00::1000\", to: \"fd00::1fff\"}}"

  private static func web(_ network: String, _ nic: String = "ip: 10.0.0.11") -> String {
    Specs.web.with("cidr: 10.0.0.0/24", network).with("ip: 10.0.0.11", nic)
  }

  @Test("a network comes up with a block of each family; its second plan is empty")
  func create() throws {
    var scenario = Scenario()
    let spec = Self.web(Self.range, "ip: [10.0.0.11, \"fd00:0::11\"]")
    let text = try scenario.text(spec)
    for line in [
      "ipv6.cidr         fd00::/64", "ipv6.gateway      fd00::1", "ipv6.dhcp         fd00::1000 – fd00::1fff",
      "ipv6.nat          true", "ipv6.reservation  fd00::11 for web",
    ] {
      #expect(text.contains(line), "\(text)")
    }
    #expect(try scenario.plan(spec).isEmpty)
    #expect(try scenario.plan(spec.with("fd00:0::11", "FD00::0011")).isEmpty, "another way to write it")
  }

  @Test(
    "the first address that is reserved waits for a server that hands out addresses, and comes at once with one"
  )
  func reservations() throws {
    var scenario = try Scenario.applied(Self.web(Self.block))
    let reserved = "ip: [10.0.0.11, \"fd00::11\"]"
    let waiting = try scenario.plan(Self.web(Self.block, reserved))
    #expect(waiting.notes.contains { $0.text.contains("pending restart of the network: ipv6.reservation") })
    expect(
      try scenario.text(Self.web(Self.range, reserved)),
      is: """
        alpha
          ~ network.lan
              + ipv6.dhcp         fd00::1000 – fd00::1fff  (live)
              + ipv6.reservation  fd00::11 for web  (live)

        Plan: 0 to add, 1 to change, 0 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
    #expect(try scenario.plan(Self.web(Self.range, reserved)).isEmpty)
    expect(
      try scenario.text(Self.web(Self.range, "ip: [10.0.0.11, \"fd00::12\"]")),
      is: """
        alpha
          ~ network.lan
              - ipv6.reservation  fd00::11 for web  (live)
              + ipv6.reservation  fd00::12 for web  (live)

        Plan: 0 to add, 1 to change, 0 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
  }

  @Test("of two that ask by one MAC address, since one has it until it restarts, DHCP can know but one")
  func sharedMAC() throws {
    func spec(_ mac: String, more: String = "") -> String {
      Specs.web.with("lan: {ip: 10.0.0.11}", "lan: {ip: 10.0.0.11, mac: \"52:54:00:00:00:0\(mac)\"}").with(
        "vms:", "vms:\n\(more)")
    }
    let scenario = try Scenario.applied(spec("1"))
    let taker = "  db: {memory: 1GiB, nics: {lan: {ip: 10.0.0.12, mac: \"52:54:00:00:00:01\"}}}"
    #expect(
      try scenario.refusal(spec("3", more: taker)).contains(
        "has the MAC address 52:54:00:00:00:01, too, and DHCP can reserve but one address for it"))
  }
}

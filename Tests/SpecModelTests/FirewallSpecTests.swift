import Testing

@testable import SpecModel

/// `firewalls:`, and NICs that have one.
@Suite struct FirewallSpecTests {
  private let base = """
    networks: {lan: {mode: nat, cidr: 10.0.0.0/24}, br: {mode: bridge, bridge: br0}, u: {mode: user}}
    vms:
      app: {memory: 1GiB, count: 2, nics: {lan: {ip: 10.0.0.20+}}}
      lone: {memory: 1GiB, nics: {lan: }}

    """

  private func firewall(_ fields: String) -> [String] { findings(in: base + "firewalls: {f: {\(fields)}}\n") }

  @Test("rules have protocols, ports and peers; VMs stand for their addresses")
  func rules() throws {
    let site = try site(
      base + """
        firewalls:
          closed:
          open: {in: any, out: any}
          some:
            in:
              - {protocol: tcp, port: [22, 8000-8099], from: [app, 10.1.0.0/16, 10.0.0.9]}
              - {protocol: icmp}
              - {from: app-2}
            out: [{protocol: udp, port: 53, to: 10.0.0.1}]
            include: [clean-traffic]
        """)
    func block(_ text: String) throws -> IPBlock { try IPBlock(parsing: text) }
    #expect(site.firewalls.map(\.name.rawValue) == ["closed", "open", "some"])
    #expect(site.firewalls[0].inbound == .only([]) && site.firewalls[0].outbound == .any)
    #expect(site.firewalls[1].inbound == .any && site.firewalls[1].outbound == .any)
    #expect(
      try site.firewalls[2].inbound
        == .only([
          FirewallRule(
            transport: .tcp, ports: [22...22, 8000...8099],
            peers: [
              block("10.0.0.20/32"), block("10.0.0.21/32"), block("10.1.0.0/16"), block("10.0.0.9/32"),
            ]),
          FirewallRule(transport: .icmp, ports: [], peers: []),
          FirewallRule(transport: .any, ports: [], peers: [block("10.0.0.21/32")]),
        ]))
    #expect(
      try site.firewalls[2].outbound
        == .only([FirewallRule(transport: .udp, ports: [53...53], peers: [block("10.0.0.1/32")])]))
    #expect(site.firewalls[2].includes == ["clean-traffic"])
  }

  @Test("what is no rule, port or peer says what one looks like")
  func wrong() {
    #expect(
      firewall("in: 1️⃣none") == [
        "1️⃣ 'in' must be 'any' or a list of rules, not none | help: such as in: [{protocol: tcp, port: 443}]"
      ])
    #expect(
      firewall("in: [{protocol: 1️⃣sctp}]") == [
        "1️⃣ 'protocol' cannot be 'sctp' | help: it is one of: any, tcp, udp, icmp"
      ])
    #expect(
      firewall("in: [{port: 1️⃣22}]") == ["1️⃣ only tcp and udp have ports | help: say which: protocol: tcp"])
    #expect(
      firewall("in: [{protocol: tcp, port: [1️⃣0, 2️⃣9-1, 3️⃣ssh, 4️⃣70000]}]").map { String($0.prefix(24)) }.count
        == 4)
    #expect(
      firewall("in: [{from: [1️⃣10.0.0.1/8, 2️⃣10.0.0, 3️⃣apq, 4️⃣lone]}]") == [
        "1️⃣ '10.0.0.1/8' is an address inside a block, not the block | help: did you mean 10.0.0.0/8?",
        "2️⃣ '10.0.0' is not an IPv4 address | help: write one such as 10.10.0.11",
        "3️⃣ no VM 'apq' in this spec | help: did you mean 'app'?",
        "4️⃣ nobody knows the address of VM 'lone' | help: give one of its NICs an 'ip' or an 'address'",
      ])
    let empty = "help: to let everything pass, write in: any"
    #expect(
      firewall("in: [1️⃣{}, 2️⃣~, {protocol: tcp, port: 3️⃣[], from: 4️⃣[]}]") == [
        "1️⃣ a rule of 'in' is empty | \(empty)", "2️⃣ a rule of 'in' is empty | \(empty)",
        "3️⃣ 'port' is an empty list | help: leave it out for all: nothing and nobody is no rule",
        "4️⃣ 'from' is an empty list | help: leave it out for all: nothing and nobody is no rule",
      ])
    #expect(firewall("1️⃣inn: any") == ["1️⃣ unknown key 'inn' | help: did you mean 'in'?"])
  }

  @Test("a NIC has a firewall that the spec declares, on a network that has a bridge")
  func nics() {
    func nic(_ text: String) -> [String] {
      findings(
        in: base.replacing(
          "lone: {memory: 1GiB, nics: {lan: }}", with: "lone: {memory: 1GiB, nics: {\(text)}}")
          + "firewalls: {wall: }\n")
    }
    #expect(nic("lan: {firewall: wall}, br: {firewall: wall}") == [])
    #expect(
      nic("lan: {firewall: 1️⃣wal}") == ["1️⃣ no firewall 'wal' in this spec | help: did you mean 'wall'?"])
    #expect(
      nic("u: {firewall: 1️⃣wall}") == [
        "1️⃣ network 'u' of mode user has no firewall | help: libvirt filters what passes a Linux bridge; leave out 'firewall'"
      ])
  }
}

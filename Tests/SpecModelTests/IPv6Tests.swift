import Testing

@testable import SpecModel

/// `ipv6:` of networks, and the addresses of NICs beside those of IPv4.
@Suite struct IPv6Tests {
  private func network(_ fields: String) -> [String] { findings(in: "networks: {n: {\(fields)}}\n") }

  @Test(
    "a network has a block of IPv6 beside one of IPv4, or alone; in mode nat its guests hide behind the host")
  func fields() throws {
    let site = try site(
      """
      networks:
        a: {mode: nat, cidr: 10.0.0.0/24, ipv6: {cidr: "FD00:10:0::/64", dhcp: {from: "fd00:10::100", to: "fd00:10::1ff"}}}
        b: {mode: nat, ipv6: {cidr: "2001:db8::/80", gateway: "2001:db8::fe", nat: false}}
        c: {mode: routed, ipv6: {cidr: "2001:db8:1::/64"}}
        d: {mode: isolated, dns: {hosts: {db: "fd00:20::10"}}, ipv6: {cidr: "fd00:20::/64"}}
        e: {mode: nat, cidr: 10.0.1.0/24}
      """)
    #expect(
      site.networks.map { $0.ipv6?.cidr.description } == [
        "fd00:10::/64", "2001:db8::/80", "2001:db8:1::/64", "fd00:20::/64", nil,
      ])
    #expect(
      site.networks.map { $0.ipv6?.gateway.description } == [
        "fd00:10::1", "2001:db8::fe", "2001:db8:1::1", "fd00:20::1", nil,
      ])
    #expect(site.networks.map(\.translatesIPv6) == [true, false, nil, nil, nil])
    #expect(site.networks[0].ipv6?.dhcp?.description == "fd00:10::100 – fd00:10::1ff")
    #expect(site.networks.map { $0.ipv4 != nil } == [true, false, false, false, true])
  }

  @Test("what a block of IPv6 cannot have is said where it stands")
  func wrong() {
    #expect(
      network("mode: nat, ipv6: 1️⃣{}") == [
        "1️⃣ 'cidr' is missing in networks.n.ipv6 | help: such as cidr: fd00:10::/64"
      ])
    #expect(
      network("mode: nat, ipv6: {cidr: 1️⃣10.0.0.0/24}") == [
        "1️⃣ '10.0.0.0' is not an IPv6 address | help: write one such as fd00:10::11"
      ])
    #expect(
      network("mode: nat, ipv6: {cidr: 1️⃣\"fd00::/48\"}") == [
        "1️⃣ a network of /48 is not usable | help: use a prefix from /64 to /126"
      ])
    #expect(
      network("mode: nat, ipv6: {cidr: \"fd00::/64\", gateway: 1️⃣\"fd01::1\"}") == [
        "1️⃣ the gateway fd01::1 is not an address of fd00::/64"
      ])
    #expect(
      network("mode: nat, ipv6: {cidr: \"fd00::/64\", dhcp: 1️⃣{from: \"fd00::1\", to: \"fd00::9\"}}").count
        == 1)
    #expect(
      network("mode: routed, ipv6: {cidr: \"fd00::/64\", nat: 1️⃣true}") == [
        "1️⃣ a network of mode routed has no 'nat'"
      ])
    #expect(
      network("mode: bridge, bridge: b, ipv6: 1️⃣{cidr: \"fd00::/64\"}") == [
        "1️⃣ a network of mode bridge has no 'ipv6'"
      ])
    #expect(
      network("mode: nat, gateway: 1️⃣10.0.0.1, ipv6: {cidr: \"fd00::/64\"}") == [
        "1️⃣ a gateway needs a cidr | help: such as cidr: 10.10.0.0/24"
      ])
    #expect(
      network("mode: nat, ipv6: {cidr: \"fd00::/64\", 1️⃣dchp: {}}") == [
        "1️⃣ unknown key 'dchp' | help: did you mean 'dhcp'?"
      ])
    #expect(
      findings(
        in:
          "networks:\n  a: {mode: isolated, ipv6: {cidr: 1️⃣\"fd00::/64\"}}\n  b: {mode: isolated, ipv6: {cidr: 2️⃣\"fd00::/96\"}}\n"
      ) == ["2️⃣ fd00::/96 of network 'b' overlaps fd00::/64 of network 'a' | 1️⃣ the other network"])
  }

  private let base = """
    networks:
      lan: {mode: nat, cidr: 10.0.0.0/24, ipv6: {cidr: "fd00::/64", dhcp: {from: "fd00::1000", to: "fd00::1fff"}}}
      v4: {mode: nat, cidr: 10.0.1.0/24}
      dmz: {mode: bridge, bridge: br0}

    """

  private func nics(_ text: String) -> [String] {
    findings(in: base + "vms: {w: {memory: 1GiB, cloud_init: {}, nics: {\(text)}}}\n")
  }

  @Test("a NIC has an address of each family, by DHCP or by cloud-init, and counts both up")
  func addresses() throws {
    let site = try site(
      base + """
        vms:
          w: {memory: 1GiB, count: 2, nics: {lan: {ip: [10.0.0.11+, "fd00::11+"]}}}
          s: {memory: 1GiB, cloud_init: {}, nics: {lan: {address: ["fd00::5/64", 10.0.0.5], nameservers: ["fd00::53"]}, dmz: {address: "2001:db8::5/64", gateway: "2001:db8::1"}}}
        """)
    let second = try site.machine("w-2").nics[0]
    #expect(second.statedAddresses.map(\.description) == ["10.0.0.12", "fd00::12"])
    let nics = try site.machine("s").nics
    #expect(
      nics[0].addresses.map { "\($0) \($0.gateway?.description ?? "-")" } == [
        "10.0.0.5/24 10.0.0.1", "fd00::5/64 fd00::1",
      ])
    #expect(nics[0].nameservers.map(\.description) == ["fd00::53"] && nics[0].dhcp == [])
    #expect(
      nics[1].addresses.map { "\($0) \($0.gateway?.description ?? "-")" } == ["2001:db8::5/64 2001:db8::1"])
    #expect(second.dhcp == [.ipv4, .ipv6])
  }

  @Test("an address of a NIC is one of its network's, once, with a gateway of its family")
  func wrongAddresses() {
    #expect(
      nics("lan: {ip: [10.0.0.11, 1️⃣\"fd01::11\"]}") == [
        "1️⃣ fd01::11 is not an address of network 'lan', which is fd00::/64"
      ])
    #expect(nics("lan: {ip: [\"fd00::5\", 1️⃣\"fd00::6\"]}") == ["1️⃣ 'ip' has two addresses of IPv6"])
    #expect(nics("lan: {ip: 1️⃣\"fd00::1\"}") == ["1️⃣ fd00::1 is the gateway of network 'lan'"])
    #expect(
      nics("v4: {ip: 1️⃣\"fd00::5\"}") == [
        "1️⃣ network 'v4' has no ipv6, so it cannot reserve fd00::5 | help: leave out 'ip'"
      ])
    #expect(
      nics("lan: {ip: \"fd00::5\", address: 1️⃣\"fd00::6\"}") == [
        "1️⃣ a NIC has either 'ip' or 'address' of IPv6 | help: ip: is given by DHCP, address: by cloud-init"
      ])
    #expect(nics("lan: {ip: 10.0.0.5, address: \"fd00::6\"}") == [])
    #expect(
      nics("lan: {address: 1️⃣\"fd00::1001\"}").first?.contains("is in the DHCP range of network 'lan'") == true
    )
    #expect(
      nics("dmz: {address: 1️⃣\"fd00::5\"}") == [
        "1️⃣ 'fd00::5' lacks the length of its prefix, since network 'dmz' has no ipv6 | help: such as fd00::5/64"
      ])
    #expect(
      nics("dmz: {address: 1️⃣\"fd00::5/129\"}") == [
        "1️⃣ 'fd00::5/129' is not an address with the length of its prefix | help: write one such as fd00:10::5/64"
      ])
    #expect(
      nics("dmz: {address: \"fd00::5/64\", gateway: 1️⃣10.0.0.1}") == [
        "1️⃣ the gateway 10.0.0.1 goes with an 'address' of IPv4, and there is none"
      ])
    #expect(
      nics("dmz: {address: \"fd00::5/64\", gateway: 1️⃣\"fd01::1\"}") == [
        "1️⃣ the gateway fd01::1 is not an address of fd00::/64"
      ])
    #expect(
      nics("a: {network: lan, ip: 1️⃣\"fd00::5\"}, b: {network: lan, ip: 2️⃣\"fd00::6\"}") == [
        "2️⃣ two NICs on network 'lan' ask for an IPv6 address as 'w', by which DHCP knows them | 1️⃣ the first is here"
      ])
    #expect(
      nics("a: {network: lan, ip: [10.0.0.5, 1️⃣\"fd00::5\"]}, b: {network: lan, address: 2️⃣\"fd00:0::5\"}")
        .count == 1)
  }

  @Test("rules of firewalls have peers of both families")
  func firewalls() throws {
    let site = try site(
      base + """
        vms: {w: {memory: 1GiB, nics: {lan: {ip: [10.0.0.11, "fd00::11"]}}}}
        firewalls: {f: {in: [{protocol: tcp, port: 22, from: [w, "2001:DB8::/32", "fd00::9"]}]}}
        """)
    guard case .only(let rules) = site.firewalls[0].inbound else { Issue.record("any"); return }
    #expect(
      rules[0].peers.map(\.description) == ["10.0.0.11/32", "fd00::11/128", "2001:db8::/32", "fd00::9/128"])
    #expect(
      findings(in: "firewalls: {f: {in: [{from: [1️⃣\"fd00::1/64\", 2️⃣\"fd0g::1\"]}]}}\n") == [
        "1️⃣ 'fd00::1/64' is an address inside a block, not the block | help: did you mean fd00::/64?",
        "2️⃣ 'fd0g::1' is not an IPv6 address | help: write one such as fd00:10::11",
      ])
  }
}

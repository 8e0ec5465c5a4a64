import Testing

@testable import SpecModel

@Suite struct NetworkTests {
  private func network(_ fields: String) -> [String] { findings(in: "networks: {n: {\(fields)}}\n") }

  @Test("a network's fields are read, and its gateway is the first address unless it is given")
  func fields() throws {
    let site = try site(
      """
      networks:
        a: {mode: nat, cidr: 10.0.0.0/24, dhcp: {from: 10.0.0.100, to: 10.0.0.199}, dns: {domain: shop.example}, mtu: 1400, autostart: true, bridge: vbr1}
        b: {mode: routed, cidr: 10.0.1.0/24, gateway: 10.0.1.254}
        c: {mode: isolated}
        d: {mode: bridge, bridge: br0}
        e: {mode: user}
        f: {external: true}
        g: {mode: open, cidr: 10.0.2.0/24}
      """)
    #expect(
      site.networks.map(\.ipv4?.gateway.description) == [
        "10.0.0.1", "10.0.1.254", nil, nil, nil, nil, "10.0.2.1",
      ])
    let network = site.networks[0]
    #expect(network.ipv4?.dhcp?.description == "10.0.0.100 – 10.0.0.199" && network.domain == "shop.example")
    #expect(network.mtu == 1400 && network.autostart == true && network.bridge == "vbr1")
    #expect(site.networks.map(\.isExternal) == [false, false, false, false, false, true, false])
    #expect(site.networks.map(\.mode.hasAddresses) == [true, true, true, false, false, false, true])
  }

  @Test("mode auto is user where all hosts of the network are QEMU's, else nat with the block that it names")
  func automatic() throws {
    func network(_ uris: String...) throws -> NetworkSpec {
      let hosts = uris.enumerated().map { "h\($0): {uri: \"\($1)\"}" }.joined(separator: ", ")
      let block = "cidr: 10.0.0.0/24, dhcp: {from: 10.0.0.100, to: 10.0.0.199}"
      return try site("hosts: {\(hosts)}\nnetworks: {n: {mode: auto, \(block)}}\n").networks[0]
    }
    for hosts in [try network("embedded"), try network("qemu:///system", "embedded")] {
      #expect(hosts.mode == .user && hosts.ipv4 == nil)
    }
    let mixed = try network("qemu:///system", "xen+ssh://root@rack2/")
    #expect(mixed.mode == .nat && mixed.ipv4?.dhcp?.description == "10.0.0.100 – 10.0.0.199")
    #expect(
      self.network("mode: auto, cidr: 10.0.0.0/24, bridge: 1️⃣br0") == [
        "1️⃣ a network of mode auto has no 'bridge'"
      ])
  }

  @Test("each mode has what it needs and nothing that means nothing to it")
  func modes() {
    #expect(
      findings(in: "networks: {n: 1️⃣{}}\n") == [
        "1️⃣ 'mode' is missing in networks.n | help: one of nat, routed, isolated, open, bridge, ovs, macvtap, user, auto"
      ])
    #expect(
      network("mode: 1️⃣nta") == [
        "1️⃣ 'mode' cannot be 'nta' | help: did you mean 'nat'? it is one of: nat, routed, isolated, open, bridge, ovs, macvtap, user, auto"
      ])
    for mode in ["nat", "routed", "open"] {
      #expect(
        findings(in: "networks: {n: 1️⃣{mode: \(mode)}}\n") == [
          "1️⃣ 'cidr' is missing in networks.n | help: such as cidr: 10.10.0.0/24"
        ])
    }
    #expect(
      findings(in: "networks: {n: 1️⃣{mode: bridge}}\n")
        == [
          "1️⃣ 'bridge' is missing in networks.n | help: mode bridge uses a bridge that the host has, such as bridge: br0"
        ])
    #expect(
      network("mode: bridge, bridge: br0, cidr: 1️⃣10.0.0.0/24, dhcp: 2️⃣{from: 10.0.0.2, to: 10.0.0.3}") == [
        "1️⃣ a network of mode bridge has no 'cidr'", "2️⃣ a network of mode bridge has no 'dhcp'",
      ])
    #expect(
      network("mode: user, bridge: 1️⃣br0, mtu: 2️⃣1500, dhcp: 3️⃣{from: 10.0.0.2, to: 10.0.0.3}") == [
        "1️⃣ a network of mode user has no 'bridge'", "2️⃣ a network of mode user has no 'mtu'",
        "3️⃣ a network of mode user has no 'dhcp'",
      ])
    #expect(network("external: true, mode: 1️⃣nat").count == 1)
  }

  @Test("addresses of a network lie in its block, the gateway outside of the DHCP range")
  func addresses() {
    #expect(
      network("mode: nat, cidr: 1️⃣10.0.0.5/24") == [
        "1️⃣ '10.0.0.5/24' is an address inside a block, not the block | help: did you mean 10.0.0.0/24?"
      ])
    #expect(
      network("mode: nat, cidr: 1️⃣10.0.0.0/31") == [
        "1️⃣ a network of /31 is not usable | help: use a prefix from /8 to /30"
      ])
    #expect(
      network("mode: nat, cidr: 1️⃣0.0.0.0/0") == [
        "1️⃣ a network of /0 is not usable | help: use a prefix from /8 to /30"
      ])
    #expect(
      network("mode: nat, cidr: 10.0.0.0/24, gateway: 1️⃣10.0.1.1") == [
        "1️⃣ the gateway 10.0.1.1 is not an address of 10.0.0.0/24"
      ])
    #expect(
      network("mode: nat, cidr: 10.0.0.0/24, dhcp: 1️⃣{from: 10.0.0.1, to: 10.0.0.9}")
        == [
          "1️⃣ the DHCP range 10.0.0.1 – 10.0.0.9 holds the gateway 10.0.0.1 | help: without 'gateway', the first address of the network is the gateway"
        ])
    #expect(
      network("mode: nat, cidr: 10.0.0.0/24, gateway: 10.0.0.5, dhcp: 1️⃣{from: 10.0.0.2, to: 10.0.0.9}")
        == ["1️⃣ the DHCP range 10.0.0.2 – 10.0.0.9 holds the gateway 10.0.0.5"])
    #expect(
      network("mode: nat, cidr: 10.0.0.0/24, dhcp: {from: 10.0.0.9, to: 1️⃣10.0.0.2}") == [
        "1️⃣ the range ends at 10.0.0.2, before it starts at 10.0.0.9"
      ])
    #expect(
      network("mode: nat, cidr: 10.0.0.0/24, dhcp: {from: 1️⃣10.0.1.2, to: 2️⃣10.0.1.255}") == [
        "1️⃣ 10.0.1.2 is not an address of 10.0.0.0/24", "2️⃣ 10.0.1.255 is not an address of 10.0.0.0/24",
      ])
    #expect(
      network("mode: nat, cidr: 10.0.0.0/24, dhcp: 1️⃣{}") == [
        "1️⃣ 'from' is missing in networks.n.dhcp", "1️⃣ 'to' is missing in networks.n.dhcp",
      ])
    #expect(
      network("mode: isolated, gateway: 1️⃣10.0.0.1, dhcp: 2️⃣{from: 10.0.0.2, to: 10.0.0.9}") == [
        "1️⃣ a gateway needs a cidr | help: such as cidr: 10.10.0.0/24",
        "2️⃣ DHCP needs a cidr | help: such as cidr: 10.10.0.0/24",
      ])
  }

  @Test("names of bridges and domains, and the MTU, are what Linux takes")
  func limits() {
    #expect(
      network("mode: bridge, bridge: 1️⃣abcdefghijklmnop") == [
        "1️⃣ the bridge name 'abcdefghijklmnop' is longer than 15 characters | help: Linux allows no longer one"
      ])
    #expect(network("mode: bridge, bridge: 1️⃣br/0").count == 1)
    #expect(network("mode: isolated, mtu: 1️⃣67") == ["1️⃣ 'mtu' is 67, but must be from 68 to 65535"])
    #expect(network("mode: isolated, dns: {domain: 1️⃣a b}").count == 1)
    #expect(
      network("mode: isolated, dns: {1️⃣name: x}") == [
        "1️⃣ unknown key 'name' | help: known keys are domain, hosts"
      ])
  }

  @Test("networks on one host do not overlap and do not make the same bridge")
  func overlaps() {
    #expect(
      findings(
        in:
          "networks:\n  b: {mode: nat, cidr: 1️⃣10.0.0.0/16, bridge: 4️⃣vbr1}\n  a: {mode: nat, cidr: 2️⃣10.0.5.0/24}\n  c: {mode: nat, cidr: 3️⃣10.0.0.0/16, bridge: 5️⃣vbr1}\n  d: {mode: nat, cidr: 10.1.0.0/16}\n"
      ) == [
        "2️⃣ 10.0.5.0/24 of network 'a' overlaps 10.0.0.0/16 of network 'b' | 1️⃣ the other network",
        "3️⃣ 10.0.0.0/16 of network 'c' overlaps 10.0.0.0/16 of network 'b' | 1️⃣ the other network",
        "5️⃣ two networks make the bridge 'vbr1' | 4️⃣ the first is here",
      ])
    #expect(
      findings(in: "networks:\n  a: {mode: nat, cidr: 1️⃣10.0.5.0/24}\n  b: {mode: nat, cidr: 2️⃣10.0.0.0/16}\n")
        == ["2️⃣ 10.0.0.0/16 of network 'b' overlaps 10.0.5.0/24 of network 'a' | 1️⃣ the other network"])
    let hosts = "hosts: {x: {uri: qemu:///system}, y: {uri: \"test:///default\"}}\n"
    #expect(
      findings(
        in: hosts
          + "networks:\n  a: {mode: nat, cidr: 10.0.0.0/24, bridge: v, hosts: [x]}\n  b: {mode: nat, cidr: 10.0.0.0/24, bridge: v, hosts: [y]}\n  c: {mode: bridge, bridge: br0}\n  d: {mode: bridge, bridge: br0}\n"
      ) == [])
    #expect(
      findings(
        in: hosts + "networks:\n  a: {mode: nat, cidr: 1️⃣10.0.0.0/24}\n  b: {mode: nat, cidr: 2️⃣10.0.0.0/24}\n"
      ).count == 1)
  }

  private let lan =
    "networks: {lan: {mode: nat, cidr: 10.0.0.0/24}, wan: {mode: bridge, bridge: br0}, ext: {external: true}}\n"

  @Test("a NIC is on the network of its name, or on the one it names")
  func nics() throws {
    let site = try site(
      lan
        + "vms: {w: {memory: 1GiB, nics: {lan: {ip: 10.0.0.2, mac: \"52:54:00:AA:00:10\", model: e1000}, eth1: {network: wan}, ext: }}}\n"
    )
    let nics = try site.machine("w").nics
    #expect(
      nics.map {
        "\($0.name) \($0.network) \($0.mac?.description ?? "-") \($0.ip?.description ?? "-") \($0.model ?? "-")"
      } == [
        "lan lan 52:54:00:aa:00:10 10.0.0.2 e1000", "eth1 wan - - -", "ext ext - - -",
      ])
    #expect(
      findings(
        in: lan
          + "vms: {w: {memory: 1GiB, nics: {1️⃣eth0: {}, 2️⃣lam: {}, x: {network: 3️⃣lam}, y: {network: 4️⃣nowhere}, z: {network: 5️⃣}}}}\n"
      ) == [
        "1️⃣ no network 'eth0' in this spec | help: declare it under networks:, or say which 'network' this NIC is on",
        "2️⃣ no network 'lam' in this spec | help: did you mean 'lan'?",
        "3️⃣ no network 'lam' in this spec | help: did you mean 'lan'?",
        "4️⃣ no network 'nowhere' in this spec | help: declare it under networks:", "5️⃣ 'network' has no value",
      ])
  }

  @Test("a NIC's address is one of its network's that nobody else has")
  func nicAddresses() {
    func nics(_ text: String) -> [String] {
      findings(in: lan + "vms: {w: {memory: 1GiB, nics: {\(text)}}}\n")
    }
    #expect(
      nics("lan: {ip: 1️⃣10.0.1.2}") == ["1️⃣ 10.0.1.2 is not an address of network 'lan', which is 10.0.0.0/24"])
    #expect(
      nics("lan: {ip: 1️⃣10.0.0.255}") == [
        "1️⃣ 10.0.0.255 is not an address of network 'lan', which is 10.0.0.0/24"
      ])
    #expect(nics("lan: {ip: 1️⃣10.0.0.1}") == ["1️⃣ 10.0.0.1 is the gateway of network 'lan'"])
    #expect(
      nics("wan: {ip: 1️⃣10.0.0.2}") == [
        "1️⃣ network 'wan' has no cidr, so it cannot reserve 10.0.0.2 | help: leave out 'ip'"
      ])
    #expect(
      nics("ext: {ip: 1️⃣10.0.0.2}") == [
        "1️⃣ network 'ext' is external, so it cannot reserve 10.0.0.2 | help: leave out 'ip'"
      ])
    #expect(nics("lan: {ip: 1️⃣10.0.0}, wan: {mac: 2️⃣zz}").count == 2)
    #expect(
      nics("a: {network: lan, ip: 1️⃣10.0.0.2}, b: {network: lan, ip: 2️⃣10.0.0.2}")
        == ["2️⃣ two NICs on network 'lan' have the address 10.0.0.2 | 1️⃣ the first is here"])
    #expect(
      nics("lan: {mac: 1️⃣\"52:54:00:00:00:0A\"}, wan: {mac: 2️⃣\"52:54:00:00:00:0a\"}")
        == ["2️⃣ two NICs have the MAC address 52:54:00:00:00:0a | 1️⃣ the first is here"])
    #expect(
      findings(in: lan + "vms: {w: {count: 2, memory: 1GiB, nics: {lan: {ip: 1️⃣10.0.0.2}}}}\n")
        == ["1️⃣ two NICs on network 'lan' have the address 10.0.0.2 | 1️⃣ the first is here"])
  }

  @Test("a network whose block is in error makes no second error of its addresses")
  func blockInError() {
    #expect(
      findings(
        in:
          "networks: {n: {mode: nat, cidr: 1️⃣10.0.0.0}}\nvms: {w: {memory: 1GiB, nics: {n: {ip: 10.0.0.2}}}}\n"
      ).count == 1)
    #expect(
      findings(in: "networks: {n: 1️⃣{mode: nat}}\nvms: {w: {memory: 1GiB, nics: {n: {ip: 10.0.0.2}}}}\n").count
        == 1)
    #expect(
      findings(in: "networks: {n: 1️⃣5}\nvms: {w: {memory: 1GiB, nics: {n: {ip: 10.0.0.2}}}}\n").count == 1)
  }

  @Test("an Open vSwitch network is a bridge of the host's, without addresses of libvirt's")
  func openVSwitch() throws {
    let ovs = try site("networks: {n: {mode: ovs, bridge: ovsbr0, mtu: 9000, protect: true}}\n").networks[
      0]
    #expect(ovs.mode == .ovs && ovs.bridge == "ovsbr0" && ovs.mtu == 9000 && ovs.isProtected)
    #expect(
      findings(in: "networks: {n: 1️⃣{mode: ovs}}\n") == [
        "1️⃣ 'bridge' is missing in networks.n | help: mode ovs uses a bridge that the host has, such as bridge: br0"
      ])
    #expect(
      network(
        "mode: ovs, bridge: b, cidr: 1️⃣10.0.0.0/24, gateway: 2️⃣10.0.0.1, dhcp: 3️⃣{from: 10.0.0.2, to: 10.0.0.3}, dns: 4️⃣{domain: x}"
      )
        == (1...4).map {
          "\($0)\u{fe0f}\u{20e3} a network of mode ovs has no '\(["cidr", "gateway", "dhcp", "dns"][$0 - 1])'"
        })
  }

  @Test("a network's DNS server knows further names, in lower case")
  func records() throws {
    let site = try site(
      "variables: {db: {default: 10.0.0.10}}\nnetworks: {n: {mode: nat, cidr: 10.0.0.0/24, dns: {hosts: {DB: \"${var.db}\", db.shop.example: 10.0.0.10, _x.y-1: [fd00::1, 192.0.2.1]}}}, o: {mode: isolated, dns: {hosts: }}}\n"
    )
    #expect(
      site.networks[0].records.mapValues { $0.map(\.description).joined(separator: " ") } == [
        "db": "10.0.0.10", "db.shop.example": "10.0.0.10", "_x.y-1": "192.0.2.1 fd00::1",
      ])
    #expect(site.networks[1].records == [:] && site.networks[0].domain == nil)
  }

  @Test(
    "a name of the DNS is one, stands there once, and has an address of each family at most, and a network with a cidr"
  )
  func badRecords() {
    let help =
      "it has parts of up to 63 letters, digits and '-', with dots between them, such as db.shop.example"
    func records(_ text: String) -> [String] {
      network("mode: nat, cidr: 10.0.0.0/24, dns: {hosts: \(text)}")
    }
    let long = String(repeating: "a", count: 64)
    let names = ["a b", "-a", "a-", "a..b", "a.", ".a", "dé", long, "a/b"]
    for name in names {
      #expect(records("{1️⃣\"\(name)\": 10.0.0.2}") == ["1️⃣ '\(name)' is not a name of the DNS | help: \(help)"])
    }
    let many = Array(repeating: "abcdefg", count: 33).joined(separator: ".")
    #expect(records("{1️⃣\(many): 10.0.0.2}").count == 1)
    #expect(
      records("{1️⃣db: 10.0.0.2, 2️⃣DB: 10.0.0.3}") == ["2️⃣ the name 'db' is there twice | 1️⃣ the first is here"])
    #expect(
      records("{a: 1️⃣10.0.0, b: [2️⃣x], c: 3️⃣, d: 4️⃣\":1\", e: [10.0.0.2, 5️⃣10.0.0.3], f: 6️⃣[], g: [7️⃣[x]]}") == [
        "1️⃣ '10.0.0' is not an IPv4 address | help: write one such as 10.10.0.11",
        "2️⃣ 'x' is not an address | help: write one such as 10.10.0.11 or fd00:10::11", "3️⃣ 'c' has no value",
        "4️⃣ ':1' is not an IPv6 address | help: write one such as fd00:10::11",
        "5️⃣ 'e' has two addresses of IPv4",
        "6️⃣ 'f' is an empty list | help: leave it out, or give it an address",
        "7️⃣ 'g' must be a single value or a list of them",
      ])
    #expect(records("1️⃣[db]") == ["1️⃣ 'networks.n.dns.hosts' must be a map, not a list"])
    #expect(
      network("mode: isolated, dns: {hosts: 1️⃣{db: 10.0.0.2}}") == [
        "1️⃣ names of hosts need a cidr | help: such as cidr: 10.10.0.0/24"
      ])
  }

  @Test("a network that virtform does not manage is not protected by it")
  func protection() throws {
    #expect(try site("networks: {n: {mode: isolated}}\n").networks[0].isProtected == false)
    #expect(
      network("mode: isolated, protect: 1️⃣yes") == [
        "1️⃣ 'protect' must be true or false, not yes | help: write true"
      ])
    #expect(
      network("external: true, protect: 1️⃣true") == [
        "1️⃣ 'protect' cannot be set on what is external | help: an external resource is used as it is; leave out 'external' to manage it"
      ])
  }
}

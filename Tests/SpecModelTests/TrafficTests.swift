import Testing

@testable import SpecModel

/// What goes through a NIC.
@Suite struct TrafficTests {
  private let networks =
    "networks: {lan: {mode: nat, cidr: 10.0.0.0/24}, ovs: {mode: ovs, bridge: b}, ext: {external: true}, net: {mode: user}}\n"

  private func nics(_ text: String) -> [String] {
    findings(in: networks + "vms: {w: {memory: 1GiB, nics: {\(text)}}}\n")
  }

  @Test("a NIC's cable is plugged in or not, whatever its network")
  func links() throws {
    let site = try site(
      networks
        + "variables: {link: {default: down}}\nprofiles: {p: {nics: {net: {link: down}}}}\nvms: {w: {memory: 1GiB, profile: p, nics: {lan: {link: up}, ovs: {link: \"${var.link}\"}, ext: {}, net: }}}\n"
    )
    let links = Dictionary(
      uniqueKeysWithValues: try site.machine("w").nics.map { ($0.name.rawValue, $0.link) })
    #expect(links == ["lan": .up, "ovs": .down, "ext": LinkState?.none, "net": LinkState?.none])
    #expect(
      nics("lan: {link: 1️⃣dwon}") == [
        "1️⃣ 'link' cannot be 'dwon' | help: did you mean 'down'? it is one of: up, down"
      ])
    #expect(nics("lan: {link: 1️⃣true}") == ["1️⃣ 'link' cannot be 'true' | help: it is one of: up, down"])
  }

  @Test("a NIC is on a VLAN of an Open vSwitch network, or of one that virtform does not know")
  func vlans() throws {
    let site = try site(
      networks
        + "variables: {tag: {default: 4094}}\nvms: {w: {memory: 1GiB, nics: {ovs: {vlan: 1}, ext: {vlan: \"${var.tag}\"}, a: {network: ovs}}}}\n"
    )
    #expect(try site.machine("w").nics.map(\.vlan) == [VLAN(tag: 1), VLAN(tag: 4094), nil])
    let help = "help: only an Open vSwitch network does, mode: ovs"
    #expect(
      nics("lan: {vlan: 1️⃣40}, net: {vlan: 2️⃣40}, x: {network: lan, vlan: 3️⃣5}") == [
        "1️⃣ network 'lan' of mode nat carries no VLAN tags | \(help)",
        "2️⃣ network 'net' of mode user carries no VLAN tags | \(help)",
        "3️⃣ network 'lan' of mode nat carries no VLAN tags | \(help)",
      ])
    #expect(
      nics("ovs: {vlan: 1️⃣0}, ext: {vlan: 2️⃣4095}, a: {network: ovs, vlan: 3️⃣[1, 2]}") == [
        "1️⃣ 'vlan' is 0, but must be from 1 to 4094", "2️⃣ 'vlan' is 4095, but must be from 1 to 4094",
        "3️⃣ 'vlan' must be a whole number, not a list",
      ])
    #expect(
      findings(in: networks + "defaults: {nics: {a: {vlan: 1️⃣5000}, b: {network: lan, vlan: 2️⃣5}}}\n") == [
        "1️⃣ 'vlan' is 5000, but must be from 1 to 4094",
        "2️⃣ network 'lan' of mode nat carries no VLAN tags | \(help)",
      ])
  }

  @Test("a trunk has several VLANs, one of which may be without a tag in the guest")
  func trunks() throws {
    let site = try site(
      networks
        + "vms: {w: {memory: 1GiB, nics: {ovs: {vlan: {trunk: [10, 20-22, 21], native: 5}}, a: {network: ovs, vlan: {trunk: 7}}}}}\n"
    )
    #expect(
      try site.machine("w").nics.map { $0.vlan?.description } == ["trunk 5,10,20-22 (native 5)", "trunk 7"])
    #expect(
      nics(
        "ovs: {vlan: 1️⃣{native: 5}}, a: {network: ovs, vlan: {trunk: [2️⃣0, 3️⃣9-7, 4️⃣x, 5️⃣4095]}}, b: {network: ovs, vlan: {trunk: 6️⃣[], 7️⃣nativ: 1}}"
      ).map { $0.prefix { $0 != "|" } }.map { $0.replacing(" ", with: "") } == [
        "1️⃣'trunk'ismissinginnics.ovs.vlan", "2️⃣'0'isnotthetagofaVLAN", "3️⃣'9-7'isnotthetagofaVLAN",
        "4️⃣'x'isnotthetagofaVLAN", "5️⃣'4095'isnotthetagofaVLAN", "6️⃣'trunk'isanemptylist", "7️⃣unknownkey'nativ'",
      ])
  }

  @Test("NICs are in port groups of their networks, or in the default one")
  func portgroups() throws {
    let text = """
      networks:
        sw: {mode: ovs, bridge: b, portgroups: {web: {vlan: 10, default: true}, all: {vlan: {trunk: 10-12}, qos: {inbound: {average: 1MiB}}}}}
        lan: {mode: nat, cidr: 10.0.0.0/24, portgroups: {slow: {qos: {outbound: {average: 1MiB}}}}}
        ext: {external: true}

      """
    let site = try site(
      text
        + "vms: {w: {memory: 1GiB, nics: {a: {network: sw}, b: {network: sw, portgroup: all}, c: {network: lan}, d: {network: ext, portgroup: x}}}}\n"
    )
    #expect(
      site.networks.flatMap { $0.portgroups.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" } } == [
        "slow: out 1 MiB/s", "all: VLAN trunk 10-12, in 1 MiB/s", "web: VLAN 10, default",
      ])
    #expect(try site.machine("w").nics.map(\.portgroup?.rawValue) == ["web", "all", nil, "x"])
    #expect(
      findings(
        in: text
          + "vms: {w: {memory: 1GiB, nics: {a: {network: sw, portgroup: 1️⃣wbe}, lan: {portgroup: 2️⃣x}}}}\n")
        == [
          "1️⃣ network 'sw' has no port group 'wbe' | help: did you mean 'web'?",
          "2️⃣ network 'lan' has no port group 'x' | help: it has slow",
        ])
    #expect(
      findings(
        in:
          "networks: {n: {mode: nat, cidr: 10.0.0.0/24, portgroups: {a: {1️⃣vlan: 5, default: 2️⃣true}, b: {default: 3️⃣true, 4️⃣tag: 5}}}}\n"
      ) == [
        "1️⃣ network 'n' of mode nat carries no VLAN tags | help: only an Open vSwitch network does, mode: ovs",
        "3️⃣ a network has one default port group | 2️⃣ the first is here",
        "4️⃣ unknown key 'tag' | help: known keys are default, qos, vlan",
      ])
    #expect(
      findings(in: "networks: {n: {mode: user, portgroups: 1️⃣{a: {}}}}\n") == [
        "1️⃣ a network of mode user has no 'portgroups'"
      ])
  }

  @Test("a macvtap network is on interfaces of the host, without addresses, tags and filters")
  func macvtap() throws {
    let site = try site(
      "networks: {a: {mode: macvtap, device: eth0}, b: {mode: macvtap, device: [eth1, eth2], type: passthrough}}\n"
    )
    #expect(site.networks.map(\.devices) == [["eth0"], ["eth1", "eth2"]])
    #expect(site.networks.map(\.macvtap) == [.bridge, .passthrough])
    #expect(
      findings(in: "networks: {n: 1️⃣{mode: macvtap, type: 2️⃣bridged, mtu: 3️⃣1400}}\n") == [
        "1️⃣ 'device' is missing in networks.n | help: an interface that the host has, such as device: eth0",
        "2️⃣ 'type' cannot be 'bridged' | help: did you mean 'bridge'? it is one of: bridge, vepa, private, passthrough",
        "3️⃣ a network of mode macvtap has no 'mtu'",
      ])
    #expect(
      findings(
        in:
          "networks: {n: {mode: nat, cidr: 10.0.0.0/24, device: 1️⃣eth0}, m: {mode: macvtap, device: 2️⃣a-name-that-is-too-long}}\n"
      ) == [
        "1️⃣ a network of mode nat has no 'device' | help: only mode: macvtap has one",
        "2️⃣ the device name 'a-name-that-is-too-long' is longer than 15 characters | help: Linux allows no longer one",
      ])
    #expect(
      findings(
        in:
          "networks: {m: {mode: macvtap, device: eth0}}\nfirewalls: {f: }\nvms: {w: {memory: 1GiB, nics: {m: {vlan: 1️⃣5, firewall: 2️⃣f}}}}\n"
      ).count == 2)
  }

  @Test("a NIC's traffic is limited in each direction by itself")
  func limits() throws {
    let site = try site(
      networks + """
        variables: {rate: {default: 2MiB}}
        profiles: {p: {nics: {lan: {qos: {inbound: {peak: 4MiB, burst: 1KiB}}}}}}
        vms:
          a: {memory: 1GiB, nics: {lan: {qos: {inbound: {average: 1KiB}, outbound: {average: "${var.rate}", peak: 2MiB, burst: 4194303KiB}}}}}
          b: {memory: 1GiB, profile: p, nics: {lan: {qos: {inbound: {average: 1.5MiB}}}, ext: {qos: {outbound: {average: 1TiB}}}}}
        """)
    let a = try site.machine("a").nics[0].qos
    #expect(a?.description == "in 1 KiB/s, out 2 MiB/s (peak 2 MiB/s, burst 4194303 KiB)")
    let b = try site.machine("b").nics.map(\.qos)
    #expect(b.map { $0?.description } == ["in 1.5 MiB/s (peak 4 MiB/s, burst 1 KiB)", "out 1 TiB/s"])
  }

  @Test("a limit of traffic has an average in whole KiB, and a peak that is no less")
  func badLimits() {
    func inbound(_ text: String) -> [String] { nics("lan: {qos: {inbound: \(text)}}") }
    let missing =
      "1️⃣ 'average' is missing in nics.lan.qos.inbound | help: bytes a second, such as average: 10MiB"
    #expect(inbound("1️⃣{peak: 1MiB}") == [missing])
    #expect(inbound("1️⃣{burst: 1MiB}") == [missing])
    #expect(inbound("1️⃣{}") == [missing])
    #expect(inbound("1️⃣") == [missing])
    #expect(
      inbound("{average: 2MiB, peak: 1️⃣1MiB}") == ["1️⃣ 'peak' is 1 MiB, less than 'average', which is 2 MiB"])
    #expect(
      inbound("{average: 1️⃣1023B, peak: 2️⃣1025B, burst: 3️⃣1MB}") == [
        "1️⃣ 1023 B is too little | help: at least 1KiB",
        "2️⃣ 1025 B is not a whole number of KiB | help: such as 2 KiB",
        "3️⃣ 1000000 B is not a whole number of KiB | help: such as 977 KiB",
      ])
    #expect(
      inbound("{average: 1️⃣2TiB, burst: 2️⃣4GiB}") == [
        "1️⃣ a rate of 2 TiB a second is too much | help: at most 1TiB",
        "2️⃣ a burst of 4 GiB is too much | help: less than 4GiB",
      ])
    #expect(
      inbound("{average: 1️⃣1000}") == [
        "1️⃣ the size '1000' has no unit | help: write 1000GiB, 1000MiB or another unit"
      ])
    #expect(
      inbound("{average: 1MiB, 1️⃣floor: 1MiB}") == [
        "1️⃣ unknown key 'floor' | help: known keys are average, burst, peak"
      ])
    let help = "help: write a limit, such as qos: {inbound: {average: 10MiB}}, or leave it out"
    #expect(nics("lan: {qos: 1️⃣{}}") == ["1️⃣ 'qos' is empty | \(help)"])
    #expect(nics("lan: {qos: 1️⃣}") == ["1️⃣ 'qos' has no value | \(help)"])
    #expect(nics("lan: {qos: 1️⃣none}") == ["1️⃣ 'nics.lan.qos' must be a map, not none"])
    #expect(
      nics("lan: {qos: {1️⃣inboud: {average: 1MiB}}}") == [
        "1️⃣ unknown key 'inboud' | help: did you mean 'inbound'?"
      ])
    #expect(
      nics("net: {qos: 1️⃣{inbound: {average: 1MiB}}}") == [
        "1️⃣ network 'net' of mode user cannot limit traffic | help: leave out 'qos'"
      ])
    #expect(
      findings(in: "defaults: {nics: {a: {qos: {outbound: {peak: 1️⃣1KB}}}}}\n") == [
        "1️⃣ 1000 B is too little | help: at least 1KiB"
      ])
  }
}

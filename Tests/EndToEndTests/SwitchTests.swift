import FoundationEssentials
import Libvirt
import TestLab
import Testing

/// Real guests on networks that take a network namespace of their own: of Open vSwitch, of macvtap, and with IPv6 to the
/// world. The guests say whom they reach.
@Suite(
  "Networks in a namespace", .serialized,
  .enabled(
    if: Lab.hasSwitch,
    "needs Lab/with-switch.sh around it, openvswitch-switch, and what real guests need; make test does it"))
struct SwitchTests {
  private static func guest(_ name: String, _ ip6: String, ping: [String], _ fields: [String: String])
    -> [String: String]
  {
    SiteText.guest(
      name,
      [
        "cmdline":
          "console=ttyS0 quiet vf.host=\(name) vf.every=1 vf.ip6=\(ip6)/64 vf.ping=\(ping.joined(separator: ","))"
      ].merging(fields) { $1 })
  }

  private static func shell(_ command: String) async throws -> String {
    let outcome = try await Lab.run("/bin/sh", ["-ec", command], in: "/")
    #expect(outcome.status == 0, "\(command): \(outcome.errors)")
    return outcome.output
  }

  /// The VLANs of the switch's port that a NIC of a guest is plugged into: tag, trunks, mode.
  private static func port(of mac: String, _ guests: Guests, _ name: String) async throws -> String {
    let interface = try await guests.live(name).all(at: "devices", "interface").first {
      $0.first("mac")?[attribute: "address"] == mac
    }
    let device = try #require(interface?.first("target")?[attribute: "dev"])
    return try await shell("ovs-vsctl get port \(device) tag trunks vlan_mode | tr '\\n' ' '")
  }

  private static func mac(_ number: Int) -> String { "52:54:00:7b:00:0\(number)" }

  @Test(
    "guests reach each other within a VLAN only, and change it while they run: by port group, by tag and as trunk"
  )
  func vlans() async throws {
    _ = try await Self.shell("ovs-vsctl add-br vft-sw -- set bridge vft-sw datapath_type=netdev")
    try await Guests.inLab { guests in
      let lab = guests.lab
      var site = SiteText("vlans")
      func network(db: Int) -> String {
        "{mode: ovs, bridge: vft-sw, portgroups: {web: {vlan: 10, default: true}, db: {vlan: \(db)}}}"
      }
      site.networks = ["sw": network(db: 20), "iso": "{mode: isolated, bridge: vft-iso}"]
      let addresses = (1...3).map { "fd00:7b::\($0)" }
      func set(_ number: Int, _ words: String) {
        let name = ["a", "b", "c"][number - 1]
        site.vms[name] = Self.guest(
          name, addresses[number - 1], ping: addresses.filter { $0 != addresses[number - 1] },
          ["nics": "{sw: {mac: \"\(Self.mac(number))\"\(words)}}"])
      }
      set(1, "")
      set(2, ", portgroup: web")
      set(3, ", portgroup: db")
      try await guests.apply(site)
      let first = try await lab.status(of: "a") { $0["ping:fd00:7b::2"] == "ok" }
      #expect(first["ping:fd00:7b::3"] == "-", "\(first)")
      let third = try await lab.status(of: "c") { $0["ping:fd00:7b::1"] != nil }
      #expect(third["ping:fd00:7b::1"] == "-" && third["ping:fd00:7b::2"] == "-", "\(third)")

      // Into the other group.
      set(2, ", portgroup: db")
      let moved = try await guests.apply(site)
      #expect(moved.contains("~ nics.sw.portgroup  web (VLAN 10) → db (VLAN 20)  (live)"), "\(moved)")
      #expect(try await Self.port(of: Self.mac(2), guests, "b") == "20 [] [] ")
      _ = try await lab.status(of: "b") { $0["ping:fd00:7b::3"] == "ok" && $0["ping:fd00:7b::1"] == "-" }

      // The group itself.
      site.networks["sw"] = network(db: 10)
      let changed = try await guests.apply(site)
      #expect(changed.contains("~ portgroups.db  VLAN 20 → VLAN 10  (live)"), "\(changed)")
      #expect(changed.components(separatedBy: "db (VLAN 20) → db (VLAN 10)  (live)").count == 3, "\(changed)")
      let all = try await lab.status(of: "a") {
        $0["ping:fd00:7b::2"] == "ok" && $0["ping:fd00:7b::3"] == "ok"
      }
      #expect(all["boot"] == first["boot"])

      // Its own word goes before the group's: a trunk, whose native VLAN the guest sees without tags.
      set(3, ", vlan: {trunk: [20, 30-31], native: 10}")
      let trunk = try await guests.apply(site)
      #expect(effects(trunk)["nics.sw.vlan"] == "live", "\(trunk)")
      #expect(try await Self.port(of: Self.mac(3), guests, "c") == "10 [10, 20, 30, 31] native-untagged ")
      _ = try await lab.status(of: "c") { $0["ping:fd00:7b::1"] == "ok" }
      set(3, ", vlan: {trunk: [20, 30]}")
      try await guests.apply(site)
      #expect(try await Self.port(of: Self.mac(3), guests, "c") == "[] [20, 30] [] ")
      _ = try await lab.status(of: "c") { $0["ping:fd00:7b::1"] == "-" }
      set(3, "")
      try await guests.apply(site)
      #expect(try await Self.port(of: Self.mac(3), guests, "c") == "10 [] [] ")
      let back = try await lab.status(of: "c") { $0["ping:fd00:7b::1"] == "ok" }
      #expect(back["boot"] == third["boot"])
      set(3, ", link: down")
      #expect(effects(try await guests.apply(site))["nics.sw.link"] == "live")

      // libvirt moves no running guest's card to or from this switch.
      site.vms["b"]?["nics"] = "{sw: {network: iso, mac: \"\(Self.mac(2))\"}}"
      #expect(effects(try await guests.apply(site))["nics.sw.network"] == "restart")
      _ = try await guests.run("destroy", "--auto-approve", "--allow-data-loss")
    }
    _ = try await Self.shell("ovs-vsctl del-br vft-sw")
  }

  @Test("guests are on the LAN behind an interface of the host, and reach each other there or do not")
  func macvtap() async throws {
    // What stands for the LAN is the other end of a cable, with an address of its own.
    _ = try await Self.shell(
      "ip link add vft-up type veth peer name vft-lan; ip link set vft-up up; ip link set vft-lan up; "
        + "ip -6 addr add fd00:7c::1/64 dev vft-lan nodad")
    try await Guests.inLab { guests in
      let lab = guests.lab
      var site = SiteText("macvtap")
      func network(_ type: String) -> String { "{mode: macvtap, device: vft-up, type: \(type)}" }
      site.networks["up"] = network("bridge")
      func guest(_ name: String, _ number: Int, _ other: Int, state: String = "running") -> [String: String] {
        Self.guest(
          name, "fd00:7c::\(number)", ping: ["fd00:7c::1", "fd00:7c::\(other)"],
          ["nics": "{up: {}}", "state": state])
      }
      (site.vms["a"], site.vms["b"]) = (guest("a", 2, 3), guest("b", 3, 2))
      try await guests.apply(site)
      _ = try await lab.status(of: "a") { $0["ping:fd00:7c::1"] == "ok" && $0["ping:fd00:7c::3"] == "ok" }

      // Another type is for guests that start anew.
      site.networks["up"] = network("private")
      try await guests.apply(site)
      let waiting = try await guests.run("plan")
      #expect(
        waiting.output.contains(
          "pending restart of the network: type (in use by VM 'a', VM 'b'; it restarts when they are off"),
        "\(waiting.output)")
      (site.vms["a"], site.vms["b"]) = (guest("a", 2, 3, state: "off"), guest("b", 3, 2, state: "off"))
      try await guests.apply(site)
      (site.vms["a"], site.vms["b"]) = (guest("a", 2, 3), guest("b", 3, 2))
      try await guests.apply(site)
      let apart = try await lab.status(of: "a") { $0["ping:fd00:7c::1"] == "ok" }
      #expect(apart["ping:fd00:7c::3"] == "-", "\(apart)")

      // A card more, and one that goes, while the guest runs.
      site.vms["a"]?["nics"] = "{up: {}, more: {network: up}}"
      #expect(effects(try await guests.apply(site))["nics.more"] == "live")
      site.vms["a"]?["nics"] = "{up: {link: down}}"
      let change = effects(try await guests.apply(site))
      #expect(change["nics.more"] == "live" && change["nics.up.link"] == "live", "\(change)")
      _ = try await guests.run("destroy", "--auto-approve", "--allow-data-loss")
    }
    _ = try await Self.shell("ip link del vft-up")
  }

  @Test("in mode nat, IPv6 reaches the world behind the host's address")
  func translation() async throws {
    // The world knows the way to the host, and none to the guests.
    _ = try await Self.shell(
      "ip netns add vft-world; ip link add vft-out type veth peer name vft-in netns vft-world; "
        + "ip link set vft-out up; ip -6 addr add 2001:db8:7d::1/64 dev vft-out nodad; "
        + "ip -n vft-world link set vft-in up; ip -n vft-world -6 addr add 2001:db8:7d::2/64 dev vft-in nodad"
    )
    try await Guests.inLab { guests in
      let lab = guests.lab
      var site = SiteText("world")
      func network(_ more: String) -> String {
        "{mode: nat, bridge: vft-nat, ipv6: {cidr: \"fd00:7d::/64\"\(more)}}"
      }
      site.networks["lan"] = network("")
      site.vms["a"] = Self.guest(
        "a", "fd00:7d::a", ping: ["2001:db8:7d::2"], ["nics": "{lan: {}}", "on_change": "restart-if-needed"])
      try await guests.apply(site)
      let status = try await lab.status(of: "a") { $0["ping:2001:db8:7d::2"] == "ok" }

      site.networks["lan"] = network(", nat: false")
      let routed = try await guests.apply(site)
      #expect(effects(routed)["network.lan ipv6.nat"] == "restart", "\(routed)")
      let lost = try await lab.status(of: "a") { $0["ping:2001:db8:7d::2"] == "-" }
      #expect(lost["boot"] == status["boot"])
      _ = try await Self.shell("ip -n vft-world -6 route add fd00:7d::/64 via 2001:db8:7d::1")
      _ = try await lab.status(of: "a") { $0["ping:2001:db8:7d::2"] == "ok" }
      _ = try await guests.run("destroy", "--auto-approve", "--allow-data-loss")
    }
    _ = try await Self.shell("ip link del vft-out; ip netns del vft-world")
  }
}

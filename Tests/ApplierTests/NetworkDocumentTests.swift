import FoundationEssentials
import Libvirt
import Planner
import SpecModel
import Testing

@testable import Applier

@Suite("Network and storage documents")
struct NetworkDocumentTests {
  private func network(_ mode: NetworkMode) throws -> Network {
    var network = Network(name: "lan", uuid: UUID(), mode: mode, isActive: true)
    network.bridge = "br-lan"
    if mode.hasAddresses {
      network.ipv4.cidr = try CIDRBlock(parsing: "10.1.0.0/16")
      network.ipv4.gateway = try IPv4Address(parsing: "10.1.0.1")
      network.ipv4.ranges = [
        AddressRange(
          from: try IPv4Address(parsing: "10.1.9.0"), to: try IPv4Address(parsing: "10.1.9.255"))
      ]
      network.records = [
        .init("db", .ipv4): try IPAddress(parsing: "10.1.0.9"),
        .init("log", .ipv4): try IPAddress(parsing: "10.1.0.9"),
        .init("db", .ipv6): try IPAddress(parsing: "fd00:1::9"),
      ]
      network.ipv6.cidr = try CIDRBlock(parsing: "fd00:1::/64")
      network.ipv6.gateway = try IPv6Address(parsing: "fd00:1::1")
      network.ipv6.ranges = [
        AddressRange(
          from: try IPv6Address(parsing: "fd00:1::100"), to: try IPv6Address(parsing: "fd00:1::1ff"))
      ]
      network.ipv6.reservations = [
        .init(ip: try IPv6Address(parsing: "fd00:1::11"), hostname: "web"),
        .init(
          duid: "00:03:00:01:52:54:00:00:00:02", ip: try IPv6Address(parsing: "fd00:1::12"), hostname: ""),
      ]
      if mode == .nat { network.translatesIPv6 = true }
      network.domain = "shop.example"
      network.mtu = 1400
      network.ipv4.reservations = [
        .init(
          mac: try MACAddress(parsing: "52:54:00:00:00:01"), ip: try IPv4Address(parsing: "10.1.0.11"),
          hostname: "web"),
        .init(
          mac: try MACAddress(parsing: "52:54:00:00:00:02"), ip: try IPv4Address(parsing: "10.1.0.12"),
          hostname: ""),
      ]
    }
    network.isProtected = true
    network.mark = Mark(stack: "shop", applied: ["protect": "true", "gateway": "10.1.0.1"])
    return network
  }

  @Test(
    "what is written reads back as what was wanted",
    arguments: [NetworkMode.nat, .routed, .isolated, .open, .bridge])
  func roundTrip(mode: NetworkMode) throws {
    let wanted = try network(mode)
    let document = NetworkDocument.definition(
      of: wanted, on: HostCapabilities(driver: .qemu, hostUUID: "h"))
    let read = NetworkDocument.read(document, name: "lan", uuid: wanted.uuid, isActive: true)
    #expect(read == wanted)
  }

  @Test("a netmask reads as its prefix, an upper-case MAC as itself")
  func libvirtForms() throws {
    let document = try XMLElement(
      parsing: """
        <network><name>lan</name><forward/><bridge name='virbr0'/>
        <ip family='ipv6' address='fd00::1' prefix='64'/>
        <ip address='10.1.0.1' netmask='255.255.0.0'><dhcp><host mac='52:54:00:AA:BB:CC' name='a' ip='10.1.0.5'/></dhcp></ip></network>
        """)
    let read = NetworkDocument.read(document, name: "lan", uuid: UUID(), isActive: false)
    #expect(read.mode == .nat)
    #expect(read.ipv4.cidr?.description == "10.1.0.0/16")
    #expect(read.ipv4.reservations.first?.mac?.description == "52:54:00:aa:bb:cc")
  }

  /// A network that virtform made, with what a person put beside its own.
  private let lived = """
    <network connections='2'><name>lan</name><metadata><x:y xmlns:x='urn:x'>1</x:y>
    <virtform:mark xmlns:virtform='urn:virtform:mark:1' stack='shop'><virtform:applied field='gateway'>10.1.0.1</virtform:applied></virtform:mark></metadata>
    <forward mode='nat' dev='eth0'><nat><port start='1' end='2'/></nat></forward>
    <bridge name='virbr0' stp='off' delay='3'/><mac address='52:54:00:11:22:33'/>
    <dns enable='yes'><forwarder addr='9.9.9.9'/><txt name='t' value='v'/><host ip='10.1.0.9'><hostname>theirs</hostname></host>
    <host ip='10.1.0.8'><hostname>old</hostname><hostname>their-alias</hostname></host></dns>
    <ip address='10.7.0.1' prefix='24'/><ip family='ipv6' address='fd00::1' prefix='64'/>
    <ip address='10.1.0.1' netmask='255.255.0.0'><tftp root='/srv'/><dhcp><range start='10.1.0.2' end='10.1.0.9'/>
    <host id='0:3:1' name='six' ip='10.1.0.7'/><host mac='52:54:00:00:00:01' name='web' ip='10.1.0.11'><lease expiry='9' unit='hours'/></host>
    <host mac='52:54:00:00:00:05' name='printer' ip='10.1.0.50'/><bootp file='x'/></dhcp></ip>
    <route address='10.8.0.0' prefix='24' gateway='10.1.0.3'/><portgroup name='theirs'/></network>
    """

  /// Every entry that the edit changes, and the block's address.
  private func edit() throws -> NetworkEdit {
    var edit = NetworkEdit()
    edit.fields = [.cidr, .gateway]
    edit.ipv4.removedRanges = [
      AddressRange(from: try IPv4Address(parsing: "10.1.0.2"), to: try IPv4Address(parsing: "10.1.0.9"))
    ]
    edit.ipv4.addedRanges = try network(.nat).ipv4.ranges
    edit.ipv4.addedReservations = try network(.nat).ipv4.reservations.sorted()
    edit.removedRecords = [.init("old", .ipv4)]
    edit.setRecords = [.init("db", .ipv4): try IPAddress(parsing: "10.1.0.9")]
    return edit
  }

  @Test("an edit changes its own entries; what others put beside them stays as a tree")
  func edits() throws {
    let before = try XMLElement(parsing: lived)
    let after = NetworkDocument.edit(before, try edit(), wanted: try network(.nat))
    for name in ["name", "forward", "bridge", "mac", "route", "portgroup"] {
      #expect(after.first(name) == before.first(name))
    }
    #expect(after.at("metadata", "x:y") == before.at("metadata", "x:y"))
    #expect(MarkDocument.read(from: after)?.applied["protect"] == "true")
    #expect(after.all("ip").count == 3)
    #expect(after.all("ip").prefix(2) == before.all("ip").prefix(2), "a further block, and IPv6")
    let (block, blockBefore) = (after.all("ip")[2], before.all("ip")[2])
    #expect(block.first("tftp") == blockBefore.first("tftp"))
    #expect(block.at("dhcp", "bootp") == blockBefore.at("dhcp", "bootp"))
    #expect(block.all(at: "dhcp", "range").map { $0[attribute: "start"] } == ["10.1.9.0"])
    #expect(block.all(at: "dhcp", "host").prefix(3) == blockBefore.all(at: "dhcp", "host").prefix(3))
    #expect(block.all(at: "dhcp", "host").count == 4, "the one that was missing")
    let hosts = after.dnsHosts.map { "\($0[attribute: "ip"] ?? "") \($0.hostnames)" }
    #expect(hosts == [#"10.1.0.9 ["theirs", "db"]"#, #"10.1.0.8 ["their-alias"]"#])
    #expect(after.at("dns", "forwarder") != nil && after.at("dns", "txt") != nil)
    #expect(NetworkDocument.edit(after, try edit(), wanted: try network(.nat)) == after, "twice is once")
  }

  @Test("an active network is given what it lacks, in the order that libvirt takes it, and nothing twice")
  func liveUpdates() throws {
    var live = try XMLElement(parsing: lived)
    func texts() throws -> [String] {
      try NetworkDocument.liveUpdates(of: live, try edit()).map {
        "\($0.command) \($0.block) " + (try $0.element.serialized(indented: false))
      }
    }
    #expect(
      try texts() == [
        #"delete 2 <range start="10.1.0.2" end="10.1.0.9"/>"#,
        #"addFirst 2 <range start="10.1.9.0" end="10.1.9.255"/>"#,
        #"addLast 2 <host mac="52:54:00:00:00:02" ip="10.1.0.12"/>"#,
        #"delete -1 <host ip="10.1.0.9"><hostname>theirs</hostname></host>"#,
        #"delete -1 <host ip="10.1.0.8"><hostname>old</hostname><hostname>their-alias</hostname></host>"#,
        #"addLast -1 <host ip="10.1.0.9"><hostname>theirs</hostname><hostname>db</hostname></host>"#,
        #"addLast -1 <host ip="10.1.0.8"><hostname>their-alias</hostname></host>"#,
      ])
    live = NetworkDocument.edit(live, try edit(), wanted: try network(.nat))
    #expect(try texts().isEmpty)
  }

  @Test("what only one mode understands goes with it, what all do stays")
  func mode() throws {
    var edit = NetworkEdit()
    edit.fields = [.mode]
    let after = NetworkDocument.edit(try XMLElement(parsing: lived), edit, wanted: try network(.routed))
    #expect(after.first("forward")?[attribute: "mode"] == "route")
    #expect(after.first("forward")?[attribute: "dev"] == "eth0")
    #expect(after.at("forward", "nat") == nil)
    let bridged = NetworkDocument.edit(try XMLElement(parsing: lived), edit, wanted: try network(.bridge))
    #expect(bridged.first("mac") == nil)
    #expect(bridged.first("bridge")?.attributes.map(\.name) == ["name"])
    let ovs = NetworkDocument.edit(bridged, edit, wanted: try network(.ovs))
    #expect(ovs.first("virtualport")?[attribute: "type"] == "openvswitch")
    #expect(NetworkDocument.edit(ovs, edit, wanted: try network(.nat)).first("virtualport") == nil)
  }

  @Test("an interface that is parked comes back as it was")
  func parking() throws {
    let live = try XMLElement(
      parsing: """
        <domain><devices><interface type='bridge'><mac address='52:54:00:00:00:01'/>
        <source network='lan' portgroup='blue' portid='33231cc8-3c95-4bcd-8e99-1a470a2c2fcb' bridge='ovs0'/>
        <vlan><tag id='7'/></vlan><virtualport type='openvswitch'/><target dev='vnet0'/><model type='virtio'/><link state='up'/>
        <alias name='net0'/><address type='pci' slot='0x01'/></interface><interface type='user'/></devices></domain>
        """)
    let plugs = NetworkPlug.all(in: live)
    let plug = try #require(plugs.first)
    #expect(plugs.count == 1 && plug.network == "lan" && plug.device == "vnet0" && plug.port != nil)
    let parked = plug.parked(on: "lan~parked")
    #expect(parked[attribute: "type"] == "network")
    #expect(parked.first("source") == XMLElement("source", ["network": "lan~parked"]))
    #expect(parked.first("link")?[attribute: "state"] == "down")
    #expect(parked.first("vlan") == nil && parked.first("virtualport") == nil)
    #expect(parked.first("address") == plug.element.first("address"))
    let back = try #require(NetworkPlug(parked)).returned(to: "lan", as: plug.element)
    #expect(back.first("source") == XMLElement("source", ["network": "lan", "portgroup": "blue"]))
    for name in ["mac", "vlan", "virtualport", "target", "model", "link", "alias", "address"] {
      #expect(back.first(name) == plug.element.first(name), "\(name)")
    }
    #expect(try #require(NetworkPlug(parked)).returned(to: "lan", as: nil).first("link") == nil)
  }

  @Test("a volume's backing file and format are stated")
  func volume() throws {
    let volume = Volume(
      pool: "p", name: "web.root-00000000.qcow2", path: "/p/web.root-00000000.qcow2", capacity: .gibibytes(2),
      format: .qcow2, backingPath: "/p/debian-1-00000000.qcow2")
    let document = VolumeDocument.definition(of: volume)
    #expect(document.at("backingStore", "format")?[attribute: "type"] == "qcow2")
    #expect(document.at("target", "format")?[attribute: "type"] == "qcow2")
    #expect(document.first("capacity")?.text == "\(2 << 30)")
  }
}

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
      network.cidr = try CIDRBlock(parsing: "10.1.0.0/16")
      network.gateway = try IPv4Address(parsing: "10.1.0.1")
      network.dhcp = AddressRange(
        from: try IPv4Address(parsing: "10.1.9.0"), to: try IPv4Address(parsing: "10.1.9.255"))
      network.domain = "shop.example"
      network.mtu = 1400
      network.reservations = [
        .init(
          mac: try MACAddress(parsing: "52:54:00:00:00:01"), ip: try IPv4Address(parsing: "10.1.0.11"),
          hostname: "web")
      ]
    }
    return network
  }

  @Test(
    "what is written reads back as what was wanted",
    arguments: [NetworkMode.nat, .routed, .isolated, .open, .bridge])
  func roundTrip(mode: NetworkMode) throws {
    let wanted = try network(mode)
    let document = NetworkDocument.definition(
      of: wanted, stack: "shop", on: HostCapabilities(driver: .qemu, hostUUID: "h"))
    var read = NetworkDocument.read(document, name: "lan", uuid: wanted.uuid, isActive: true)
    #expect(read.mark == Mark(stack: "shop"))
    read.mark = nil
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
    #expect(read.cidr?.description == "10.1.0.0/16")
    #expect(read.reservations.first?.mac.description == "52:54:00:aa:bb:cc")
  }

  @Test("an edit of the addresses leaves IPv6, routes and foreign elements alone")
  func edit() throws {
    var document = try XMLElement(
      parsing: """
        <network><name>lan</name><metadata><x:y xmlns:x='urn:x'>1</x:y></metadata><forward mode='nat'><nat><port start='1' end='2'/></nat></forward>
        <bridge name='virbr0' stp='off' delay='3'/><mac address='52:54:00:11:22:33'/>
        <dns><host ip='10.1.0.9'><hostname>theirs</hostname></host></dns>
        <ip address='10.1.0.1' prefix='16'/><ip family='ipv6' address='fd00::1' prefix='64'/></network>
        """)
    let before = document
    NetworkDocument.write(.dhcp, of: try network(.nat), into: &document)
    #expect(document.at("ip", "dhcp", "range") == nil || document.all("ip").count == 2)
    for name in ["metadata", "forward", "bridge", "mac", "dns"] {
      #expect(document.first(name) == before.first(name))
    }
    #expect(document.all("ip").contains { $0[attribute: "family"] == "ipv6" })
    #expect(NetworkDocument.read(document, name: "lan", uuid: UUID(), isActive: true).dhcp != nil)
  }

  @Test("an edit of the DHCP range keeps what others put beside it")
  func foreignDHCP() throws {
    var document = try XMLElement(
      parsing: """
        <network><name>lan</name><forward mode='nat' dev='eth0'/><ip address='10.1.0.1' netmask='255.255.0.0'>
        <tftp root='/srv'/><dhcp><range start='10.1.0.2' end='10.1.0.9'/><host id='0:3:1' name='six' ip='10.1.0.7'/>
        <host mac='52:54:00:00:00:01' name='web' ip='10.1.0.11'><lease expiry='9' unit='hours'/></host>
        <bootp file='x'/></dhcp></ip><ip address='10.2.0.1' prefix='24'/></network>
        """)
    NetworkDocument.write(.dhcp, of: try network(.nat), into: &document)
    NetworkDocument.write(.mode, of: try network(.routed), into: &document)
    let block = try #require(document.first("ip"))
    #expect(block[attribute: "prefix"] == "16")
    #expect(block.first("tftp") != nil)
    #expect(block.at("dhcp", "range")?[attribute: "start"] == "10.1.9.0")
    #expect(block.all(at: "dhcp", "range").count == 1)
    #expect(block.all(at: "dhcp", "host").count == 2)
    #expect(block.at("dhcp", "host", "lease") != nil)
    #expect(block.at("dhcp", "bootp") != nil)
    #expect(document.all("ip").count == 2)
    #expect(document.first("forward")?[attribute: "dev"] == "eth0")
    #expect(document.first("forward")?[attribute: "mode"] == "route")
  }

  @Test("a volume's backing file and format are stated")
  func volume() throws {
    let volume = Volume(
      pool: "p", name: "web.root-00000000.qcow2", path: "/p/web.root-00000000.qcow2", capacity: .gibibytes(2),
      format: .qcow2, backingPath: "/p/debian-1-00000000.qcow2")
    let document = PoolDocument.definition(of: volume)
    #expect(document.at("backingStore", "format")?[attribute: "type"] == "qcow2")
    #expect(document.at("target", "format")?[attribute: "type"] == "qcow2")
    #expect(document.first("capacity")?.text == "\(2 << 30)")
  }
}

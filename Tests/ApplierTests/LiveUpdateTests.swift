import Libvirt
import Planner
import SpecModel
import Testing

@testable import Applier

@Suite("What a running guest's devices are given")
struct LiveUpdateTests {
  private func interface(_ inner: String, network: String = "lan") throws -> XMLElement {
    try XMLElement(
      parsing: "<interface type='network'><mac address='52:54:00:00:00:01'/><source network='\(network)'/>"
        + "<model type='virtio'/>\(inner)</interface>")
  }

  private func nic(_ network: String = "lan", _ state: LinkState? = nil) throws -> Machine.NIC {
    .init(
      name: "lan", link: .network(network), mac: try MACAddress(parsing: "52:54:00:00:00:01"),
      model: "virtio",
      linkState: state)
  }

  @Test("what a person put into the definition waits for the next start")
  func definition() throws {
    let running = try interface("<alias name='net0'/>")
    let defined = try interface("<mtu size='1300'/><bandwidth><inbound average='10'/></bandwidth>")
    let update = DomainDocument.liveUpdate(of: running, to: try nic("lan", .down), definition: defined)
    #expect(update.first("mtu") == nil)
    #expect(update.first("bandwidth") == nil)
    #expect(update.first("link")?[attribute: "state"] == "down")
    #expect(update.first("alias") != nil)
  }

  @Test("on another network an interface loses what came from the former one")
  func network() throws {
    let running = try interface("<vlan><tag id='4'/></vlan>")
    let update = DomainDocument.liveUpdate(of: running, to: try nic("dmz"), definition: try interface(""))
    #expect(update.first("vlan") == nil)
    #expect(update.first("source")?[attribute: "network"] == "dmz")
  }

  @Test("limits go with what QEMU does not take without them")
  func throughput() throws {
    let disk = try XMLElement(
      parsing: """
        <disk><iotune><total_iops_sec>100</total_iops_sec><total_iops_sec_max>200</total_iops_sec_max>
        <size_iops_sec>4096</size_iops_sec></iotune></disk>
        """)
    let none = DomainDocument.liveLimits(IOTune(), of: disk)
    #expect(none["size_iops_sec"] == 0)
    #expect(none["total_iops_sec_max"] == 0)
    var other = IOTune()
    other.totalIOPS = 150
    #expect(DomainDocument.liveLimits(other, of: disk)["size_iops_sec"] == nil)
    #expect(DomainDocument.liveLimits(other, of: disk)["total_iops_sec_max"] == nil)
  }
}

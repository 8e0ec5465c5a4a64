import FoundationEssentials
import Libvirt
import Planner
import TestLab
import Testing

@testable import Applier

/// Documents as no honest host has them: numbers that do not fit, texts where numbers stand, parts that are gone.
@Suite("Hostile documents of hosts")
struct HostileDocumentTests {
  private static let document = """
    <domain type="kvm">
      <name>web</name><uuid>00000000-0000-4000-8000-000000000001</uuid><title>t</title>
      <metadata><v:mark xmlns:v="urn:virtform:mark:1" stack="shop" address="vms.web"/></metadata>
      <maxMemory slots="16" unit="KiB">16777216</maxMemory><memory unit="KiB">2097152</memory><currentMemory unit="KiB">1048576</currentMemory>
      <memoryBacking><hugepages><page size="2048" unit="KiB"/></hugepages></memoryBacking>
      <vcpu placement="static" current="2">4</vcpu>
      <cputune><shares>1024</shares><global_period>100000</global_period><global_quota>50000</global_quota><vcpupin vcpu="0" cpuset="0-3"/></cputune>
      <numatune><memory mode="strict" nodeset="0-1"/></numatune>
      <os><type arch="x86_64" machine="q35">hvm</type><boot dev="hd"/></os>
      <cpu mode="custom"><topology sockets="1" cores="2" threads="2"/><numa><cell id="0" cpus="0-3" memory="2097152" unit="KiB"/></numa></cpu>
      <devices>
        <disk type="file" device="disk"><driver name="qemu" type="qcow2"/><source file="/p/a.qcow2"/><target dev="vda" bus="virtio"/>
          <iotune><total_bytes_sec>1048576</total_bytes_sec><total_iops_sec>100</total_iops_sec></iotune><boot order="1"/></disk>
        <interface type="network"><mac address="52:54:00:00:00:01"/><source network="lan"/><model type="virtio"/>
          <bandwidth><inbound average="1000" peak="2000" burst="512"/></bandwidth><mtu size="1500"/><vlan><tag id="40"/></vlan></interface>
        <memory model="dimm"><target><size unit="KiB">524288</size><node>0</node></target></memory>
        <rng model="virtio"><rate bytes="1024" period="1000"/><backend model="random">/dev/urandom</backend></rng>
        <tpm model="tpm-tis"><backend type="emulator" version="2.0"/></tpm><watchdog model="itco" action="reset"/>
        <graphics type="vnc" port="5900"/><serial type="pty"><target port="0"/></serial>
      </devices>
    </domain>
    """
  private static let host = """
    <capabilities><host><uuid>00000000-0000-4000-8000-000000000001</uuid><cpu><arch>x86_64</arch><model>m</model></cpu>
    <topology><cells num="2"><cell id="0"><memory unit="KiB">1024</memory><cpus num="2"/></cell><cell id="1"><memory unit="KiB">1024</memory><cpus num="2"/></cell></cells></topology></host></capabilities>
    """
  private static let network = """
    <network connections="1"><name>lan</name><bridge name="b" stp="on" delay="0"/><mtu size="1500"/><forward mode="nat"/>
    <vlan><tag id="4"/></vlan><portgroup name="p"><vlan><tag id="42"/></vlan></portgroup><ip address="10.0.0.1" prefix="24">
    <dhcp><range start="10.0.0.2" end="10.0.0.9"/><host mac="52:54:00:00:00:01" ip="10.0.0.3"/></dhcp></ip></network>
    """

  private static let values = [
    "18446744073709551615", "18446744073709551616", "9223372036854775807", "-9223372036854775808", "-1", "0",
    "", "x", "1e999", "0-99999999999", "\u{9b}",
  ]

  /// `text` with one number after the other replaced by each of the values.
  private func variants(of text: String) -> [String] {
    text.ranges(of: /[">][0-9]+["<]/).flatMap { range in
      let digits = text.index(after: range.lowerBound)..<text.index(before: range.upperBound)
      return Self.values.map { text.replacingCharacters(in: digits, with: $0) }
    }
  }

  @Test("a number that does not fit is none, and ends nothing")
  func numbers() throws {
    var count = 0
    for text in variants(of: Self.document) {
      let document = try XMLElement(parsing: text)
      let machine = DomainDocument.read(document, name: "web", uuid: UUID())
      _ = DomainDocument.readGuest(document, of: machine)
      count += 1
    }
    for text in variants(of: Self.host) {
      _ = CapabilitiesDocument.read(try XMLElement(parsing: text), driver: "QEMU")
      count += 1
    }
    for text in variants(of: Self.network) {
      _ = NetworkDocument.read(try XMLElement(parsing: text), name: "lan", uuid: UUID(), isActive: true)
      count += 1
    }
    #expect(count > 400)
    var tally = FaultTally(
      area: "Hostile input", fault: "documents of hosts with numbers that do not fit",
      command: "make torture FILTER=HostileDocumentTests")
    (tally.tried, tally.survived) = (count, count)
    try tally.record()
  }
}

extension String {
  fileprivate func replacingCharacters(in range: Range<Index>, with text: String) -> String {
    self[..<range.lowerBound] + text + self[range.upperBound...]
  }
}

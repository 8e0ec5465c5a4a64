import FoundationEssentials
import Testing

@testable import SpecModel

@Suite struct ExampleTests {
  @Test("the example of cloud-init is valid")
  func cloudInit() throws {
    let directory = try TemporaryDirectory()
    for path in ["/.lab/debian", "/examples/cloud-init", "/.ssh"] {
      try FileManager.default.createDirectory(
        atPath: directory.path + path, withIntermediateDirectories: true)
    }
    try directory.write(".lab/debian/debian.qcow2", qcow2(.gibibytes(1)))
    for name in ["vmlinuz", "initrd.gz"] { try directory.write(".lab/debian/\(name)", [1]) }
    try directory.write(".ssh/id_ed25519.pub", Array("ssh-ed25519 AAAAC3 me\n".utf8))
    let text = try #require(
      FileManager.default.contents(atPath: "\(ReferenceExample.repository)/examples/cloud-init/site.yaml"))
    try directory.write("examples/cloud-init/site.yaml", Array(text))
    let result = SpecLoader(environment: ["HOME": directory.path]).load(
      directory.path + "/examples/cloud-init")
    #expect(result.rendered == [])
    #expect(result.site?.machines.first?.cloudInit?.users.first?.sshKeys == ["ssh-ed25519 AAAAC3 me"])
  }

  @Test("the reference is valid, and its values reach the model")
  func reference() throws {
    let example = try ReferenceExample()
    let result = SpecLoader(environment: [:]).load(example.path)
    #expect(result.rendered == [])
    let site = try #require(result.site)
    let db = try site.machine("db")
    #expect(db.settings.cpuShares != nil && db.settings.cpuLimit != nil && db.settings.cpuPinning != nil)
    #expect(db.isProtected)
    #expect(db.disks.contains { $0.ioTune != nil } && db.nics.contains { $0.qos != nil && $0.link != nil })
    #expect(site.machines.contains { $0.boot != nil && $0.settings.graphicsPassword != nil })
    #expect(db.settings.numaCells != nil && db.settings.cpuTopology != nil && db.settings.tpm != nil)
    #expect(
      site.machines.contains {
        $0.settings.secureBoot == true && !$0.shares.isEmpty && $0.hostDevices.count == 2
      })
    #expect(db.nics.contains { $0.vlan?.native != nil })
    #expect(db.nics.contains { $0.portgroup?.rawValue == "routers" })
    #expect(site.networks.contains { $0.macvtap == .bridge })
    #expect(site.networks.contains { !$0.portgroups.isEmpty })
    #expect(site.networks.contains { $0.isProtected && !$0.records.isEmpty && $0.ipv6?.dhcp != nil })
    #expect(
      site.machines.contains {
        $0.cloudInit?.users.isEmpty == false && $0.nics.contains { $0.addresses.count == 2 }
      })
    #expect(site.machines.count { $0.ignition != nil } == 2)
    #expect(site.machines.contains { $0.disks.contains { $0.clone != nil } })
    #expect(db.readiness?.probes.count == 6 && db.ssh?.via != nil && site.outputs.count == 2)
    #expect(site.machines.contains { !$0.startAfter.isEmpty && !$0.groups.isEmpty })
    #expect(site.policy.count == 11 && site.machines.contains { $0.labels.count == 2 })
    #expect(!site.moved.isEmpty && !site.forgotten.isEmpty)
  }
}

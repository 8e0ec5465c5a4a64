import FoundationEssentials
import Libvirt
import Planner
import SpecModel
import Testing

@testable import Applier

/// What `xml:` of a VM is laid over.
@Suite("What is laid over a definition")
struct OverlayTests {
  private static let host = HostCapabilities(driver: .qemu, hostUUID: "", machines: ["q35"])

  private func definition(_ xml: String) throws -> XMLElement {
    var settings = MachineSettings()
    settings.cpus = VCPUs(count: 1)
    settings.memory = MemoryAmount(size: .mebibytes(64))
    let uuid = try #require(UUID(uuidString: "6F000000-0000-4000-8000-000000000001"))
    var machine = Machine(name: "web", uuid: uuid, settings: settings)
    machine.disks = [.init(name: "root", path: "/srv/root.img", format: .raw, bus: .virtio)]
    machine.drives = [
      .init(name: "cd", media: "/srv/a.iso", bus: .sata),
      .init(name: "cd-2", media: "/srv/b.iso", bus: .sata),
      .init(name: "cd-3", media: nil, bus: .sata),
    ]
    machine.mark = Mark(stack: "shop")
    machine.xml = xml
    return DomainDocument.definition(of: machine, on: Self.host)
  }

  @Test("the mark knows the targets that disks and drives have in the end")
  func targets() throws {
    let document = try definition(
      """
      <domain><devices>
        <disk><source file="/srv/root.img"/><target dev="vdb"/><serial>R</serial></disk>
        <disk><source file="/srv/a.iso"/><target dev="sdb"/></disk>
        <disk><source file="/srv/b.iso"/><target dev="sdc"/></disk>
        <disk device="cdrom"><target dev="sdd"/></disk>
        <sound model="ich9"/>
      </devices></domain>
      """)
    let mark = try #require(MarkDocument.read(from: document))
    #expect(mark.disks.map(\.name) == ["root", "cd", "cd-2", "cd-3"])
    #expect(mark.disks.map(\.target) == ["vdb", "sdb", "sdc", "sdd"])
    let disks = document.all(at: "devices", "disk")
    #expect(disks.count == 4, "nothing is there twice")
    #expect(Set(disks.compactMap(DomainDocument.target)) == ["vdb", "sdb", "sdc", "sdd"])
    #expect(disks.allSatisfy { $0[attribute: "virtform-name"] == nil })
    #expect(document.at("devices", "sound")?[attribute: "model"] == "ich9")
  }

  @Test("classes of devices to boot from, firmware and PCI controllers take the place of virtform's own")
  func places() throws {
    let document = try definition(
      """
      <domain>
        <os><loader readonly="yes" type="pflash">/fw.fd</loader><boot dev="cdrom"/></os>
        <devices><controller type="pci" index="0" model="pcie-root"/></devices>
      </domain>
      """)
    #expect(document.all(at: "devices", "disk", "boot").isEmpty)
    #expect(document.at("os", "boot")?[attribute: "dev"] == "cdrom")
    #expect(document.first("os")?[attribute: "firmware"] == nil)
    #expect(document.all(at: "devices", "controller").count { $0[attribute: "type"] == "pci" } == 1)
  }
}

import FoundationEssentials
import Libvirt
import Planner
import SpecModel
import Testing

@testable import Applier

@Suite("Domain documents")
struct DomainDocumentTests {
  private let qemu = HostCapabilities(
    driver: .qemu, hostUUID: "h", machineAliases: ["q35": "pc-q35-7.2"],
    machines: ["q35", "pc", "pc-q35-7.2"])

  private func machine() throws -> Machine {
    var settings = MachineSettings()
    settings.title = "A <title> & more"
    settings.description = "two\nlines"
    settings.accel = .tcg
    settings.cpus = VCPUs(count: 2, max: 4)
    settings.memory = MemoryAmount(size: .gibibytes(1), max: .gibibytes(2))
    settings.machine = "q35"
    settings.firmware = .uefi
    settings.cpu = "max"
    settings.graphics = .spice
    settings.console = true
    settings.cmdline = "console=ttyS0"
    var machine = Machine(name: "db", uuid: UUID(), settings: settings)
    machine.kernel = "/images/kernel"
    machine.initrd = "/images/initrd"
    machine.ignition = "/images/db.ignition.ign"
    machine.disks = [
      .init(name: "root", path: "/images/root.qcow2", format: .qcow2, bus: .virtio),
      .init(name: "log", path: "/images/log.raw", format: .raw, bus: .scsi, keep: true),
      .init(name: "data", path: "/images/data.qcow2", format: .qcow2, bus: nil),
    ]
    machine.nics = [
      .init(
        name: "lan", link: .network("lan"), mac: try MACAddress(parsing: "52:54:00:00:00:01"), model: nil),
      .init(name: "out", link: .user, mac: try MACAddress(parsing: "52:54:00:00:00:02"), model: "e1000e"),
    ]
    machine.mark = Mark(stack: "shop", applied: ["memory": "1 GiB"])
    return machine
  }

  @Test("Ignition's config is one entry of the firmware's, and those of others stay")
  func ignition() throws {
    var wanted = try machine()
    var document = DomainDocument.definition(of: wanted, on: qemu)
    let smbios = XMLElement("sysinfo", ["type": "smbios"]) { XMLElement("bios") }
    document.insert(smbios, .before(["os"]))
    let mine = XMLElement("entry", ["name": "opt/org.example/mine"], text: "1")
    document.mutateChildren(named: "sysinfo") { if $0[attribute: "type"] == "fwcfg" { $0.insert(mine) } }
    func edit(_ path: String?) throws -> [XMLElement] {
      wanted.ignition = path
      document = DomainDocument.edit(document, MachineUpdate(wanted: wanted, fields: [.ignition]), on: qemu)
      let read = DomainDocument.read(document, name: wanted.name, uuid: wanted.uuid)
      #expect(read.ignition == path)
      return document.all("sysinfo")
    }
    let entry = XMLElement("entry", ["name": "opt/com.coreos/config", "file": "/images/other.ign"])
    #expect(
      try edit("/images/other.ign").flatMap(\.elements).map { try $0.serialized() }.sorted()
        == [XMLElement("bios"), entry, mine].map { try $0.serialized() }.sorted())
    #expect(try edit(nil).count == 2)
    document.removeChildren { $0[attribute: "type"] == "fwcfg" }
    #expect(try edit("/images/other.ign").count == 2)
    #expect(try edit(nil).map { $0[attribute: "type"] } == ["smbios"])
  }

  @Test("what is written reads back as what was wanted")
  func roundTrip() throws {
    let wanted = try machine()
    let document = DomainDocument.definition(of: wanted, on: qemu)
    let read = DomainDocument.read(document, name: wanted.name, uuid: wanted.uuid)
    #expect(read.settings == wanted.settings)
    #expect(read.kernel == wanted.kernel)
    #expect(read.initrd == wanted.initrd)
    #expect(read.ignition == wanted.ignition && read.files.isSuperset(of: wanted.imageFiles))
    #expect(read.disks.map(\.name) == ["root", "log", "data"])
    #expect(read.disks.map(\.target) == ["vda", "sda", "vdb"])
    #expect(read.disks.map(\.path) == wanted.disks.map(\.path))
    #expect(read.disks.map(\.keep) == [false, true, false])
    #expect(read.nics.map(\.link) == [.network("lan"), .user])
    #expect(read.nics.map(\.model) == ["virtio", "e1000e"])
    #expect(read.mark?.stack == "shop")
    #expect(read.mark?.applied == ["memory": "1 GiB"])
    #expect(read.networks == ["lan"])
    #expect(
      read.files == [
        "/images/root.qcow2", "/images/log.raw", "/images/data.qcow2", "/images/kernel", "/images/initrd",
        "/images/db.ignition.ign",
      ])
  }

  @Test("the document is the same text on every run")
  func deterministic() throws {
    let wanted = try machine()
    let first = try DomainDocument.definition(of: wanted, on: qemu).serialized()
    let second = try DomainDocument.definition(of: wanted, on: qemu).serialized()
    #expect(first == second)
  }

  /// A definition as a host returns it, with much that virtform has no word for.
  private let existing = """
    <domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
      <name>db</name><uuid>8a6f0a3e-0000-4000-8000-000000000001</uuid>
      <metadata>
        <virtform:mark xmlns:virtform="urn:virtform:mark:1" stack="shop">
          <virtform:disk name="root" target="vdb"/><virtform:nic name="lan" mac="52:54:00:00:00:01"/>
        </virtform:mark>
        <theirs:note xmlns:theirs="urn:theirs">stays</theirs:note>
      </metadata>
      <memory unit='KiB'>1048576</memory><currentMemory unit='KiB'>1048576</currentMemory>
      <vcpu placement='static' cpuset='0-1'>2</vcpu>
      <os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type><boot dev='hd'/></os>
      <features><acpi/><hyperv mode='custom'><relaxed state='on'/></hyperv></features>
      <clock offset='utc'><timer name='rtc' tickpolicy='catchup'/></clock>
      <devices>
        <emulator>/usr/bin/qemu-system-x86_64</emulator>
        <disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='/theirs.raw'/>
          <target dev='vda' bus='virtio'/><address type='pci' domain='0x0000' bus='0x04' slot='0x00' function='0x0'/></disk>
        <disk type='file' device='disk'><driver name='qemu' type='qcow2' cache='none'/><source file='/images/root.qcow2'/>
          <target dev='vdb' bus='virtio'/><address type='pci' domain='0x0000' bus='0x05' slot='0x00' function='0x0'/></disk>
        <interface type='network'><mac address='52:54:00:00:00:01'/><source network='lan'/><model type='virtio'/>
          <address type='pci' domain='0x0000' bus='0x01' slot='0x00' function='0x0'/></interface>
        <interface type='network'><mac address='52:54:00:00:00:09'/><source network='theirs'/><model type='virtio'/></interface>
        <hostdev mode='subsystem' type='usb'><source><vendor id='0x1234'/><product id='0xbeef'/></source></hostdev>
      </devices>
      <qemu:commandline><qemu:arg value='-foo'/></qemu:commandline>
    </domain>
    """

  private func edited(_ fields: Set<MachineField>, _ change: (inout Machine) -> Void) throws -> (
    XMLElement, XMLElement
  ) {
    let before = try XMLElement(parsing: existing)
    var wanted = DomainDocument.read(before, name: "db", uuid: UUID())
    change(&wanted)
    let update = MachineUpdate(
      wanted: wanted, fields: fields, setDisks: [], removeDisks: [], setNICs: [], removeNICs: [])
    return (before, DomainDocument.edit(before, update, on: qemu))
  }

  /// The children of `document` other than `names`, which must not have changed.
  private func others(_ document: XMLElement, than names: Set<String>) -> [XMLElement] {
    document.elements.filter { !names.contains($0.name) }
  }

  @Test("changing memory changes the two memory elements and nothing else")
  func memory() throws {
    let (before, after) = try edited([.memory]) {
      $0.settings.memory = MemoryAmount(size: .gibibytes(2), max: .gibibytes(4))
    }
    #expect(after.first("memory")?.text == "4194304")
    #expect(after.first("currentMemory")?.text == "2097152")
    let owned: Set = ["memory", "currentMemory"]
    let isSame = others(after, than: owned) == others(before, than: owned)
    #expect(isSame)
    #expect(after.attributes == before.attributes)
  }

  @Test("changing vCPUs keeps what the element has beside the count")
  func cpus() throws {
    let (_, after) = try edited([.cpus]) { $0.settings.cpus = VCPUs(count: 1, max: 3) }
    let vcpu = try #require(after.first("vcpu"))
    #expect(vcpu.text == "3")
    #expect(vcpu[attribute: "current"] == "1")
    #expect(vcpu[attribute: "cpuset"] == "0-1")
  }

  @Test("each field of the table is written so that it reads back")
  func everyField() throws {
    for field in MachineField.allCases where field != .state && field != .autostart {
      let wanted = try machine()
      let (_, after) = try edited([field]) { existing in
        existing.settings = wanted.settings
        existing.kernel = wanted.kernel
        existing.initrd = wanted.initrd
        existing.ignition = wanted.ignition
      }
      let read = DomainDocument.read(after, name: "db", uuid: wanted.uuid)
      #expect(field.value(of: read) == field.value(of: wanted), "\(field)")
    }
  }

  @Test("foreign metadata, devices and addresses survive every edit")
  func foreignSurvives() throws {
    let (before, after) = try edited(Set(MachineField.allCases).subtracting([.machine])) { machine in
      machine.settings.title = "New"
      machine.settings.graphics = .vnc
      machine.settings.firmware = .uefi
    }
    #expect(after.at("metadata", "theirs:note") == before.at("metadata", "theirs:note"))
    #expect(after.first("features") == before.first("features"))
    #expect(after.first("clock") == before.first("clock"))
    #expect(after.first("qemu:commandline") == before.first("qemu:commandline"))
    #expect(after.all(at: "devices", "disk") == before.all(at: "devices", "disk"))
    #expect(after.all(at: "devices", "interface") == before.all(at: "devices", "interface"))
    #expect(after.at("devices", "hostdev") == before.at("devices", "hostdev"))
  }

  @Test("a disk is found by its name, and a new one takes a free target")
  func disks() throws {
    let before = try XMLElement(parsing: existing)
    var wanted = DomainDocument.read(before, name: "db", uuid: UUID())
    wanted.mark = Mark(stack: "shop")
    let update = MachineUpdate(
      wanted: wanted, fields: [],
      setDisks: [.init(name: "log", path: "/images/log.qcow2", format: .qcow2, bus: nil)],
      removeDisks: ["root"], setNICs: [], removeNICs: ["lan"])
    let after = DomainDocument.edit(before, update, on: qemu)
    let disks = after.all(at: "devices", "disk")
    #expect(disks.map { $0.first("source")?[attribute: "file"] } == ["/theirs.raw", "/images/log.qcow2"])
    #expect(disks.map { $0.first("target")?[attribute: "dev"] } == ["vda", "vdb"])
    let macs = after.all(at: "devices", "interface").map { $0.first("mac")?[attribute: "address"] }
    #expect(macs == ["52:54:00:00:00:09"])
    let mark = try #require(MarkDocument.read(from: after))
    #expect(mark.disks == [.init(name: "log", target: "vdb", keep: false)])
    #expect(mark.nics.isEmpty)
  }

  @Test("two NICs exchange their addresses")
  func exchange() throws {
    let (a, b) = (try MACAddress(parsing: "52:54:00:00:00:01"), try MACAddress(parsing: "52:54:00:00:00:02"))
    var wanted = try machine()
    let before = DomainDocument.definition(of: wanted, on: qemu)
    wanted.nics = [
      .init(name: "lan", link: .network("lan"), mac: b, model: nil),
      .init(name: "out", link: .user, mac: a, model: nil),
    ]
    let update = MachineUpdate(wanted: wanted, fields: [], setNICs: wanted.nics)
    let read = DomainDocument.read(
      DomainDocument.edit(before, update, on: qemu), name: "db", uuid: wanted.uuid)
    #expect(read.nics.map(\.name).sorted() == ["lan", "out"])
    #expect(read.nics.first { $0.name == "lan" }?.mac == b)
    #expect(read.nics.first { $0.name == "lan" }?.link == .network("lan"))
    #expect(read.nics.first { $0.name == "out" }?.mac == a)
    #expect(read.nics.first { $0.name == "out" }?.model == "e1000e")
  }

  @Test("a burst and a keymap that a person set outlive a change of the limit and of the screen")
  func foreignParts() throws {
    var wanted = try machine()
    var before = DomainDocument.definition(of: wanted, on: qemu)
    before.mutateFirst("devices") { devices in
      devices.mutateFirst("graphics") { $0[attribute: "keymap"] = "de" }
      devices.mutateFirst("disk") { disk in
        disk.insert(
          XMLElement("iotune") {
            for (name, value) in [
              ("total_bytes_sec", "1000"), ("total_bytes_sec_max", "5000"), ("read_iops_sec", "10"),
              ("read_iops_sec_max", "50"), ("size_iops_sec", "4096"),
            ] { XMLElement(name, text: value) }
          })
      }
    }
    wanted.settings.graphics = .vnc
    wanted.disks[0].ioTune = IOTune()
    wanted.disks[0].ioTune?.totalBytes = ByteCount(rawValue: 2000)
    let update = MachineUpdate(wanted: wanted, fields: [.graphics], setDisks: [wanted.disks[0]])
    let after = DomainDocument.edit(before, update, on: qemu)
    #expect(after.at("devices", "graphics")?[attribute: "type"] == "vnc")
    #expect(after.at("devices", "graphics")?[attribute: "keymap"] == "de")
    let limits = after.at("devices", "disk", "iotune")?.elements.map { "\($0.name) \($0.text)" }
    #expect(limits == ["total_bytes_sec 2000", "total_bytes_sec_max 5000", "size_iops_sec 4096"])
    wanted.disks[0].ioTune = IOTune()
    let none = DomainDocument.edit(
      after, MachineUpdate(wanted: wanted, fields: [], setDisks: [wanted.disks[0]]), on: qemu)
    #expect(none.at("devices", "disk", "iotune") == nil)
  }

  @Test("another chipset drops the addresses of the old one")
  func chipset() throws {
    let (_, after) = try edited([.machine]) { $0.settings.machine = "pc" }
    #expect(after.at("os", "type")?[attribute: "machine"] == "pc")
    for disk in after.all(at: "devices", "disk") { #expect(disk.first("address") == nil) }
    #expect(after.at("devices", "hostdev") != nil)
  }
}

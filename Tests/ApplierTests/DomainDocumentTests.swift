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
    settings.virt = .hvm
    settings.cpus = VCPUs(count: 2, max: 4)
    settings.memory = MemoryAmount(size: .gibibytes(1), max: .gibibytes(2))
    settings.machine = "q35"
    settings.firmware = .uefi
    settings.cpu = "max"
    settings.graphics = .spice
    settings.console = true
    settings.cmdline = "console=ttyS0"
    settings.secureBoot = true
    settings.cpuTopology = CPUTopology(sockets: 1, cores: 2, threads: 2)
    settings.hugePages = .present(.size(.mebibytes(2)))
    settings.numaCells = [
      NUMACell(cpus: CPUSet(0...1), memory: .gibibytes(1)),
      NUMACell(cpus: CPUSet(2...3), memory: .gibibytes(1)),
    ]
    settings.numaNodes = CPUSet([0, 2])
    settings.consoleLog = "/var/log/db.log"
    settings.tpm = .present(.tis)
    settings.randomSource = .present(RandomSource(rate: .kibibytes(1)))
    settings.watchdog = .present(Watchdog(model: .ib700, action: .injectNMI))
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
    machine.shares = [
      HostShare(name: "a.b_c", path: "/srv/a", kind: .virtiofs),
      HostShare(name: "old", path: "/srv/old", kind: .plan9, isReadOnly: true),
    ]
    machine.hostDevices = [
      HostDevice(name: "gpu", id: .pci(try PCIAddress(parsing: "0000:03:1f.7"))),
      HostDevice(name: "key", id: .usb(try USBProduct(parsing: "1050:0407"))),
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
    #expect(read.shares == wanted.shares)
    #expect(read.hostDevices == wanted.hostDevices)
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
          <virtform:disk name="root" target="vdb" file="/images/root.qcow2"/><virtform:nic name="lan" mac="52:54:00:00:00:01"/>
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
      // A log is that of a console.
      let (_, after) = try edited(field == .consoleLog ? [.console, field] : [field]) { existing in
        existing.settings = wanted.settings
        existing.kernel = wanted.kernel
        existing.initrd = wanted.initrd
        existing.ignition = wanted.ignition
      }
      let read = DomainDocument.read(after, name: "db", uuid: wanted.uuid)
      #expect(field.value(of: read) == field.value(of: wanted), "\(field)")
    }
  }

  @Test("each field that is gone is gone from the document, and so is what only held it")
  func everyFieldGone() throws {
    let wanted = try machine()
    var bare = wanted
    bare.settings.tpm = .absent
    bare.settings.watchdog = .absent
    bare.settings.randomSource = .absent
    bare.settings.hugePages = .absent
    (bare.settings.cpuTopology, bare.settings.numaCells, bare.settings.numaNodes) = (nil, nil, nil)
    bare.settings.consoleLog = nil
    let fields: Set<MachineField> = [
      .tpm, .watchdog, .randomSource, .hugePages, .cpuTopology, .numaCells, .numaNodes, .consoleLog,
    ]
    let update = MachineUpdate(
      wanted: bare, fields: fields, removeShares: ["a.b_c", "old"], removeHostDevices: ["gpu", "key"])
    let after = DomainDocument.edit(DomainDocument.definition(of: wanted, on: qemu), update, on: qemu)
    for name in ["tpm", "watchdog", "rng", "filesystem", "hostdev"] {
      #expect(after.at("devices", name) == nil, "\(name)")
    }
    #expect(after.at("devices", "serial", "log") == nil && after.first("numatune") == nil)
    #expect(after.at("cpu", "topology") == nil && after.at("cpu", "numa") == nil)
    #expect(after.at("memoryBacking", "hugepages") == nil)
  }

  @Test("each kind of boot has firmware variables of its own, and another firmware has none of them")
  func variables() throws {
    func edited(_ document: XMLElement, _ isSecure: Bool?, _ firmware: Firmware = .uefi) throws -> XMLElement
    {
      var wanted = try machine()
      (wanted.settings.firmware, wanted.settings.secureBoot) = (firmware, isSecure)
      let fields: Set<MachineField> = isSecure == nil ? [.firmware] : [.secureBoot]
      return DomainDocument.edit(document, MachineUpdate(wanted: wanted, fields: fields), on: qemu)
    }
    func path(_ document: XMLElement) -> String? { document.at("os", "nvram")?.text }
    let secure = DomainDocument.definition(of: try machine(), on: qemu)
    let plain = try edited(secure, false)
    let again = try edited(plain, true)
    #expect(path(secure) != path(plain) && path(again) == path(secure))
    #expect(DomainDocument.secureBoot(of: plain) == false)
    let bios = try edited(plain, nil, .bios)
    #expect(path(bios) == nil)
    // What may have any keys is neither.
    var theirs = secure
    theirs.mutateFirst("os") { os in os.mutateFirst("nvram") { $0.setText("/theirs.fd") } }
    #expect(DomainDocument.secureBoot(of: theirs) == nil)
  }

  @Test("what a person has of a kind that the language has a word for stays theirs")
  func theirDevices() throws {
    var before = DomainDocument.definition(of: try machine(), on: qemu)
    let theirs = try [
      "<rng model='virtio'><backend model='random'>/dev/random</backend></rng>",
      "<watchdog model='itco' action='reset'/>",
      "<filesystem type='mount'><source dir='/theirs'/><target dir='theirs'/></filesystem>",
      "<hostdev mode='subsystem' type='usb'><source><vendor id='0x1'/><product id='0x2'/></source></hostdev>",
    ].map { try XMLElement(parsing: $0) }
    before.mutateFirst("devices") { devices in for device in theirs { devices.insert(device, .first) } }
    var wanted = try machine()
    wanted.settings.randomSource = .absent
    wanted.settings.watchdog = .present(Watchdog(action: .pause))
    let update = MachineUpdate(
      wanted: wanted, fields: [.randomSource, .watchdog], setShares: [wanted.shares[0]],
      removeHostDevices: ["key"])
    let after = DomainDocument.edit(before, update, on: qemu)
    for device in theirs { #expect(after.first("devices")?.elements.contains(device) == true, "\(device)") }
    #expect(after.all(at: "devices", "rng").count == 1)
    #expect(after.all(at: "devices", "watchdog").map { $0[attribute: "model"] } == ["itco", "i6300esb"])
  }

  @Test("memory devices keep a NUMA cell when the cells of the spec go")
  func cells() throws {
    var wanted = try machine()
    wanted.settings.memoryLimit = .gibibytes(8)
    let before = DomainDocument.definition(of: wanted, on: qemu)
    #expect(before.all(at: "cpu", "numa", "cell").count == 2)
    wanted.settings.numaCells = nil
    let after = DomainDocument.edit(before, MachineUpdate(wanted: wanted, fields: [.numaCells]), on: qemu)
    let cells = after.all(at: "cpu", "numa", "cell")
    #expect(cells.map { $0[attribute: "cpus"] } == ["0-3"])
    #expect(cells.map { $0[attribute: "memory"] } == ["\(2 << 20)"])
  }

  @Test("a device of the host is told by its document")
  func nodeDevices() throws {
    let usb = try XMLElement(
      parsing: """
        <device><name>usb_1_4</name><capability type='usb_device'><bus>1</bus><device>4</device>
        <product id='0x0407'>Key</product><vendor id='0x1050'>Yubico</vendor></capability></device>
        """)
    let pci = try XMLElement(
      parsing: """
        <device><name>pci_0000_03_00_0</name><capability type='pci'><class>0x030000</class><domain>0</domain>
        <bus>3</bus><slot>0</slot><function>1</function><product id='0x1'/><vendor id='0x2'/></capability></device>
        """)
    #expect(Inspector.id(of: usb).map { "\($0)" } == "usb 1050:0407")
    #expect(Inspector.id(of: pci).map { "\($0)" } == "pci 0000:03:00.1")
    #expect(Inspector.id(of: try XMLElement(parsing: "<device><name>computer</name></device>")) == nil)
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
    #expect(mark.disks == [.init(name: "log", target: "vdb", file: "/images/log.qcow2")])
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
    #expect(limits == ["total_bytes_sec 2000", "total_bytes_sec_max 5000"])
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

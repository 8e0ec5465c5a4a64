import FoundationEssentials
import Libvirt
import Planner
import SpecModel
import Testing

@testable import Applier

@Suite("What a person does to devices that have names")
struct DeviceIdentityTests {
  private let qemu = HostCapabilities(driver: .qemu, hostUUID: "h")
  private let mac: MACAddress

  init() throws { mac = try MACAddress(parsing: "52:54:00:00:00:01") }

  private func machine(
    disks: [String] = [], drives: [String] = [], nics: [String] = []
  ) -> Machine {
    var machine = Machine(name: "p", uuid: UUID(), settings: MachineSettings())
    machine.settings.memory = MemoryAmount(size: .mebibytes(64))
    machine.disks = disks.map { .init(name: $0, path: "/images/\($0).qcow2", format: .qcow2, bus: .virtio) }
    machine.drives = drives.map { .init(name: $0, media: nil, bus: .scsi) }
    machine.nics = nics.map { .init(name: $0, link: .user, mac: mac, model: "virtio") }
    machine.mark = Mark(stack: "shop")
    return machine
  }

  private func definition(of machine: Machine) -> XMLElement {
    DomainDocument.definition(of: machine, on: qemu)
  }

  private func read(_ document: XMLElement, overlays: [String: Machine.Overlay] = [:]) -> Machine {
    DomainDocument.read(document, name: "p", uuid: UUID(), overlays: overlays)
  }

  /// `virsh detach-disk`, `virsh detach-interface`.
  private func detach(_ kind: String, from document: inout XMLElement) {
    document.mutateFirst("devices") { $0.removeChildren(named: kind) }
  }

  /// `virsh attach-disk p /theirs.qcow2 TARGET --config`
  private func attach(
    _ file: String, at target: String, format: String = "qcow2", to document: inout XMLElement
  ) {
    document.mutateFirst("devices") { devices in
      devices.insert(
        XMLElement("disk", ["type": "file", "device": "disk"]) {
          XMLElement("driver", ["name": "qemu", "type": format])
          XMLElement("source", ["file": file])
          XMLElement("target", ["dev": target, "bus": "virtio"])
        })
    }
  }

  @Test("a disk that was detached leaves no name to the one that gets its place")
  func detachedDisk() throws {
    var document = definition(of: machine(disks: ["tmp"]))
    detach("disk", from: &document)
    #expect(read(document).disks.isEmpty)
    let wanted = machine(disks: ["store"])
    let edited = DomainDocument.edit(
      document, MachineUpdate(wanted: wanted, fields: [], setDisks: wanted.disks), on: qemu)
    #expect(read(edited).disks.map(\.name) == ["store"])
    #expect(
      MarkDocument.read(from: edited)?.disks
        == [.init(name: "store", target: "vda", file: "/images/store.qcow2")])
  }

  @Test("of two names for one device, which older runs may have left, the last one counts")
  func twoNames() throws {
    var document = definition(of: machine(disks: ["store"], drives: ["new"], nics: ["fresh"]))
    var mark = try #require(MarkDocument.read(from: document))
    mark.disks.insert(.init(name: "tmp", target: "vda", file: "/images/tmp.qcow2"), at: 0)
    mark.disks.insert(.init(name: "old", target: "sda"), at: 0)
    mark.nics.insert(.init(name: "old", mac: "\(mac)"), at: 0)
    MarkDocument.write(mark, into: &document)
    let there = read(document)
    #expect(there.disks.map(\.name) == ["store"])
    #expect(there.drives.map(\.name) == ["new"])
    #expect(there.nics.map(\.name) == ["fresh"])
  }

  @Test("what a person put into the place of a disk is theirs, and the disk gets another place")
  func foreignDisk() throws {
    let wanted = machine(disks: ["tmp"])
    var document = definition(of: wanted)
    detach("disk", from: &document)
    attach("/precious.raw", at: "vda", format: "raw", to: &document)
    #expect(read(document).disks.isEmpty)
    #expect(
      DomainDocument.displacedDisks(of: MarkDocument.read(from: document), in: document).map(\.file) == [
        "/images/tmp.qcow2"
      ])
    let removed = DomainDocument.edit(
      document, MachineUpdate(wanted: machine(), fields: [], removeDisks: ["tmp"]), on: qemu)
    #expect(removed.all(at: "devices", "disk") == document.all(at: "devices", "disk"))
    let edited = DomainDocument.edit(
      document, MachineUpdate(wanted: wanted, fields: [], setDisks: wanted.disks), on: qemu)
    #expect(Set(DomainDocument.targets(in: edited)) == ["vda", "vdb"])
    #expect(read(edited).disks.map(\.target) == ["vdb"])
  }

  @Test("a disk that a person moved to another target keeps its name")
  func movedDisk() throws {
    var document = definition(of: machine(disks: ["data"]))
    detach("disk", from: &document)
    attach("/images/data.qcow2", at: "vdf", to: &document)
    #expect(read(document).disks.map(\.name) == ["data"])
    #expect(read(document).disks.map(\.target) == ["vdf"])
  }

  @Test("a NIC that was detached leaves its name to nobody who gets its address")
  func detachedNIC() throws {
    var document = definition(of: machine(nics: ["old"]))
    detach("interface", from: &document)
    let wanted = machine(nics: ["fresh"])
    let edited = DomainDocument.edit(
      document, MachineUpdate(wanted: wanted, fields: [], setNICs: wanted.nics), on: qemu)
    #expect(read(edited).nics.map(\.name) == ["fresh"])
    #expect(MarkDocument.read(from: edited)?.nics.map(\.name) == ["fresh"])
  }

  @Test("a drive's name is not a disk's that gets its place, and what only the guest has keeps its name")
  func detachedDrive() throws {
    let live = definition(of: machine(disks: ["data"], drives: ["cd"]))
    var document = live
    detach("disk", from: &document)
    attach("/theirs.raw", at: "sda", format: "raw", to: &document)
    #expect(read(document).drives.isEmpty)
    #expect(read(document).disks.isEmpty)
    let update = MachineUpdate(wanted: machine(), fields: [.title])
    #expect(MarkDocument.read(from: DomainDocument.edit(document, update, on: qemu))?.disks == [])
    let beside = DomainDocument.edit(document, update, on: qemu, guest: live)
    #expect(MarkDocument.read(from: beside)?.disks.map(\.name) == ["data", "cd"])
  }

  @Test("an overlay over a disk's file is the disk, and an edit leaves it")
  func overlay() throws {
    var wanted = machine(disks: ["root"])
    var document = definition(of: wanted)
    detach("disk", from: &document)
    attach("/images/root.s1", at: "vda", to: &document)
    let overlay = Machine.Overlay(path: "/images/root.s1", isProven: true)
    let overlays = ["/images/root.qcow2": overlay]
    let there = read(document, overlays: overlays)
    #expect(there.disks.map(\.path) == ["/images/root.qcow2"])
    #expect(there.disks.map(\.overlay) == [overlay])
    #expect(there.files == ["/images/root.qcow2", "/images/root.s1"])
    wanted.disks[0].overlay = overlay
    wanted.disks[0].ioTune = IOTune()
    wanted.disks[0].ioTune?.totalIOPS = 100
    let edited = DomainDocument.edit(
      document, MachineUpdate(wanted: wanted, fields: [], overlays: overlays, setDisks: wanted.disks),
      on: qemu)
    #expect(edited.all(at: "devices", "disk").map(DomainDocument.path) == ["/images/root.s1"])
    #expect(read(edited, overlays: overlays).disks.map(\.ioTune?.totalIOPS) == [100])
  }

  @Test("a guest's overlay is told by the files below it")
  func liveOverlay() throws {
    let document = definition(of: machine(disks: ["root"]))
    let live = try XMLElement(
      parsing: document.serialized().replacing(
        "<source file=\"/images/root.qcow2\"/>",
        with: """
          <source file="/elsewhere/top"/><backingStore type="file"><format type="qcow2"/>
          <source file="/images/root.qcow2"/><backingStore/></backingStore>
          """
      ).replacing(
        "<source file='/images/root.qcow2'/>",
        with: """
          <source file="/elsewhere/top"/><backingStore type="file"><format type="qcow2"/>
          <source file="/images/root.qcow2"/><backingStore/></backingStore>
          """))
    let guest = DomainDocument.readGuest(live, of: read(document))
    #expect(guest.disks.map(\.path) == ["/images/root.qcow2"])
    #expect(guest.disks.map(\.overlay?.path) == ["/elsewhere/top"])
  }

  @Test("a guest that runs again as before is marked by what its host remembered last")
  func restored() throws {
    var document = definition(of: machine(disks: ["d", "sata"], nics: ["lan"]))
    var started = try #require(MarkDocument.read(from: document))
    started.applied = ["title": "Old", "memory": "64 MiB"]
    MarkDocument.write(started, into: &document)
    // Since then `d` was renamed and protected, `sata` was to go with the restart, and the memory waits for it.
    var mark = started.renaming(["disks.d": "disks.store", "nics.lan": "nics.office"])
    mark.disks.removeAll { $0.name == "sata" }
    mark.disks[0].isProtected = true
    mark.applied = ["title": "New", "memory": "128 MiB"]
    (mark.staged, mark.unfinished) = (["memory"], ["title"])
    let restored = DomainDocument.restored(mark, in: document)
    #expect(restored.disks.map(\.name) == ["store", "sata"])
    #expect(restored.disks.map(\.isProtected) == [true, false])
    #expect(restored.nics.map(\.name) == ["office"])
    #expect(restored.applied == ["title": "New", "memory": "64 MiB"])
    #expect(restored.staged.isEmpty && restored.unfinished.isEmpty)
  }

  @Test("an interface without a name that has a NIC's address becomes that NIC, and no second one is added")
  func sameAddress() throws {
    let wanted = machine(nics: ["lan"])
    var document = definition(of: wanted)
    MarkDocument.write(Mark(stack: "shop"), into: &document)
    let edited = DomainDocument.edit(
      document, MachineUpdate(wanted: wanted, fields: [], setNICs: wanted.nics), on: qemu)
    #expect(edited.all(at: "devices", "interface").count == 1)
    #expect(read(edited).nics.map(\.name) == ["lan"])
  }

  @Test("a NIC that a run plugged into the guest before it was cut off has its name there")
  func pluggedNIC() throws {
    var definition = read(definition(of: machine()))
    definition.mark?.nics = [.init(name: "lan", mac: "\(mac)")]
    let live = self.definition(of: machine(nics: ["lan"]))
    var document = live
    MarkDocument.write(Mark(stack: "shop"), into: &document)
    #expect(DomainDocument.readGuest(document, of: definition).nics.map(\.name) == ["lan"])
  }

  @Test("NICs that are to exchange their addresses have in the guest what they were started with")
  func exchanged() throws {
    let other = try MACAddress(parsing: "52:54:00:00:00:02")
    func pair(_ a: MACAddress, _ b: MACAddress) -> Machine {
      var machine = machine()
      machine.nics = [
        .init(name: "a", link: .network("lan"), mac: a, model: "virtio"),
        .init(name: "b", link: .network("dmz"), mac: b, model: "virtio"),
      ]
      return machine
    }
    let guest = DomainDocument.readGuest(
      definition(of: pair(mac, other)), of: read(definition(of: pair(other, mac))))
    #expect(guest.nics.map(\.name) == ["a", "b"])
    #expect(guest.nics.map(\.mac) == [mac, other])
    #expect(guest.nics.map(\.link) == [.network("lan"), .network("dmz")])
  }
}

import Libvirt
import SpecModel

extension OVFMachine {
  mutating func readControllers() {
    var counts: [String: Int] = [:]
    for item in items where [5, 6, 20].contains(item.type) {
      let bus: String
      var model: String?
      switch (item.type, item.subtype) {
      case (5, _): bus = "ide"
      case (6, let kind):
        bus = "scsi"
        model = Self.scsiModel(kind)
        if model == nil, !kind.isEmpty { note(item.element, "the SCSI controller '\(kind)' is not known") }
      case (_, let kind) where kind.contains("nvme"): bus = "nvme"
      case (_, let kind) where kind.contains("virtio"): bus = "virtio"
      default: bus = "sata"
      }
      item.isTaken = true
      _ = item.element.attribute("required")
      // Each channel of an IDE controller is an item of its own.
      let index = counts[bus, default: 0]
      counts[bus] = index + 1
      if let instance = item.instance { controllers[instance] = (bus, index) }
      if bus == "scsi" || bus == "sata" {
        draft.controllers.append(
          XMLElement("controller", ["type": bus, "index": "\(index)", "model": model]))
      }
    }
  }

  private static func scsiModel(_ kind: String) -> String? {
    switch kind {
    case "virtualscsi", "pvscsi", "vmware.pvscsi": "vmpvscsi"
    case "lsilogic": "lsilogic"
    case "lsilogicsas", "lsilogic sas", "lsilogic-sas": "lsisas1068"
    case "buslogic": "buslogic"
    case "virtio-scsi", "virtioscsi": "virtio-scsi"
    default: nil
    }
  }

  // MARK: Disks

  mutating func readDisks() {
    for item in items where [14, 15, 16, 17].contains(item.type) {
      item.isTaken = true
      _ = item.element.attribute("required")
      let resource = item.element.text("HostResource")
      let isConnected = item.element.text("AutomaticAllocation") != "false"
      if item.type == 14 {
        if resource != nil { note(item.element, "the floppy drive '\(item.name)' is not carried") }
        continue
      }
      let controller = item.parent.flatMap { controllers[$0] }
      let bus = controller?.bus ?? (item.type == 17 ? "scsi" : "ide")
      let prefix = DiskTarget.prefix(bus: bus)
      let wished = bus == "ide" ? (controller?.index ?? 0) * 2 + (item.place ?? 0) : 0
      let target = bus == "nvme" ? targets.next("nvme") : targets.next(prefix, from: wished)
      if item.type == 17 {
        addDisk(item, resource, target, bus)
      } else {
        let name = resource.flatMap { files.file($0) } ?? resource.flatMap { files.disk($0)?.file }
        if let name {
          files.use(nil, file: name, by: .init(domain: draft.name, target: target))
        } else if let resource, isConnected {
          note(item.element, "what is in the drive '\(item.name)' is not in the package: '\(resource)'")
        }
        draft.disks.append(
          XMLElement("disk", ["type": "file", "device": "cdrom"]) {
            name.map { XMLElement("source", ["file": estate.resolve($0)]) }
            XMLElement("target", ["dev": target, "bus": bus])
            XMLElement("readonly")
          })
      }
    }
  }

  private mutating func addDisk(_ item: OVFItem, _ resource: String?, _ target: String, _ bus: String) {
    let use = ConvertedEstate.Use(domain: draft.name, target: target)
    let disk = resource.flatMap { files.disk($0) }
    let name = resource.flatMap { files.file($0) }
    if let resource, disk == nil, name == nil {
      note(item.element, "the disk '\(item.name)' is '\(resource)', which the package does not have")
    }
    files.use(disk, file: name, by: use)
    let path = disk?.path ?? name.map { estate.resolve($0) }
    let format = disk?.format
    if path == nil {
      note(item.element, "the disk '\(item.name)' at \(target) is empty: the package has no file of it")
    }
    draft.disks.append(
      XMLElement("disk", ["type": "file", "device": "disk"]) {
        format.map { XMLElement("driver", ["name": "qemu", "type": $0]) }
        path.map { XMLElement("source", ["file": $0]) }
        XMLElement("target", ["dev": target, "bus": bus])
      })
  }

  // MARK: Interfaces

  mutating func readInterfaces() {
    for item in items where item.type == 10 {
      item.isTaken = true
      _ = item.element.attribute("required")
      let network = item.element.text("Connection")
      let isConnected = item.element.text("AutomaticAllocation") != "false"
      let mac = item.element.text("Address").flatMap { text -> String? in
        let digits = text.filter { $0 != ":" && $0 != "-" }
        let pairs = stride(from: 0, to: digits.count, by: 2).map { String(digits.dropFirst($0).prefix(2)) }
        if let mac = try? MACAddress(parsing: pairs.joined(separator: ":")) { return mac.description }
        note(item.element, "the address of '\(item.name)' is none of an interface: it gets another one")
        return nil
      }
      let model = Self.nicModel(item.subtype)
      if model == nil, !item.subtype.isEmpty {
        note(item.element, "the model '\(item.subtype)' of '\(item.name)' is not known")
      }
      if network == nil { note(item.element, "'\(item.name)' is on no network that is named") }
      draft.interfaces.append(
        XMLElement("interface", ["type": "network"]) {
          mac.map { XMLElement("mac", ["address": $0]) }
          network.map { XMLElement("source", ["network": $0]) }
          model.map { XMLElement("model", ["type": $0]) }
          isConnected ? nil : XMLElement("link", ["state": "down"])
        })
    }
  }

  private static func nicModel(_ kind: String) -> String? {
    for part in kind.split(whereSeparator: { $0 == " " || $0 == "," }) {
      switch part {
      case "e1000", "e1000e", "vmxnet3", "pcnet32", "virtio":
        return String(part == "pcnet32" ? "pcnet" : part)
      case "vmxnet", "vmxnet2": return "vmxnet3"
      case "virtio-net": return "virtio"
      default: continue
      }
    }
    return nil
  }

  // MARK: Others

  mutating func readOtherDevices() {
    for item in items {
      switch item.type {
      case 1 where item.subtype.contains("tpm"):
        item.isTaken = true
        item.element.ignore()
        draft.otherDevices.append(DomainDraft.tpm())
        note(item.element, "its TPM begins empty")
      case 1 where item.subtype.contains("vmci"), 23:
        // Every machine has USB; VMCI is VMware's own.
        item.isTaken = true
        item.element.ignore()
      case 24:
        item.isTaken = true
        item.element.ignore()
        draft.otherDevices.append(XMLElement("video") { XMLElement("model", ["type": "vga"]) })
      case 21:
        item.isTaken = true
        item.element.ignore()
        let number = draft.ports.count
        draft.ports.append(
          XMLElement("serial", ["type": "pty"]) { XMLElement("target", ["port": "\(number)"]) })
      case 35 where item.subtype.contains("hda") || item.subtype.contains("ac97"):
        item.isTaken = true
        item.element.ignore()
        let model = item.subtype.contains("ac97") ? "ac97" : "ich6"
        draft.otherDevices.append(XMLElement("sound", ["model": model]))
      default: break
      }
    }
  }
}

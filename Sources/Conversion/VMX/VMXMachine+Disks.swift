import Libvirt

extension VMXMachine {
  /// Disks and drives by controller and unit, each at the target that libvirt's converter gives it; where another has that,
  /// at the next free one.
  mutating func readDisks() {
    var targets = FreeTargets()
    // Unit 7 of a SCSI bus is the controller itself.
    for (bus, units, perController) in [("scsi", 65, 15), ("sata", 30, 30), ("nvme", 64, 64)] {
      for controller in file.numbers(bus) where controller < 4 {
        readController(bus, controller)
        guard file.flag("\(bus)\(controller).present") == true else {
          file.ignore(prefix: "\(bus)\(controller)")
          continue
        }
        for unit in file.numbers("\(bus)\(controller):") where unit < units && !(bus == "scsi" && unit == 7) {
          let index = controller * perController + (bus == "scsi" && unit > 7 ? unit - 1 : unit)
          let key = "\(bus)\(controller):\(unit)"
          guard file.flag("\(key).present") == true else {
            file.ignore(prefix: "\(key).")
            continue
          }
          let target = bus == "nvme" ? "nvme\(controller)n\(unit + 1)" : targets.next("sd", from: index)
          readDisk(key, target, bus, (controller, 0, unit))
        }
      }
    }
    for channel in 0...1 {
      for unit in 0...1 {
        readDisk(
          "ide\(channel):\(unit)", DiskTarget.name("hd", channel * 2 + unit), "ide", (0, channel, unit))
      }
    }
    for unit in 0...1 { readFloppy(unit) }
  }

  private mutating func readController(_ bus: String, _ number: Int) {
    guard file.flag("\(bus)\(number).present") == true, bus != "nvme" else { return }
    let key = "\(bus)\(number).virtualDev"
    let model = file.word(key)?.lowercased()
    let known = ["buslogic", "lsilogic", "lsisas1068", "pvscsi"]
    if let model, bus == "scsi", !known.contains(model) {
      note(key, "the SCSI controller '\(model)' is not known")
    }
    if file.word("\(bus)\(number).sharedBus").map({ $0.lowercased() != "none" }) == true {
      note(
        "\(bus)\(number).sharedBus",
        "'\(bus)\(number).sharedBus' is not carried: no other machine shares its disks")
    }
    let name = model.flatMap { known.contains($0) ? ($0 == "pvscsi" ? "vmpvscsi" : $0) : nil }
    draft.controllers.append(
      XMLElement("controller", ["type": bus, "index": "\(number)", "model": bus == "scsi" ? name : nil]))
  }

  private mutating func readDisk(
    _ key: String, _ target: String, _ bus: String, _ place: (controller: Int, bus: Int, unit: Int)
  ) {
    guard file.flag("\(key).present") == true else {
      file.ignore(prefix: "\(key).")
      return
    }
    let name = file.word("\(key).fileName")
    let type = file.word("\(key).deviceType")?.lowercased()
    let isClients = file.flag("\(key).clientDevice") == true
    file.ignore(prefix: "\(key).startConnected")
    file.ignore(prefix: "\(key).autodetect")
    file.ignore(prefix: "\(key).allowGuestConnectionControl")
    if isClients {
      note("\(key).present", "the drive \(key) is of whoever looks at the machine: it is not carried")
      file.ignore(prefix: "\(key).")
      return
    }
    let isCDROM =
      type?.contains("cdrom") == true || name?.pathExtension == "iso" || name == "emptyBackingString"
      || name == nil || type == "scsi-passthru" && name?.hasPrefix("/vmfs/devices/cdrom/") == true
    let element =
      isCDROM
      ? cdrom(key, target, bus, name: name, type: type)
      : disk(key, target, bus, name: name ?? "", type: type)
    guard var element else { return }
    if bus != "nvme" {
      element.children.append(
        .element(
          XMLElement(
            "address",
            [
              "type": "drive", "controller": "\(place.controller)", "bus": "\(place.bus)", "target": "0",
              "unit": "\(place.unit)",
            ])))
    }
    draft.disks.append(element)
  }

  private func cdrom(
    _ key: String, _ target: String, _ bus: String, name: String?, type: String?
  ) -> XMLElement? {
    let isAutomatic = name?.lowercased() == "auto detect" || name == "emptyBackingString" || name == nil
    let device = type == "cdrom-raw" || type == "scsi-passthru" ? "lun" : "cdrom"
    let isBlock = type.map { ["atapi-cdrom", "cdrom-raw", "scsi-passthru"].contains($0) } ?? false
    var source: XMLElement?
    if let name, !isAutomatic {
      source = XMLElement("source", isBlock ? ["dev": name] : ["file": estate.resolve(name)])
    }
    let isOptional = isBlock && name?.lowercased() == "auto detect"
    if isOptional { source = XMLElement("source", ["startupPolicy": "optional"]) }
    return XMLElement("disk", ["type": isBlock ? "block" : "file", "device": device]) {
      source
      XMLElement("target", ["dev": target, "bus": bus])
      XMLElement("readonly")
    }
  }

  private func disk(
    _ key: String, _ target: String, _ bus: String, name: String, type: String?
  ) -> XMLElement? {
    guard name.pathExtension == "vmdk" else {
      note("\(key).fileName", "the disk \(key) is neither a VMDK file nor an ISO image: it is not carried")
      file.ignore(prefix: "\(key).")
      return nil
    }
    let path = estate.resolve(name)
    let isWrittenThrough = file.flag("\(key).writeThrough") == true
    let mode = file.word("\(key).mode")?.lowercased()
    if let mode, !["persistent", "independent-persistent", "independent-nonpersistent"].contains(mode) {
      note("\(key).mode", "the mode '\(mode)' of the disk \(key) is not carried")
    }
    file.ignore(prefix: "\(key).redo")
    let use = ConvertedEstate.Use(domain: draft.name, target: target)
    VMDK.describe(path, of: draft.name, place: estate.place(file.line("\(key).fileName")), use, in: estate)
    return XMLElement("disk", ["type": "file", "device": "disk"]) {
      isWrittenThrough ? XMLElement("driver", ["cache": "writethrough"]) : nil
      XMLElement("source", ["file": path])
      XMLElement("target", ["dev": target, "bus": bus])
      mode == "independent-nonpersistent" ? XMLElement("transient") : nil
    }
  }

  private mutating func readFloppy(_ unit: Int) {
    let key = "floppy\(unit)"
    guard file.flag("\(key).present") == true, file.flag("\(key).clientDevice") != true else {
      file.ignore(prefix: "\(key).")
      return
    }
    let name = file.word("\(key).fileName")
    let type = file.word("\(key).fileType")?.lowercased()
    file.ignore(prefix: "\(key).startConnected")
    file.ignore(prefix: "\(key).autodetect")
    guard type == "device" || type == "file" else {
      note("\(key).present", "the floppy drive \(key) has nothing in it that is known: it is not carried")
      return
    }
    let isBlock = type == "device"
    draft.disks.append(
      XMLElement("disk", ["type": isBlock ? "block" : "file", "device": "floppy"]) {
        name.map { XMLElement("source", isBlock ? ["dev": $0] : ["file": estate.resolve($0)]) }
        XMLElement("target", ["dev": DiskTarget.name("fd", unit), "bus": "fdc"])
        XMLElement(
          "address",
          ["type": "drive", "controller": "0", "bus": "0", "target": "0", "unit": "\(unit)"])
      })
  }

  // MARK: Shared folders

  mutating func readSharedFolders() {
    let areOff = file.flag("isolation.tools.hgfs.disable") ?? true
    for number in file.numbers("sharedfolder") {
      let key = "sharedFolder\(number)"
      guard !areOff, file.flag("\(key).present") == true, file.flag("\(key).enabled") == true,
        let path = file.word("\(key).hostPath"), let name = file.word("\(key).guestName")
      else {
        file.ignore(prefix: "\(key).")
        continue
      }
      let isReadOnly = file.flag("\(key).writeAccess") != true
      file.ignore(prefix: "\(key).readAccess")
      file.ignore(prefix: "\(key).expiration")
      draft.filesystems.append(
        XMLElement("filesystem", ["type": "mount", "accessmode": "passthrough"]) {
          XMLElement("source", ["dir": path])
          XMLElement("target", ["dir": name])
          isReadOnly ? XMLElement("readonly") : nil
        })
    }
    file.ignore(prefix: "sharedFolder.")
  }
}

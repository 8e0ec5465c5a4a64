import Libvirt
import SpecModel

extension KcliMachine {
  // MARK: Disks

  mutating func readDisks() {
    let pool = value("pool")?.word ?? "default"
    let bus = value("diskinterface")?.word ?? "virtio"
    let isThin = value("diskthin")?.flag ?? true
    let size = value("disksize")?.bytes(1 << 30) ?? 10 << 30
    let image = value("image")?.word ?? value("template")?.word
    let items = value("disks")?.items ?? [SourceNode(.null, line: nil)]
    var targets = FreeTargets()
    for (index, item) in items.enumerated() {
      let isMap = item.isMap
      if !isMap, !item.isNull, item.bytes(1 << 30) == nil {
        note("disks", "the disk \(index + 1) is not carried: it is neither a size in GiB nor a map")
        item.ignore()
        continue
      }
      let capacity = isMap ? item["size"]?.bytes(1 << 30) ?? size : item.bytes(1 << 30) ?? size
      let diskBus = item["interface"]?.word ?? bus
      let diskPool = item["pool"]?.word ?? pool
      let name = item["name"]?.word ?? "\(draft.name)_\(index).img"
      let imageName = item["image"]?.word ?? (index == 0 ? image : nil)
      let format = item["thin"]?.flag ?? isThin || imageName != nil ? "qcow2" : "raw"
      let target = targets.next(DiskTarget.prefix(bus: diskBus))
      let serial = item["serial"]?.word
      let use = ConvertedEstate.Use(domain: draft.name, target: target)
      addVolume(name, diskPool, capacity, format, imageName, use)
      draft.disks.append(
        XMLElement("disk", ["type": "volume", "device": "disk"]) {
          XMLElement("driver", ["name": "qemu", "type": format])
          XMLElement("source", ["pool": diskPool, "volume": name])
          XMLElement("target", ["dev": target, "bus": diskBus])
          serial.map { XMLElement("serial", text: $0) }
        })
    }
  }

  private func addVolume(
    _ name: String, _ pool: String, _ capacity: UInt64, _ format: String, _ image: String?,
    _ use: ConvertedEstate.Use
  ) {
    let known = image.flatMap { plan.image($0) }
    let url = known?.url
    var backing: String?
    if let image {
      backing = image.hasPrefix("/") ? image : "\(known?.pool ?? pool)/\(known?.name ?? image)"
      if url == nil, !image.hasPrefix("/") {
        note(
          "image", "the image '\(image)' is not in the plan: kcli has it in a pool, or knows it by its name")
      }
    }
    plan.estate.add(
      ConvertedEstate.Volume(
        pool: pool, name: name, capacity: capacity, format: format, backingPath: backing,
        image: url.map(ConvertedEstate.ImageSource.url), usedBy: [use]))
    if let url, let known {
      plan.estate.add(ConvertedEstate.Image(name: known.name.stem, source: .url(url), usedBy: [use]))
    }
  }

  mutating func readDrives() {
    if let iso = value("iso")?.word {
      let pool = value("pool")?.word ?? "default"
      let known = plan.image(iso)
      let file = known?.name ?? iso.lastPathComponent
      let isPath = iso.hasPrefix("/")
      let use = ConvertedEstate.Use(domain: draft.name, target: "hdc")
      if let url = known?.url ?? (iso.contains("://") ? iso : nil) {
        plan.estate.add(
          ConvertedEstate.Image(name: file.stem, source: .url(url), format: "raw", usedBy: [use]))
      }
      draft.disks.append(
        XMLElement("disk", ["type": isPath ? "file" : "volume", "device": "cdrom"]) {
          XMLElement("driver", ["name": "qemu", "type": "raw"])
          XMLElement("source", isPath ? ["file": iso] : ["pool": pool, "volume": file])
          XMLElement("target", ["dev": "hdc", "bus": "sata"])
          XMLElement("readonly")
        })
    }
    if let floppy = value("floppy") {
      note("floppy", "the floppy disk is not carried")
      floppy.ignore()
    }
  }

  // MARK: Interfaces

  mutating func readInterfaces() {
    let items = value("nets")?.items ?? [SourceNode(.string("default"), line: nil)]
    for (index, item) in items.enumerated() {
      guard let name = item.isMap ? item["name"]?.word : item.word else {
        note("nets", "the NIC \(index + 1) is not carried: it names no network")
        continue
      }
      let mac = item["mac"]?.word.flatMap { text -> String? in
        if let mac = try? MACAddress(parsing: text) { return mac.description }
        note("nets", "the MAC address of the NIC \(index + 1) is none of an interface: it gets another one")
        return nil
      }
      let isOVS = item["ovs"]?.flag ?? false
      let model = item["type"]?.word ?? "virtio"
      let mtu = item["mtu"]?.natural
      let queues = item["multiqueues"]?.natural
      let filter = item["filter"]?.word
      if !isOVS, !plan.knows(network: name) {
        note(
          "nets",
          "'\(name)' is not a network of the plan: it is taken for one of libvirt's, and may be a bridge of the host"
        )
      }
      readAddress(of: item, index, name, mac)
      draft.interfaces.append(
        XMLElement("interface", ["type": isOVS ? "bridge" : "network"]) {
          mac.map { XMLElement("mac", ["address": $0]) }
          XMLElement("source", isOVS ? ["bridge": name] : ["network": name])
          isOVS ? XMLElement("virtualport", ["type": "openvswitch"]) : nil
          XMLElement("model", ["type": model])
          queues.map { XMLElement("driver", ["name": "vhost", "queues": "\($0)"]) }
          filter.map { XMLElement("filterref", ["filter": $0]) }
          mtu.map { XMLElement("mtu", ["size": "\($0)"]) }
        })
    }
    for key in ["ips", "netmasks", "gateway"] {
      guard let item = value(key) else { continue }
      note(
        key, "'\(key)' is of the first boot, which is not carried: write it as a static address of the NIC")
      item.ignore()
    }
  }

  private mutating func readAddress(of item: SourceNode, _ index: Int, _ network: String, _ mac: String?) {
    guard item.isMap else { return }
    let isReserved = item["reserveip"]?.flag ?? (index == 0 ? value("reserveip")?.flag ?? false : false)
    if let address = item["ip"]?.word {
      if isReserved {
        addressed.append((network, mac, address))
      } else {
        note(
          "nets",
          "the address \(address) of the NIC \(index + 1) is set by the first boot, which is not carried: write it as a static address of the NIC"
        )
      }
    }
    item.ignore(["netmask", "mask", "prefix", "gateway", "dns", "domain", "noconf", "nic"])
    if item["reservedns"]?.flag == true || index == 0 && value("reservedns")?.flag == true {
      note("nets", "its name in the DNS of '\(network)' is not carried")
    }
  }

  // MARK: Other devices

  mutating func readDevices() {
    let isVNC = value("vnc")?.flag ?? true
    draft.otherDevices.append(
      XMLElement("graphics", ["type": isVNC ? "vnc" : "spice", "port": "-1", "autoport": "yes"]))
    draft.ports = [
      XMLElement("serial", ["type": "pty"]) { XMLElement("target", ["port": "0"]) },
      XMLElement("console", ["type": "pty"]) { XMLElement("target", ["type": "serial", "port": "0"]) },
      XMLElement("channel", ["type": "unix"]) {
        XMLElement("target", ["type": "virtio", "name": "org.qemu.guest_agent.0"])
      },
    ]
    if value("tpm")?.flag == true { draft.otherDevices.append(DomainDraft.tpm()) }
    draft.otherDevices.append(XMLElement("memballoon", ["model": "virtio"]))
    if value("rng")?.flag == true {
      draft.otherDevices.append(
        XMLElement("rng", ["model": "virtio"]) {
          XMLElement("rate", ["bytes": "1024", "period": "1000"])
          XMLElement("backend", ["model": "random"], text: "/dev/random")
        })
    }
    for item in value("pcidevices")?.items ?? [] {
      let parts = (item.text ?? "").split(whereSeparator: { $0 == ":" || $0 == "." }).map {
        UInt16($0, radix: 16)
      }
      guard parts.count == 3, let bus = parts[0], let slot = parts[1], let function = parts[2] else {
        note("pcidevices", "a PCI device is not carried, since its address is not understood")
        continue
      }
      let hex = { (number: UInt16) in "0x" + (number < 16 ? "0" : "") + String(number, radix: 16) }
      draft.otherDevices.append(
        XMLElement("hostdev", ["mode": "subsystem", "type": "pci", "managed": "yes"]) {
          XMLElement("source") {
            XMLElement(
              "address",
              [
                "domain": "0x0000", "bus": hex(bus), "slot": hex(slot),
                "function": "0x" + String(function, radix: 16),
              ])
          }
        })
    }
    for item in value("sharedfolders")?.items ?? [] {
      guard let path = item.word else { continue }
      draft.filesystems.append(
        XMLElement("filesystem", ["type": "mount", "accessmode": "mapped"]) {
          XMLElement("source", ["dir": path])
          XMLElement("target", ["dir": path.lastPathComponent])
        })
    }
    if let extra = value("qemuextra") {
      note("qemuextra", "arguments to QEMU are not carried")
      extra.ignore()
    }
  }
}

import Libvirt
import SpecModel

/// A `libvirt_domain` of the provider before 0.9, with what the provider makes of it.
struct TerraformOldDomain {
  let resource: TerraformResource
  let owner: TerraformEstate
  var draft = DomainDraft(name: "")

  init(_ resource: TerraformResource, in owner: TerraformEstate) {
    self.resource = resource
    self.owner = owner
  }

  private var node: SourceNode { resource.attributes }

  func note(_ path: String, _ text: String) {
    owner.estate.note(draft.name, at: "\(resource.address).\(path)", text)
  }

  consuming func convert() {
    var domain = self
    domain.read()
  }

  private mutating func read() {
    draft.name = resource.name(owner.estate)
    draft.uuid = node["id"]?.word?.canonicalUUID
    draft.summary = node["description"]?.word
    draft.memory = Amount.kibibytes(node["memory"]?.bytes(1 << 20) ?? 512 << 20)
    let count = node["vcpu"]?.integer ?? 1
    draft.vcpus = (1...4096).contains(count) ? count : 1
    if draft.vcpus != count { note("vcpu", "the number of CPUs is none that a machine can have: 1 is taken") }
    draft.cpu = node.at("cpu", "mode")?.word.map { XMLElement("cpu", ["mode": $0]) }
    draft.arch = node["arch"]?.word ?? "x86_64"
    draft.machine = node["machine"]?.word
    draft.emulator = node["emulator"]?.word
    if draft.arch != "s390x" {
      draft.features = [XMLElement("acpi"), XMLElement("apic"), XMLElement("pae")]
    }
    readBoot()
    readDisks()
    readInterfaces()
    readDevices()
    let autostart = node["autostart"]?.flag ?? false
    let isRunning = node["running"]?.flag ?? true
    node.ignore(["qemu_agent"])
    owner.noteUnread(resource, of: draft.name)
    owner.estate.add(
      ConvertedEstate.Domain(document: draft.document, autostart: autostart, isRunning: isRunning))
  }

  private mutating func readBoot() {
    if let path = node["firmware"]?.word {
      draft.boot.append(
        XMLElement("loader", ["readonly": "yes", "secure": "no", "type": "pflash"], text: path))
      let file = node.at("nvram", "file")?.word
      let template = node.at("nvram", "template")?.word
      if file != nil || template != nil {
        draft.boot.append(XMLElement("nvram", ["template": template], text: file))
      }
    } else if draft.arch == "aarch64" {
      draft.firmware = "efi"
    }
    for (key, element) in [("kernel", "kernel"), ("initrd", "initrd")] {
      guard let path = node[key]?.word else { continue }
      let volume = owner.volume(path)
      draft.boot.append(XMLElement(element, text: volume?.path ?? path))
    }
    let arguments = (node["cmdline"]?.items ?? []).flatMap { item in
      item.entries.compactMap { key, value in value.text.map { key == "_" ? $0 : "\(key)=\($0)" } }
    }
    if !arguments.isEmpty {
      draft.boot.append(XMLElement("cmdline", text: arguments.sorted().joined(separator: " ")))
    }
    for item in node["boot_device"]?.items ?? [] {
      for device in item["dev"]?.items ?? [] {
        if let name = device.word { draft.boot.append(XMLElement("boot", ["dev": name])) }
      }
    }
    if let id = node["coreos_ignition"]?.word {
      let name = node["fw_cfg_name"]?.word ?? "opt/com.coreos/config"
      let path = owner.seed(id)?.path ?? TerraformEstate.key(id)
      draft.sysinfo = XMLElement("sysinfo", ["type": "fwcfg"]) {
        XMLElement("entry", ["name": name, "file": path])
      }
    }
    node.ignore(["fw_cfg_name"])
  }

  // MARK: Disks

  /// Disks are virtio at the letter of their number; what is SCSI or an ISO image counts among its own kind.
  private mutating func readDisks() {
    var (scsi, drives) = (0, 0)
    for (index, item) in (node["disk"]?.items ?? []).enumerated() {
      var target = DiskTarget.name("vd", index)
      var bus = "virtio"
      if item["scsi"]?.flag == true {
        (target, bus) = (DiskTarget.name("sd", scsi), "scsi")
        scsi += 1
      }
      let wwn = bus == "scsi" ? item["wwn"]?.word : nil
      let file = item["file"]?.word
      let url = item["url"]?.word
      let isDrive = file?.pathExtension == "iso" || url?.pathExtension == "iso"
      if isDrive {
        (target, bus) = (DiskTarget.name("hd", drives), "ide")
        drives += 1
      }
      guard let (type, source, format) = source(item, file: file, url: url, target) else {
        note("disk[\(index)]", "the disk \(index + 1) is not carried: it names no source")
        continue
      }
      draft.disks.append(
        XMLElement("disk", ["type": type, "device": isDrive ? "cdrom" : "disk"]) {
          XMLElement("driver", ["name": "qemu", "type": format])
          source
          XMLElement("target", ["dev": target, "bus": bus])
          isDrive ? XMLElement("readonly") : nil
          wwn.map { XMLElement("wwn", text: $0) }
        })
    }
    if scsi > 0 {
      draft.controllers.append(
        XMLElement("controller", ["type": "scsi", "index": "0", "model": "virtio-scsi"]))
    }
    if let id = node["cloudinit"]?.word { addSeed(id) }
  }

  private func source(
    _ item: SourceNode, file: String?, url: String?, _ target: String
  ) -> (String, XMLElement, String?)? {
    if let id = item["volume_id"]?.word {
      guard let volume = owner.volume(id) else {
        note("disk", "the volume of the disk at \(target) is not described")
        return ("file", XMLElement("source", ["file": id]), "raw")
      }
      owner.use(volume, domain: draft.name, target: target)
      return (
        "volume", XMLElement("source", ["pool": volume.pool ?? "default", "volume": volume.name]),
        volume.format
      )
    }
    if let url {
      let parts = url.components(separatedBy: "://")
      guard parts.count == 2 else { return nil }
      let host = parts[1].prefix { $0 != "/" }
      let name = host.split(separator: ":").first.map(String.init)
      let port = host.split(separator: ":").dropFirst().first.map(String.init)
      let path = String(parts[1].dropFirst(host.count + 1))
      let source = XMLElement("source", ["protocol": parts[0], "name": path]) {
        XMLElement("host", ["name": name, "port": port])
      }
      return ("network", source, url.hasSuffix(".qcow2") ? "qcow2" : "raw")
    }
    if let file {
      // The provider says raw even where it is not.
      return ("file", XMLElement("source", ["file": file]), file.hasSuffix(".qcow2") ? "qcow2" : "raw")
    }
    return item["block_device"]?.word.map { ("block", XMLElement("source", ["dev": $0]), "raw") }
  }

  private mutating func addSeed(_ id: String) {
    let seed = owner.seed(id)
    if let seed { owner.use(seed, domain: draft.name, target: "hdd") }
    let path = seed?.path ?? TerraformEstate.key(id)
    let volume = seed.flatMap { seed in
      seed.path == nil ? XMLElement("source", ["pool": seed.pool ?? "default", "volume": seed.name]) : nil
    }
    draft.disks.append(
      XMLElement("disk", ["type": volume == nil ? "file" : "volume", "device": "cdrom"]) {
        XMLElement("driver", ["name": "qemu", "type": "raw"])
        volume ?? XMLElement("source", ["file": path])
        XMLElement("target", ["dev": "hdd", "bus": "ide"])
        XMLElement("readonly")
        XMLElement("serial", text: "cloudinit")
      })
  }

  // MARK: Interfaces

  private mutating func readInterfaces() {
    for (index, item) in (node["network_interface"]?.items ?? []).enumerated() {
      let mac = item["mac"]?.word.flatMap { text -> String? in
        if let mac = try? MACAddress(parsing: text) { return mac.description }
        note(
          "network_interface[\(index)].mac", "the MAC address is none of an interface: it gets another one")
        return nil
      }
      let id = item["network_id"]?.word
      let network = item["network_name"]?.word ?? id.flatMap { owner.network($0) }
      let (type, source) = link(item, network: network, index)
      readAddresses(item, index, network: network, mac: mac)
      item.ignore(["wait_for_lease"])
      draft.interfaces.append(
        XMLElement("interface", ["type": type]) {
          mac.map { XMLElement("mac", ["address": $0]) }
          source
          XMLElement("model", ["type": "virtio"])
        })
    }
  }

  private func link(_ item: SourceNode, network: String?, _ index: Int) -> (String, XMLElement?) {
    if let network { return ("network", XMLElement("source", ["network": network])) }
    if let bridge = item["bridge"]?.word { return ("bridge", XMLElement("source", ["bridge": bridge])) }
    for (key, mode) in [("vepa", "vepa"), ("macvtap", "bridge"), ("passthrough", "passthrough")] {
      if let device = item[key]?.word {
        return ("direct", XMLElement("source", ["dev": device, "mode": mode]))
      }
    }
    note("network_interface[\(index)]", "the NIC \(index + 1) is on no network that is described")
    return ("user", nil)
  }

  /// In a configuration, addresses are reserved with DHCP; a state has leases among them, too.
  private func readAddresses(_ item: SourceNode, _ index: Int, network: String?, mac: String?) {
    let addresses = (item["addresses"]?.items ?? []).compactMap(\.text)
    let hostname = item["hostname"]?.word
    let path = "network_interface[\(index)].addresses"
    if resource.isFilledIn {
      if !addresses.isEmpty {
        note(
          path,
          "\(addresses.joined(separator: ", ")): a state does not say whether DHCP keeps an address for the NIC or leased it once: not carried"
        )
      }
      return
    }
    for address in addresses {
      let isDone = network.flatMap { network in
        mac.map { owner.estate.reserve(address, mac: $0, name: hostname ?? draft.name, inNetwork: network) }
      }
      if isDone != true {
        note(
          path,
          "\(address), which DHCP would keep for the NIC, is not carried: its network is not described, or it has no MAC address"
        )
      }
    }
  }

  // MARK: Other devices

  private mutating func readDevices() {
    for item in node["filesystem"]?.items ?? [] {
      let isReadOnly = item["readonly"]?.flag ?? true
      draft.filesystems.append(
        XMLElement("filesystem", ["type": "mount", "accessmode": item["accessmode"]?.word ?? "mapped"]) {
          XMLElement("source", ["dir": item["source"]?.word])
          XMLElement("target", ["dir": item["target"]?.word])
          isReadOnly ? XMLElement("readonly") : nil
        })
    }
    for item in node["console"]?.items ?? [] { draft.ports.append(console(item)) }
    draft.ports.append(
      XMLElement("channel", ["type": "unix"]) {
        XMLElement("target", ["type": "virtio", "name": "org.qemu.guest_agent.0"])
      })
    readTPM()
    readGraphics()
    if let video = node.at("video", "type")?.word {
      draft.otherDevices.append(XMLElement("video") { XMLElement("model", ["type": video]) })
    }
    draft.otherDevices.append(
      XMLElement("rng", ["model": "virtio"]) {
        XMLElement("backend", ["model": "random"], text: "/dev/urandom")
      })
  }

  private func console(_ item: SourceNode) -> XMLElement {
    let type = item["type"]?.word ?? "pty"
    let path = item["source_path"]?.word
    let host = item["source_host"]?.word
    let service = item["source_service"]?.word
    return XMLElement("console", ["type": type]) {
      type == "tcp" ? XMLElement("source", ["mode": "bind", "host": host, "service": service]) : nil
      type == "tcp" ? XMLElement("protocol", ["type": "telnet"]) : nil
      type == "tcp" ? nil : path.map { XMLElement("source", ["path": $0]) }
      XMLElement("target", ["type": item["target_type"]?.word, "port": item["target_port"]?.text])
    }
  }

  private mutating func readTPM() {
    guard let tpm = node["tpm"]?.items.first else { return }
    let type = tpm["backend_type"]?.word ?? "emulator"
    let device = tpm["backend_device_path"]?.word
    if tpm["backend_encryption_secret"]?.word != nil {
      note("tpm", "the secret that its state is encrypted with is not carried")
    }
    let keeps = tpm["backend_persistent_state"]?.flag == true
    draft.otherDevices.append(
      XMLElement("tpm", ["model": tpm["model"]?.word]) {
        XMLElement(
          "backend",
          ["type": type, "version": tpm["backend_version"]?.word, "persistent_state": keeps ? "yes" : nil]
        ) { type == "passthrough" ? device.map { XMLElement("device", ["path": $0]) } : nil }
      })
  }

  private mutating func readGraphics() {
    guard let graphics = node["graphics"]?.items.first else { return }
    let type = graphics["type"]?.word ?? "spice"
    let isAutomatic = graphics["autoport"]?.flag ?? true
    let listen = graphics["listen_type"]?.word
    let address = graphics["listen_address"]?.word
    let socket = graphics["websocket"]?.natural.flatMap { $0 == 0 ? nil : $0 }
    guard type != "none" else { return }
    draft.otherDevices.append(
      XMLElement(
        "graphics",
        [
          "type": type, "autoport": isAutomatic ? "yes" : "no", "websocket": socket.map { "\($0)" },
          "listen": listen == "address" ? address : nil,
        ]
      ) {
        listen == nil || listen == "none"
          ? nil : XMLElement("listen", ["type": listen, "address": listen == "address" ? address : nil])
      })
  }
}

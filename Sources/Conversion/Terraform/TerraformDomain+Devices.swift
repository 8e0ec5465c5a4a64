import Libvirt
import SpecModel

extension TerraformDomain {
  private var devices: SourceNode? { node["devices"]?.items.first }

  // MARK: Disks

  mutating func readDisks() {
    var targets = FreeTargets()
    for (index, item) in (devices?["disks"]?.items ?? []).enumerated() {
      let block = item["target"]?.isMap == true ? item["target"] : nil
      let bus = block?["bus"]?.word ?? item["bus"]?.word ?? "virtio"
      let target =
        block?["dev"]?.word ?? item["target"]?.word ?? targets.next(DiskTarget.prefix(bus: bus))
      let device = item["device"]?.word ?? "disk"
      let (type, source, volume) = source(item, target)
      var driver = item["driver"]?.items.first.map {
        TerraformRules.element("driver", $0, TerraformRules.diskDriver)
      }
      if driver?[attribute: "type"] == nil, let format = volume?.format {
        driver = driver ?? XMLElement("driver", ["name": "qemu"])
        driver?[attribute: "type"] = format
      }
      if source == nil, device == "disk" {
        note("devices.disks[\(index)]", "the source of the disk at \(target) is not carried")
      }
      let isReadOnly = item["read_only"]?.flag == true
      let isShared = item["shareable"]?.flag == true
      let tune = item["io_tune"]?.items.first.map {
        TerraformRules.element("iotune", $0, TerraformRules.ioTune)
      }
      let order = item.at("boot", "order")?.text
      let (serial, wwn) = (item["serial"]?.word, item["wwn"]?.word)
      item["backing_store"]?.ignore()
      draft.disks.append(
        XMLElement("disk", ["type": type, "device": device]) {
          driver
          source
          XMLElement("target", ["dev": target, "bus": bus])
          tune
          isReadOnly ? XMLElement("readonly") : nil
          isShared ? XMLElement("shareable") : nil
          serial.map { XMLElement("serial", text: $0) }
          wwn.map { XMLElement("wwn", text: $0) }
          order.map { XMLElement("boot", ["order": $0]) }
        })
    }
  }

  private func source(
    _ item: SourceNode, _ target: String
  ) -> (String, XMLElement?, TerraformEstate.KnownVolume?) {
    guard let source = item["source"] else { return ("file", nil, nil) }
    if let path = source.word ?? source.at("file", "file")?.word ?? source["file"]?.word {
      let volume = owner.volume(path)
      if let volume { owner.use(volume, domain: draft.name, target: target) }
      guard let volume, path.contains("${") else {
        return ("file", XMLElement("source", ["file": path]), volume)
      }
      // A reference to a volume, whose path only a host could tell.
      return (
        "volume", XMLElement("source", ["pool": volume.pool ?? "default", "volume": volume.name]), volume
      )
    }
    if let path = source.at("block", "dev")?.word ?? source["block"]?.word {
      return ("block", XMLElement("source", ["dev": path]), nil)
    }
    if let name = source.at("volume", "volume")?.word {
      let pool = source.at("volume", "pool")?.word ?? "default"
      let volume = owner.volume(pool: pool, name: name)
      if let volume { owner.use(volume, domain: draft.name, target: target) }
      return ("volume", XMLElement("source", ["pool": pool, "volume": name]), volume)
    }
    if let network = source["network"]?.items.first {
      let hosts = (network["hosts"]?.items ?? []).map { host in
        XMLElement("host", ["name": host["name"]?.word, "port": host["port"]?.text])
      }
      return (
        "network",
        XMLElement("source", ["protocol": network["protocol"]?.word, "name": network["name"]?.word]) {
          hosts
        }, nil
      )
    }
    return ("file", nil, nil)
  }

  // MARK: Interfaces

  mutating func readInterfaces() {
    for (index, item) in (devices?["interfaces"]?.items ?? []).enumerated() {
      let text = item.at("mac", "address")?.word ?? item["mac"]?.word
      let mac = text.flatMap { try? MACAddress(parsing: $0) }
      if text != nil, mac == nil {
        note(
          "devices.interfaces[\(index)].mac", "the MAC address is none of an interface: it gets another one")
      }
      let (type, source) = link(item, index)
      let model = item.at("model", "type")?.word ?? item["model"]?.word
      let vlan = item["vlan"]?.items.first.map { TerraformRules.element("vlan", $0, TerraformRules.vlan) }
      let port = item["virtual_port"]?.items.first
      let portType =
        port?["type"]?.word ?? port?.at("params")?.keys.first { port?.at("params", $0) != nil }
      port?.ignore()
      let mtu = item.at("mtu", "size")?.natural
      let state = item.at("link", "state")?.word
      let device = item.at("target", "dev")?.word
      let order = item.at("boot", "order")?.text
      let filter = item.at("filter_ref", "filter")?.word
      item.ignore(["wait_for_ip", "type"])
      draft.interfaces.append(
        XMLElement("interface", ["type": type]) {
          mac.map { XMLElement("mac", ["address": $0.description]) }
          source
          vlan
          portType.map { XMLElement("virtualport", ["type": $0.hasPrefix("open") ? "openvswitch" : $0]) }
          device.map { XMLElement("target", ["dev": $0]) }
          model.map { XMLElement("model", ["type": $0]) }
          filter.map { XMLElement("filterref", ["filter": $0]) }
          state.map { XMLElement("link", ["state": $0]) }
          mtu.map { XMLElement("mtu", ["size": "\($0)"]) }
          order.map { XMLElement("boot", ["order": $0]) }
        })
    }
  }

  private func link(_ item: SourceNode, _ index: Int) -> (String, XMLElement?) {
    let source = item["source"]
    if let name = source.flatMap({ $0.at("network", "network")?.word ?? $0["network"]?.word }) {
      let group = source?.at("network", "portgroup")?.word ?? source?.at("network", "port_group")?.word
      let network = owner.network(name) ?? name
      return (
        "network",
        XMLElement("source", ["network": network, "portgroup": group ?? source?["portgroup"]?.word])
      )
    }
    if let bridge = source.flatMap({ $0.at("bridge", "bridge")?.word ?? $0["bridge"]?.word }) {
      return ("bridge", XMLElement("source", ["bridge": bridge]))
    }
    if let device = source.flatMap({ $0.at("direct", "dev")?.word ?? $0["dev"]?.word }) {
      let mode = source?.at("direct", "mode")?.word ?? source?["mode"]?.word
      return ("direct", XMLElement("source", ["dev": device, "mode": mode]))
    }
    if item["type"]?.word == "user" || source?["user"] != nil {
      source?["user"]?.ignore()
      return ("user", nil)
    }
    note("devices.interfaces[\(index)]", "the NIC \(index + 1) is on no network that is known")
    return ("user", nil)
  }

  // MARK: Other devices

  mutating func readDevices() {
    guard let devices else { return }
    draft.emulator = devices["emulator"]?.word
    for item in devices["controllers"]?.items ?? [] {
      draft.controllers.append(TerraformRules.element("controller", item, TerraformRules.controller))
    }
    for item in devices["filesystems"]?.items ?? [] { draft.filesystems.append(filesystem(item)) }
    for (key, name) in [("serials", "serial"), ("parallels", "parallel"), ("consoles", "console")] {
      for item in devices[key]?.items ?? [] { draft.ports.append(port(name, item)) }
    }
    for item in devices["channels"]?.items ?? [] { draft.ports.append(channel(item)) }
    for item in devices["inputs"]?.items ?? [] {
      draft.ports.append(TerraformRules.element("input", item, TerraformRules.input))
    }
    for item in devices["tpms"]?.items ?? [] { draft.otherDevices.append(tpm(item)) }
    for item in devices["graphics"]?.items ?? [] { readGraphics(item) }
    for item in (devices["videos"]?.items ?? []) + (devices["video"]?.items ?? []) {
      var element = TerraformRules.element("video", item, TerraformRules.video)
      if let type = item["type"]?.word { element.insert(XMLElement("model", ["type": type])) }
      draft.otherDevices.append(element)
    }
    for (key, name, rules) in [
      ("sounds", "sound", TerraformRules.sound), ("watchdogs", "watchdog", TerraformRules.watchdog),
      ("mem_balloon", "memballoon", TerraformRules.memballoon),
    ] {
      for item in devices[key]?.items ?? [] where item.isMap {
        draft.otherDevices.append(TerraformRules.element(name, item, rules))
      }
    }
    for item in devices["hostdevs"]?.items ?? [] { readHostDevice(item) }
    for item in devices["rngs"]?.items ?? [] { draft.otherDevices.append(rng(item)) }
  }

  private func filesystem(_ item: SourceNode) -> XMLElement {
    let mode = item["access_mode"]?.word ?? item["accessmode"]?.word
    let directory = item.at("source", "mount", "dir")?.word ?? item["source"]?.word
    let target = item.at("target", "dir")?.word ?? item["target"]?.word
    let driver = item.at("driver", "type")?.word
    let isReadOnly = item["read_only"]?.flag ?? item["readonly"]?.flag ?? false
    return XMLElement("filesystem", ["type": "mount", "accessmode": mode]) {
      driver.map { XMLElement("driver", ["type": $0]) }
      XMLElement("source", ["dir": directory])
      XMLElement("target", ["dir": target])
      isReadOnly ? XMLElement("readonly") : nil
    }
  }

  /// The type of a character device is the branch of its source.
  private func type(of item: SourceNode) -> String {
    let branches = [
      "pty", "file", "unix", "tcp", "dev", "pipe", "null", "vc", "stdio", "spice_vmc", "spice_port",
    ]
    let branch = branches.first { item.at("source", $0) != nil }
    if let branch, ["null", "vc", "stdio", "spice_vmc"].contains(branch) {
      item.at("source", branch)?.ignore()
    }
    return item["type"]?.word ?? branch?.filter { $0 != "_" } ?? "pty"
  }

  private func port(_ name: String, _ item: SourceNode) -> XMLElement {
    let type = type(of: item)
    let source = item["source"]?.items.first.map {
      TerraformRules.element("source", $0, TerraformRules.characterSource)
    }
    var target = item["target"]?.items.first.map {
      TerraformRules.element("target", $0, TerraformRules.characterTarget)
    }
    if item["target_type"] != nil || item["target_port"] != nil {
      target = XMLElement("target", ["type": item["target_type"]?.word, "port": item["target_port"]?.text])
    }
    let scheme = item.at("protocol", "type")?.word
    item["source"]?.items.first.map { source in source["pty"]?.ignore() }
    return XMLElement(name, ["type": type]) {
      source?.attributes.isEmpty == false ? source : nil
      scheme.map { XMLElement("protocol", ["type": $0]) }
      target
    }
  }

  private func channel(_ item: SourceNode) -> XMLElement {
    let type = type(of: item)
    let source = item["source"]?.items.first.map {
      TerraformRules.element("source", $0, TerraformRules.characterSource)
    }
    let kind = item["target"]?.items.first?.keys.first { item.at("target", $0) != nil }
    let name = kind.flatMap { item.at("target", $0, "name")?.word }
    return XMLElement("channel", ["type": type]) {
      source?.attributes.isEmpty == false ? source : nil
      XMLElement("target", ["type": kind?.replacing("virt_io", with: "virtio"), "name": name])
    }
  }

  private func tpm(_ item: SourceNode) -> XMLElement {
    let model = item["model"]?.word
    let emulator = item.at("backend", "emulator")
    let device = item.at("backend", "passthrough", "device", "path")?.word
    if let secret = emulator?["encryption"] {
      note("devices.tpms", "the secret that its state is encrypted with is not carried")
      secret.ignore()
    }
    let version = emulator?["version"]?.word
    let keeps = emulator?["persistent_state"]?.flag == true
    return XMLElement("tpm", ["model": model]) {
      XMLElement(
        "backend",
        [
          "type": device == nil ? "emulator" : "passthrough", "version": version,
          "persistent_state": keeps ? "yes" : nil,
        ]
      ) { device.map { XMLElement("device", ["path": $0]) } }
    }
  }

  private mutating func readGraphics(_ item: SourceNode) {
    for type in ["vnc", "spice", "sdl"] {
      guard let graphics = item[type] else { continue }
      let automatic = TerraformRules.scalar(graphics["auto_port"] ?? graphics["autoport"])
      let listen = graphics["listen"]?.word
      let listeners = (graphics["listeners"]?.items ?? []).compactMap { listener in
        listener.at("address", "address")?.word
      }
      for key in ["passwd", "password"] where graphics[key]?.word != nil {
        note("devices.graphics", "the password of its display is not carried")
      }
      graphics.ignore(["passwd_valid_to", "connected"])
      let port = graphics["port"]?.text
      let tlsPort = graphics["tls_port"]?.text
      let address = listen ?? listeners.first
      draft.otherDevices.append(
        XMLElement(
          "graphics",
          ["type": type, "port": port, "tlsPort": tlsPort, "autoport": automatic, "listen": address]
        ) { address.map { XMLElement("listen", ["type": "address", "address": $0]) } })
    }
  }

  private mutating func readHostDevice(_ item: SourceNode) {
    let managed = TerraformRules.scalar(item["managed"]) ?? "no"
    if let address = item.at("subsys_pci", "source", "address") {
      draft.otherDevices.append(
        XMLElement("hostdev", ["mode": "subsystem", "type": "pci", "managed": managed]) {
          XMLElement("source") { pciAddress(address) }
        })
    } else {
      note("devices.hostdevs", "a device of the host that is no PCI device is not carried")
      item.ignore()
    }
  }

  /// Numbers as libvirt writes them.
  private func pciAddress(_ address: SourceNode) -> XMLElement {
    var element = XMLElement("address")
    for (key, width) in [("domain", 4), ("bus", 2), ("slot", 2), ("function", 1)] {
      let number = address[key]?.natural.map { String($0, radix: 16) }
      element[attribute: key] =
        number.map { "0x" + String(repeating: "0", count: max(0, width - $0.count)) + $0 }
        ?? address[key]?.word
    }
    return element
  }

  private func rng(_ item: SourceNode) -> XMLElement {
    let device = item.at("backend", "random", "device")?.word ?? item.at("backend", "random")?.word
    let isBuiltIn = item.at("backend", "built_in") != nil || item.at("backend", "builtin") != nil
    item["backend"]?.ignore()
    var element = TerraformRules.element("rng", item, TerraformRules.rng)
    element.insert(
      XMLElement(
        "backend", ["model": isBuiltIn ? "builtin" : "random"],
        text: isBuiltIn ? nil : device ?? "/dev/urandom"))
    return element
  }
}

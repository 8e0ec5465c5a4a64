import Libvirt
import SpecModel

extension VMXMachine {
  mutating func readInterfaces() {
    for number in file.numbers("ethernet") {
      let key = "ethernet\(number)"
      guard file.flag("\(key).present") == true else {
        file.ignore(prefix: "\(key).")
        continue
      }
      let (type, source, target) = link(key)
      let isDown = file.flag("\(key).startConnected") == false
      let mac = address(key)
      let model = model(key)
      draft.interfaces.append(
        XMLElement("interface", ["type": type]) {
          mac
          source
          target
          model
          isDown ? XMLElement("link", ["state": "down"]) : nil
        })
    }
  }

  /// The type, the source and the target of an interface.
  private func link(_ key: String) -> (String, XMLElement?, XMLElement?) {
    let kind = file.word("\(key).connectionType")?.lowercased()
    let name = file.word("\(key).networkName")
    let device = file.word("\(key).vnet")
    if let text = file.word("\(key).dvs.switchId") {
      let source = XMLElement(
        "source",
        [
          "switchid": text.canonicalUUID ?? text, "portid": file.word("\(key).dvs.portId"),
          "portgroupid": file.word("\(key).dvs.portgroupId"),
          "connectionid": file.word("\(key).dvs.connectionId"),
        ])
      note("\(key).dvs.switchId", "\(key) is on a distributed switch, which is known by its UUID alone")
      return ("vds", source, nil)
    }
    switch kind {
    case "nat": return ("user", nil, nil)
    case "hostonly":
      note(
        "\(key).connectionType",
        "\(key) is on VMware's host-only network, which libvirt does not have: it is on the bridge 'vmnet1'")
      return ("bridge", XMLElement("source", ["bridge": device ?? name ?? "vmnet1"]), nil)
    case "custom":
      return (
        "bridge",
        name.map { XMLElement("source", ["bridge": $0]) }
          ?? device.map { XMLElement("source", ["bridge": $0]) },
        name == nil ? nil : device.map { XMLElement("target", ["dev": $0]) }
      )
    case "bridged", nil:
      guard let name else {
        if kind == nil {
          note("\(key).present", "\(key) is on no network that the file names")
          return ("null", nil, nil)
        }
        return ("bridge", XMLElement("source", ["bridge": "vmnet0"]), nil)
      }
      return ("bridge", XMLElement("source", ["bridge": name]), nil)
    case let other?:
      note("\(key).connectionType", "the connection '\(other)' of \(key) is not known")
      return ("null", nil, nil)
    }
  }

  private func address(_ key: String) -> XMLElement? {
    let kind = file.word("\(key).addressType")?.lowercased()
    let isStatic = kind == "static"
    let entry = isStatic ? "\(key).address" : "\(key).generatedAddress"
    file.ignore(prefix: "\(key).generatedAddressOffset")
    file.ignore(prefix: "\(key).checkMACAddress")
    guard let text = file.word(entry) else { return nil }
    guard let mac = try? MACAddress(parsing: text) else {
      note(entry, "'\(entry)' is no address of an interface: it gets another one")
      return nil
    }
    return XMLElement(
      "mac",
      ["address": mac.description, "type": kind.map { _ in isStatic ? "static" : "generated" }])
  }

  private func model(_ key: String) -> XMLElement? {
    guard let name = file.word("\(key).virtualDev")?.lowercased() else {
      _ = file.text("\(key).features")
      return nil
    }
    let features = file.natural("\(key).features")
    let known = ["vlance", "vmxnet", "vmxnet3", "e1000", "e1000e"]
    guard known.contains(name) else {
      note("\(key).virtualDev", "the model '\(name)' of \(key) is not known")
      return nil
    }
    return XMLElement("model", ["type": name == "vmxnet" && features == 15 ? "vmxnet2" : name])
  }

  // MARK: Ports

  mutating func readPorts() {
    for number in file.numbers("serial") where number < 4 {
      guard file.flag("serial\(number).present") == true else {
        file.ignore(prefix: "serial\(number).")
        continue
      }
      if let port = port("serial", number) { draft.ports.append(port) }
    }
    for number in file.numbers("parallel") where number < 3 {
      guard file.flag("parallel\(number).present") == true else {
        file.ignore(prefix: "parallel\(number).")
        continue
      }
      if let port = port("parallel", number) { draft.ports.append(port) }
    }
  }

  private func port(_ kind: String, _ number: Int) -> XMLElement? {
    let key = "\(kind)\(number)"
    let type = file.word("\(key).fileType")?.lowercased() ?? "device"
    let name = file.word("\(key).fileName")
    let end = file.word("\(key).network.endPoint")?.lowercased()
    for detail in ["startConnected", "tryNoRxLoss", "yieldOnMsrRead", "pipe.endPoint", "autodetect"] {
      file.ignore(prefix: "\(key).\(detail)")
    }
    let target = XMLElement("target", ["port": "\(number)"])
    func element(_ type: String, _ parts: [XMLElement]) -> XMLElement {
      XMLElement(kind, ["type": type]) {
        parts
        target
      }
    }
    switch type {
    case "device": return element("dev", name.map { [XMLElement("source", ["path": $0])] } ?? [])
    case "file":
      return element("file", name.map { [XMLElement("source", ["path": estate.resolve($0)])] } ?? [])
    case "pipe": return element("pipe", name.map { [XMLElement("source", ["path": $0])] } ?? [])
    case "network":
      guard let parts = name.flatMap({ Self.network($0, isServer: end != "client") }) else {
        note("\(key).fileName", "the address of \(key) is not understood: it is not carried")
        return nil
      }
      return element("tcp", parts)
    default:
      note("\(key).fileType", "the port \(key) of the type '\(type)' is not carried")
      return nil
    }
  }

  /// `telnet://host:port`
  private static func network(_ text: String, isServer: Bool) -> [XMLElement]? {
    let parts = text.components(separatedBy: "://")
    let scheme = parts.count == 2 ? parts[0].lowercased() : "tcp"
    guard let address = parts.last, let colon = address.lastIndex(of: ":"),
      let port = UInt16(address[address.index(after: colon)...].prefix { $0.isNumber })
    else { return nil }
    let protocolName: String
    switch scheme {
    case "tcp", "tcp4", "tcp6": protocolName = "raw"
    case "telnet": protocolName = "telnet"
    case "telnets": protocolName = "telnets"
    case "ssl", "tcp+ssl", "tcp4+ssl", "tcp6+ssl": protocolName = "tls"
    default: return nil
    }
    let host = String(address[..<colon])
    return [
      XMLElement(
        "source",
        ["mode": isServer ? "bind" : "connect", "host": host.isEmpty ? nil : host, "service": "\(port)"]),
      XMLElement("protocol", ["type": protocolName]),
    ]
  }

  // MARK: Graphics and sound

  mutating func readGraphics() {
    if file.flag("RemoteDisplay.vnc.enabled") == true {
      let port = file.natural("RemoteDisplay.vnc.port").flatMap { UInt16(exactly: $0) }
      let keymap = file.word("RemoteDisplay.vnc.keymap")
      let address = file.word("RemoteDisplay.vnc.ip")
      if file.word("RemoteDisplay.vnc.password") != nil || file.word("RemoteDisplay.vnc.key") != nil {
        note("RemoteDisplay.vnc.enabled", "the password of its VNC display is not carried")
      }
      draft.otherDevices.append(
        XMLElement(
          "graphics",
          [
            "type": "vnc", "port": port.map { "\($0)" } ?? "-1", "autoport": port == nil ? "yes" : "no",
            "listen": address, "keymap": keymap,
          ]
        ) { XMLElement("listen", ["type": "address", "address": address]) })
    } else {
      file.ignore(prefix: "RemoteDisplay.vnc.")
    }
    if file.flag("sound.present") == true { readSound() } else { file.ignore(prefix: "sound.") }
    let memory = file.natural("svga.vramSize").map { Amount.kibibytes($0) } ?? 4096
    draft.otherDevices.append(
      XMLElement("video") { XMLElement("model", ["type": "vmvga", "vram": "\(memory)", "primary": "yes"]) })
  }

  private mutating func readSound() {
    let device = file.word("sound.virtualDev")?.lowercased() ?? "es1371"
    for detail in ["startConnected", "fileName", "autodetect", "pciSlotNumber"] {
      file.ignore(prefix: "sound.\(detail)")
    }
    let models = ["hdaudio": "ich9", "es1371": "es1370", "sb16": "sb16"]
    if let model = models[device] {
      draft.otherDevices.append(XMLElement("sound", ["model": model]))
    } else {
      note("sound.virtualDev", "the sound card '\(device)' is not known")
    }
  }
}

extension String {
  /// Its parts between occurrences of `separator`.
  func components(separatedBy separator: String) -> [String] {
    var parts: [String] = []
    var rest = self[...]
    while let range = rest.firstRange(of: separator) {
      parts.append(String(rest[..<range.lowerBound]))
      rest = rest[range.upperBound...]
    }
    return parts + [String(rest)]
  }
}

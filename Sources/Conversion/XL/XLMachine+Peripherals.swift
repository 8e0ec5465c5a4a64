import Libvirt

extension XLMachine {
  mutating func readPorts() {
    guard isHVM else {
      draft.ports.append(
        XMLElement("console", ["type": "pty"]) { XMLElement("target", ["type": "xen", "port": "0"]) })
      file.ignore("serial", "parallel")
      readChannels()
      return
    }
    for (key, element) in [("serial", "serial"), ("parallel", "parallel")] {
      for (number, text) in file.texts(key).enumerated() where text != "none" {
        guard let port = Self.port(element, text, number) else {
          note(key, "the port '\(element)' \(number) is not carried, since its form is not known")
          continue
        }
        draft.ports.append(port)
      }
    }
    readChannels()
  }

  /// QEMU's words for a character device: `pty`, `/dev/ttyS0`, `tcp:host:port,server`, `unix:/path,server` …
  private static func port(_ name: String, _ text: String, _ number: Int) -> XMLElement? {
    func element(_ type: String, _ parts: [XMLElement]) -> XMLElement {
      XMLElement(name, ["type": type]) {
        parts
        XMLElement("target", ["port": "\(number)"])
      }
    }
    if text.hasPrefix("/") { return element("dev", [XMLElement("source", ["path": text])]) }
    let pair = text.split(separator: ":", maxSplits: 1).map(String.init)
    let rest = pair.count == 2 ? pair[1] : ""
    let options = rest.split(separator: ",").map(String.init)
    let isServer = options.dropFirst().contains("server")
    switch pair.first {
    case "pty", "null", "vc", "stdio": return element(pair[0], [])
    case "file", "pipe": return element(pair[0], [XMLElement("source", ["path": rest])])
    case "unix":
      return element(
        "unix", [XMLElement("source", ["mode": isServer ? "bind" : "connect", "path": options.first])])
    case "tcp", "telnet":
      guard let address = options.first, let colon = address.lastIndex(of: ":"),
        let service = UInt16(address[address.index(after: colon)...])
      else { return nil }
      let host = String(address[..<colon])
      return element(
        "tcp",
        [
          XMLElement(
            "source",
            [
              "mode": isServer ? "bind" : "connect", "host": host.isEmpty ? nil : host,
              "service": "\(service)",
            ]),
          XMLElement("protocol", ["type": pair[0] == "telnet" ? "telnet" : "raw"]),
        ])
    default: return nil
    }
  }

  private mutating func readChannels() {
    for text in file.texts("channel") {
      let values = Self.keywords(text)
      let isSocket = values["connection"] == "socket"
      guard isSocket || values["connection"] == "pty" else {
        note("channel", "a channel is not carried, since it is neither a socket nor a pty")
        continue
      }
      draft.ports.append(
        XMLElement("channel", ["type": isSocket ? "unix" : "pty"]) {
          isSocket ? XMLElement("source", ["mode": "bind", "path": values["path"]]) : nil
          XMLElement("target", ["type": "xen", "name": values["name"]])
        })
    }
  }

  mutating func readInputs() {
    guard isHVM else { return }
    for name in file.texts("usbdevice") {
      if ["tablet", "mouse", "keyboard"].contains(name) {
        draft.ports.append(XMLElement("input", ["type": name, "bus": "usb"]))
      } else {
        note("usbdevice", "the USB device '\(name.prefix { $0 != ":" })' is not carried")
      }
    }
  }

  // MARK: Graphics

  mutating func readGraphics() {
    if isHVM {
      if file.flag("spice") == true {
        readSpice()
      } else if file.flag("vnc") == true {
        let isFree = file.flag("vncunused") ?? true
        let display = file.natural("vncdisplay").flatMap { UInt16(exactly: $0) } ?? 0
        let port = 5900 + Int(display)
        addVNC(port: isFree ? nil : port, listen: file.word("vnclisten"), keymap: file.word("keymap"))
        if file.word("vncpasswd") != nil { note("vnc", "the password of its VNC display is not carried") }
      } else if file.flag("sdl") == true {
        draft.otherDevices.append(XMLElement("graphics", ["type": "sdl"]))
      }
      ignore(prefixes: ["vnc", "spice"])
      file.ignore("keymap", "sdl")
      readVideo()
      readSound()
    } else {
      readFramebuffer()
    }
  }

  private func ignore(prefixes: [String]) {
    for entry in file.entries where prefixes.contains(where: { entry.key.hasPrefix($0) }) {
      entry.isRead = true
    }
  }

  private mutating func addVNC(port: Int?, listen: String?, keymap: String?) {
    draft.otherDevices.append(
      XMLElement(
        "graphics",
        [
          "type": "vnc", "port": port.map { "\($0)" } ?? "-1", "autoport": port == nil ? "yes" : "no",
          "listen": listen, "keymap": keymap,
        ]
      ) { XMLElement("listen", ["type": "address", "address": listen]) })
  }

  private mutating func readSpice() {
    let port = file.natural("spiceport").flatMap { $0 == 0 ? nil : "\($0)" }
    let tlsPort = file.natural("spicetls_port").flatMap { $0 == 0 ? nil : "\($0)" }
    let address = file.word("spicehost")
    if file.word("spicepasswd") != nil { note("spice", "the password of its SPICE display is not carried") }
    let mouse = file.flag("spiceagent_mouse") == true ? "client" : "server"
    let copies = file.flag("spice_clipboard_sharing") == true ? "yes" : "no"
    draft.otherDevices.append(
      XMLElement(
        "graphics",
        [
          "type": "spice", "port": port, "tlsPort": tlsPort,
          "autoport": port == nil && tlsPort == nil ? "yes" : "no", "listen": address,
        ]
      ) {
        XMLElement("listen", ["type": "address", "address": address])
        XMLElement("mouse", ["mode": mouse])
        XMLElement("clipboard", ["copypaste": copies])
      })
  }

  private mutating func readVideo() {
    let isStandard = file.flag("stdvga") == true
    let name = file.word("vga")
    let memory = file.natural("videoram").flatMap { Amount.times($0, 1024) }
    file.ignore("stdvga")
    if name == "none" || draft.otherDevices.isEmpty { return }
    let model = ["stdvga": "vga", "cirrus": "cirrus", "qxl": "qxl"][
      name ?? (isStandard ? "stdvga" : "cirrus")]
    guard let model else {
      note("vga", "the video card '\(name ?? "")' is not known")
      return
    }
    draft.otherDevices.append(
      XMLElement("video") {
        XMLElement("model", ["type": model, "vram": "\(memory ?? 8192)", "heads": "1", "primary": "yes"])
      })
  }

  private mutating func readSound() {
    guard let text = file.word("soundhw") else { return }
    let known = ["sb16", "es1370", "pcspk", "ac97", "ich6", "hda"]
    for name in text == "all" ? ["sb16", "es1370"] : text.split(separator: ",").map(\.trimmingSpaces) {
      if known.contains(name) {
        draft.otherDevices.append(XMLElement("sound", ["model": name == "hda" ? "ich6" : name]))
      } else {
        note("soundhw", "the sound card '\(name)' is not known")
      }
    }
  }

  private mutating func readFramebuffer() {
    guard let text = file.texts("vfb").first else {
      let isWanted = file.flag("vnc") == true
      if isWanted { addVNC(port: nil, listen: file.word("vnclisten"), keymap: file.word("keymap")) }
      if file.word("vncpasswd") != nil { note("vncpasswd", "the password of its VNC display is not carried") }
      ignore(prefixes: ["vnc"])
      file.ignore("keymap", "sdl")
      return
    }
    let values = Self.keywords(text)
    if values["type"] == "sdl" || values["sdl"] == "1" {
      draft.otherDevices.append(XMLElement("graphics", ["type": "sdl"]))
      return
    }
    let display = values["vncdisplay"].flatMap { UInt16($0) }
    let isFree = values["vncunused"] == "1" || display == nil
    addVNC(
      port: isFree ? nil : 5900 + Int(display ?? 0), listen: values["vnclisten"], keymap: values["keymap"])
    if values["vncpasswd"] != nil { note("vfb", "the password of its VNC display is not carried") }
  }

  // MARK: Devices of the host

  mutating func readHostDevices() {
    for text in file.texts("pci") {
      guard let device = Self.pci(text) else {
        note("pci", "a PCI device is not carried, since its address is not understood")
        continue
      }
      draft.otherDevices.append(device)
    }
    for text in file.texts("usbdev") {
      let values = Self.keywords(text)
      guard let bus = values["hostbus"].flatMap({ UInt16($0) }),
        let number = values["hostaddr"].flatMap({ UInt16($0) })
      else {
        note("usbdev", "a USB device is not carried, since it says no bus and address of the host")
        continue
      }
      draft.otherDevices.append(
        XMLElement("hostdev", ["mode": "subsystem", "type": "usb", "managed": "no"]) {
          XMLElement("source") { XMLElement("address", ["bus": "\(bus)", "device": "\(number)"]) }
        })
    }
  }

  /// `[DDDD:]BB:SS.F[,option=value…]`
  private static func pci(_ text: String) -> XMLElement? {
    let parts = text.split(separator: ",", maxSplits: 1).map(String.init)
    guard let address = parts.first?.trimmingSpaces else { return nil }
    var numbers = address.split(whereSeparator: { $0 == ":" || $0 == "." }).map { UInt32($0, radix: 16) }
    if numbers.count == 3 { numbers.insert(0, at: 0) }
    guard numbers.count == 4, numbers.allSatisfy({ $0 != nil }) else { return nil }
    let isPermissive = parts.count == 2 ? keywords(parts[1])["permissive"] : nil
    let digits = zip(numbers, [4, 2, 2, 1]).map { number, width in
      let text = String(number ?? 0, radix: 16)
      return "0x" + String(repeating: "0", count: max(0, width - text.count)) + text
    }
    return XMLElement(
      "hostdev",
      [
        "mode": "subsystem", "type": "pci", "managed": "no",
      ]
    ) {
      XMLElement("source", ["writeFiltering": isPermissive.map { $0 == "0" ? "yes" : "no" }]) {
        XMLElement(
          "address", ["domain": digits[0], "bus": digits[1], "slot": digits[2], "function": digits[3]])
      }
    }
  }
}

import Libvirt
import SpecModel

extension XLMachine {
  mutating func readDisks() {
    for text in file.texts("disk") {
      guard let disk = XLDisk(text), let vdev = disk.vdev else {
        note("disk", "a disk is not carried, since it says no device of the guest (vdev)")
        continue
      }
      guard disk.hasKnownFormat else {
        note("disk", "the disk \(vdev) is not carried, since its format '\(disk.format ?? "")' is not known")
        continue
      }
      for other in disk.others { note("disk", "'\(other)' of the disk \(vdev) is not carried") }
      let bus = vdev.hasPrefix("xvd") || !isHVM ? "xen" : vdev.hasPrefix("sd") ? "scsi" : "ide"
      draft.disks.append(element(of: disk, vdev, bus))
    }
  }

  private func element(of disk: XLDisk, _ vdev: String, _ bus: String) -> XMLElement {
    let path = disk.target.map { $0.hasPrefix("rbd:") ? $0 : estate.resolve($0) }
    let isNetwork = path?.hasPrefix("rbd:") == true
    let isBlock = !disk.isCDROM && (disk.backend == "phy" || path?.hasPrefix("/dev/") == true)
    let isReadOnly = disk.isReadOnly || disk.isCDROM
    let driver =
      disk.isCDROM ? "qemu" : disk.backend == "phy" ? "phy" : disk.backend == "tap" ? "tap" : "qemu"
    let format = disk.isCDROM ? "raw" : disk.format ?? "raw"
    let use = ConvertedEstate.Use(domain: draft.name, target: vdev)
    if let path, !isNetwork, !disk.isCDROM {
      estate.add(
        ConvertedEstate.Volume(
          name: path.lastPathComponent, path: path, format: format == "vhd" ? "vpc" : format, usedBy: [use]))
    }
    return XMLElement(
      "disk",
      ["type": isNetwork ? "network" : isBlock ? "block" : "file", "device": disk.isCDROM ? "cdrom" : "disk"]
    ) {
      XMLElement("driver", ["name": driver, "type": format])
      isNetwork ? rbd(path ?? "") : path.map { XMLElement("source", [isBlock ? "dev" : "file": $0]) }
      XMLElement("target", ["dev": vdev, "bus": bus])
      isReadOnly ? XMLElement("readonly") : nil
    }
  }

  /// `rbd:POOL/NAME:KEY=VALUE:…`, where a backslash keeps what follows from being a separator.
  private func rbd(_ text: String) -> XMLElement {
    var parts: [String] = [""]
    var isEscaped = false
    for character in text.dropFirst(4) {
      if isEscaped {
        parts[parts.count - 1].append(character)
        isEscaped = false
      } else if character == "\\" {
        isEscaped = true
      } else if character == ":" {
        parts.append("")
      } else {
        parts[parts.count - 1].append(character)
      }
    }
    var hosts: [XMLElement] = []
    for part in parts.dropFirst() {
      let pair = part.split(separator: "=", maxSplits: 1).map(String.init)
      guard pair.count == 2 else { continue }
      switch pair[0] {
      case "mon_host":
        for host in pair[1].split(whereSeparator: { $0 == ";" || $0 == "," }) {
          let colon = host.lastIndex(of: ":")
          let isIPv6 = host.hasPrefix("[") && host.hasSuffix("]")
          let name = colon.flatMap { isIPv6 ? nil : String(host[..<$0]) } ?? String(host)
          let port = colon.flatMap { isIPv6 ? nil : String(host[host.index(after: $0)...]) }
          hosts.append(XMLElement("host", ["name": name, "port": port]))
        }
      case "auth_supported" where pair[1] == "none": break
      case "id", "key", "keyring": note("disk", "the login to Ceph of the disk is not carried")
      default: note("disk", "'\(pair[0])' of a disk of Ceph is not carried")
      }
    }
    return XMLElement("source", ["protocol": "rbd", "name": parts[0]]) { hosts }
  }

  mutating func readControllers() {
    let channels = file.natural("max_event_channels").map { "\($0)" }
    let frames = file.natural("max_grant_frames").map { "\($0)" }
    draft.controllers.append(
      XMLElement(
        "controller",
        ["type": "xenbus", "index": "0", "maxEventChannels": channels, "maxGrantFrames": frames]))
    for (index, text) in file.texts("usbctrl").enumerated() {
      let values = Self.keywords(text)
      let model = values["version"] == "1" ? "qusb1" : "qusb2"
      draft.controllers.append(
        XMLElement(
          "controller", ["type": "usb", "index": "\(index)", "model": model, "ports": values["ports"] ?? "8"])
      )
    }
  }

  // MARK: Interfaces

  mutating func readInterfaces() {
    for text in file.texts("vif") { draft.interfaces.append(interface(Self.keywords(text))) }
  }

  /// xl plugs what names no bridge into `xenbr0`.
  private func interface(_ values: [String: String]) -> XMLElement {
    var values = values
    func take(_ key: String) -> String? {
      guard let value = values.removeValue(forKey: key), !value.isEmpty else { return nil }
      return value
    }
    let mac = take("mac").flatMap { text -> String? in
      if let mac = try? MACAddress(parsing: text) { return mac.description }
      note("vif", "'\(text)' is no address of an interface: it gets another one")
      return nil
    }
    let script = take("script")
    let bridge = take("bridge")
    let isBridged = bridge != nil || [nil, "vif-bridge", "vif-openvswitch", "vif-vnic"].contains(script)
    let (name, vlan) = Self.bridge(bridge ?? "xenbr0")
    let addresses = (take("ip") ?? "").split(separator: " ").map(String.init)
    let kind = take("type")
    let model = take("model") ?? (kind == "vif" ? "netfront" : nil)
    let device = take("vifname")
    let rate = take("rate").flatMap { text -> XMLElement? in
      if let average = Self.kibibytesPerSecond(text) {
        return XMLElement("bandwidth") { XMLElement("outbound", ["average": "\(average)"]) }
      }
      note("vif", "the rate of an interface is not carried, since it is none that is known")
      return nil
    }
    for key in values.keys.sorted() { note("vif", "'\(key)' of an interface is not carried") }
    return XMLElement("interface", ["type": isBridged ? "bridge" : "ethernet"]) {
      mac.map { XMLElement("mac", ["address": $0]) }
      isBridged ? XMLElement("source", ["bridge": name]) : nil
      addresses.map { XMLElement("ip", ["address": $0, "family": $0.contains(":") ? "ipv6" : "ipv4"]) }
      rate
      vlan
      vlan == nil ? nil : XMLElement("virtualport", ["type": "openvswitch"])
      script.map { XMLElement("script", ["path": $0]) }
      device.map { XMLElement("target", ["dev": $0]) }
      model.map { XMLElement("model", ["type": $0]) }
    }
  }

  /// `ovsbr0.42` is a port with a VLAN, `ovsbr0:42:43` a trunk of VLANs of Open vSwitch.
  private static func bridge(_ text: String) -> (String, XMLElement?) {
    func vlan(_ tags: [Substring], isTrunk: Bool) -> XMLElement? {
      let numbers = tags.compactMap { UInt16($0) }
      guard numbers.count == tags.count, !numbers.isEmpty, numbers.allSatisfy({ $0 < 4096 }) else {
        return nil
      }
      return XMLElement("vlan", ["trunk": isTrunk ? "yes" : nil]) {
        numbers.map { XMLElement("tag", ["id": "\($0)"]) }
      }
    }
    if let dot = text.lastIndex(of: "."), let vlan = vlan([text[text.index(after: dot)...]], isTrunk: false) {
      return (String(text[..<dot]), vlan)
    }
    let parts = text.split(separator: ":")
    if parts.count > 1, let vlan = vlan(Array(parts.dropFirst()), isTrunk: true) {
      return (String(parts[0]), vlan)
    }
    return (text, nil)
  }

  /// `10MB/s`, `2Gb/s@20ms` in KiB a second, as libvirt counts.
  private static func kibibytesPerSecond(_ text: String) -> UInt64? {
    let rate = text.prefix { $0 != "@" }
    let digits = rate.prefix(while: \.isNumber)
    guard let number = UInt64(digits) else { return nil }
    let unit = rate.dropFirst(digits.count)
    let isBits = unit.hasSuffix("b/s")
    guard isBits || unit.hasSuffix("B/s"), unit.count <= 4 else { return nil }
    let factor: UInt64
    switch unit.count == 4 ? unit.first : nil {
    case "G": factor = 1 << 20
    case "M": factor = 1 << 10
    case "K": factor = 1
    case nil: return isBits ? number / 8192 : number / 1024
    default: return nil
    }
    return Amount.times(number, factor).map { isBits ? $0 / 8 : $0 }
  }

  /// `key=value` pairs between commas.
  static func keywords(_ text: String) -> [String: String] {
    var values: [String: String] = [:]
    for part in text.split(separator: ",") {
      let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard pair.count == 2 else { continue }
      values[pair[0].trimmingSpaces.lowercased()] = pair[1].trimmingSpaces
    }
    return values
  }
}

/// What a guest has of its host: directories and devices.
extension SiteDecoder {
  /// Sorted by name.
  func decodeShares(_ reader: MappingReader, isComplete: Bool) -> [HostShare] {
    reader.namedEntries("shares").compactMap { name, entry -> HostShare? in
      guard let share = reader.nested(entry.value, "shares", name.rawValue) else { return nil }
      defer { share.finish() }
      let kind = share.choice("type", HostShare.Kind.self) ?? .virtiofs
      let path = share.value("path") { text throws(ValueError) in try Self.absolutePath(text) }
      if isComplete { share.missing("path", help: "the directory on the host, such as /srv/web") }
      let isReadOnly = share.bool("read_only") ?? false
      if name.rawValue.utf8.count > kind.longestName {
        diagnostics.error(
          "the name '\(name)' is longer than the \(kind.longestName) characters that \(kind.rawValue) takes",
          at: entry.keyLocation, help: "it is what the guest mounts the share by")
      }
      return path.map { HostShare(name: name.rawValue, path: $0, kind: kind, isReadOnly: isReadOnly) }
    }.sorted { $0.name < $1.name }
  }

  /// Sorted by name.
  func decodeHostDevices(_ reader: MappingReader, isComplete: Bool) -> [HostDevice] {
    let devices = reader.namedEntries("host_devices").compactMap { name, entry -> HostDevice? in
      let help = "write where or what it is, such as pci: \"0000:03:00.0\" or usb: \"1050:0407\""
      guard let device = reader.nested(entry.value, "host_devices", name.rawValue) else { return nil }
      defer { device.finish() }
      let pci = device.value("pci") { text throws(ValueError) in try PCIAddress(parsing: text) }
      let usb = device.value("usb") { text throws(ValueError) in try USBProduct(parsing: text) }
      if device.has("pci") {
        device.refuse(["usb"]) { "'\($0)' does not go with 'pci': a device is on one bus" }
      } else if isComplete, !device.has("usb") {
        diagnostics.error("host_devices.\(name) names no device", at: entry.keyLocation, help: help)
      }
      let id = pci.map(HostDevice.ID.pci) ?? usb.map(HostDevice.ID.usb)
      return id.map { HostDevice(name: name.rawValue, id: $0) }
    }
    for (index, device) in devices.enumerated()
    where devices[..<index].contains(where: { $0.id == device.id }) {
      reader.error(
        "the VM has the device \(device.id) twice", at: "host_devices",
        help: "it is '\(device.name)', too; one name is enough")
    }
    return devices.sorted { $0.name < $1.name }
  }
}

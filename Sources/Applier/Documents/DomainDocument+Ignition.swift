import Libvirt

/// The config that Ignition reads from QEMU's firmware device
/// (<https://libvirt.org/formatdomain.html#smbios-system-information>, type `fwcfg`).
extension DomainDocument {
  /// Where Ignition looks for it.
  private static let ignitionEntry = "opt/com.coreos/config"

  /// Sets the entry, or takes it away. Entries of others stay.
  mutating func writeIgnition(_ path: String?) {
    var isMissing = path != nil
    func entry() -> XMLElement { XMLElement("entry", ["name": Self.ignitionEntry, "file": path]) }
    tree.mutateChildren(named: "sysinfo") { sysinfo in
      guard Self.isFirmwareConfig(sysinfo) else { return }
      sysinfo.removeChildren(where: Self.isIgnition)
      if isMissing { sysinfo.insert(entry()) }
      isMissing = false
    }
    tree.removeChildren { Self.isFirmwareConfig($0) && $0.elements.isEmpty }
    if isMissing { tree.insert(XMLElement("sysinfo", ["type": "fwcfg"]) { entry() }, .before(["os"])) }
  }

  /// The path of the config on the host.
  static func ignition(in document: XMLElement) -> String? {
    document.all("sysinfo").filter(isFirmwareConfig).flatMap(\.elements).first(where: isIgnition)?[
      attribute: "file"]
  }

  private static func isFirmwareConfig(_ element: XMLElement) -> Bool {
    element.name == "sysinfo" && element[attribute: "type"] == "fwcfg"
  }

  private static func isIgnition(_ entry: XMLElement) -> Bool {
    entry.name == "entry" && entry[attribute: "name"] == ignitionEntry
  }
}

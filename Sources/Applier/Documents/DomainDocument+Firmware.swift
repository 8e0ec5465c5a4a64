import Libvirt
import Planner
import SpecModel

/// Firmware, which libvirt chooses by what it is asked for
/// (<https://libvirt.org/formatdomain.html#operating-system-booting>).
extension DomainDocument {
  mutating func writeFirmware(_ firmware: Firmware?) {
    guard let firmware else { return }
    tree.mutateFirst("os") { os in
      os[attribute: "firmware"] = firmware == .uefi ? "efi" : nil
      for name in ["loader", "nvram", "firmware"] { os.removeChildren(named: name) }
    }
  }

  /// The keys that tell what is signed are among the firmware's variables, so each kind of boot has a file of them for
  /// itself: libvirt makes one from its template where it is missing, and takes the one that is there as it is.
  mutating func writeSecureBoot(_ isSecure: Bool?) {
    guard let isSecure, let uuid = tree.first("uuid")?.text else { return }
    let word = isSecure ? "yes" : "no"
    tree.mutateFirst("os") { os in
      os[attribute: "firmware"] = "efi"
      for name in ["loader", "nvram", "firmware"] { os.removeChildren(named: name) }
      os.insert(
        XMLElement("nvram", text: Self.variables(of: uuid, isSecure: isSecure)), .after(["type"]))
      os.insert(
        XMLElement("firmware") {
          if isSecure { XMLElement("feature", ["enabled": "yes", "name": "enrolled-keys"]) }
          XMLElement("feature", ["enabled": word, "name": "secure-boot"])
        }, .after(["type"]))
    }
  }

  /// In libvirt's own directory, where its confinement lets QEMU write.
  private static func variables(of uuid: String, isSecure: Bool) -> String {
    "/var/lib/libvirt/qemu/nvram/\(uuid)-\(isSecure ? "secure-boot" : "no-secure-boot").fd"
  }

  static func isUEFI(_ os: XMLElement?) -> Bool {
    os?[attribute: "firmware"] == "efi" || os?.first("loader")?[attribute: "type"] == "pflash"
  }

  /// nil where nobody can tell, since the variables are of a file that may have any keys.
  static func secureBoot(of document: XMLElement) -> Bool? {
    guard let os = document.first("os"), let uuid = document.first("uuid")?.text else { return nil }
    let feature = os.all(at: "firmware", "feature").first { $0[attribute: "name"] == "secure-boot" }
    let isSecure = feature?[attribute: "enabled"] == "yes"
    let path = variables(of: uuid, isSecure: isSecure)
    return feature != nil && os.first("nvram")?.text == path ? isSecure : nil
  }
}

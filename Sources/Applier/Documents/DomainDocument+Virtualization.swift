import Libvirt
import Planner
import SpecModel

/// How a guest is virtualized (<https://libvirt.org/formatdomain.html#guest-firmware>): a type of its system and, on Xen, what
/// goes with it.
extension DomainDocument {
  mutating func writeVirtualization(_ virtualization: Virtualization?) {
    // Elsewhere there is one kind of guest, which the document is made as.
    guard let virtualization, host.driver == .xen else { return }
    tree.mutateFirst("os") { os in
      os.mutateFirst("type") { type in
        type.setText(virtualization.osType)
        // libvirt knows the machine by the type.
        type[attribute: "machine"] = nil
      }
      // Only a whole machine has firmware, which libvirt writes down of each, and what that boots.
      if virtualization != .hvm {
        os[attribute: "firmware"] = nil
        os.removeChildren { ["firmware", "loader", "nvram", "boot", "bootmenu"].contains($0.name) }
      }
    }
    // libvirt gives each kind a mouse and a keyboard of its own, and refuses those of the other one.
    tree.mutateFirst("devices") { devices in
      devices.removeChildren { $0.name == "input" && ["xen", "ps2"].contains($0[attribute: "bus"]) }
    }
    tree.removeChildren(named: "features")
    if virtualization == .hvm { tree.insert(Self.features(on: host), .before(["clock"])) }
  }

  /// A guest whose kernel calls Xen, and is not given one, has what finds it on its disk. A person's own stays.
  mutating func writeBootloader() {
    guard host.driver == .xen, let type = tree.at("os", "type")?.text else { return }
    let looksOnDisk = Virtualization(osType: type) != .hvm && tree.at("os", "kernel") == nil
    let bootloader = tree.first("bootloader")?.text
    if looksOnDisk, bootloader == nil {
      tree.insert(XMLElement("bootloader", text: Self.bootloader), .before(["os"]))
    } else if !looksOnDisk, bootloader == Self.bootloader {
      tree.removeChildren(named: "bootloader")
    }
  }

  /// Xen's own, which reads configurations of GRUB; Xen looks for it by its name.
  private static let bootloader = "pygrub"

  /// What a whole machine has.
  static func features(on host: HostCapabilities) -> XMLElement {
    XMLElement("features") {
      XMLElement("acpi")
      if host.isX86 { XMLElement("apic") }
    }
  }
}

extension Virtualization {
  /// What libvirt calls it. It writes `linux` for what it reports as `xen`.
  init?(osType: String) {
    switch osType {
    case "hvm": self = .hvm
    case "xen", "linux": self = .pv
    case "xenpvh": self = .pvh
    default: return nil
    }
  }

  var osType: String {
    switch self {
    case .hvm: "hvm"
    case .pv: "linux"
    case .pvh: "xenpvh"
    }
  }
}

import Libvirt
import Planner
import SpecModel

/// The serial console (<https://libvirt.org/formatdomain.html#consoles-serial-parallel-channel-devices>).
extension DomainDocument {
  mutating func writeConsole(_ console: Bool?) {
    guard let console else { return }
    tree.mutateFirst("devices") { [host] devices in
      if console == Self.hasConsole(devices) { return }
      devices.removeChildren(where: Self.isConsole)
      guard console else { return }
      // Before what a person has: libvirt's console is the first port.
      if host.driver == .qemu {
        devices.insert(
          XMLElement("serial", ["type": "pty"]) { XMLElement("target", ["port": "0"]) },
          .before(["serial", "console"]))
      }
      devices.insert(XMLElement("console", ["type": "pty"]), .before(["console"]))
    }
  }

  /// True if there is a serial console. libvirt calls whatever port comes first a console, too.
  static func hasConsole(_ devices: XMLElement) -> Bool {
    let ports = devices.all("serial")
    return (ports.isEmpty ? devices.all("console") : ports).contains(where: isConsole)
  }

  /// The first serial port, and the console that is another word for it; further ones are a person's.
  private static func isConsole(_ device: XMLElement) -> Bool {
    let target = device.first("target")
    return switch device.name {
    case "serial": (target?[attribute: "port"] ?? "0") == "0"
    case "console": target?[attribute: "type"] != "virtio"
    default: false
    }
  }

  /// libvirt writes the port and the console that is another word for it alike.
  mutating func writeConsoleLog(_ path: String?) {
    tree.mutateFirst("devices") { devices in
      for name in ["serial", "console"] {
        devices.mutateChildren(named: name) { device in
          guard Self.isConsole(device) else { return }
          device.removeChildren(named: "log")
          guard let path else { return }
          // What the guest said before its restart stays.
          device.insert(XMLElement("log", ["file": path, "append": "on"]), .before(["target", "alias"]))
        }
      }
    }
  }

  static func consoleLog(of devices: XMLElement) -> String? {
    (devices.all("serial") + devices.all("console")).first(where: isConsole)?.first("log")?[attribute: "file"]
  }
}

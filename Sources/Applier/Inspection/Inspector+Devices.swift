import Libvirt
import SpecModel

extension Inspector {
  /// What is on the host's buses, if the spec gives any of it to a VM; nil where libvirt does not know: a host without
  /// any device is one where it cannot look.
  func devices() async throws -> Set<HostDevice.ID>? {
    let isAsked = site.machines.contains { $0.host == session.host.name && !$0.hostDevices.isEmpty }
    guard isAsked else { return nil }
    do {
      let devices = try await session.connection.busDevices().compactMap(Self.id)
      return devices.isEmpty ? nil : Set(devices)
    } catch let error as LibvirtError where error.code == .noSupport {
      return nil
    }
  }

  /// What a device is told by, from its document.
  static func id(of device: XMLElement) -> HostDevice.ID? {
    for capability in device.all("capability") {
      switch capability[attribute: "type"] {
      case "pci":
        func number<Number: FixedWidthInteger>(_ name: String) -> Number? {
          capability.first(name).flatMap { Number($0.text) }
        }
        guard let domain: UInt32 = number("domain"), let bus: UInt8 = number("bus"),
          let slot: UInt8 = number("slot"), let function: UInt8 = number("function")
        else { continue }
        return PCIAddress(domain: domain, bus: bus, slot: slot, function: function).map { .pci($0) }
      case "usb_device": return USBProduct(element: capability).map { .usb($0) }
      default: continue
      }
    }
    return nil
  }
}

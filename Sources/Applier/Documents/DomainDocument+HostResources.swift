import Libvirt
import Planner
import SpecModel

/// Directories and devices of the host.
extension DomainDocument {
  // MARK: Shares

  private static let shareAlias = DeviceAlias(kind: "share")

  /// Adds a share, or changes the one of its name.
  mutating func set(_ share: HostShare) {
    removeShare(share.name)
    tree.mutateFirst("devices") { $0.insert(Self.element(of: share)) }
    guard share.kind == .virtiofs else { return }
    // Its server reads and writes the guest's memory. What is said of memory stays when the share goes: nobody knows
    // what else may need it.
    editMemoryBacking { backing in
      if [nil, "anonymous"].contains(backing.first("source")?[attribute: "type"]) {
        backing.setChild(XMLElement("source", ["type": "memfd"]))
      }
      backing.setChild(XMLElement("access", ["mode": "shared"]))
    }
  }

  private static func element(of share: HostShare) -> XMLElement {
    XMLElement("filesystem", ["type": "mount", "accessmode": "passthrough"]) {
      if share.kind == .virtiofs { XMLElement("driver", ["type": "virtiofs"]) }
      XMLElement("source", ["dir": share.path])
      XMLElement("target", ["dir": share.name])
      if share.isReadOnly { XMLElement("readonly") }
      shareAlias.element(of: share.name)
    }
  }

  mutating func removeShare(_ name: String) {
    tree.mutateFirst("devices") { devices in
      devices.removeChildren { $0.name == "filesystem" && Self.shareAlias.name(of: $0) == name }
    }
  }

  /// The shares that virtform made, by name.
  static func shares(in document: XMLElement) -> [HostShare] {
    document.all(at: "devices", "filesystem").compactMap { element in
      shareAlias.name(of: element).map { name in
        HostShare(
          name: name, path: element.first("source")?[attribute: "dir"] ?? "",
          kind: element.first("driver")?[attribute: "type"] == "virtiofs" ? .virtiofs : .plan9,
          isReadOnly: element.first("readonly") != nil)
      }
    }.sorted { $0.name < $1.name }
  }

  // MARK: Devices

  private static let deviceAlias = DeviceAlias(kind: "host")

  /// Adds a device, or exchanges the one of its name.
  mutating func set(_ device: HostDevice) {
    removeHostDevice(device.name)
    tree.mutateFirst("devices") { $0.insert(Self.element(of: device)) }
  }

  static func element(of device: HostDevice) -> XMLElement {
    switch device.id {
    case .pci(let address):
      XMLElement("hostdev", ["mode": "subsystem", "type": "pci", "managed": "yes"]) {
        XMLElement("source") { addressElement(address) }
        deviceAlias.element(of: device.name)
      }
    case .usb(let product):
      XMLElement("hostdev", ["mode": "subsystem", "type": "usb"]) {
        XMLElement("source") {
          XMLElement("vendor", ["id": "0x\(product.vendor.hexadecimal(4))"])
          XMLElement("product", ["id": "0x\(product.product.hexadecimal(4))"])
        }
        deviceAlias.element(of: device.name)
      }
    }
  }

  private static func addressElement(_ address: PCIAddress) -> XMLElement {
    XMLElement(
      "address",
      [
        "domain": "0x\(address.domain.hexadecimal(4))", "bus": "0x\(address.bus.hexadecimal(2))",
        "slot": "0x\(address.slot.hexadecimal(2))", "function": "0x\(address.function)",
      ])
  }

  mutating func removeHostDevice(_ name: String) {
    tree.mutateFirst("devices") { devices in
      devices.removeChildren { $0.name == "hostdev" && Self.deviceAlias.name(of: $0) == name }
    }
  }

  static func hostDevice(named name: String, in document: XMLElement) -> XMLElement? {
    document.all(at: "devices", "hostdev").first { deviceAlias.name(of: $0) == name }
  }

  /// The devices that virtform gave the VM, by name.
  static func hostDevices(in document: XMLElement) -> [HostDevice] {
    document.all(at: "devices", "hostdev").compactMap { element in
      guard let name = deviceAlias.name(of: element), let id = id(of: element) else { return nil }
      return HostDevice(name: name, id: id)
    }.sorted { $0.name < $1.name }
  }

  private static func id(of device: XMLElement) -> HostDevice.ID? {
    guard let source = device.first("source") else { return nil }
    if device[attribute: "type"] == "pci" {
      return source.first("address").flatMap(PCIAddress.init(element:)).map { .pci($0) }
    }
    return USBProduct(element: source).map { .usb($0) }
  }
}

extension PCIAddress {
  /// Reads `<address domain= bus= slot= function=>`.
  init?(element: XMLElement) {
    guard let domain: UInt32 = element.number("domain"), let bus: UInt8 = element.number("bus"),
      let slot: UInt8 = element.number("slot"), let function: UInt8 = element.number("function")
    else { return nil }
    self.init(domain: domain, bus: bus, slot: slot, function: function)
  }
}

extension USBProduct {
  /// Reads `<vendor id=>` and `<product id=>` of a device.
  init?(element: XMLElement) {
    guard let vendor: UInt16 = element.first("vendor")?.number("id"),
      let product: UInt16 = element.first("product")?.number("id")
    else { return nil }
    self.init(vendor: vendor, product: product)
  }
}

extension XMLElement {
  /// The number that an attribute has, hexadecimal as libvirt writes it.
  fileprivate func number<Number: FixedWidthInteger>(_ attribute: String) -> Number? {
    self[attribute: attribute].flatMap { text in
      Number(text.hasPrefix("0x") ? text.dropFirst(2) : text[...], radix: text.hasPrefix("0x") ? 16 : 10)
    }
  }
}

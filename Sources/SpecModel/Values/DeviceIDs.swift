/// The place of a device on a host's PCI buses, as `lspci -D` writes it: `0000:03:00.0`.
public struct PCIAddress: Hashable, Sendable, CustomStringConvertible {
  public let domain: UInt32
  public let bus: UInt8
  /// 0 to 31.
  public let slot: UInt8
  /// 0 to 7.
  public let function: UInt8

  /// nil for a slot or a function that no bus has.
  public init?(domain: UInt32, bus: UInt8, slot: UInt8, function: UInt8) {
    guard slot < 32, function < 8 else { return nil }
    self.domain = domain
    self.bus = bus
    self.slot = slot
    self.function = function
  }

  /// Reads `0000:03:00.0`, or `03:00.0` in the first domain.
  public init(parsing text: String) throws(ValueError) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    let last = parts.last?.split(separator: ".", omittingEmptySubsequences: false) ?? []
    guard (2...3).contains(parts.count), last.count == 2,
      let domain = parts.count == 3 ? UInt32(hexadecimal: parts[0], upTo: 8) : 0,
      let bus = UInt32(hexadecimal: parts[parts.count - 2], upTo: 2),
      let slot = UInt32(hexadecimal: last[0], upTo: 2), let function = UInt32(hexadecimal: last[1], upTo: 1),
      let address = PCIAddress(
        domain: domain, bus: UInt8(bus), slot: UInt8(slot), function: UInt8(function))
    else {
      throw ValueError("'\(text)' is no PCI address", help: "lspci -D shows them, such as 0000:03:00.0")
    }
    self = address
  }

  public var description: String {
    "\(domain.hexadecimal(4)):\(bus.hexadecimal(2)):\(slot.hexadecimal(2)).\(function)"
  }
}

/// What a USB device is, as `lsusb` writes it: `1050:0407`.
public struct USBProduct: Hashable, Sendable, CustomStringConvertible {
  public let vendor: UInt16
  public let product: UInt16

  public init(vendor: UInt16, product: UInt16) {
    self.vendor = vendor
    self.product = product
  }

  /// Reads the vendor and the product, four hexadecimal digits each.
  public init(parsing text: String) throws(ValueError) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, parts.allSatisfy({ $0.count == 4 }),
      let vendor = UInt32(hexadecimal: parts[0], upTo: 4),
      let product = UInt32(hexadecimal: parts[1], upTo: 4)
    else {
      throw ValueError(
        "'\(text)' is no vendor and product of USB", help: "lsusb shows them, such as 1050:0407")
    }
    self.init(vendor: UInt16(vendor), product: UInt16(product))
  }

  public var description: String { "\(vendor.hexadecimal(4)):\(product.hexadecimal(4))" }
}

extension UInt32 {
  /// One to `digits` hexadecimal digits, and nothing else.
  fileprivate init?(hexadecimal text: Substring, upTo digits: Int) {
    guard (1...digits).contains(text.count), text.allSatisfy({ $0.isASCII && $0.isHexDigit }) else {
      return nil
    }
    self.init(text, radix: 16)
  }
}

extension FixedWidthInteger {
  /// In lower case, with zeros in front of what has fewer digits.
  package func hexadecimal(_ digits: Int) -> String {
    let text = String(self, radix: 16)
    return String(repeating: "0", count: Swift.max(0, digits - text.count)) + text
  }
}

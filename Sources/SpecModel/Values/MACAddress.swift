/// The hardware address of a network interface (IEEE 802 EUI-48).
public struct MACAddress: Hashable, Sendable, CustomStringConvertible {
  /// Six bytes, the first of the address first.
  public let bytes: [UInt8]

  /// nil unless there are six bytes.
  public init?(bytes: [UInt8]) {
    guard bytes.count == 6 else { return nil }
    self.bytes = bytes
  }

  /// Reads `52:54:00:aa:00:10`; a multicast address or all zeros is no address of an interface.
  public init(parsing text: String) throws(ValueError) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    let bytes = parts.compactMap { $0.count == 2 && $0.allSatisfy(\.isHexDigit) ? UInt8($0, radix: 16) : nil }
    guard parts.count == 6, bytes.count == 6 else {
      throw ValueError(
        "'\(text)' is not a MAC address", help: "write six pairs such as \"52:54:00:aa:00:10\"")
    }
    guard bytes[0] & 1 == 0 else {
      throw ValueError(
        "'\(text)' is a multicast address, which no interface can have",
        help: "make the first byte even, such as 52")
    }
    guard bytes.contains(where: { $0 != 0 }) else {
      throw ValueError(
        "'\(text)' is all zeros, which is no address of an interface",
        help: "leave out 'mac' to have one derived from the names")
    }
    self.bytes = bytes
  }

  /// Lower case with colons, as libvirt writes it.
  public var description: String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ":")
  }
}

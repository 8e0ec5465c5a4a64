/// An IPv6 address (RFC 4291), without a zone.
public struct IPv6Address: InternetAddress {
  /// In host byte order: ::1 is 1.
  public let rawValue: UInt128

  public init(rawValue: UInt128) { self.rawValue = rawValue }

  public static var family: AddressFamily { .ipv6 }

  /// Reads eight groups of up to four hexadecimal digits; `::` stands once for groups of zeros, and the last two may be
  /// written as an IPv4 address.
  public init(parsing text: String) throws(ValueError) {
    let isZoned = text.contains("%")
    guard !isZoned, let value = Self.value(of: text) else {
      throw ValueError(
        "'\(text)' is not an IPv6 address",
        help: isZoned ? "leave out the zone behind '%'" : "write one such as fd00:10::11")
    }
    rawValue = value
  }

  private static func value(of text: String) -> UInt128? {
    let halves = text.split(separator: "::", omittingEmptySubsequences: false).map(String.init)
    guard halves.count <= 2, let head = groups(of: halves[0], isEnd: halves.count == 1),
      let tail = halves.count == 2 ? groups(of: halves[1], isEnd: true) : []
    else { return nil }
    let missing = 8 - head.count - tail.count
    guard halves.count == 1 ? missing == 0 : missing >= 1 else { return nil }
    return (head + Array(repeating: 0, count: missing) + tail).reduce(0) { $0 << 16 | UInt128($1) }
  }

  /// The groups between colons; none of an empty text, which has its place beside `::`.
  private static func groups(of text: String, isEnd: Bool) -> [UInt16]? {
    if text.isEmpty { return [] }
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    var groups: [UInt16] = []
    for (index, part) in parts.enumerated() {
      if isEnd, index == parts.count - 1, part.contains(".") {
        guard let address = try? IPv4Address(parsing: String(part)) else { return nil }
        groups += [UInt16(address.rawValue >> 16), UInt16(truncatingIfNeeded: address.rawValue)]
        continue
      }
      guard (1...4).contains(part.utf8.count), part.allSatisfy({ $0.isASCII && $0.isHexDigit }),
        let group = UInt16(part, radix: 16)
      else { return nil }
      groups.append(group)
    }
    return groups
  }

  /// In lower case, with `::` for the first longest run of zeros (RFC 5952).
  public var description: String {
    let groups = (0..<8).map { UInt16(truncatingIfNeeded: rawValue >> (112 - 16 * UInt128($0))) }
    var longest = 0..<0
    var start = 0
    for index in 0...groups.count where index == groups.count || groups[index] != 0 {
      if index - start > longest.count { longest = start..<index }
      start = index + 1
    }
    func text(_ part: some Sequence<UInt16>) -> String {
      part.map { String($0, radix: 16) }.joined(separator: ":")
    }
    guard longest.count >= 2 else { return text(groups) }
    return text(groups[..<longest.lowerBound]) + "::" + text(groups[longest.upperBound...])
  }
}

/// A size in bytes, exact.
public struct ByteCount: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
  /// Bytes.
  public let rawValue: UInt64

  public init(rawValue: UInt64) { self.rawValue = rawValue }

  public static func kibibytes(_ count: UInt64) -> ByteCount { ByteCount(rawValue: count << 10) }
  public static func mebibytes(_ count: UInt64) -> ByteCount { ByteCount(rawValue: count << 20) }
  public static func gibibytes(_ count: UInt64) -> ByteCount { ByteCount(rawValue: count << 30) }

  /// The units of the language. `Gi`, `GiB` and `G` are binary; `GB` is decimal.
  static let units: [String: UInt64] = {
    var units: [String: UInt64] = ["B": 1]
    for (power, letter) in ["K", "M", "G", "T", "P"].enumerated() {
      let binary = UInt64(1) << (10 * UInt64(power + 1))
      let decimal = (0...power).reduce(UInt64(1)) { value, _ in value * 1000 }
      for spelling in [letter, letter + "i", letter + "iB"] { units[spelling] = binary }
      units[letter + "B"] = decimal
    }
    return units
  }()

  /// Reads `4GiB`, `1.5 GiB` or `500MB`. The unit is required and the result must be whole bytes.
  public init(parsing text: String) throws(ValueError) {
    let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    let unit = text.dropFirst(number.count).drop { $0 == " " }
    let parts = number.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    guard let whole = parts.first, !whole.isEmpty, parts.count == 1 || !parts[1].isEmpty else {
      throw ValueError("'\(text)' is not a size", help: "write a number and a unit, such as 4GiB or 500MB")
    }
    if unit.isEmpty {
      throw ValueError(
        "the size '\(text)' has no unit", help: "write \(text)GiB, \(text)MiB or another unit")
    }
    guard let factor = Self.units[String(unit)] else {
      let known = nearest(to: String(unit), in: Self.units.keys.sorted()).map { "did you mean \(number)\($0)?" }
      throw ValueError("unknown unit '\(unit)'", help: known ?? "units are B, KiB, MiB, GiB, TiB, KB, MB, GB, TB")
    }
    let fraction = parts.count == 2 ? String(parts[1]) : ""
    guard fraction.count <= 9, let digits = UInt64(whole + fraction) else {
      throw ValueError("the size '\(text)' is too large")
    }
    let scale = fraction.reduce(UInt64(1)) { value, _ in value * 10 }
    let (bytes, overflow) = digits.multipliedReportingOverflow(by: factor)
    if overflow { throw ValueError("the size '\(text)' is too large") }
    guard bytes % scale == 0 else { throw ValueError("the size '\(text)' is not a whole number of bytes") }
    rawValue = bytes / scale
  }

  /// In the largest binary unit that shows it exactly: `4 GiB`, `1.5 GiB`, `500000000 B`.
  public var description: String {
    for (power, unit) in ["PiB", "TiB", "GiB", "MiB", "KiB"].enumerated() {
      let size = UInt64(1) << (50 - 10 * UInt64(power))
      guard rawValue >= size else { continue }
      if rawValue % size == 0 { return "\(rawValue / size) \(unit)" }
      if (rawValue % size) * 4 % size == 0 {
        let quarters = (rawValue % size) * 4 / size
        return "\(rawValue / size).\(["", "25", "5", "75"][Int(quarters)]) \(unit)"
      }
    }
    return "\(rawValue) B"
  }

  public static func < (a: ByteCount, b: ByteCount) -> Bool { a.rawValue < b.rawValue }

  /// Rounded up to whole KiB, libvirt's unit of memory.
  public var roundedUpToKibibytes: ByteCount { ByteCount(rawValue: (rawValue + 1023) & ~1023) }
}

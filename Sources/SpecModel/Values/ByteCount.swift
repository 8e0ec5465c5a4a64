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
    let parts = number.split(separator: ".", omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), parts.allSatisfy({ !$0.isEmpty }) else {
      throw ValueError("'\(text)' is not a size", help: "write a number and a unit, such as 4GiB or 500MB")
    }
    if unit.isEmpty {
      throw ValueError(
        "the size '\(text)' has no unit", help: "write \(number)GiB, \(number)MiB or another unit")
    }
    guard let factor = Self.units[String(unit)] else {
      let known = nearest(to: String(unit), in: Self.units.keys).map { "did you mean \(number)\($0)?" }
      throw ValueError(
        "unknown unit '\(unit)' in the size '\(text)'",
        help: known ?? "units are B, KiB, MiB, GiB, TiB, PiB, KB, MB, GB, TB, PB")
    }
    rawValue = try Self.bytes(parts[0], parts.count == 2 ? parts[1] : "", times: factor, text)
  }

  private static func bytes(
    _ whole: Substring, _ decimals: Substring, times factor: UInt64, _ text: String
  ) throws(ValueError) -> UInt64 {
    let decimals = String(decimals.reversed().drop { $0 == "0" }.reversed())
    guard decimals.count <= 18 else { throw ValueError("the size '\(text)' has too many decimals") }
    guard let digits = UInt64(whole + decimals) else { throw ValueError("the size '\(text)' is too large") }
    let scale = decimals.reduce(UInt64(1)) { value, _ in value * 10 }
    let product = digits.multipliedFullWidth(by: factor)
    guard product.high < scale else { throw ValueError("the size '\(text)' is too large") }
    let (bytes, rest) = scale.dividingFullWidth(product)
    guard rest == 0 else { throw ValueError("the size '\(text)' is not a whole number of bytes") }
    return bytes
  }

  /// In the largest binary unit that shows it exactly, which reads back as the same size: `4 GiB`, `1.5 GiB`, `500000000 B`.
  public var description: String {
    for (power, unit) in ["PiB", "TiB", "GiB", "MiB", "KiB"].enumerated() {
      let size = UInt64(1) << (50 - 10 * UInt64(power))
      guard rawValue >= size else { continue }
      if rawValue % size == 0 { return "\(rawValue / size) \(unit)" }
      if rawValue / size < 1024, (rawValue % size) * 4 % size == 0 {
        let quarters = (rawValue % size) * 4 / size
        return "\(rawValue / size).\(["", "25", "5", "75"][Int(quarters)]) \(unit)"
      }
    }
    return "\(rawValue) B"
  }

  /// To a tenth of its unit, since nobody asks for the byte: `4 GiB`, `1.4 GiB`.
  public var rounded: String {
    let units: [(String, UInt64)] = [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20)]
    for (unit, bytes) in units where rawValue >= bytes {
      let tenths = rawValue % bytes == 0 ? "" : ".\(rawValue % bytes * 10 / bytes)"
      return "\(rawValue / bytes)\(tenths) \(unit)"
    }
    return description
  }

  /// The same, and never less than it is: what is missing is enough once that much is there.
  public var roundedUp: String {
    let units: [UInt64] = [1 << 40, 1 << 30, 1 << 20]
    guard let unit = units.first(where: { rawValue >= $0 }) else { return description }
    let whole = rawValue - rawValue % unit
    let tenths = (rawValue % unit * 10 + unit - 1) / unit
    // The smallest size that reads as so many tenths.
    let (sum, overflow) = whole.addingReportingOverflow((tenths * unit + 9) / 10)
    return overflow ? rounded : ByteCount(rawValue: sum).rounded
  }

  public static func < (a: ByteCount, b: ByteCount) -> Bool { a.rawValue < b.rawValue }

  /// Rounded up to whole KiB, libvirt's unit of memory.
  public var roundedUpToKibibytes: ByteCount {
    let (sum, overflow) = rawValue.addingReportingOverflow(1023)
    return ByteCount(rawValue: (overflow ? UInt64.max : sum) & ~1023)
  }
}

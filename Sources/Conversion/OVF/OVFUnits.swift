/// Units of OVF descriptors: programmatic ones such as `byte * 2^20` (DSP0004, annex C), and the older names.
enum OVFUnits {
  /// Bytes; nil for a unit that is not known.
  static func bytes(_ unit: String) -> UInt64? {
    let text = unit.lowercased().filter { !$0.isWhitespace }
    switch text {
    case "", "byte", "bytes": return 1
    case "kb", "kilobyte", "kilobytes", "kib": return 1 << 10
    case "mb", "megabyte", "megabytes", "mib": return 1 << 20
    case "gb", "gigabyte", "gigabytes", "gib": return 1 << 30
    case "tb", "terabyte", "terabytes", "tib": return 1 << 40
    default: break
    }
    guard text.hasPrefix("byte*") else { return nil }
    var product: UInt64 = 1
    for factor in text.dropFirst("byte*".count).split(separator: "*", omittingEmptySubsequences: false) {
      guard let value = power(factor), let next = Amount.times(product, value) else { return nil }
      product = next
    }
    return product
  }

  /// `1024` or `2^20`
  private static func power(_ text: Substring) -> UInt64? {
    let parts = text.split(separator: "^", omittingEmptySubsequences: false)
    guard let base = UInt64(parts[0]) else { return nil }
    guard parts.count == 2 else { return parts.count == 1 ? base : nil }
    guard let exponent = UInt64(parts[1]), exponent < 64 else { return nil }
    var result: UInt64 = 1
    for _ in 0..<exponent {
      guard let next = Amount.times(result, base) else { return nil }
      result = next
    }
    return result
  }
}

/// Arithmetic on sizes that a source states.
enum Amount {
  /// `count` units of `unit`; nil if no `UInt64` holds that.
  static func times(_ count: UInt64, _ unit: UInt64) -> UInt64? {
    let (product, overflow) = count.multipliedReportingOverflow(by: unit)
    return overflow ? nil : product
  }

  /// Bytes in whole KiB, rounded up.
  static func kibibytes(_ bytes: UInt64) -> UInt64 { bytes / 1024 + (bytes % 1024 == 0 ? 0 : 1) }

  /// A size such as `10`, `1.5` or `1e3` of `unit` in bytes; nil if it is none, is negative, too large, or not whole.
  static func bytes(_ number: String, _ unit: UInt64) -> UInt64? {
    if let whole = UInt64(number) { return times(whole, unit) }
    let parts = number.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 2, (1...9).contains(parts[1].count), let whole = UInt64(parts[0]),
      let digits = UInt64(parts[1])
    else { return nil }
    let scale = parts[1].reduce(UInt64(1)) { value, _ in value * 10 }
    guard let product = times(digits, unit), product % scale == 0, let head = times(whole, unit) else {
      return nil
    }
    let (sum, overflow) = head.addingReportingOverflow(product / scale)
    return overflow ? nil : sum
  }

  /// libvirt's units, <https://libvirt.org/formatdomain.html#memory-allocation>; nil for another word.
  static func unit(_ name: String) -> UInt64? {
    switch name {
    case "b", "B", "bytes": 1
    case "KB": 1000
    case "k", "K", "KiB": 1 << 10
    case "MB": 1_000_000
    case "M", "MiB": 1 << 20
    case "GB": 1_000_000_000
    case "G", "GiB": 1 << 30
    case "TB": 1_000_000_000_000
    case "T", "TiB": 1 << 40
    default: nil
    }
  }
}

/// Names of disks in a guest.
enum DiskTarget {
  /// `vda`, `vdb`, … `vdz`, `vdaa`.
  static func name(_ prefix: String, _ index: Int) -> String {
    var letters = ""
    var rest = index
    while rest >= 0 {
      letters = String(UnicodeScalar(UInt8(97 + rest % 26))) + letters
      rest = rest / 26 - 1
    }
    return prefix + letters
  }

  /// The prefix that libvirt gives disks on a bus.
  static func prefix(bus: String) -> String {
    switch bus {
    case "ide": "hd"
    case "scsi", "sata", "usb": "sd"
    case "fdc": "fd"
    case "xen": "xvd"
    default: "vd"
    }
  }
}

/// Unique targets for the disks of one machine.
struct FreeTargets {
  private var used: Set<String> = []

  /// The first free one from `index` on.
  mutating func next(_ prefix: String, from index: Int = 0) -> String {
    var index = index
    while !used.insert(DiskTarget.name(prefix, index)).inserted { index += 1 }
    return DiskTarget.name(prefix, index)
  }
}

extension String {
  /// A UUID as libvirt writes it, from 32 hexadecimal digits with spaces and dashes anywhere; nil if it is none.
  var canonicalUUID: String? {
    let digits = filter { $0 != "-" && $0 != " " }.lowercased()
    guard digits.utf8.count == 32, digits.allSatisfy(\.isHexDigit), allSatisfy(\.isASCII) else { return nil }
    var result = ""
    for (index, digit) in digits.enumerated() {
      if [8, 12, 16, 20].contains(index) { result += "-" }
      result.append(digit)
    }
    return result
  }
}

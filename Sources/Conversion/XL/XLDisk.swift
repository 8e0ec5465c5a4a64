/// One disk of a machine of Xen (xl-disk-configuration(5)): positional parameters, keywords, or the older
/// `phy:/dev/vg/web,xvda,w`.
struct XLDisk {
  var target: String?
  var format: String?
  var vdev: String?
  var isReadOnly = false
  var isCDROM = false
  var backend: String?
  /// Keywords that nothing comes of.
  var others: [String] = []

  private static let formats = ["raw", "qcow", "qcow2", "vhd", "qed"]

  /// nil if `text` names no device of the guest.
  init?(_ text: String) {
    var rest = text[...]
    var isTargetNext = true
    let hasPrefix = takeOlderPrefixes(&rest)
    // The target may have commas in it when it is named, and is the last one then.
    if let range = rest.firstRange(of: "target=") {
      let before = rest[..<range.lowerBound]
      if before.isEmpty || before.hasSuffix(",") || before.last?.isWhitespace == true {
        target = String(rest[range.upperBound...])
        rest = before
        isTargetNext = false
      }
    }
    for (number, part) in rest.split(separator: ",", omittingEmptySubsequences: false).enumerated() {
      let part = part.trimmingSpaces
      if part.isEmpty {
        if number == 0 {
          isTargetNext = false
        } else if format == nil, !isTargetNext, number == 1 {
          format = "raw"
        }
        continue
      }
      if let equals = part.firstIndex(of: "=") {
        take(String(part[..<equals]), String(part[part.index(after: equals)...]))
      } else if ["cdrom", "discard", "no-discard", "direct-io-safe"].contains(part) {
        take(flag: part)
      } else if isTargetNext {
        target = part
        isTargetNext = false
      } else if format == nil, !hasPrefix {
        format = part
      } else if vdev == nil {
        take("vdev", part)
      } else {
        take("access", part)
      }
    }
    guard vdev != nil else { return nil }
    if target?.isEmpty == true { target = nil }
  }

  /// `phy:`, `file:`, `tap:aio:` and the like, which say how the disk is served. True if there was one.
  private mutating func takeOlderPrefixes(_ rest: inout Substring) -> Bool {
    var found = false
    while let colon = rest.firstIndex(of: ":") {
      switch rest[..<colon] {
      case "phy":
        format = "raw"
        backend = "phy"
      case "file", "aio", "raw": format = "raw"
      case "tap", "tap2", "ioemu": break
      case "qcow", "qcow2", "vhd", "qed": format = String(rest[..<colon])
      default: return found
      }
      found = true
      rest = rest[rest.index(after: colon)...]
    }
    return found
  }

  private mutating func take(_ key: String, _ value: String) {
    switch key.lowercased() {
    case "target": target = value
    case "format": format = value.isEmpty ? nil : value
    case "vdev":
      let parts = value.split(separator: ":", maxSplits: 1).map(String.init)
      vdev = parts.first
      if parts.count == 2, parts[1] == "cdrom" { isCDROM = true }
    case "access": isReadOnly = ["ro", "r"].contains(value)
    case "devtype": isCDROM = value == "cdrom"
    case "backendtype": backend = value
    default: others.append(key)
    }
  }

  private mutating func take(flag: String) {
    if flag == "cdrom" { isCDROM = true } else { others.append(flag) }
  }

  /// Whether libvirt knows the format.
  var hasKnownFormat: Bool { format.map(Self.formats.contains) ?? true }
}

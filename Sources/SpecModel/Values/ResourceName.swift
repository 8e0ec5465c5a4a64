/// The name of a host, VM, disk, network, pool or image: the one grammar for everything that ends up in a
/// file name, a host name or a libvirt object.
public struct ResourceName: Hashable, Comparable, Sendable, CustomStringConvertible {
  public let rawValue: String

  /// Longest name, so that a volume's name with its tag fits any file system.
  public static let maximumLength = 63

  /// What the names of the objects begin with that are locks on a host; no other name does.
  public static let lockPrefix = "virtform-lock-"

  /// Letters, digits, `.`, `_` and `-`; the first is a letter or a digit. What begins as a lock does is no name.
  public init(parsing text: String) throws(ValueError) {
    guard !text.isEmpty else { throw ValueError("a name is empty", help: Self.grammar) }
    guard text.utf8.count <= Self.maximumLength else {
      throw ValueError("the name '\(text.prefix(24))…' is longer than \(Self.maximumLength) characters")
    }
    if let bad = text.unicodeScalars.first(where: { !Self.isAllowed($0) }) {
      let shown = isControl(bad) ? codePoint(bad) : "'\(bad)'"
      throw ValueError("the name '\(text)' has the character \(shown)", help: Self.grammar)
    }
    guard let first = text.unicodeScalars.first, !"._-".unicodeScalars.contains(first) else {
      throw ValueError("the name '\(text)' does not start with a letter or a digit", help: Self.grammar)
    }
    guard !text.hasPrefix(Self.lockPrefix) else {
      throw ValueError(
        "the name '\(text)' is reserved", help: "what begins with \(Self.lockPrefix) is a lock on a host")
    }
    rawValue = text
  }

  private static let grammar =
    "names are letters, digits, '.', '_' and '-', and start with a letter or a digit"

  private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "a"..."z", "A"..."Z", "0"..."9", ".", "_", "-": true
    default: false
    }
  }

  public var description: String { rawValue }

  /// By letters, with runs of digits compared as numbers: `web-2` stands before `web-10`.
  public static func < (a: ResourceName, b: ResourceName) -> Bool {
    a.rawValue.isOrderedNaturally(before: b.rawValue)
  }
}

extension String {
  /// Orders `web-2` before `web-10`; texts that differ only in leading zeros fall back to plain order.
  package func isOrderedNaturally(before other: String) -> Bool {
    var (left, right) = (self, other)
    let isBefore = left.withUTF8 { left in right.withUTF8 { left[...].isOrderedNaturally(before: $0[...]) } }
    return isBefore ?? (self < other)
  }
}

extension Slice<UnsafeBufferPointer<UInt8>> {
  /// Nil if nothing tells the two apart but leading zeros.
  fileprivate func isOrderedNaturally(before other: Self) -> Bool? {
    var (a, b) = (self, other)
    while let x = a.first, let y = b.first {
      if x.isDigit, y.isDigit {
        let (m, n) = (a.prefix(while: \.isDigit), b.prefix(while: \.isDigit))
        let (p, q) = (m.drop { $0 == UInt8(ascii: "0") }, n.drop { $0 == UInt8(ascii: "0") })
        if p.count != q.count { return p.count < q.count }
        if !p.elementsEqual(q) { return p.lexicographicallyPrecedes(q) }
        (a, b) = (a[m.endIndex...], b[n.endIndex...])
      } else {
        if x != y { return x < y }
        (a, b) = (a.dropFirst(), b.dropFirst())
      }
    }
    return a.isEmpty == b.isEmpty ? nil : a.isEmpty
  }
}

/// The VLANs that an interface is on: one, whose tag the guest does not see, or a trunk of several
/// (<https://libvirt.org/formatnetwork.html#setting-vlan-tag-on-supported-network-types-only>).
public struct VLAN: Hashable, Sendable, CustomStringConvertible {
  /// IEEE 802.1Q has two tags more, which name no VLAN.
  static let possibleTags = 1...4094

  /// Ascending, of `possibleTags` each.
  public let tags: [Int]
  /// True if the guest sees tags.
  public let isTrunk: Bool
  /// The one of a trunk whose tag the guest does not see.
  public let native: Int?

  public init(tag: Int) {
    tags = [tag]
    isTrunk = false
    native = nil
  }

  public init(trunk tags: some Sequence<Int>, native: Int? = nil) {
    self.tags = Set(tags).union(native.map { [$0] } ?? []).sorted()
    isTrunk = true
    self.native = native
  }

  /// No VLAN at all, for an interface that is to leave those that it is on.
  public static let none = VLAN(trunk: [])

  public var isNone: Bool { tags.isEmpty }

  /// `40`, or `trunk 10,20-30 (native 10)`
  public var description: String {
    guard isTrunk else { return tags.map(String.init).joined(separator: ",") }
    var ranges: [ClosedRange<Int>] = []
    for tag in tags {
      if let last = ranges.last, last.upperBound == tag - 1 {
        ranges[ranges.count - 1] = last.lowerBound...tag
      } else {
        ranges.append(tag...tag)
      }
    }
    let text = ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
    return "trunk " + text.joined(separator: ",") + (native.map { " (native \($0))" } ?? "")
  }
}

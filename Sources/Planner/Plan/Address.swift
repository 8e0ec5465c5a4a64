public import SpecModel

/// What a change is about: `vm.web-1` on `rack1`.
public struct Address: Hashable, Sendable, Comparable, CustomStringConvertible {
  public enum Kind: String, Sendable, CaseIterable {
    // In the order they are made, which is the order a plan lists them in.
    case pool, image, disk, firewall, network, vm
  }

  public let kind: Kind
  public let name: String
  public let host: ResourceName

  public init(_ kind: Kind, _ name: String, on host: ResourceName) {
    self.kind = kind
    self.name = name
    self.host = host
  }

  public var description: String { "\(kind.rawValue).\(name)" }

  public static func < (a: Address, b: Address) -> Bool {
    if a.host != b.host { return a.host < b.host }
    let order = Kind.allCases
    let (i, j) = (order.firstIndex(of: a.kind) ?? 0, order.firstIndex(of: b.kind) ?? 0)
    return i != j ? i < j : a.name.isOrderedNaturally(before: b.name)
  }
}

/// Which disks may lose their content in a run.
public enum DataLossConsent: Hashable, Sendable {
  case all
  /// Some disks: `disk.web-1.root`. None, if it is empty.
  case only([AddressPattern])
  /// All, and some by their names besides: there is what a consent in general does not cover.
  case allAnd([AddressPattern])

  public static let none = DataLossConsent.only([])

  public func covers(_ address: Address) -> Bool {
    switch self {
    case .all, .allAnd: true
    case .only(let patterns): patterns.contains { $0.matches(address) }
    }
  }

  /// True if it is not for named disks alone.
  var isGeneral: Bool {
    switch self {
    case .all, .allAnd: true
    case .only: false
    }
  }

  /// True if there is consent for anything.
  var isGiven: Bool { self != .none }

  /// The addresses that are named.
  var named: [AddressPattern] {
    switch self {
    case .all: []
    case .only(let patterns), .allAnd(let patterns): patterns
    }
  }
}

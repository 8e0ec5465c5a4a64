/// Which disks may lose their content in a run.
public enum DataLossConsent: Hashable, Sendable {
  case all
  /// Some disks: `disk.web-1.root`. None, if it is empty.
  case only([AddressPattern])

  public static let none = DataLossConsent.only([])

  public func covers(_ address: Address) -> Bool {
    switch self {
    case .all: true
    case .only(let patterns): patterns.contains { $0.matches(address) }
    }
  }

  /// True if there is consent for anything.
  var isGiven: Bool { self != .none }

  /// The addresses that are named.
  var named: [AddressPattern] {
    if case .only(let patterns) = self { patterns } else { [] }
  }
}

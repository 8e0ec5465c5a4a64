/// What a change does to what runs, from the mildest to the worst.
public enum Effect: Int, Comparable, Sendable, CaseIterable {
  /// Nothing that runs notices.
  case none
  /// Takes effect while the guest runs.
  case live
  /// Takes effect when the guest, or the network, next starts.
  case restart
  /// The guest is stopped and stays off.
  case stop
  /// The object is removed and made again.
  case replace
  /// The content of a disk, or of a TPM, is destroyed.
  case dataLoss

  public static func < (a: Effect, b: Effect) -> Bool { a.rawValue < b.rawValue }

  /// The word of the plan.
  public var word: String {
    switch self {
    case .none: "none"
    case .live: "live"
    case .restart: "restart"
    case .stop: "stop"
    case .replace: "replace"
    case .dataLoss: "data loss"
    }
  }
}

internal import CLibvirt

/// What a change applies to (`virDomainModificationImpact`). Neither means the current state: the running
/// guest if there is one, else the definition.
public struct Affect: OptionSet, Hashable, Sendable {
  public let rawValue: UInt32

  public init(rawValue: UInt32) {
    self.rawValue = rawValue
  }

  /// The running object.
  public static let live = Affect(rawValue: VIR_DOMAIN_AFFECT_LIVE.rawValue)
  /// The persistent definition.
  public static let config = Affect(rawValue: VIR_DOMAIN_AFFECT_CONFIG.rawValue)
}

internal import CLibvirt

/// Which domains to list (`virConnectListAllDomainsFlags`). Within a group, either will do; groups narrow
/// each other. The empty filter lists all.
public struct DomainFilter: OptionSet, Hashable, Sendable {
  public let rawValue: UInt32

  public init(rawValue: UInt32) {
    self.rawValue = rawValue
  }

  /// Running or paused: everything but shut off.
  public static let active = DomainFilter(rawValue: VIR_CONNECT_LIST_DOMAINS_ACTIVE.rawValue)
  public static let inactive = DomainFilter(rawValue: VIR_CONNECT_LIST_DOMAINS_INACTIVE.rawValue)
  public static let persistent = DomainFilter(rawValue: VIR_CONNECT_LIST_DOMAINS_PERSISTENT.rawValue)
  public static let transient = DomainFilter(rawValue: VIR_CONNECT_LIST_DOMAINS_TRANSIENT.rawValue)
  public static let running = DomainFilter(rawValue: VIR_CONNECT_LIST_DOMAINS_RUNNING.rawValue)
  public static let paused = DomainFilter(rawValue: VIR_CONNECT_LIST_DOMAINS_PAUSED.rawValue)
  public static let shutoff = DomainFilter(rawValue: VIR_CONNECT_LIST_DOMAINS_SHUTOFF.rawValue)
  public static let otherState = DomainFilter(rawValue: VIR_CONNECT_LIST_DOMAINS_OTHER.rawValue)
  public static let managedSave = DomainFilter(rawValue: VIR_CONNECT_LIST_DOMAINS_MANAGEDSAVE.rawValue)
  public static let noManagedSave = DomainFilter(rawValue: VIR_CONNECT_LIST_DOMAINS_NO_MANAGEDSAVE.rawValue)
  public static let autostart = DomainFilter(rawValue: VIR_CONNECT_LIST_DOMAINS_AUTOSTART.rawValue)
  public static let noAutostart = DomainFilter(rawValue: VIR_CONNECT_LIST_DOMAINS_NO_AUTOSTART.rawValue)
  public static let hasSnapshot = DomainFilter(rawValue: VIR_CONNECT_LIST_DOMAINS_HAS_SNAPSHOT.rawValue)
  public static let noSnapshot = DomainFilter(rawValue: VIR_CONNECT_LIST_DOMAINS_NO_SNAPSHOT.rawValue)
  /// A libvirt before 5.6, which has no checkpoints, refuses both.
  public static let hasCheckpoint = DomainFilter(rawValue: VIR_CONNECT_LIST_DOMAINS_HAS_CHECKPOINT.rawValue)
  public static let noCheckpoint = DomainFilter(rawValue: VIR_CONNECT_LIST_DOMAINS_NO_CHECKPOINT.rawValue)

  /// Pairs of filters of which each domain passes one.
  static let halves: [(DomainFilter, DomainFilter)] = [
    (.active, .inactive), (.autostart, .noAutostart), (.managedSave, .noManagedSave),
    (.hasSnapshot, .noSnapshot),
  ]
}

/// Whether a guest runs (`virDomainState` knows more; these are the ones that a spec can want).
public enum PowerState: String, CaseIterable, Sendable {
  case running
  /// Its processors are stopped; its memory stays in use.
  case paused
  case off

  /// True if there is a guest, running or paused.
  public var isActive: Bool { self != .off }
}

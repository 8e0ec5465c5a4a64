/// Which of an object's two documents is meant.
public enum XMLView: Hashable, Sendable {
  /// The running object's, or the definition's while it is not running.
  case live
  /// The persistent definition's, which the next start uses.
  case inactive
}

/// Where a new child of an element goes.
public enum XMLPlacement: Hashable, Sendable {
  case first
  case last
  /// Before the first child that has one of the names; last if there is none.
  case before([String])
  /// After the last child that has one of the names; last if there is none.
  case after([String])
}

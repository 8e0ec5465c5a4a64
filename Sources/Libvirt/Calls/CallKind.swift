/// What a call is for, as far as that says how long it may take.
public enum CallKind: String, CaseIterable, Sendable {
  /// Connecting to a host, with all that ssh or TLS need for it.
  case connect
  /// A call that reads.
  case read
  /// A call that changes something, such as the start of a guest.
  case change
  /// The upload of an image: how long no byte of it may arrive.
  case upload
  /// A copy that the host makes of one of its volumes, or the migration of a guest.
  case copy
}

/// What a move has to do with a guest that is paused.
public enum Transit: String, Hashable, Sendable {
  /// It was moved while it was paused, and has not run since. QEMU before 10.0 opens its disks for writing only when it runs,
  /// and crashes if it is to hand them on before.
  case paused
  /// Its VM is off, and it exists only to be moved: its processors have never run.
  case off
}

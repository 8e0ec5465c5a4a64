import FoundationEssentials

/// How much tests of faults try.
public enum Torture {
  /// Whether everything is tried (`make torture`), or the sample that `make test` has time for.
  public static let isLong = ProcessInfo.processInfo.environment["VIRTFORM_TORTURE"] == "1"
}

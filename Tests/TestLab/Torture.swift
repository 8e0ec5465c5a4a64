import FoundationEssentials

/// How much tests of faults try.
public enum Torture {
  /// Whether everything is tried (`make torture`), or the sample that `make test` has time for.
  public static let isLong = ProcessInfo.processInfo.environment["VIRTFORM_TORTURE"] == "1"

  /// How large a sample is: `usual`, unless `VIRTFORM_TEST_ROUNDS` says otherwise.
  public static func rounds(usual: Int) -> Int {
    ProcessInfo.processInfo.environment["VIRTFORM_TEST_ROUNDS"].flatMap(Int.init) ?? usual
  }
}

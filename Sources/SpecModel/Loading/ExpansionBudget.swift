/// Bounds what counts, profiles and variables make of a small spec.
struct ExpansionBudget {
  /// VMs of one spec; libvirt cannot list more than 16,384 of one host.
  private static let maximumMachines = 100_000
  private static let maximumValues = 5_000_000
  /// Bytes of one text.
  private static let maximumTextLength = 1 << 20

  private var machines = maximumMachines
  /// Values of all VMs together.
  private var values = maximumValues
  /// Bytes of text that references were filled into, of all VMs together.
  private var bytes = 256 << 20
  /// True once something was too much: nothing more is filled in.
  private(set) var isSpent = false

  mutating func spend(values count: Int, at location: SourceLocation, _ diagnostics: Diagnostics) -> Bool {
    guard !isSpent else { return false }
    values -= count
    if values < 0 { exceed("the spec grows beyond \(Self.maximumValues) values", at: location, diagnostics) }
    return !isSpent
  }

  mutating func spend(textOf text: String, at location: SourceLocation, _ diagnostics: Diagnostics) -> Bool {
    guard !isSpent else { return false }
    bytes -= text.utf8.count
    if text.utf8.count > Self.maximumTextLength {
      exceed("this text grows beyond 1 MiB", at: location, diagnostics)
    } else if bytes < 0 {
      exceed("the spec grows beyond 256 MiB of text", at: location, diagnostics)
    }
    return !isSpent
  }

  private mutating func exceed(_ message: String, at location: SourceLocation, _ diagnostics: Diagnostics) {
    isSpent = true
    diagnostics.error(
      message, at: location, help: "counts, profiles and variables are filled in up to this bound")
  }
}

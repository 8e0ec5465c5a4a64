/// How much CPU time a VM may take, in CPUs of its host: `1.5`, `0.25`. Exact to a hundredth.
public struct CPULimit: Hashable, Sendable, CustomStringConvertible {
  /// In hundredths of a CPU, which is what Xen counts in.
  public let percent: Int

  /// The most CPUs that can be said.
  private static let maximum = 1000

  /// - Parameter percent: of a CPU, above 0.
  public init(percent: Int) { self.percent = percent }

  /// Reads a decimal number above 0, up to 1000 and with up to two decimal places.
  public init(parsing text: String) throws(ValueError) {
    let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    let (whole, fraction) = (parts[0], parts.count == 2 ? parts[1] : "0")
    let isDecimal = [whole, fraction].allSatisfy { digits in
      !digits.isEmpty && digits.allSatisfy { $0.isASCII && $0.isNumber }
    }
    guard isDecimal, fraction.count <= 2, whole.count <= 4, let cpus = Int(whole),
      let rest = Int(fraction.count == 1 ? "\(fraction)0" : fraction)
    else {
      throw ValueError("'\(text)' is no number of CPUs", help: "write a number such as 2, 1.5 or 0.25")
    }
    let percent = cpus * 100 + rest
    guard percent > 0, percent <= Self.maximum * 100 else {
      throw ValueError("the number of CPUs '\(text)' must be above 0 and at most \(Self.maximum)")
    }
    self.percent = percent
  }

  public var description: String {
    let (whole, rest) = percent.quotientAndRemainder(dividingBy: 100)
    if rest == 0 { return "\(whole)" }
    return rest % 10 == 0 ? "\(whole).\(rest / 10)" : "\(whole).\(rest < 10 ? "0" : "")\(rest)"
  }
}

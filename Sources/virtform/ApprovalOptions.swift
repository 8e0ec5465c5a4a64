import ArgumentParser

/// Consent to one plan, by its digest.
struct ApprovalOptions: ParsableArguments {
  @Option(
    name: .customLong("approve"),
    help: ArgumentHelp(
      "Do it without asking if the plan has this digest, which 'plan' shows as Markdown and JSON.",
      valueName: "digest"),
    transform: Self.digest)
  var digest: String?

  /// Of the 64 digits, enough that nobody finds another plan that has them.
  private static let fewest = 16

  private static func digest(_ text: String) throws -> String {
    let digest = text.lowercased()
    guard digest.count >= fewest, digest.count <= 64, digest.allSatisfy(\.isHexDigit) else {
      throw ValidationError("a digest has \(fewest) to 64 hexadecimal digits")
    }
    return digest
  }
}

public import Planner
public import SpecModel

/// What was found wrong on hosts, for programs: what `virtform verify --json` prints.
/// `docs/schemas/verification.schema.json` describes it.
public struct VerificationDocument {
  /// Counts as that of plans does.
  public static let formatVersion = "1.0"

  private let verification: Verification
  private let mended: [Finding]
  private let version: String
  private let location: (Finding) -> SourceLocation?

  /// - Parameters:
  ///   - mended: what was found and is no more, since this run has mended it.
  ///   - location: the place of a finding in the spec.
  public init(
    _ verification: Verification, mended: [Finding] = [], version: String,
    location: @escaping (Finding) -> SourceLocation?
  ) {
    self.verification = verification
    self.mended = mended
    self.version = version
    self.location = location
  }

  public var json: StructuredValue {
    [
      "format_version": .string(Self.formatVersion), "virtform_version": .string(version),
      "stack": .string(verification.stack.rawValue),
      "findings": .list(verification.findings.map(finding)), "mended": .list(mended.map(finding)),
      "unseen": .list(
        verification.unseen.map {
          [
            "host": .string($0.host.rawValue), "pool": StructuredValue($0.pool), "reason": .string($0.reason),
          ]
        }),
      "running": verification.running.map {
        ["host": .string($0.host.rawValue), "holder": .string($0.text)]
      } ?? .null,
    ]
  }

  private func finding(_ finding: Finding) -> StructuredValue {
    var members: [String: StructuredValue] = [
      "kind": .string(finding.kind.rawValue), "host": .string(finding.host.rawValue),
      "object": .string(finding.object), "meaning": .string(finding.meaning),
    ]
    if let location = location(finding) { members["location"] = StructuredValue(location) }
    let (by, text, command): (String, String, String?) =
      switch finding.remedy {
      case .apply(let text, let options):
        ("apply", text, "virtform apply" + (options.map { " \($0)" } ?? ""))
      case .fix(let text, _): ("fix", text, "virtform verify --fix")
      case .person(let text, let command): ("person", text, command)
      }
    members["remedy"] = ["by": .string(by), "text": .string(text), "command": StructuredValue(command)]
    return .map(members)
  }
}

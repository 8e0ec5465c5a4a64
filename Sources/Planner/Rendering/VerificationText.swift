public import SpecModel

/// Renders for people what was found wrong on hosts.
public struct VerificationText {
  private let verification: Verification
  private let location: (Finding) -> SourceLocation?
  private let style: TextStyle

  /// - Parameter location: the place of a finding in the spec.
  public init(
    _ verification: Verification, style: TextStyle = .plain,
    location: @escaping (Finding) -> SourceLocation? = { _ in nil }
  ) {
    self.verification = verification
    self.style = style
    self.location = location
  }

  /// The whole text, ending with a newline.
  public func render() -> String {
    var text = ""
    if let running = verification.running {
      text +=
        "A run is under way, and what is half done may be its work: host '\(running.host)' is locked "
        + "\(printable(running.text))\n"
    }
    var host: ResourceName?
    for finding in verification.findings {
      if finding.host != host { text += style(.bold, "\(finding.host)") + "\n" }
      host = finding.host
      let place = location(finding).map { "  (\($0))" } ?? ""
      text += "  ! " + style(.yellow, printable(finding.object)) + "  \(finding.kind.rawValue)\(place)\n"
      text += "      \(printable(finding.meaning))\n"
      text += Self.lines(finding.remedy, verification.stack)
    }
    for unseen in verification.unseen {
      let what = unseen.pool.map { "pool '\($0)' on host '\(unseen.host)'" } ?? "host '\(unseen.host)'"
      text += "Not looked at: \(what): \(printable(unseen.reason))\n"
    }
    return text + summary + "\n"
  }

  private static func lines(_ remedy: Finding.Remedy, _ stack: ResourceName) -> String {
    switch remedy {
    case .apply(let words, nil): "      The next apply \(words).\n"
    case .apply(let words, let options?): "      virtform apply \(options) \(words).\n"
    case .fix(let words, _): "      virtform verify --fix \(words).\n"
    case .person(let words, let command):
      "      To do: \(printable(words))\(command == nil ? "." : ":")\n"
        + (command.map { "        \(printable($0))\n" } ?? "")
    }
  }

  private var summary: String {
    let findings = verification.findings
    guard !findings.isEmpty else {
      return "Nothing found."
        + (verification.unseen.isEmpty ? " Marks, disks and locks are as they should be." : "")
    }
    func count(_ condition: (Finding.Remedy) -> Bool) -> Int { findings.count { condition($0.remedy) } }
    let parts = [
      (count { if case .fix = $0 { true } else { false } }, "for verify --fix"),
      (count { if case .apply = $0 { true } else { false } }, "for an apply"),
      (count { if case .person = $0 { true } else { false } }, "for a person"),
    ].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
    return "\(findings.count) finding\(findings.count == 1 ? "" : "s"): \(parts.joined(separator: ", "))."
  }
}

public import SpecModel

/// Renders for people what somebody changed beside virtform.
public struct DriftText {
  private let drifted: [(change: Change, fields: [FieldChange])]
  private let missing: [Change]
  private let otherChanges: Int
  private let obstacles: [Diagnostic]
  private let style: TextStyle

  /// - Parameters:
  ///   - plan: the whole plan of the spec.
  ///   - obstacles: what no plan mends.
  public init(_ plan: Plan, obstacles: [Diagnostic] = [], style: TextStyle = .plain) {
    self.obstacles = obstacles
    drifted = plan.changes.map { ($0, $0.fields.filter(\.isDrift)) }.filter { !$0.fields.isEmpty }
    missing = plan.changes.filter { $0.action == .create }
    otherChanges = plan.changes.count { change in
      change.action != .create && (change.fields.isEmpty || change.fields.contains { $0.cause == .change })
    }
    self.style = style
  }

  /// True if nothing has drifted, nothing is missing, and nothing is in the way of a plan.
  public var isEmpty: Bool { drifted.isEmpty && missing.isEmpty && obstacles.isEmpty }

  /// The whole text, ending with a newline.
  public func render() -> String {
    var text = drifted.map { change, fields in
      let width = fields.map(\.path.count).max() ?? 0
      let lines = fields.map { field in
        let padding = String(repeating: " ", count: width - field.path.count)
        return
          "    \(field.path)\(padding)  applied: \(shown(field.overwritten ?? field.to)), is: \(shown(field.from))\n"
      }
      return style(.yellow, "\(change.address) on \(change.address.host)") + "\n" + lines.joined()
    }.joined()
    for change in missing {
      text +=
        style(.red, "\(change.address) on \(change.address.host)") + " is not there: never applied, or gone\n"
    }
    if !obstacles.isEmpty {
      text += style(.red, "In the way of a plan:") + "\n"
      text += obstacles.map { obstacle in
        "    \(printable(obstacle.message))\n"
          + (obstacle.help.map { "      help: \(printable($0))\n" } ?? "")
      }.joined()
    }
    if isEmpty { text += "No drift. Nothing was changed beside virtform.\n" }
    if otherChanges > 0 {
      text += "The spec wants \(otherChanges) change\(otherChanges == 1 ? "" : "s") besides: virtform plan\n"
    }
    return text
  }

  private func shown(_ value: String?) -> String {
    guard let value else { return "nothing" }
    return printable(value.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "⏎"))
  }
}

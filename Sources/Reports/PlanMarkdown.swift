public import Planner
import SpecModel

/// A plan as a comment of a pull request: the summary first, the changes folded away in a block for each host.
///
/// GitHub takes comments of 65,536 characters. What does not fit is left out at the end of an object, and said.
public struct PlanMarkdown {
  /// Of the whole text, in characters.
  public static let limit = 60_000
  /// What the closing lines and the notice of a cut need.
  private static let reserve = 1_500

  private let plan: Plan
  private let digest: String

  public init(_ plan: Plan, digest: String) {
    self.plan = plan
    self.digest = digest
  }

  public func render() -> String {
    var text = "### virtform plan: stack `\(plan.stack)`\n\n"
    if let partial = plan.partial {
      text += "> **Partial plan** (`\(partial.words.joined(separator: " "))`): "
      text += "\(partial.omitted) other change\(partial.omitted == 1 ? "" : "s") left out.\n\n"
    }
    for unknown in plan.unknown {
      text +=
        "> **Unknown**: host `\(unknown.host)` (\(Self.prose(unknown.reason))): \(unknown.consequence).\n\n"
    }
    guard !plan.isEmpty else { return text + "**No changes.**\n" + notes(budget: Self.limit) }
    text += table() + "\n"
    text += breaches()
    if plan.summary.dataLosses > 0 { text += losses() }
    let closing = "\nDigest of this plan: `\(digest)`\n"
    var omitted = 0
    for (host, groups) in hosts() {
      let head = "<details open><summary><b>\(host)</b>: \(Self.count(groups))</summary>\n\n```diff\n"
      let tail = "```\n\n</details>\n"
      var body = ""
      for group in groups {
        let lines = diff(group)
        if text.count + head.count + body.count + lines.count + tail.count > Self.limit - Self.reserve {
          omitted += group.changes.count
        } else {
          body += lines
        }
      }
      if !body.isEmpty { text += head + body + tail }
    }
    if omitted > 0 {
      text += "\n> **\(omitted) more change\(omitted == 1 ? " does" : "s do") not fit here.** "
      text += "All of them: `virtform plan`, or the JSON document of this run.\n"
    }
    return text + notes(budget: Self.limit - text.count - closing.count) + closing
  }

  private func table() -> String {
    let counts = plan.summary
    let moves =
      (counts.adopted > 0 ? [("adopt", counts.adopted)] : [])
      + (counts.moves > 0 ? [("move", counts.moves)] : [])
    let cells: [(String, Int)] =
      [("add", counts.add), ("change", counts.change)] + moves + [
        ("replace", counts.replacements), ("remove", counts.remove), ("guests restart", counts.restarts),
        ("lose data", counts.dataLosses),
      ]
    return "| " + cells.map(\.0).joined(separator: " | ") + " |\n"
      + "|" + cells.map { _ in "---:|" }.joined() + "\n"
      + "| " + cells.map { $0.1 > 0 ? "**\($0.1)**" : "0" }.joined(separator: " | ") + " |\n"
  }

  /// Never folded away, and never all cut.
  private func breaches() -> String {
    guard !plan.breaches.isEmpty else { return "" }
    let lines = plan.breaches.prefix(10).map { breach in
      let places = breach.places.count > 500 ? breach.places.prefix(500) + "…" : breach.places
      return
        "> - `\(breach.rule.name)` (\(Self.prose("\(breach.rule.location)"))): \(Self.prose(breach.message))"
        + (places.isEmpty ? "" : ": \(Self.prose(places))") + "\n"
    }
    let more = plan.breaches.count - lines.count
    return "> [!CAUTION]\n> **Refused by the policy**\n" + lines.joined()
      + (more > 0 ? "> - and \(more) more\n" : "") + "\n"
  }

  /// Never folded away, and never all cut.
  private func losses() -> String {
    let lost = plan.changes.filter { $0.effect == .dataLoss }
    let shown = lost.prefix(20).map { "`\($0.address)` on `\($0.address.host)`" }.joined(separator: ", ")
    let more = lost.count > 20 ? " and \(lost.count - 20) more" : ""
    return "> [!CAUTION]\n> **Data loss**: \(shown)\(more)\n\n"
  }

  private func hosts() -> [(ResourceName, [ChangeGroup])] {
    let groups = ChangeGroup.groups(of: plan.changes)
    var hosts: [ResourceName] = []
    for group in groups where !hosts.contains(group.host) { hosts.append(group.host) }
    return hosts.map { host in (host, groups.filter { $0.host == host }) }
  }

  private static func count(_ groups: [ChangeGroup]) -> String {
    let count = groups.reduce(0) { $0 + $1.changes.count }
    let worst = groups.map(\.first.effect).max() ?? .none
    return "\(count) change\(count == 1 ? "" : "s")" + (worst > .live ? ", \(worst.word)" : "")
  }

  /// Markers stand in the first column: nothing else is coloured by a `diff` block.
  private func diff(_ group: ChangeGroup) -> String {
    let change = group.first
    var text = "\(Self.marker(change.action)) \(group.title)"
    if change.effect > .live { text += "  (\(change.effect.word))" }
    if let reason = change.reason { text += "  # \(Self.shown(reason))" }
    text += "\n"
    let fields = group.fields
    let width = fields.map(\.path.count).max() ?? 0
    for field in fields {
      let marker = field.from == nil ? "+" : field.to == nil ? "-" : "!"
      let padding = String(repeating: " ", count: width - field.path.count)
      let values = [field.from, field.to].compactMap { $0.map(Self.shown) }.joined(separator: " → ")
      text += "\(marker)     \(field.path)\(padding)  \(values)"
      if field.effect != .none { text += "  (\(field.effect.word))" }
      if field.cause == .drift { text += "  # not as it was last applied" }
      text += "\n"
    }
    return text
  }

  private static func marker(_ action: Change.Action) -> String {
    switch action {
    case .create: "+"
    case .update, .move, .replace: "!"
    case .delete: "-"
    case .forget, .adopt: " "
    }
  }

  /// One line that cannot end its block.
  private static func shown(_ text: String) -> String {
    let safe = printableLines(printable(text.replacingScalars("\n", with: "⏎")))
      .replacingScalars("```", with: "'''")
    return safe.count > 500 ? safe.prefix(500) + "…" : safe
  }

  private func notes(budget: Int) -> String {
    let groups = NoteGroup.groups(of: plan.notes)
    guard !groups.isEmpty else { return "" }
    let head = "\n<details><summary>Notes (\(groups.count))</summary>\n\n"
    let tail = "\n</details>\n"
    var body = ""
    var omitted = 0
    for group in groups {
      let line = "- `\(group.title)`: \(Self.prose(group.text))\n"
      if head.count + body.count + line.count + tail.count + 60 > budget {
        omitted += 1
      } else {
        body += line
      }
    }
    if omitted > 0 { body += "- and \(omitted) more\n" }
    return head + body + tail
  }

  /// Text outside a block: what a spec or a host says is no markup.
  private static func prose(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    for scalar in printable(text.replacingScalars("\n", with: " ")).unicodeScalars {
      if "\\`*_[]<>&#|@".unicodeScalars.contains(scalar) { result.append("\\") }
      result.append(scalar)
    }
    return String(result)
  }
}

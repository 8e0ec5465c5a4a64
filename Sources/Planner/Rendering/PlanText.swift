import SpecModel

/// Renders a plan for people: grouped by host, an object a paragraph, a field a line, and a closing count.
public struct PlanText {
  private let plan: Plan
  private let style: TextStyle

  public init(_ plan: Plan, style: TextStyle = .plain) {
    self.plan = plan
    self.style = style
  }

  /// The whole text, ending with a newline.
  public func render() -> String {
    if plan.isEmpty, plan.partial == nil {
      let state: String =
        switch (plan.goal, plan.notes.isEmpty) {
        case (.converge, _) where !plan.unknown.isEmpty: "The hosts that answer are as the spec says."
        case (.converge, _): "The hosts are as the spec says."
        case (.destroy, true): "Nothing of the stack is left."
        case (.destroy, false): "What is left of the stack stays, as the notes say."
        }
      return unknownHosts() + "No changes. \(state)\n" + notes()
    }
    var text = unknownHosts() + partialNote()
    if plan.isEmpty { return text + "No changes within that.\n" + notes() }
    var host: ResourceName?
    for group in ChangeGroup.groups(of: plan.changes) {
      if group.host != host {
        text += (host == nil ? "" : "\n") + style(.bold, "\(group.host)") + "\n"
        host = group.host
      }
      text += paragraph(group)
    }
    let notes = notes()
    return text + "\n" + (notes.isEmpty ? "" : notes + "\n") + summary() + "\n" + breaches()
  }

  /// What the policy has against it, a rule a paragraph.
  private func breaches() -> String {
    guard !plan.breaches.isEmpty else { return "" }
    let paragraphs = plan.breaches.map { breach in
      "  \(printable(breach.text))\n" + (breach.addresses.isEmpty ? "" : "      \(breach.places)\n")
    }
    return "\n" + style(.red, "Refused by the policy:") + "\n" + paragraphs.joined()
  }

  /// Loud: what is not known must not be taken for what is not there.
  private func unknownHosts() -> String {
    plan.unknown.map { unknown in
      style(.yellow, "UNKNOWN: host \(unknown.host)")
        + " (\(printable(unknown.reason))): \(unknown.consequence).\n"
    }.joined() + (plan.unknown.isEmpty ? "" : "\n")
  }

  /// Loud: who applies a part must not take it for the whole.
  private func partialNote() -> String {
    guard let partial = plan.partial else { return "" }
    let omitted =
      partial.omitted == 0
      ? "nothing else would change"
      : "\(partial.omitted) other change\(partial.omitted == 1 ? "" : "s") left out"
    return style(.yellow, "PARTIAL PLAN: \(partial.words.joined(separator: " ")), \(omitted).")
      + " The hosts are as the spec says only after a run without that.\n\n"
  }

  private func paragraph(_ group: ChangeGroup) -> String {
    let (change, fields) = (group.first, group.fields)
    var headline = "  " + style(change.action.colour, "\(change.action.symbol) \(group.title)")
    if change.effect > .live { headline += "  " + style(change.effect.colour, "(\(change.effect.word))") }
    if let reason = change.reason { headline += "  " + style(.dim, "# \(printable(reason))") }
    let width = fields.map(\.path.count).max() ?? 0
    func line(_ field: FieldChange) -> String {
      let padding = String(repeating: " ", count: width - field.path.count)
      let symbol = field.from == nil ? "+" : field.to == nil ? "-" : "~"
      let prefix = change.action == .create ? "" : style(symbolColour(symbol), symbol) + " "
      var line = "      \(prefix)\(field.path)\(padding)  \(value(field))"
      if field.effect != .none { line += "  " + style(field.effect.colour, "(\(field.effect.word))") }
      return line
    }
    let drifted = fields.filter { $0.cause == .drift }
    var lines = fields.filter { $0.cause == .change }.map(line)
    if !drifted.isEmpty {
      lines.append("      " + style(.dim, "not as it was last applied, goes back:"))
      lines += drifted.map(line)
    }
    return ([headline] + lines).joined(separator: "\n") + "\n"
  }

  private func value(_ field: FieldChange) -> String {
    switch (field.from, field.to) {
    case (let from?, let to?): "\(shown(from)) → \(shown(to))"
    case (nil, let to?): shown(to)
    case (let from?, nil): shown(from)
    case (nil, nil): ""
    }
  }

  private func shown(_ text: String) -> String {
    let line = text.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "⏎")
    return printable(line.isEmpty ? "\"\"" : line)
  }

  private func symbolColour(_ symbol: String) -> TextStyle.Colour {
    symbol == "+" ? .green : symbol == "-" ? .red : .yellow
  }

  private func notes() -> String {
    guard !plan.notes.isEmpty else { return "" }
    let lines = NoteGroup.groups(of: plan.notes).map { "  \($0.title): \(printable($0.text))" }
    return (["Notes:"] + lines).joined(separator: "\n") + "\n"
  }

  /// `Plan: 3 to add, 1 to change, 0 to remove. 1 guest restarts, 0 replacements, no data loss.`
  private func summary() -> String {
    let counts = plan.summary
    let restarts = counts.restarts == 1 ? "1 guest restarts" : "\(counts.restarts) guests restart"
    let replacements = counts.replacements == 1 ? "1 replacement" : "\(counts.replacements) replacements"
    let losses = [("disk", counts.dataLosses - counts.tpmLosses), ("TPM", counts.tpmLosses)].filter {
      $0.1 > 0
    }.map {
      kind, count in
      count == 1 ? "1 \(kind)" : "\(count) \(kind)s"
    }
    let loss =
      losses.isEmpty ? "no data loss" : style(.red, "DATA LOSS on \(losses.joined(separator: " and "))")
    return
      "\(style(.bold, "Plan:")) \(counts.add) to add, \(counts.change) to change, "
      + (counts.adopted > 0 ? "\(counts.adopted) to adopt, " : "")
      + (counts.moves > 0 ? "\(counts.moves) to move, " : "") + "\(counts.remove) to remove. "
      + "\(restarts), \(replacements), \(loss)."
  }
}

extension Change.Action {
  /// Terraform's symbols, which people know.
  public var symbol: String {
    switch self {
    case .create: "+"
    case .update: "~"
    case .move: ">"
    case .replace: "-/+"
    case .delete: "-"
    case .forget: "."
    case .adopt: "="
    }
  }

  var colour: TextStyle.Colour {
    switch self {
    case .create: .green
    case .update: .yellow
    case .move: .cyan
    case .replace: .magenta
    case .delete: .red
    case .forget: .dim
    case .adopt: .cyan
    }
  }
}

extension Effect {
  var colour: TextStyle.Colour? {
    switch self {
    case .none: nil
    case .live: .green
    case .restart, .stop: .yellow
    case .replace: .magenta
    case .dataLoss: .red
    }
  }
}

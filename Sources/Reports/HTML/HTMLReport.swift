public import Planner
public import SpecModel

/// A page about a stack: its hosts as a drawing, how much of them is used, and what a plan changes.
///
/// One file that needs nothing else: no network, no fonts, no images. Without JavaScript everything is there and open to
/// read; with it the changes can be searched and filtered.
public struct HTMLReport {
  private let stack: ResourceName
  private let estate: Estate
  private let plan: Plan?
  private let digest: String?
  private let version: String

  /// A page about a plan.
  ///
  /// - Parameters:
  ///   - plan: without secrets.
  ///   - estate: the hosts, marked with what the plan does.
  ///   - digest: what `apply --approve` takes.
  ///   - version: of virtform.
  public init(_ plan: Plan, _ estate: Estate, digest: String, version: String) {
    stack = plan.stack
    self.estate = estate
    self.plan = plan
    self.digest = digest
    self.version = version
  }

  /// A page about what there is.
  public init(_ estate: Estate, stack: ResourceName, version: String) {
    self.stack = stack
    self.estate = estate
    plan = nil
    digest = nil
    self.version = version
  }

  private var title: String {
    switch plan?.goal {
    case .converge: "Plan of stack \(stack)"
    case .destroy: "Removal of stack \(stack)"
    case nil: "Hosts of stack \(stack)"
    }
  }

  /// The whole document, ending with a newline.
  public func render() -> String {
    let head = Markup.element(
      "head", [:],
      [
        .element("meta", ["charset": "utf-8"]),
        .element("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"]),
        .element("meta", ["name": "color-scheme", "content": "light dark"]),
        .element(
          "meta",
          [
            "http-equiv": "Content-Security-Policy",
            "content": "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'",
          ]),
        .element("title", [:], title),
        .element("style", [:], [.trusted(Self.style + EstateDrawing.style)]),
      ])
    let sections = [summary, topology, utilisation, changes, notes].compactMap { $0 }
    let body = Markup.element(
      "body", [:],
      [.element("header", [:], [.element("h1", [:], title)] + subtitle), .element("main", [:], sections)]
        + [
          .element("footer", [:], "virtform \(version)"),
          .element("script", [:], [.trusted(Self.script)]),
        ])
    return "<!DOCTYPE html>\n" + Markup.element("html", ["lang": "en"], [head, body]).source + "\n"
  }

  private var subtitle: [Markup] {
    digest.map { [.element("p", ["class": "digest"], [.text("Digest "), .element("code", [:], $0)])] } ?? []
  }

  // MARK: Summary

  private var summary: Markup? {
    guard let plan else { return nil }
    let counts = plan.summary
    let cells: [(Int, String, String)] = [
      (counts.add, "to add", "create"), (counts.change, "to change", "update"),
      (counts.moves, "to move", "move"),
      (counts.replacements, "to replace", "replace"), (counts.remove, "to remove", "delete"),
      (counts.forgotten, "to let go", "forget"), (counts.adopted, "to adopt", "adopt"),
      (counts.restarts, counts.restarts == 1 ? "guest restarts" : "guests restart", "restart"),
      (counts.dataLosses, counts.dataLosses == 1 ? "loses data" : "lose data", "data-loss"),
    ]
    let chips = cells.map { count, label, kind in
      Markup.element(
        "li", ["class": count == 0 ? "none" : kind],
        [.element("b", [:], "\(count)"), .text(" \(label)")])
    }
    var parts: [Markup] = [.element("ul", ["class": "chips"], chips)]
    for unknown in plan.unknown.reversed() {
      parts.insert(
        .element(
          "p", ["class": "warning"],
          "Unknown: host \(unknown.host) (\(unknown.reason)): \(unknown.consequence)."),
        at: 0)
    }
    if let partial = plan.partial {
      parts.insert(
        .element(
          "p", ["class": "warning"],
          "Partial plan: \(partial.words.joined(separator: " ")). \(partial.omitted) other changes are left out."
        ),
        at: 0)
    }
    if !plan.breaches.isEmpty {
      let rules = plan.breaches.map { breach in
        Markup.element("li", [:], breach.text + (breach.addresses.isEmpty ? "" : ": \(breach.places)"))
      }
      parts.append(
        .element(
          "div", ["class": "warning refused"],
          [.element("b", [:], "Refused by the policy"), .element("ul", [:], rules)]))
    }
    if plan.isEmpty { parts.append(.element("p", [:], "No changes: the hosts are as the spec says.")) }
    return section("Summary", parts)
  }

  // MARK: Hosts

  private var topology: Markup? {
    section("Topology", [.element("div", ["class": "scroll"], [EstateDrawing(estate).element])])
  }

  private var utilisation: Markup? {
    let hosts = estate.hosts.filter { !$0.gauges.isEmpty }
    guard !hosts.isEmpty else { return nil }
    return section(
      "Utilisation",
      [
        .element(
          "div", ["class": "hosts"],
          hosts.map { host in
            .element(
              "section", ["class": "host"],
              [.element("h3", [:], host.name)] + host.gauges.map { gauge(host, $0) })
          })
      ])
  }

  private func gauge(_ host: Estate.Host, _ gauge: Estate.Gauge) -> Markup {
    let total = gauge.total.map { " of \(gauge.text($0))" } ?? ""
    let change =
      gauge.before == gauge.after || plan == nil
      ? gauge.text(gauge.before) : "\(gauge.text(gauge.before)) → \(gauge.text(gauge.after))"
    let label = Markup.element(
      "p", ["class": "amount"],
      [.element("span", [:], gauge.name), .element("span", [:], change + total)])
    guard gauge.percent(0) != nil else { return label }
    let bars: [(String, UInt64)] =
      plan == nil ? [("now", gauge.before)] : [("before", gauge.before), ("after", gauge.after)]
    return .sequence(
      [label]
        + bars.map { name, amount in
          let percent = gauge.percent(amount) ?? 0
          return .element(
            "div",
            [
              "class": "bar \(name)", "role": "img",
              "aria-label": "\(host.name), \(gauge.name) \(name): \(percent) %",
            ],
            [
              .element(
                "span",
                [
                  "class": percent > 100 ? "over" : percent > 85 ? "high" : "",
                  "style": "width:\(min(percent, 100))%",
                ]),
              .element("em", [:], "\(percent) %"),
            ])
        })
  }

  // MARK: Changes

  private var changes: Markup? {
    guard let plan, !plan.isEmpty else { return nil }
    let groups = ChangeGroup.groups(of: plan.changes)
    let effects = Set(groups.map(\.first.effect)).sorted(by: >)
    let boxes = effects.map { effect in
      Markup.element(
        "label", [:],
        [
          .element(
            "input", ["type": "checkbox", "name": "effect", "value": effect.identifier, "checked": ""]),
          .text(" \(effect == .none ? "no effect on guests" : effect.word)"),
        ])
    }
    let filter = Markup.element(
      "form", ["class": "filter", "id": "filter", "hidden": ""],
      [
        .element(
          "input",
          [
            "type": "search", "id": "search", "placeholder": "Search changes", "aria-label": "Search changes",
          ]),
        .element("fieldset", [:], [.element("legend", [:], "Effect")] + boxes),
        .element("output", ["id": "shown", "aria-live": "polite"], "\(groups.count) of \(groups.count)"),
      ])
    return section("Changes", [filter] + groups.map(change))
  }

  private func change(_ group: ChangeGroup) -> Markup {
    let change = group.first
    var heading: [Markup] = [
      .element("span", ["class": "symbol \(change.action.rawValue)"], change.action.symbol),
      .element("b", [:], group.title), .element("span", ["class": "on"], "on \(group.host)"),
    ]
    if change.effect != .none {
      heading.append(.element("span", ["class": "effect \(change.effect.identifier)"], change.effect.word))
    }
    if let reason = change.reason { heading.append(.element("span", ["class": "reason"], reason)) }
    let body: Markup =
      group.fields.isEmpty
      ? .none : .element("div", ["class": "scroll"], [FieldTable(group.fields).element])
    // All names of a group can be searched for.
    let names = group.changes.count > 1 ? group.changes.map { "\($0.address)" }.joined(separator: " ") : nil
    return .element(
      "details",
      ["class": "change", "open": "", "data-effect": change.effect.identifier, "data-names": names],
      [.element("summary", [:], heading), body])
  }

  private var notes: Markup? {
    guard let plan, !plan.notes.isEmpty else { return nil }
    let items = NoteGroup.groups(of: plan.notes).map { note in
      Markup.element("li", [:], [.element("b", [:], note.title), .text(": \(note.text)")])
    }
    return section("Notes", [.element("ul", ["class": "notes"], items)])
  }

  private func section(_ title: String, _ parts: [Markup]) -> Markup {
    .element("section", ["id": title.lowercased()], [.element("h2", [:], title)] + parts)
  }
}

import Planner

/// The fields of a change as a table, with the columns that have something in them.
struct FieldTable {
  private let fields: [FieldChange]

  init(_ fields: [FieldChange]) { self.fields = fields }

  private struct Column: Sendable {
    let title: String
    let content: @Sendable (FieldChange) -> Markup?
  }

  private static let columns = [
    Column(title: "Now") { value($0.from) }, Column(title: "Then") { value($0.to) },
    Column(title: "Effect") { field in
      let words = [
        field.effect == .none ? nil : field.effect.word,
        field.cause == .drift ? "not as it was last applied" : nil,
      ].compactMap { $0 }
      return words.isEmpty ? nil : .text(words.joined(separator: ", "))
    },
  ]

  private static func value(_ text: String?) -> Markup? {
    text.map { .element("code", [:], $0.isEmpty ? "\"\"" : $0) }
  }

  var element: Markup {
    let columns = Self.columns.filter { column in fields.contains { column.content($0) != nil } }
    let head = ["Field"] + columns.map(\.title)
    let rows = fields.map { field in
      Markup.element(
        "tr", [:],
        [.element("th", ["scope": "row"], field.path)]
          + columns.map { .element("td", [:], [$0.content(field) ?? .none]) })
    }
    return .element(
      "table", [:],
      [
        .element("thead", [:], [.element("tr", [:], head.map { .element("th", ["scope": "col"], $0) })]),
        .element("tbody", [:], rows),
      ])
  }
}

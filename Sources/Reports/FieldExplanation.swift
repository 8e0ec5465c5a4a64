import Planner
public import SpecModel

/// What a path of the language leads to, for people and for programs.
public struct FieldExplanation {
  private let place: LanguagePlace
  private let effect: FieldEffect?

  public init(_ place: LanguagePlace) {
    self.place = place
    effect = FieldEffect(of: place.keys)
  }

  // MARK: For people

  /// The field with all that is known of it, and the keys that it has.
  public var text: String {
    var lines: [String] = []
    if let field = place.field {
      lines += [place.path, Self.plain(field.summary), ""] + Self.columns(facts(of: field))
      let words = field.type.choices.compactMap { word in word.meaning.map { [word.word, Self.plain($0)] } }
      if !words.isEmpty { lines += ["", "Words:"] + Self.columns(words) }
    }
    for (path, fields) in parts {
      if !lines.isEmpty { lines.append("") }
      lines.append(path.isEmpty ? "Keys of a spec:" : "Keys of \(path):")
      lines += Self.columns(fields.map { [$0.name, Self.kind(of: $0), Self.plain($0.headline)] })
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The keys below, and those below them, each with what it is in a word.
  public var tree: String {
    var lines = place.field.map { ["\(place.path)  <\(Self.kind(of: $0))>"] } ?? []
    let indent = lines.isEmpty ? "" : "  "
    func add(_ place: LanguagePlace, _ indent: String) {
      for (path, field) in place.fields {
        lines.append("\(indent)\(field.name)  <\(Self.kind(of: field))>")
        add(place.below(field, at: path), indent + "  ")
      }
    }
    add(place, indent)
    return lines.joined(separator: "\n") + "\n"
  }

  /// The keys below, by the map that they are keys of.
  private var parts: [(path: String, fields: [LanguageField])] {
    var parts: [(path: String, fields: [LanguageField])] = []
    for (path, field) in place.fields {
      let parent = String(path.dropLast(field.name.count).dropLast())
      if parts.last?.path != parent { parts.append((parent, [])) }
      parts[parts.count - 1].fields.append(field)
    }
    return parts
  }

  private func facts(of field: LanguageField) -> [[String]] {
    var facts = [["type", field.type.title]]
    switch field.requirement {
    case .never: break
    case .always:
      let isLayered = ["vms", "defaults", "profiles"].contains(place.keys.first)
      facts.append(["required", isLayered ? "yes; it may come from a profile or the defaults" : "yes"])
    case .sometimes(let when): facts.append(["required", when])
    }
    if let fallback = field.defaultValue { facts.append(["default", "\(fallback)"]) }
    if let line = field.exampleLine { facts.append(["example", line]) }
    if let effect {
      let xen = effect.xen == effect.qemu ? "" : "; on Xen \(Self.words(effect.xen))"
      facts += [["changed", Self.words(effect.qemu) + xen], ["left out", effect.unset]]
    }
    return facts
  }

  private static func words(_ effect: String) -> String {
    effect == "–" ? "nothing that runs notices" : effect
  }

  private static func kind(of field: LanguageField) -> String {
    if case .always = field.requirement { "\(field.type.kind), required" } else { field.type.kind }
  }

  /// Without the marks of Markdown.
  private static func plain(_ text: String) -> String {
    text.replacing("`", with: "'").replacing("<", with: "").replacing(">", with: "")
  }

  private static func columns(_ rows: [[String]]) -> [String] {
    let count = rows.map(\.count).max() ?? 0
    let widths = (0..<count).map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      "  "
        + row.enumerated().map { column, cell in
          column == count - 1 ? cell : cell + String(repeating: " ", count: widths[column] - cell.count)
        }.joined(separator: "  ")
    }
  }

  // MARK: For programs

  /// The same as a document; `isRecursive` if it has what is below the keys, too.
  public func json(isRecursive: Bool = false) -> StructuredValue {
    var members: [String: StructuredValue] = ["path": .string(place.path)]
    if let field = place.field {
      members["description"] = .string(field.summary)
      members["type"] = .string(field.type.title)
      members["kind"] = .string(field.type.kind)
      switch field.requirement {
      case .never: members["required"] = false
      case .always: members["required"] = true
      case .sometimes(let when):
        members["required"] = false
        members["required_when"] = .string(when)
      }
      switch field.defaultValue {
      case nil: break
      case .value(let value): members["default"] = value
      case .words(let text): members["default_text"] = .string(text)
      }
      if let example = field.example { members["example"] = .string(example) }
      let choices = field.type.choices.map { word in
        StructuredValue.map(
          ["word": .string(word.word)].merging(word.meaning.map { ["meaning": .string($0)] } ?? [:]) { $1 })
      }
      if !choices.isEmpty { members["choices"] = .list(choices) }
      if let effect {
        members["change"] = [
          "qemu": .string(effect.qemu), "xen": .string(effect.xen), "unset": .string(effect.unset),
        ]
      }
    }
    let below = place.fields.map { path, field in
      let explanation = FieldExplanation(place.below(field, at: path))
      return isRecursive ? explanation.json(isRecursive: true) : explanation.summary
    }
    if !below.isEmpty { members["fields"] = .list(below) }
    return .map(members)
  }

  private var summary: StructuredValue {
    guard let field = place.field else { return .null }
    return [
      "path": .string(place.path), "type": .string(field.type.title), "kind": .string(field.type.kind),
      "description": .string(field.summary),
    ]
  }
}

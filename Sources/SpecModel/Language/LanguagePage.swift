/// The reference of the language as Markdown, a section for each map of it.
public enum LanguagePage {
  public static func markdown() -> String {
    let sections = self.sections
    var titles = Dictionary(sections.map { ($0.object.id, $0.path) }, uniquingKeysWith: { first, _ in first })
    titles[Language.template.id] = titles[Language.machine.id]
    return """
      # The language

      This page is written from the descriptions in `Sources/SpecModel/Language`; `make docs` writes it again. `virtform explain`
      shows the same in a terminal, and `virtform schema` prints it for editors ([editors.md](editors.md)).

      NAME stands for names of your own. A scalar may be a text with references, `${…}` ([variables.md](variables.md)). Sizes have
      units: `4GiB`, `4Gi` and `4G` are binary, `4GB` is decimal. What changing a field does is in [fields.md](fields.md), and
      [examples/reference](../examples/reference/site.yaml) has all of it once.

      """
        + sections.map { section($0.object, at: $0.path, titles) }.joined()
  }

  /// Each object once, at the first of its places. What VMs have in common is told of VMs.
  private static var sections: [(path: String, object: LanguageObject)] {
    var seen: Set<String> = []
    let templates = Language.places.filter { $0.object.id == Language.template.id }.map(\.path)
    return Language.places.filter { place in
      !templates.contains { place.path == $0 || place.path.hasPrefix($0 + ".") }
        && seen.insert(place.object.id).inserted
    }
  }

  private static func section(
    _ object: LanguageObject, at path: String, _ titles: [String: String]
  ) -> String {
    let title = path.isEmpty ? "The spec" : "`\(path)`"
    let hashes = path.contains(".") && path.split(separator: ".").count > 2 ? "###" : "##"
    let header = ["key", "what it is", "type", "without it"]
    let rows = object.fields.map { field in
      ["`\(field.name)`", description(of: field), type(of: field, titles), absence(of: field)]
    }
    let lines = [header, header.map { _ in "---" }] + rows
    return "\n\(hashes) \(title)\n\(object.summary)\n\n"
      + lines.map { "| " + $0.joined(separator: " | ") + " |\n" }.joined()
  }

  private static func description(of field: LanguageField) -> String {
    var text = field.summary
    let words = field.type.choices.compactMap { word in word.meaning.map { "`\(word.word)`: \($0)" } }
    if !words.isEmpty { text += " " + words.joined(separator: "; ") + "." }
    if let line = field.exampleLine { text += " Such as `\(line)`." }
    return text.replacing("|", with: "\\|")
  }

  private static func type(of field: LanguageField, _ titles: [String: String]) -> String {
    var seen: Set<String> = []
    let links = field.type.parts.filter { seen.insert($0.object.id).inserted }.compactMap { part in
      titles[part.object.id].map { "[`\($0)`](#\(anchor($0)))" }
    }
    return ([field.type.title] + links).joined(separator: ": ").replacing("|", with: "\\|")
  }

  /// What GitHub and GitLab make of a heading: of its letters, digits and dashes.
  private static func anchor(_ path: String) -> String {
    path.lowercased().filter { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" }
  }

  private static func absence(of field: LanguageField) -> String {
    let fallback: String? =
      switch field.defaultValue {
      case .value(let value): "`\(LanguageField.Default.value(value))`"
      case .words(let text): text
      case nil: nil
      }
    let requirement: String? =
      switch field.requirement {
      case .never: nil
      case .always: "**required**"
      case .sometimes(let when): "**required** \(when)"
      }
    return [requirement, fallback].compactMap { $0 }.joined(separator: "; else ")
  }
}

/// What is wrong with a text that is not YAML, in words for people who do not know libyaml's.
struct YAMLSyntaxError {
  let message: String
  let location: SourceLocation
  var help: String?
  var related: [Diagnostic.Related] = []

  /// What libyaml says: what is wrong, what it was reading, and where both stand.
  struct Report {
    let problem: String
    let context: String
    let place: SourceLocation
    let contextPlace: SourceLocation
  }

  /// The words for `report`; libyaml's own where there are no better ones.
  init(_ report: Report, in source: SourceText) {
    let text = Excerpt(source, report.place)
    self =
      Self.tab(report, text) ?? Self.character(report, text) ?? Self.flow(report, text)
      ?? Self.block(report, text)
      ?? YAMLSyntaxError(
        (report.context.isEmpty ? "" : "\(report.context): ") + report.problem, at: report.place)
  }

  private init(
    _ message: String, at location: SourceLocation, help: String? = nil, related: [Diagnostic.Related] = []
  ) {
    self.message = message
    self.location = location
    self.help = help
    self.related = related
  }

  /// The line of a place, split at it.
  private struct Excerpt {
    let before: String.UnicodeScalarView
    let character: Unicode.Scalar?
    let startsLine: Bool
    let indentation: [Unicode.Scalar]

    init(_ source: SourceText, _ place: SourceLocation) {
      let line = (source.line(place.line) ?? "").unicodeScalars
      before = .init(line.prefix(place.column - 1))
      character = line.dropFirst(place.column - 1).first
      startsLine = before.allSatisfy { $0 == " " || $0 == "\t" }
      indentation = Array(line.prefix { $0 == " " || $0 == "\t" })
    }
  }

  private static func tab(_ report: Report, _ text: Excerpt) -> YAMLSyntaxError? {
    if text.startsLine, let tab = text.indentation.firstIndex(of: "\t") {
      let place = report.place
      return YAMLSyntaxError(
        "a tab cannot indent YAML",
        at: SourceLocation(path: place.path, line: place.line, column: tab + 1), help: "indent with spaces")
    }
    guard text.character == "\t" else { return nil }
    return YAMLSyntaxError("a tab cannot stand here", at: report.place, help: "use a space")
  }

  /// Problems of single characters and words.
  private static func character(_ report: Report, _ text: Excerpt) -> YAMLSyntaxError? {
    switch report.problem {
    case "found character that cannot start any token":
      let character = text.character.map { "'\($0)'" } ?? "this"
      return YAMLSyntaxError(
        "a value cannot start with \(character)", at: report.place, help: "quote the value")
    case "control characters are not allowed":
      let code = text.character.map { " (\(codePoint($0)))" } ?? ""
      return YAMLSyntaxError("a control character\(code) cannot stand in a spec", at: report.place)
    case "found unexpected end of stream" where report.context.hasSuffix("quoted scalar"):
      return YAMLSyntaxError("this quote is never closed", at: report.contextPlace)
    case _ where report.context.hasSuffix(" tag"):
      return YAMLSyntaxError(
        "'!' starts a tag, and tags are not part of the language", at: report.contextPlace,
        help: "quote a value that starts with '!'")
    case "could not find expected ':'":
      return YAMLSyntaxError("':' is missing behind this key", at: report.contextPlace)
    case "found an indentation indicator equal to 0":
      return YAMLSyntaxError("the digit behind '|' or '>' is from 1 to 9", at: report.place)
    case "found unexpected ':'":
      return YAMLSyntaxError("an unquoted ':' cannot stand here", at: report.place, help: "quote the value")
    case "found unknown escape character":
      return YAMLSyntaxError(
        "unknown escape in a quoted text", at: report.place,
        help: #"write \\ for a backslash, or use single quotes"#)
    case "did not find expected hexdecimal number":
      return YAMLSyntaxError("this escape lacks hexadecimal digits", at: report.place)
    case "did not find expected alphabetic or numeric character":
      let sign = report.context.hasSuffix("alias") ? "*" : "&"
      return YAMLSyntaxError(
        "'\(sign)' without a name behind it", at: report.contextPlace,
        help: "quote a value that starts with '\(sign)'")
    case _ where report.context.hasSuffix("directive"):
      return YAMLSyntaxError(
        "a line cannot start with '%'", at: report.contextPlace, help: "quote what starts with '%'")
    case "found incompatible YAML document":
      return YAMLSyntaxError("only YAML 1.1 and 1.2 can be read", at: report.place)
    case "did not find expected comment or line break":
      return YAMLSyntaxError(
        "unexpected text behind '|' or '>'", at: report.place, help: "start the text on the next line")
    default: return nil
    }
  }

  /// Problems inside `[ ]` and `{ }`.
  private static func flow(_ report: Report, _ text: Excerpt) -> YAMLSyntaxError? {
    let isList = report.context.hasSuffix("flow sequence")
    switch report.problem {
    case "did not find expected ',' or ']'", "did not find expected ',' or '}'":
      if text.character == "{", text.before.last == "$" {
        let place = report.place
        return YAMLSyntaxError(
          "'${' must be quoted inside [ ] and { }",
          at: SourceLocation(path: place.path, line: place.line, column: place.column - 1),
          help: #"such as "${var.x}""#)
      }
      return YAMLSyntaxError(
        isList ? "',' or ']' is missing before this" : "',' or '}' is missing before this", at: report.place,
        related: [
          .init(
            message: isList ? "the list starts here" : "the map starts here", location: report.contextPlace)
        ])
    case "did not find expected node content":
      guard let character = text.character else {
        return YAMLSyntaxError(
          "the file ends inside a list or a map", at: report.place, help: "close it with ] or }")
      }
      return YAMLSyntaxError("unexpected '\(character)'", at: report.place, help: "a value must stand here")
    default: return nil
    }
  }

  /// Problems of lines and their indentation.
  private static func block(_ report: Report, _ text: Excerpt) -> YAMLSyntaxError? {
    switch report.problem {
    case "mapping values are not allowed in this context":
      if String(text.before).contains(": ") || text.before.last == ":" {
        return YAMLSyntaxError(
          "a second ':' in one line", at: report.place, help: "quote a value that holds ': '")
      }
      return YAMLSyntaxError(
        "a ':' does not fit here", at: report.place,
        help: "this line is indented too far, or the key above it has no ':'")
    case "did not find expected key":
      guard text.startsLine else { return unexpected(text.character, report) }
      return switch text.character {
      case ":": YAMLSyntaxError("a key is missing before ':'", at: report.place)
      case "-" where report.place.column == report.contextPlace.column:
        YAMLSyntaxError("a list item cannot stand among the keys of a map", at: report.place)
      default: misindented(report)
      }
    case "did not find expected '-' indicator":
      guard text.startsLine else { return unexpected(text.character, report) }
      if report.place.column != report.contextPlace.column { return misindented(report) }
      return YAMLSyntaxError("a key cannot stand among the items of a list", at: report.place)
    case "block sequence entries are not allowed in this context":
      return YAMLSyntaxError(
        "a list item cannot start here", at: report.place,
        help: "start the list on the next line, or quote the value")
    case "mapping keys are not allowed in this context":
      return YAMLSyntaxError("'?' cannot start a value", at: report.place, help: "quote the value")
    case "did not find expected <document start>":
      return YAMLSyntaxError(
        "text behind the end of the document", at: report.place, help: "remove the '...'")
    default: return nil
    }
  }

  private static func unexpected(_ character: Unicode.Scalar?, _ report: Report) -> YAMLSyntaxError {
    YAMLSyntaxError(
      "unexpected '\(character.map(String.init) ?? "")' behind the value", at: report.place,
      help: "quote the whole value")
  }

  private static func misindented(_ report: Report) -> YAMLSyntaxError {
    YAMLSyntaxError(
      "the indentation of this line fits no line above it", at: report.place,
      related: [.init(message: "what it stands in starts here", location: report.contextPlace)])
  }
}

import SpecModel

/// Writes a spec's values as YAML (<https://yaml.org/spec/1.1/>), as people do: a map that fits on a line is on one.
struct SpecText {
  /// Columns that a line has.
  private static let width = 110

  static func document(_ map: SpecMap) -> String {
    var lines: [String] = []
    for (index, entry) in map.entries.enumerated() {
      if case .map = entry.value, index > 0 { lines.append("") }
      lines += self.lines(entry, indented: 0, isOpen: true)
    }
    lines += map.closing.map(comment)
    return lines.joined(separator: "\n") + "\n"
  }

  /// - Parameter isOpen: whether the entries of a map in it have lines of their own, however short they are.
  private static func lines(_ entry: SpecMap.Entry, indented depth: Int, isOpen: Bool = false) -> [String] {
    let indent = String(repeating: " ", count: depth)
    let head = "\(indent)\(key(entry.key)):"
    let comments = entry.comments.map { indent + comment($0) }
    if !isOpen || !entry.value.isMap, let flow = flow(entry.value), head.count + flow.count < width {
      return comments + ["\(head) \(flow)"]
    }
    switch entry.value {
    case .map(let map):
      return comments + [head] + map.entries.flatMap { lines($0, indented: depth + 2) }
        + map.closing.map { "\(indent)  \(comment($0))" }
    case .list(let items):
      return comments + [head] + items.flatMap { item in lines(item, indented: depth + 2) }
    case .text(let text) where text.isBlock:
      let body = text.split(separator: "\n", omittingEmptySubsequences: false)
      let isEnded = body.last == ""
      return comments + ["\(head) |\(isEnded ? "" : "-")"]
        + (isEnded ? body.dropLast() : body[...]).map { $0.isEmpty ? "" : "\(indent)  \($0)" }
    case .text, .template, .number, .flag:
      return comments + ["\(head) \(scalar(entry.value))"]
    }
  }

  /// An item of a list.
  private static func lines(_ item: SpecValue, indented depth: Int) -> [String] {
    let indent = String(repeating: " ", count: depth)
    if let flow = flow(item), depth + flow.count + 2 < width { return ["\(indent)- \(flow)"] }
    guard case .map(let map) = item else { return ["\(indent)- \(flow(item) ?? scalar(item))"] }
    var lines = map.entries.flatMap { self.lines($0, indented: depth + 2) }
    lines[0].replaceSubrange(
      lines[0].index(
        lines[0].startIndex, offsetBy: depth)..<lines[0].index(
          lines[0].startIndex, offsetBy: depth + 2), with: "- ")
    return lines
  }

  /// On one line; nil for what has lines or comments of its own.
  private static func flow(_ value: SpecValue) -> String? {
    switch value {
    case .text(let text): return text.contains("\n") ? nil : scalar(value)
    case .number, .flag, .template: return scalar(value)
    case .list(let items):
      let parts = items.map(flow)
      return parts.contains { $0 == nil } ? nil : "[\(parts.compactMap { $0 }.joined(separator: ", "))]"
    case .map(let map):
      guard map.closing.isEmpty, map.entries.allSatisfy(\.comments.isEmpty) else { return nil }
      let parts = map.entries.map { entry in flow(entry.value).map { "\(key(entry.key)): \($0)" } }
      return parts.contains { $0 == nil } ? nil : "{\(parts.compactMap { $0 }.joined(separator: ", "))}"
    }
  }

  private static func key(_ key: String) -> String { scalar(.text(key)) }

  private static func scalar(_ value: SpecValue) -> String {
    switch value {
    case .number(let number): "\(number)"
    case .flag(let flag): "\(flag)"
    // What looks like a reference is none.
    case .text(let text): text.isPlain ? text : quoted(text.replacing("${", with: "$${"))
    case .template(let text): quoted(text)
    case .list, .map: "{}"
    }
  }

  /// In double quotes, with all that is not printed as escapes.
  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      default:
        if isControl(scalar) {
          let hex = String(scalar.value, radix: 16)
          result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
        } else {
          result.unicodeScalars.append(scalar)
        }
      }
    }
    return result + "\""
  }

  private static func comment(_ text: String) -> String {
    let line = text.unicodeScalars.map { isControl($0) ? " " : $0 }
    return text.isEmpty ? "#" : "# " + String(String.UnicodeScalarView(line))
  }
}

extension SpecValue {
  fileprivate var isMap: Bool { if case .map = self { true } else { false } }
}

extension String {
  /// True if YAML reads it as a text without quotes, wherever it stands.
  fileprivate var isPlain: Bool {
    guard let first = unicodeScalars.first, let last = unicodeScalars.last else { return false }
    let words: Set = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"]
    if words.contains(lowercased()) { return false }
    func isWord(_ scalar: Unicode.Scalar) -> Bool {
      scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
    }
    guard isWord(first) || first == "/" || first == "$" || hasPrefix("./"),
      isWord(last) || "/+)}%".unicodeScalars.contains(last)
    else { return false }
    // What starts as a number may be one, or an address in base 60.
    if ("0"..."9").contains(first), !contains(where: { $0.isLetter && $0 != "e" && $0 != "E" }) {
      return split(separator: ".").count == 4 && !contains(":")
    }
    if first == "0", unicodeScalars.dropFirst().first.map({ "xob".unicodeScalars.contains($0) }) == true {
      return false
    }
    if ("0"..."9").contains(first), contains(":") { return false }
    return unicodeScalars.allSatisfy { isWord($0) || "/._+-@ ()%=$".unicodeScalars.contains($0) || $0 == ":" }
      && !contains(": ") && !contains(" #") && !hasSuffix(":")
  }

  /// True for lines that YAML keeps as they are in a block.
  fileprivate var isBlock: Bool {
    contains("\n") && first != " " && first != "\n" && !hasSuffix("\n\n")
      && unicodeScalars.allSatisfy { $0 == "\n" || !isControl($0) }
      && split(separator: "\n", omittingEmptySubsequences: false).allSatisfy { !$0.hasSuffix(" ") }
  }
}

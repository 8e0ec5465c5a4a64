/// Sets values in the text of a spec. Comments, quotes, the order of keys and all that is not set stay as they were written.
///
/// A value that is written elsewhere, as a variable or behind an anchor, is not set: others may use it, too.
public struct SpecEditor {
  private let diagnostics = Diagnostics()
  private var outlines: [YAMLOutline?]
  private let sources: [SourceText]
  private var replacements: [[(range: Range<Int>, text: String)]]

  /// The sources with all edits made. If one of them cannot be made, `diagnostics` says why, and the sources are as they were.
  public static func apply(_ edits: [SpecEdit], to sources: [SourceText]) -> (
    sources: [SourceText], diagnostics: [Diagnostic]
  ) {
    var editor = SpecEditor(sources)
    for edit in edits { editor.make(edit) }
    guard !editor.diagnostics.hasErrors else { return (sources, editor.diagnostics.sorted) }
    return (editor.result, [])
  }

  private init(_ sources: [SourceText]) {
    self.sources = sources
    outlines = sources.map { try? YAMLOutline($0.text) }
    replacements = sources.map { _ in [] }
  }

  private var result: [SourceText] {
    sources.indices.map { index in
      guard let outline = outlines[index], !replacements[index].isEmpty else { return sources[index] }
      var text = outline.text
      for (range, new) in replacements[index].sorted(by: { $0.range.lowerBound > $1.range.lowerBound }) {
        text.replaceSubrange(range, with: new.unicodeScalars)
      }
      var view = String.UnicodeScalarView()
      view.append(contentsOf: text)
      return SourceText(path: sources[index].path, text: String(view))
    }
  }

  private mutating func make(_ edit: SpecEdit) {
    for index in sources.indices {
      guard let outline = outlines[index],
        let section = outline.value(of: edit.section, in: outline.root)
      else { continue }
      guard isOwn(section, edit, index) else { return }
      guard let entry = outline.value(of: edit.name.rawValue, in: section) else { continue }
      guard isOwn(entry, edit, index) else { return }
      return set(edit, in: entry, outline, index)
    }
    diagnostics.error(
      "'\(edit.path)' cannot be set: \(edit.section) has no entry '\(edit.name)'", at: nil)
  }

  /// False, with a diagnostic, if the node is written elsewhere or counts elsewhere, too.
  private func isOwn(_ node: YAMLOutline.Node, _ edit: SpecEdit, _ index: Int) -> Bool {
    if case .alias = node.content {
      refuse(edit, node, index, "it comes from an anchor")
      return false
    }
    guard node.hasAnchor else { return true }
    refuse(edit, node, index, "an alias may stand for it elsewhere")
    return false
  }

  private func refuse(_ edit: SpecEdit, _ node: YAMLOutline.Node, _ index: Int, _ reason: String) {
    let scalars = outlines[index]?.text[..<node.range.lowerBound] ?? []
    let lines = scalars.split(separator: "\n", omittingEmptySubsequences: false)
    diagnostics.error(
      "'\(edit.path)' cannot be set here: \(reason)",
      at: SourceLocation(
        path: sources[index].path, line: max(lines.count, 1), column: (lines.last?.count ?? 0) + 1),
      help: "write \(edit.key): \(edit.text()) by hand")
  }

  private mutating func set(
    _ edit: SpecEdit, in entry: YAMLOutline.Node, _ outline: YAMLOutline, _ index: Int
  ) {
    if case .nothing = entry.content {
      let end = entry.range.upperBound
      replacements[index].append((end..<end, " {\(edit.key): \(edit.text())}"))
      return
    }
    guard case .mapping(let entries) = entry.content else {
      return refuse(edit, entry, index, "it is no map")
    }
    guard let value = outline.value(of: edit.key, in: entry) else {
      return insert(edit, in: entry, entries, outline, index)
    }
    guard isOwn(value, edit, index) else { return }
    let old = outline.string(value.range)
    switch value.content {
    case .scalar where value.isBlockScalar: refuse(edit, value, index, "it is a text of several lines")
    case .mapping where !value.isFlow, .sequence where !value.isFlow:
      refuse(edit, value, index, "it is written in several lines")
    case .scalar, .mapping, .sequence:
      if old.contains("${") { return refuse(edit, value, index, "its value comes from a variable") }
      if old.contains("*") || old.contains("&") {
        return refuse(edit, value, index, "its value comes from an anchor")
      }
      let quotes = old.first.flatMap { "\"'".contains($0) ? $0 : nil }
      replacements[index].append((value.range, edit.text(quotes: quotes)))
    case .nothing:
      let end = value.range.upperBound
      replacements[index].append((end..<end, " " + edit.text()))
    case .alias: break
    }
  }

  /// Adds the key at the end of its entry, or, if that is hard to tell, at its start.
  private mutating func insert(
    _ edit: SpecEdit, in entry: YAMLOutline.Node, _ entries: [YAMLOutline.Entry], _ outline: YAMLOutline,
    _ index: Int
  ) {
    let pair = "\(edit.key): \(edit.text())"
    guard let first = entries.first, let last = entries.last else {
      // `{}`
      let place = entry.range.lowerBound + 1
      replacements[index].append((place..<place, pair))
      return
    }
    if entry.isFlow {
      let end = max(last.value.range.upperBound, last.key.upperBound)
      replacements[index].append((end..<end, ", " + pair))
      return
    }
    let lineStart = outline.text[..<first.key.lowerBound].lastIndex { $0 == "\n" }
    let column = first.key.lowerBound - (lineStart.map { $0 + 1 } ?? 0)
    let indent = String(repeating: " ", count: column)
    let lineBreak = outline.text.contains("\r") ? "\r\n" : "\n"
    let end = max(last.value.range.upperBound, last.key.upperBound)
    if outline.endsInBlockScalar(entry) {
      let place = first.key.lowerBound
      replacements[index].append((place..<place, pair + lineBreak + indent))
      return
    }
    // Behind a comment that stands on the last line.
    let lineEnd = outline.text[end...].firstIndex { $0 == "\n" || $0 == "\r" } ?? outline.text.count
    replacements[index].append((lineEnd..<lineEnd, lineBreak + indent + pair))
  }
}

extension YAMLOutline {
  /// True if the last value of all is a text in `|` or `>` style, whose end spaces and empty lines may belong to.
  fileprivate func endsInBlockScalar(_ node: Node) -> Bool {
    if node.isBlockScalar { return true }
    guard case .mapping(let entries) = node.content else { return false }
    return entries.last.map { endsInBlockScalar($0.value) } ?? false
  }
}

import SpecModel

extension FuzzTarget {
  /// Errors stand inside of the text. What `fmt` makes of a text says the same, and is left alone by the next `fmt`.
  static func readYAML(_ bytes: UnsafeRawBufferPointer) throws(FuzzFault) {
    guard let text = String(validating: bytes, as: UTF8.self) else { return }
    let source = SourceText(path: "fuzz.yaml", text: text)
    let diagnostics = Diagnostics()
    let root = YAMLNode.parse(source, diagnostics: diagnostics)
    try check(diagnostics.sorted, in: [source])
    let (formatted, faults) = SpecFormatter.format(source)
    try check(faults, in: [source])
    guard let formatted else {
      return try require(!faults.isEmpty, "the formatter does not say why it gives nothing")
    }
    let diagnosticsAfter = Diagnostics()
    let after = SourceText(path: "fuzz.yaml", text: formatted)
    let rootAfter = YAMLNode.parse(after, diagnostics: diagnosticsAfter)
    try require(
      !diagnosticsAfter.hasErrors, "what was laid out cannot be read: \(formatted.debugDescription)")
    try require(
      root.map(outline) == rootAfter.map(outline),
      "what was laid out says something else: \(formatted.debugDescription)")
    let (again, _) = SpecFormatter.format(after)
    try require(
      again == formatted,
      "laid out twice it differs: \(formatted.debugDescription), \(again.debugDescription)")
  }

  /// What a node says, whatever it looks like.
  private static func outline(_ node: YAMLNode) -> String {
    switch node.content {
    case .scalar(let scalar): "\(scalar.style)(\(scalar.text.debugDescription))"
    case .sequence(let items): "[" + items.map(outline).joined(separator: ",") + "]"
    case .mapping(let mapping):
      "{" + mapping.entries.map { "\($0.key.debugDescription):\(outline($0.value))" }.joined(separator: ",")
        + "}"
    }
  }

  /// Each stands where there is something, and is told without what steers a terminal.
  static func check(_ diagnostics: [Diagnostic], in sources: [SourceText]) throws(FuzzFault) {
    let renderer = DiagnosticRenderer(sources: sources)
    for diagnostic in diagnostics {
      let places = [diagnostic.location].compactMap { $0 } + diagnostic.related.map(\.location)
      for place in places {
        guard let source = sources.first(where: { $0.path == place.path }) else { continue }
        let length = source.line(place.line)?.unicodeScalars.count
        try require(
          length.map { (1...$0 + 1).contains(place.column) } ?? false,
          "'\(diagnostic.message)' stands at \(place.line):\(place.column), where there is nothing")
      }
      try requirePrintable(renderer.render(diagnostic), "a diagnostic")
    }
  }
}

extension YAMLNode {
  /// The root of a YAML document that is no spec; nil if it is empty or no YAML, of which `diagnostics` tells.
  package static func parse(_ source: SourceText, diagnostics: Diagnostics) -> YAMLNode? {
    YAMLParser.parse(source, diagnostics: diagnostics)
  }
}

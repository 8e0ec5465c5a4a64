import Testing

@testable import SpecModel

@Suite struct YAMLTests {
  /// Every scalar and key of a text in order, as `line:column text`.
  private func places(_ text: String) throws -> [String] {
    func walk(_ node: YAMLNode) -> [String] {
      let place = "\(node.location.line):\(node.location.column)"
      switch node.content {
      case .scalar(let scalar): return ["\(place) \(scalar.text)"]
      case .sequence(let items): return ["\(place) ["] + items.flatMap(walk)
      case .mapping(let mapping):
        return ["\(place) {"]
          + mapping.entries.flatMap { entry in
            ["\(entry.keyLocation.line):\(entry.keyLocation.column) \(entry.key):"] + walk(entry.value)
          }
      }
    }
    return walk(try yaml(text))
  }

  @Test("every node knows its line and column")
  func locations() throws {
    #expect(
      try places("a: 1\nb:\n  - x\n  - {c: [y, 'z']}\n")
        == [
          "1:1 {", "1:1 a:", "1:4 1", "2:1 b:", "3:3 [", "3:5 x", "4:5 {", "4:6 c:", "4:9 [", "4:10 y",
          "4:13 z",
        ])
    #expect(try places("a: |\n  text\nb: >-\n  x\n") == ["1:1 {", "1:1 a:", "1:4 text\n", "3:1 b:", "3:4 x"])
    #expect(try places("a:\nb: 1\n") == ["1:1 {", "1:1 a:", "1:3 ", "2:1 b:", "2:4 1"])
  }

  @Test("columns count Unicode scalars, lines end in any of the ways that YAML knows")
  func characters() throws {
    #expect(try places("é: ü\n") == ["1:1 {", "1:1 é:", "1:4 ü"])
    #expect(
      try places("{日本: 語, 😀: e\u{301}x, z: 1}") == [
        "1:1 {", "1:2 日本:", "1:6 語", "1:9 😀:", "1:12 e\u{301}x", "1:17 z:", "1:20 1",
      ])
    let lines = ["1:1 {", "1:1 a:", "1:4 1", "2:1 b:", "2:4 2"]
    for lineBreak in ["\n", "\r\n", "\r"] { #expect(try places("a: 1\(lineBreak)b: 2\(lineBreak)") == lines) }
    #expect(try places("\u{feff}a: 1\nb: 2\n") == lines)
  }

  private func scalar(_ text: String) throws -> YAMLScalar {
    try #require(try yaml("v: \(text)\n").mapping?["v"]?.value.scalar)
  }

  @Test("numbers are what YAML 1.2 says: decimal digits without leading zeros")
  func numbers() throws {
    for (text, value) in [("4", 4), ("-4", -4), ("+4", 4), ("0", 0)] {
      #expect(try scalar(text).int == value)
      #expect(try scalar(text).string == nil)
      #expect(try scalar("\"\(text)\"").int == nil)
      #expect(try scalar("\"\(text)\"").string == text)
    }
    for text in ["0100", "1e3", "0x10", "1.5", "99999999999999999999", "-0.5"] {
      #expect(try scalar(text).int == nil)
      #expect(try scalar(text).string == nil, "a number is no string: \(text)")
    }
  }

  @Test(
    "what YAML 1.1 took for something else is a string",
    arguments: [
      "NO", "no", "yes", "on", "Off", "y", "52:54:00:12:34:56", "1:30", "1_000", "4GiB", ".inf", ".nan",
      "0o14", "12e", "2024-01-01", "=", "-x",
    ])
  func strings(text: String) throws {
    let scalar = try scalar(text)
    #expect(scalar.string == text)
    #expect(scalar.int == nil && scalar.bool == nil && !scalar.isNull)
  }

  @Test("booleans and null are words of the core schema without quotes")
  func words() throws {
    for text in ["true", "True", "TRUE"] { #expect(try scalar(text).bool == true) }
    for text in ["false", "False", "FALSE"] { #expect(try scalar(text).bool == false) }
    for text in ["", "~", "null", "Null", "NULL"] { #expect(try scalar(text).isNull) }
    for text in ["'true'", "\"null\"", "''", "|\n  true", "!x"].prefix(4) {
      #expect(try scalar(text).bool == nil)
      #expect(try !scalar(text).isNull)
      #expect(try scalar(text).string != nil)
    }
  }

  @Test("an alias stands for what its anchor marks, and keeps the anchor's place")
  func aliases() throws {
    let root = try yaml("a: &x {k: 1}\nb: *x\nc: [*x, *x]\n")
    let b = try #require(root.mapping?["b"]?.value)
    #expect(b.mapping?["k"]?.value.scalar?.int == 1)
    #expect(b.location == Place(path: "site.yaml", line: 1, column: 4))
    #expect(try yaml("&k a: 1\nb: *k\n").mapping?["b"]?.value.scalar?.text == "a")
    #expect(try yaml("a: &x 1\nb: &x 2\nc: *x\n").mapping?["c"]?.value.scalar?.int == 2)
  }

  @Test("an empty file, comments and a lone document mark are an empty document")
  func empty() {
    for text in ["", "\n\n", "# nothing\n", "---\n", "\u{feff}", "---\n...\n"] {
      #expect(yamlFindings(text) == [], "\(text.debugDescription)")
    }
  }

  @Test("an unquoted reference may stand in a line of its own")
  func unquotedReference() throws {
    #expect(try yaml("a: ${var.x}\n").mapping?["a"]?.value.scalar?.text == "${var.x}")
    #expect(try yaml("a: [\"${var.x}\"]\n").mapping != nil)
  }

  @Test("laying a mapping over another merges maps and replaces all else")
  func merging() throws {
    let under = try #require(try yaml("a: {x: 1, y: 2}\nl: [1, 2]\nm: {z: 1}\n").mapping)
    let over = try #require(try yaml("\n\nl: [3]\na: {y: 3, w: 4}\nm: 5\nn: 6\n").mapping)
    let merged = under.merging(over)
    #expect(merged.entries.map(\.key) == ["a", "l", "m", "n"])
    #expect(merged["a"]?.value.mapping?.entries.map(\.key) == ["x", "y", "w"])
    #expect(merged["a"]?.value.mapping?["x"]?.value.location.line == 1)
    #expect(merged["a"]?.value.mapping?["y"]?.value.location.line == 4)
    #expect(merged["m"]?.value.scalar?.int == 5)
    #expect(merged.removing(["a", "l"]).entries.map(\.key) == ["m", "n"])
    #expect(merged.removing(["a"])["n"]?.value.scalar?.int == 6)
  }

  @Test("lines of a source are found whatever ends them, and places by byte")
  func sourceLines() {
    let source = SourceText(path: "x", text: "\u{feff}a\r\nbé\rc\n\u{2028}d\u{85}e")
    #expect((1...7).map { source.line($0) } == ["a", "bé", "c", "", "d", "e", nil])
    #expect(source.line(0) == nil)
    #expect(source.location(ofByte: 0).description == "x:1:1")
    #expect(source.location(ofByte: 3).description == "x:2:1")
    #expect(source.location(ofByte: 6).description == "x:2:3")
    #expect(source.location(ofByte: 999).description == "x:6:2")
    #expect(SourceText(path: "x", text: "").line(1) == "")
  }
}

import Testing

@testable import SpecModel

@Suite("What steers no terminal and no CI runner") struct PrintableTextTests {
  @Test(
    "control characters are replaced, also those of C1, and those that turn the direction of text",
    arguments: [
      "\u{0}", "\u{7}", "\u{8}", "\r", "\u{b}", "\u{1b}", "\u{7f}", "\u{80}", "\u{85}", "\u{9b}", "\u{9f}",
      "\u{200e}", "\u{2028}",
      "\u{202a}", "\u{202e}", "\u{2066}", "\u{2069}", "\u{feff}",
    ])
  func controls(character: String) {
    #expect(printable("a\(character)b") == "a\u{fffd}b")
    #expect(printableLines("a\(character)b\n\tc") == "a\u{fffd}b\n\tc")
    #expect(printableLines("a\(character)b", keepsColours: true) == "a\u{fffd}b")
    let json = StructuredValue.map(["a\(character)b": .string("c\(character)d")])
    for text in [json.text, json.line] {
      #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || !isControl($0) }, "\(text.debugDescription)")
    }
  }

  @Test("colours stay where they are wanted, and no other sequence")
  func colours() {
    #expect(printableLines("\u{1b}[31mred\u{1b}[0m", keepsColours: true) == "\u{1b}[31mred\u{1b}[0m")
    #expect(printableLines("\u{1b}[31mred", keepsColours: false) == "\u{fffd}[31mred")
    for sequence in ["\u{1b}[2J", "\u{1b}[m", "\u{1b}]0;title\u{7}", "\u{1b}[1;31m", "\u{1b}", "\u{1b}["] {
      #expect(printableLines(sequence, keepsColours: true).unicodeScalars.first == "\u{fffd}")
    }
  }

  @Test(
    "what CI runners take for commands is none any more",
    arguments: [
      ("::error::x", "\u{fffd}:error::x"),
      ("a\n  ::set-output name=b::c", "a\n  \u{fffd}:set-output name=b::c"),
      ("\u{1b}::error::x", "\u{fffd}\u{fffd}:error::x"), ("a ##[error]b", "a \u{fffd}#[error]b"),
      ("##vso[task.x]", "\u{fffd}#vso[task.x]"), ("##teamcity[x]", "\u{fffd}#teamcity[x]"),
    ])
  func commands(text: String, shown: String) {
    #expect(printableLines(text) == shown)
    #expect(!StructuredValue.string(text).text.contains("##"))
  }

  @Test(
    "addresses, headings and colons stay as they are",
    arguments: ["::1", "a ::error::x", "## heading [1]", "### a", "fd00::1: up"])
  func harmless(text: String) {
    #expect(printableLines(text) == text)
  }

  @Test("a sign is replaced although a mark combines with it")
  func combining() {
    #expect(
      "a\"\u{301}b\r\nc".replacingScalars("\"", with: "'").replacingScalars("\n", with: " ")
        == "a'\u{301}b\r c")
  }
}

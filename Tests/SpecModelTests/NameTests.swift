import Testing

@testable import SpecModel

@Suite struct NameTests {
  private let grammar = "names are letters, digits, '.', '_' and '-', and start with a letter or a digit"

  private func problem(_ text: String) -> String? {
    SpecModelTests.problem(text) { text throws(ValueError) in try ResourceName(parsing: text) }
  }

  @Test(
    "letters, digits, '.', '_' and '-' make a name",
    arguments: ["a", "7", "web-1", "www.shop.example", "A_b", "1e3"])
  func names(text: String) throws {
    #expect(try ResourceName(parsing: text).description == text)
  }

  @Test("a name has from 1 to 63 characters")
  func length() {
    #expect(problem(String(repeating: "a", count: 63)) == nil)
    #expect(
      problem(String(repeating: "a", count: 64))
        == "the name 'aaaaaaaaaaaaaaaaaaaaaaaa…' is longer than 63 characters")
    #expect(problem("") == "a name is empty | help: \(grammar)")
  }

  @Test("nothing that means something in a path, a shell or XML is part of a name")
  func badCharacters() {
    for (text, character) in [
      ("../x", "/"), ("a b", " "), ("a/b", "/"), ("a'b", "'"), ("a\"b", "\""), ("a<b", "<"), ("a&b", "&"),
      ("a,b", ","),
      ("a;b", ";"), ("a$b", "$"), ("a@b", "@"), ("naïve", "ï"), ("日本", "日"), ("e\u{301}", "\u{301}"),
      ("a:b", ":"),
    ] {
      #expect(problem(text) == "the name '\(text)' has the character '\(character)' | help: \(grammar)")
    }
  }

  @Test("a control character is named by its code point")
  func controlCharacters() {
    #expect(problem("a\u{1b}b")?.contains("has the character U+001B") == true)
    #expect(problem("a\nb")?.contains("has the character U+000A") == true)
    #expect(problem("a\u{0}")?.contains("has the character U+0000") == true)
    #expect(problem("a\u{202e}b")?.contains("has the character U+202E") == true)
  }

  @Test("a name starts with a letter or a digit", arguments: [".", "..", "-a", "_a", ".hidden"])
  func start(text: String) {
    #expect(problem(text) == "the name '\(text)' does not start with a letter or a digit | help: \(grammar)")
  }

  @Test("what begins as a lock on a host does is no name")
  func lockNames() {
    #expect(
      problem("virtform-lock-shop")
        == "the name 'virtform-lock-shop' is reserved | help: what begins with virtform-lock- is a lock on a host"
    )
    #expect(problem("virtform-locks") == nil)
    #expect(problem("virtform-lock") == nil)
  }

  @Test("names are ordered by letters, with digits as numbers")
  func naturalOrder() throws {
    let sorted = ["a", "a-1", "a-2", "a-10", "a-10b", "a-99999999999999999999999", "a.1", "a1b", "a01c", "b"]
    let names = try sorted.map { try ResourceName(parsing: $0) }
    #expect(names.reversed().sorted().map(\.rawValue) == sorted)
    for a in names.indices {
      for b in names.indices { #expect((names[a] < names[b]) == (a < b)) }
    }
    #expect(try ResourceName(parsing: "a01") < ResourceName(parsing: "a1"))
    #expect("".isOrderedNaturally(before: "a"))
    #expect(!"a".isOrderedNaturally(before: "a"))
  }
}

@Suite struct TimeSpanTests {
  private func problem(_ text: String) -> String? {
    SpecModelTests.problem(text) { text throws(ValueError) in try TimeSpan(parsing: text) }
  }

  @Test("a time is a whole number of seconds, minutes or hours, and reads back")
  func values() throws {
    for (text, seconds) in [("0s", 0), ("30s", 30), ("5m", 300), ("2h", 7200), ("90s", 90)] {
      #expect(try TimeSpan(parsing: text).seconds == seconds)
      #expect(try TimeSpan(parsing: text).description == text)
    }
    #expect(try TimeSpan(parsing: "60s").description == "1m")
    #expect(try TimeSpan(parsing: "1m").duration == .seconds(60))
    #expect(try TimeSpan(parsing: "1000000h").seconds == 3_600_000_000)
  }

  @Test(
    "what has no number and unit is no time",
    arguments: ["", "s", "60", "-5m", "+5m", "1.5h", "5 m", "5d", "1h30m", "٥m", "5M"])
  func noTime(text: String) {
    #expect(problem(text) == "'\(text)' is not a length of time | help: write 30s, 5m or 1h")
  }

  @Test("a time of more than a million units is too long", arguments: ["1000001s", "99999999999999999999h"])
  func tooLong(text: String) {
    #expect(problem(text) == "'\(text)' is too long a time")
  }
}

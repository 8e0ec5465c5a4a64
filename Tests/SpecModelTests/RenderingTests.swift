import Testing

@testable import SpecModel

@Suite struct RenderingTests {
  private func render(_ text: String, line: Int, column: Int, message: String = "m", help: String? = nil)
    -> [String]
  {
    let location = Place(path: "site.yaml", line: line, column: column)
    let renderer = DiagnosticRenderer(sources: [SourceText(path: "site.yaml", text: text)])
    return renderer.render(Diagnostic(.error, message, at: location, help: help))
      .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }

  @Test("a finding shows file, line and column, the line, a caret and what to do")
  func whole() {
    let spec = MarkedSpec(header + "vms:\n  web: {memmory: 1GiB, memory: 1GiB}\n")
    #expect(
      spec.load().rendered == [
        """
        site.yaml:4:9: error: unknown key 'memmory'
          4 |   web: {memmory: 1GiB, memory: 1GiB}
            |         ^
          help: did you mean 'memory'?
        """
      ])
  }

  @Test("a related note shows its own line")
  func related() {
    let spec = MarkedSpec(header + "stack: other\n")
    #expect(
      spec.load().rendered == [
        """
        site.yaml:3:1: error: duplicate key 'stack'
          3 | stack: other
            | ^
        site.yaml:2:1: note: it stands here first
          2 | stack: shop
            | ^
        """
      ])
  }

  @Test("a finding without a place, and one in a file that is not there, have no excerpt")
  func withoutPlace() {
    #expect(DiagnosticRenderer(sources: []).render(Diagnostic(.warning, "m", at: nil)) == "warning: m")
    #expect(
      DiagnosticRenderer(sources: []).render(
        Diagnostic(.error, "m", at: Place(path: "a", line: 1, column: 2))) == "a:1:2: error: m")
    #expect(render("a", line: 9, column: 1) == ["site.yaml:9:1: error: m"])
  }

  @Test("a secret is concealed before anything is cut off, and the caret stands where it did")
  func secrets() {
    let redact = { (text: String) in text.replacing("hunter2secret", with: "(secret)") }
    func render(_ text: String, column: Int, _ message: String) -> String {
      DiagnosticRenderer(sources: [SourceText(path: "a", text: text)], redact: redact).render(
        Diagnostic(.error, message, at: Place(path: "a", line: 1, column: column)))
    }
    let long = String(repeating: "x", count: 490)
    for lead in 480...500 {
      let message = String(repeating: "m", count: lead) + "hunter2secret" + long
      #expect(!render("", column: 1, message).contains("hunter"))
    }
    for column in stride(from: 1, to: 800, by: 7) {
      let text = render("\(long)hunter2secret\(long)", column: column, "m")
      #expect(
        !text.contains("hunter") && !text.contains("r2secret") && !text.contains("2secret"), "\(column)")
    }
    #expect(
      render("a: hunter2secret b", column: 18, "m").split(separator: "\n").suffix(2) == [
        "  1 | a: (secret) b", "    |             ^",
      ])
  }

  @Test("the caret stands under its character behind tabs, wide and combining characters")
  func caret() {
    #expect(render("a:\tb: c", line: 1, column: 5).suffix(2) == ["  1 | a: b: c", "    |     ^"])
    #expect(render("日本: x", line: 1, column: 5).suffix(2) == ["  1 | 日本: x", "    |       ^"])
    #expect(render("e\u{301}é: x", line: 1, column: 6).suffix(2) == ["  1 | e\u{301}é: x", "    |     ^"])
    #expect(render("😀: x", line: 1, column: 4).suffix(2) == ["  1 | 😀: x", "    |     ^"])
    #expect(render("ｗ가: x", line: 1, column: 3).suffix(2) == ["  1 | ｗ가: x", "    |     ^"])
    #expect(render("a", line: 1, column: 99).last == "    |  ^")
    #expect(render("a", line: 1, column: 0).last == "    | ^")
  }

  @Test("of a long line, the part around the caret is shown")
  func longLine() {
    let text = String(repeating: "a", count: 5000) + "X" + String(repeating: "b", count: 5000)
    let lines = render(text, line: 1, column: 5001)
    #expect(lines[1].unicodeScalars.count < 180)
    let caret = lines[2].unicodeScalars.count - 1
    #expect(Array(lines[1].unicodeScalars)[caret] == "X")
    #expect(lines[1].hasPrefix("  1 | …a") && lines[1].hasSuffix("b…"))
    #expect(render(text, line: 1, column: 3)[1].hasSuffix("a…"))
  }

  @Test("a message of any length stays short")
  func longMessage() {
    let line = render("a", line: 1, column: 1, message: String(repeating: "é", count: 100_000))[0]
    #expect(line.unicodeScalars.count < 600 && line.hasSuffix("…"))
  }

  @Test("no control character of a spec reaches the output, in any part of a finding")
  func controlCharacters() {
    let evil = "\u{1b}[2J\u{7}\u{9b}31m\u{202e}\r\u{85}"
    let location = Place(path: "a\(evil).yaml", line: 1, column: 1)
    let source = SourceText(
      path: location.path, text: "x: \(evil.unicodeScalars.filter { $0 != "\r" && $0 != "\u{85}" })")
    let diagnostic = Diagnostic(
      .error, "m\(evil)", at: location, help: "h\(evil)",
      related: [.init(message: "r\(evil)", location: location)])
    let rendered = DiagnosticRenderer(sources: [source]).render(diagnostic)
    let bad = rendered.unicodeScalars.filter { $0 != "\n" && isControl($0) }
    #expect(bad.isEmpty)
    #expect(rendered.split(separator: "\n").count == 7)
  }

  @Test("what a spec says is shown without its control characters")
  func hostileSpec() {
    let spec = MarkedSpec(
      header + "vms: {\"a\\e[2Jb\": {memory: \"4\\eG\", \"\\nkey\": 1}, ok: {memory: 1GiB, title: 4}}\n")
    let rendered = spec.load().rendered.joined(separator: "\n")
    #expect(!rendered.unicodeScalars.contains { $0 != "\n" && isControl($0) })
    #expect(rendered.contains("has the character U+001B"))
  }

  @Test("findings are sorted as a person reads: the run's own, then by file, line and column")
  func order() {
    let diagnostics = Diagnostics()
    func place(_ path: String, _ line: Int, _ column: Int) -> Place {
      Place(path: path, line: line, column: column)
    }
    diagnostics.error("d", at: place("b", 1, 1))
    diagnostics.error("c", at: place("a", 10, 1))
    diagnostics.error("b", at: place("a", 2, 5))
    diagnostics.error("a", at: place("a", 2, 1))
    diagnostics.error("a2", at: place("a", 2, 1))
    diagnostics.error("0", at: nil)
    #expect(diagnostics.sorted.map(\.message) == ["0", "a", "a2", "b", "c", "d"])
  }

  @Test("the same finding at the same place is kept once")
  func once() {
    let diagnostics = Diagnostics()
    #expect(!diagnostics.hasErrors)
    diagnostics.add(Diagnostic(.warning, "w", at: nil))
    #expect(!diagnostics.hasErrors)
    for _ in 0..<3 { diagnostics.error("m", at: nil) }
    #expect(diagnostics.all.count == 2 && diagnostics.hasErrors && diagnostics.reportCount == 4)
  }

  @Test("the nearest word is suggested, and none where none is near")
  func suggestions() {
    let words = ["memory", "cpus", "image", "initrd", "disks"]
    #expect(nearest(to: "memmory", in: words) == "memory")
    #expect(nearest(to: "meory", in: words) == "memory")
    #expect(nearest(to: "Memory", in: words) == "memory")
    #expect(nearest(to: "emmory", in: words) == "memory")
    #expect(nearest(to: "cpu", in: words) == "cpus")
    #expect(nearest(to: "disk", in: words) == "disks")
    #expect(nearest(to: "network", in: words) == nil)
    #expect(nearest(to: "memory", in: words) == nil)
    #expect(nearest(to: String(repeating: "a", count: 1_000_000), in: words) == nil)
    #expect(nearest(to: "ab", in: ["ac", "aa"]) == "aa", "the first by letters of those as near")
    #expect(editDistance("abcd", "acbd") == 1)
    #expect(editDistance("", "abc") == 3)
    #expect(editDistance("kitten", "sitting") == 3)
  }
}

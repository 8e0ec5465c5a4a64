import FoundationEssentials
import SpecModel
import TestLab
import Testing

@testable import Planner
@testable import Reports

/// What somebody else wrote stays a text, although marks combine with the signs in it: to Swift `"` with U+0301 behind it is
/// another character, to a browser it is a quote.
@Suite("Hostile texts in reports") struct HostileReportTests {
  private static let evil =
    [
      "\"", "'", "<", ">", "&", "`", "[", "]", "(", "#", "@", "|", "*", "\\", "\r\n", "\n", "\u{1b}",
      "\u{202e}", "\u{85}",
    ]
    .map { "\($0)\u{301}" }.joined() + " onload=alert(1) x=\"\u{301}"

  /// Characters that steer what shows a text.
  private static func controls(in text: String) -> [Unicode.Scalar] {
    text.unicodeScalars.filter { $0 != "\n" && isControl($0) }
  }

  @Test("GitHub's annotation is one line, and one only")
  func annotation() {
    let place = SourceLocation(path: "a\r\n::error::b\u{1b},\u{301}line=9:\u{301}.yaml", line: 1, column: 1)
    let line = GitHubAnnotations.line(
      Diagnostic(
        .error, "x\r\n::error::forged\u{1b}[2J%\u{301}0A::error::y", at: place, help: "\u{202e}\r::warning::z"
      ))
    #expect(
      line
        == "::error file=a\u{fffd}%0A\u{fffd}%3Aerror%3A%3Ab\u{fffd}%2C\u{301}line=9%3A\u{301}.yaml,line=1,col=1,title=virtform"
        + "::x\u{fffd}%0A\u{fffd}:error::forged\u{fffd}[2J%25\u{301}0A::error::y%0Ahelp: \u{fffd}\u{fffd}::warning::z"
    )
  }

  @Test("markup, drawings and diagrams get no markup from a text")
  func markup() {
    let element = Markup.element("a", ["title": Self.evil], Self.evil).source
    let inner = element.dropFirst("<a title=\"".count).dropLast("</a>".count)
    // The quote that ends the value, and the bracket that ends the tag.
    #expect(inner.unicodeScalars.filter { $0 == "\"" }.count == 1)
    #expect(inner.unicodeScalars.filter { $0 == ">" }.count == 1)
    #expect(!inner.unicodeScalars.contains("<"))
    #expect(Self.controls(in: element).isEmpty)
  }

  @Test("the comment of a pull request has no live markup in it")
  func markdown() {
    let plan = Samples.plan(
      [
        Change(
          Samples.vm("db"), .update,
          fields: [FieldChange("title", from: Self.evil, to: "```\u{301}\n```\n<b>", effect: .live)],
          effect: .live, reason: Self.evil)
      ], notes: [.init(Samples.vm("db"), Self.evil)])
    let text = PlanMarkdown(plan, digest: "abc").render()
    #expect(Self.controls(in: text).isEmpty)
    // Two fences, each on a line of its own.
    #expect(text.split(separator: "\n").filter { $0.hasPrefix("```") }.count == 2)
    let note = text.split(separator: "\n").first { $0.hasPrefix("- `vm.db`") } ?? ""
    let scalars = Array(note.dropFirst("- `vm.db`".count).unicodeScalars)
    for (index, scalar) in scalars.enumerated() where "`<>[]*#@|&".unicodeScalars.contains(scalar) {
      #expect(scalars[index - 1] == "\\", "\(note.debugDescription)")
    }
  }

  @Test("JUnit's report, SARIF and the page are without what steers a terminal")
  func controls() throws {
    let fault = Diagnostic(.error, Self.evil, at: .init(path: Self.evil, line: 1, column: 1), help: Self.evil)
    #expect(Self.controls(in: SARIFReport([fault], version: "1").json.text).isEmpty)
    #expect(Self.controls(in: StructuredValue(fault).line).isEmpty)
  }
}

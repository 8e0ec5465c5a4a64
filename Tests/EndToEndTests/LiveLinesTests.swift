import Testing

@testable import virtform

@Suite("Progress on a terminal")
struct LiveLinesTests {
  /// A terminal that breaks its lines anew when its width changes.
  private struct Screen {
    var width: Int
    /// Lines as they were written; the last one is where the cursor is.
    private(set) var lines = [""]

    init(width: Int) { self.width = width }

    private func rows(_ line: String) -> Int { max((line.count + width - 1) / width, 1) }

    mutating func write(_ text: String) {
      var rest = text[...]
      while let first = rest.first {
        if let move = rest.prefixMatch(of: #/\u{1b}\[([0-9]+)A\r\u{1b}\[J/#) {
          var count = Int(move.output.1) ?? 0
          lines.removeLast()
          while count > 0, let last = lines.last {
            count -= rows(last)
            lines.removeLast()
          }
          #expect(count == 0, "the cursor stands within a line")
          lines.append("")
          rest = rest[move.range.upperBound...]
        } else {
          if first == "\n" { lines.append("") } else { lines[lines.count - 1].append(first) }
          rest = rest.dropFirst()
        }
      }
    }
  }

  @Test("lines are taken off whole, though the terminal has become narrower or wider")
  func resize() {
    var screen = Screen(width: 80)
    var live = LiveLines()
    let lines = [String(repeating: "a", count: 70), "bb", String(repeating: "c", count: 300)]
    screen.write("before\n")
    for width in [80, 30, 7, 200, 1, 80] {
      // It was resized while the lines of the width before stood there.
      screen.width = width
      screen.write(live.draw(lines, width: width, height: 24))
      #expect(screen.lines.first == "before" && screen.lines.count == 5, "\(width): \(screen.lines)")
      #expect(screen.lines.allSatisfy { $0.count < max(width, 7) })
    }
    screen.write(live.erase(width: 80) + "after\n")
    #expect(screen.lines == ["before", "after", ""])
  }

  @Test("a low terminal has as many as fit, and is told how many there are more")
  func height() {
    var live = LiveLines()
    let text = live.draw((1...40).map { "step \($0)" }, width: 80, height: 5)
    #expect(text == "step 1\nstep 2\nstep 3\n  and 37 more\n")
  }
}

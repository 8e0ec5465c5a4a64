import Testing

@testable import SpecModel

@Suite("The layout of specs")
struct SpecFormatterTests {
  private func expect(
    _ text: String, becomes wanted: String, _ location: Testing.SourceLocation = #_sourceLocation
  ) throws {
    let result = try SpecFormatter.format(text)
    #expect(result == wanted, sourceLocation: location)
    #expect(try SpecFormatter.format(result) == result, "twice is as once", sourceLocation: location)
  }

  @Test("a byte order mark goes, and the same character inside of a text stays")
  func byteOrderMark() throws {
    #expect(try SpecFormatter.format("\u{feff}a:   b\n") == "a: b\n")
    #expect(try SpecFormatter.format("a\u{feff}c:   d\n") == "a\u{feff}c: d\n")
  }

  @Test("two spaces a level, one between words, no more than one empty line, a break at the end")
  func spaces() throws {
    try expect(
      """


      virtform:   1
      stack:  shop



      vms:
          web :  { count: 2,memory:   1GiB ,  disks: { } }
          db:
              run:
              -   a
              -  [x,y , z]
              -   k: v
                  l:  w
      """,
      becomes: """
        virtform: 1
        stack: shop

        vms:
          web: {count: 2, memory: 1GiB, disks: {}}
          db:
            run:
              - a
              - [x, y, z]
              - k: v
                l: w

        """)
  }

  @Test("comments go with what they are about, and keep their columns")
  func comments() throws {
    try expect(
      """
      # The shop.
      virtform: 1     # the language
      stack: shop     # its name

      vms:
      # The first.
          web: {}  # soon more
          # db: {}

      # To be renamed.
      moved:
          # none yet
          vms.a:   vms.b# no comment
      # The end.
      """,
      becomes: """
        # The shop.
        virtform: 1     # the language
        stack: shop     # its name

        vms:
          # The first.
          web: {}  # soon more
          # db: {}

        # To be renamed.
        moved:
          # none yet
          vms.a: vms.b# no comment
        # The end.

        """)
  }

  @Test("texts keep their lines, whatever their style")
  func texts() throws {
    try expect(
      """
      a:
          b: |
              one
                two

              # no comment
          # a comment
          c: >-
            folded
            text
          d: "quoted
              over lines"
          e: plain
             over lines
          f: |+
            kept


          g: |2
              two more
      h: 'it''s'
      """,
      becomes: """
        a:
          b: |
            one
              two

            # no comment
          # a comment
          c: >-
            folded
            text
          d: "quoted
            over lines"
          e: plain
            over lines
          f: |+
            kept


          g: |2
              two more
        h: 'it''s'

        """)
  }

  @Test("brackets over several lines are a level each")
  func brackets() throws {
    try expect(
      """
      vms:
        web: {disks: {
           root: {size: 1GiB},   # the root
           # data
           data: {size: 2GiB}
             }, nics:
           {lan: {}}}
      list: [
      a,

      b ]
      """,
      becomes: """
        vms:
          web: {disks: {
              root: {size: 1GiB},   # the root
              # data
              data: {size: 2GiB}
            }, nics:
            {lan: {}}}
        list: [
          a,

          b]

        """)
  }

  @Test("anchors, aliases, nothing, and values on lines of their own")
  func rest() throws {
    try expect(
      "a:   &x\n    b: 1\nc:  *x\nd:\ne:\n      long\nf: ~\n",
      becomes: "a: &x\n  b: 1\nc: *x\nd:\ne:\n  long\nf: ~\n")
    try expect("- a\n-\n  - b\n- - c\n  -  d\n", becomes: "- a\n-\n  - b\n- - c\n  - d\n")
    try expect("", becomes: "\n")
    try expect("---\na: 1\n...\n", becomes: "---\na: 1\n...\n")
    try expect("a: 1\r\nb:   2\r\n", becomes: "a: 1\nb: 2\n")
    try expect("{a: 1,\n b: 2}\n", becomes: "{a: 1,\n  b: 2}\n")
    #expect(throws: SpecFormatter.Failure.noYAML) { try SpecFormatter.format("a: [") }
  }

  @Test("spaces at the end of a text's lines are content, in its last line, too")
  func spacesInText() throws {
    try expect(
      "a: |\n    one  \n    two  \nb: >\n  three  \n\n\nc: |-  \n   four \n",
      becomes: "a: |\n  one  \n  two  \nb: >\n  three  \n\nc: |-\n  four \n")
  }

  @Test("what cannot be laid out is told at its place")
  func unfaithful() {
    let (text, diagnostics) = SpecFormatter.format(
      SourceText(path: "site.yaml", text: "a: 1\nb: |\n  text\n    \nc: 1\n"))
    #expect(text == nil)
    #expect(diagnostics.map { "\($0.location?.line ?? 0):\($0.location?.column ?? 0)" } == ["2:4"])
  }

  @Test("what a text says stays, of random layouts of it")
  func random() throws {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<300 {
      let text = Self.document(depth: 0, indent: 0, &random).joined(separator: "\n") + "\n"
      let result = try SpecFormatter.format(text)
      #expect(try YAMLScanner.meaning(of: result) == YAMLScanner.meaning(of: text), "\(text)")
      #expect(try SpecFormatter.format(result) == result, "\(text)")
      #expect(text.filter { $0 == "#" }.count == result.filter { $0 == "#" }.count, "\(text)")
    }
  }

  /// Lines of a mapping or a list.
  private static func document(
    depth: Int, indent: Int, _ random: inout SystemRandomNumberGenerator
  ) -> [String] {
    let space = String(repeating: " ", count: indent)
    let isList = Int.random(in: 0..<4, using: &random) == 0
    var lines: [String] = []
    for number in 0...Int.random(in: 0..<4, using: &random) {
      if Int.random(in: 0..<4, using: &random) == 0 { lines.append("") }
      if Int.random(in: 0..<4, using: &random) == 0 {
        lines.append(String(repeating: " ", count: Int.random(in: 0...indent + 2, using: &random)) + "# note")
      }
      let head =
        space + (isList ? "-" : "k\(number):")
        + String(repeating: " ", count: Int.random(in: 1..<4, using: &random))
      let inner = indent + Int.random(in: 1..<5, using: &random)
      let tail = ["", "  # tail", "   "].randomElement(using: &random)!
      switch Int.random(in: depth > 3 ? 3..<9 : 0..<9, using: &random) {
      case 0, 1, 2:
        lines.append(head.trimmedAtEnd + tail)
        lines += document(depth: depth + 1, indent: inner, &random)
      case 3: lines.append(head + "{a:  1,b: [ x ,y]}" + tail)
      case 4:
        let content = String(repeating: " ", count: inner)
        lines += [head + ["|", ">", "|-", ">+", "|+"].randomElement(using: &random)!, content + "text"]
        lines += ["", content + "  more  ", content + "# text" + tail]
      case 5:
        lines += [head + "[a, # first", space + "   b,", space + "  {c: d}]" + tail]
      case 6: lines += [head + "\"two", String(repeating: " ", count: inner) + "lines\"" + tail]
      case 7: lines.append(head.trimmedAtEnd + tail)
      default: lines.append(head + "value" + tail)
      }
    }
    return lines
  }
}

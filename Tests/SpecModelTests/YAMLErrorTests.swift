import Testing

@testable import SpecModel

@Suite struct YAMLErrorTests {
  @Test("a duplicate key is shown with the first one, at any level, and each of them")
  func duplicateKeys() {
    #expect(
      yamlFindings("1️⃣a: 1\nb: {2️⃣x: 1, 3️⃣x: 2}\n4️⃣a: 2\n5️⃣'a': 3\n") == [
        "3️⃣ duplicate key 'x' | 2️⃣ it stands here first", "4️⃣ duplicate key 'a' | 1️⃣ it stands here first",
        "5️⃣ duplicate key 'a' | 1️⃣ it stands here first",
      ])
  }

  @Test(
    "a tab that indents is pointed at",
    arguments: ["a:\n1️⃣\tb: 1\n", "a:\n  b: 1\n1️⃣\tc: 2\n", "a:\n  1️⃣\tb: 1\n", "a: |\n1️⃣\tx\n"])
  func tabs(text: String) {
    #expect(yamlFindings(text) == ["1️⃣ a tab cannot indent YAML | help: indent with spaces"])
  }

  @Test(
    "what is missing at the end of a file is missing at the end of its last line, whether that has an end or not"
  )
  func endOfFile() {
    #expect(
      yamlFindings("a: 2️⃣[b1️⃣") == ["1️⃣ ',' or ']' is missing before this | 2️⃣ the list starts here"])
    #expect(
      yamlFindings("a: [b,1️⃣") == ["1️⃣ the file ends inside a list or a map | help: close it with ] or }"])
    #expect(
      yamlFindings("a: [b,\n1️⃣") == ["1️⃣ the file ends inside a list or a map | help: close it with ] or }"])
  }

  @Test("a tab may separate, and may not stand where a key could start")
  func otherTabs() {
    #expect(yamlFindings("a:\tb\nc: d\t# x\n") == [])
    #expect(yamlFindings("-1️⃣\tfoo: 1\n") == ["1️⃣ a tab cannot stand here | help: use a space"])
  }

  @Test("an alias of nothing, of itself, or where a key stands is an error")
  func badAliases() {
    #expect(yamlFindings("a: 1️⃣*x\n") == ["1️⃣ unknown alias '*x' | help: quote a value that starts with '*'"])
    #expect(yamlFindings("a: &x [1, 1️⃣*x]\n") == ["1️⃣ alias '*x' contains itself"])
    #expect(yamlFindings("a: &x {b: {c: 1️⃣*x}}\n") == ["1️⃣ alias '*x' contains itself"])
    #expect(
      yamlFindings("a: &x b\n1️⃣*x : 1\n")
        == [#"1️⃣ a key must be a plain word | help: quote what starts with {, [ or *, such as "${var.x}""#])
    #expect(
      yamlFindings("a: 1️⃣*\n") == ["1️⃣ '*' without a name behind it | help: quote a value that starts with '*'"]
    )
    #expect(
      yamlFindings("a: 1️⃣&\n") == ["1️⃣ '&' without a name behind it | help: quote a value that starts with '&'"]
    )
  }

  @Test("tags, merge keys, several documents and keys that are no words are not part of the language")
  func outsideTheLanguage() {
    #expect(
      yamlFindings("a: 1️⃣!!str x\n") == ["1️⃣ tags such as 'tag:yaml.org,2002:str' are not part of the language"]
    )
    #expect(yamlFindings("a: 1️⃣!vault |\n  x\n") == ["1️⃣ tags such as '!vault' are not part of the language"])
    #expect(yamlFindings("a: 1️⃣!x [1]\n") == ["1️⃣ tags such as '!x' are not part of the language"])
    #expect(
      yamlFindings("a: &x {b: 1}\nc:\n  1️⃣<<: *x\n")
        == ["1️⃣ merge keys are not part of the language | help: use a profile"])
    #expect(yamlFindings("'<<': 1\n") == [])
    for text in ["a: 1\n1️⃣---\nb: 2\n", "---\na: 1\n1️⃣---\n"] {
      #expect(
        yamlFindings(text)
          == [
            "1️⃣ a second document starts here | help: one document a file; a spec may be a directory of files"
          ])
    }
    for text in ["? 1️⃣[a]\n: b\n", "a: {1️⃣{b: 1}: 2}\n"] {
      #expect(
        yamlFindings(text)
          == [#"1️⃣ a key must be a plain word | help: quote what starts with {, [ or *, such as "${var.x}""#])
    }
  }

  @Test("an unquoted reference in a map in one line is told to be quoted")
  func flowReference() {
    for text in ["a: {cpus: 1️⃣${var.x}}\n", "a: {cpus: 1️⃣${var.x}, b: 1}\n", "a: [1, 1️⃣${var.x}]\n"] {
      #expect(yamlFindings(text) == [#"1️⃣ '${' must be quoted inside [ ] and { } | help: such as "${var.x}""#])
    }
  }

  @Test(
    "a syntax error is one finding, in words, where it stands",
    arguments: [
      ("a: 2️⃣[1, 2\nb1️⃣: 3\n", "1️⃣ ',' or ']' is missing before this | 2️⃣ the list starts here"),
      ("a: 2️⃣{b: 1\nc1️⃣: 2\n", "1️⃣ ',' or '}' is missing before this | 2️⃣ the map starts here"),
      ("a: [\n1️⃣", "1️⃣ the file ends inside a list or a map | help: close it with ] or }"),
      ("a: 1️⃣\"x\nb: 1\n", "1️⃣ this quote is never closed"),
      ("b: 1\na: 1️⃣'x", "1️⃣ this quote is never closed"),
      ("a: b1️⃣: c\n", "1️⃣ a second ':' in one line | help: quote a value that holds ': '"),
      ("é: ü1️⃣: c\n", "1️⃣ a second ':' in one line | help: quote a value that holds ': '"),
      ("\u{feff}a: x1️⃣: y\n", "1️⃣ a second ':' in one line | help: quote a value that holds ': '"),
      ("a: 1\r\nb: x1️⃣: y\r\n", "1️⃣ a second ':' in one line | help: quote a value that holds ': '"),
      (
        "a: 1\n b1️⃣: 2\n",
        "1️⃣ a ':' does not fit here | help: this line is indented too far, or the key above it has no ':'"
      ),
      (
        "web\n  m1️⃣: 1\n",
        "1️⃣ a ':' does not fit here | help: this line is indented too far, or the key above it has no ':'"
      ),
      (
        "2️⃣a:\n  b: 1\n 1️⃣c: 2\n",
        "1️⃣ the indentation of this line fits no line above it | 2️⃣ what it stands in starts here"
      ),
      ("- a\n1️⃣b: 1\n", "1️⃣ a key cannot stand among the items of a list"),
      ("a: 1\n1️⃣- b\n", "1️⃣ a list item cannot stand among the keys of a map"),
      ("1️⃣: x\n", "1️⃣ a key is missing before ':'"),
      ("a: 1️⃣@x\n", "1️⃣ a value cannot start with '@' | help: quote the value"),
      ("a: 1️⃣%x\n", "1️⃣ a value cannot start with '%' | help: quote the value"),
      ("1️⃣%x\n", "1️⃣ a line cannot start with '%' | help: quote what starts with '%'"),
      ("a: 1️⃣]\n", "1️⃣ unexpected ']' | help: a value must stand here"),
      ("a: [1️⃣,]\n", "1️⃣ unexpected ',' | help: a value must stand here"),
      ("a: [b]1️⃣]\n", "1️⃣ unexpected ']' behind the value | help: quote the whole value"),
      ("a: \"x\" 1️⃣y\n", "1️⃣ unexpected 'y' behind the value | help: quote the whole value"),
      (
        "a: \"1️⃣\\q\"\n",
        #"1️⃣ unknown escape in a quoted text | help: write \\ for a backslash, or use single quotes"#
      ),
      ("a: \"\\x1️⃣ZZ\"\n", "1️⃣ this escape lacks hexadecimal digits"),
      (
        "a: 1️⃣- b\n",
        "1️⃣ a list item cannot start here | help: start the list on the next line, or quote the value"
      ),
      ("a: 1️⃣? b\n", "1️⃣ '?' cannot start a value | help: quote the value"),
      ("a: |51️⃣x\n", "1️⃣ unexpected text behind '|' or '>' | help: start the text on the next line"),
      ("a: 1\n...\n1️⃣b: 2\n", "1️⃣ text behind the end of the document | help: remove the '...'"),
      ("1️⃣%YAML 3.0\n---\na: 1\n", "1️⃣ only YAML 1.1 and 1.2 can be read"),
      ("b: 1\né: 1️⃣\u{7}\n", "1️⃣ a control character (U+0007) cannot stand in a spec"),
      ("b: 1\r\né: \"1️⃣\u{0}\"\r\n", "1️⃣ a control character (U+0000) cannot stand in a spec"),
    ])
  func syntaxErrors(text: String, expected: String) {
    #expect(yamlFindings(text) == [expected])
  }

  @Test("libyaml's own words are shown where there are no better ones")
  func fallback() {
    let place = Place(path: "x", line: 1, column: 1)
    func message(_ problem: String, _ context: String) -> String {
      let report = YAMLSyntaxError.Report(
        problem: problem, context: context, place: place, contextPlace: place)
      return YAMLSyntaxError(report, in: SourceText(path: "x", text: "a")).message
    }
    #expect(message("found something new", "while scanning") == "while scanning: found something new")
    #expect(message("found something new", "") == "found something new")
  }

  @Test("a text of any characters is read or answered with errors, never with a crash")
  func anyText() {
    let alphabet = Array("ab:,-?#&*!|>'\"%@`{}[] \t\n\r$~0\\\u{feff}\u{1}é😀").map(String.init)
    var state: UInt64 = 42
    func random(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    for _ in 0..<3000 {
      let text = (0..<random(40)).map { _ in alphabet[random(alphabet.count)] }.joined()
      let source = SourceText(path: "x", text: text)
      let result = SpecLoader(environment: [:]).load([source])
      #expect(result.site == nil)
      #expect(!result.rendered.isEmpty, "\(text.debugDescription)")
      let isSyntax = result.diagnostics.filter {
        $0.message.contains("while ") || $0.message.contains("did not find")
      }
      #expect(isSyntax == [], "\(text.debugDescription)")
    }
  }
}

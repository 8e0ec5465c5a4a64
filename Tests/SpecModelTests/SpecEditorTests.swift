import Testing

@testable import SpecModel

@Suite("Setting values in a spec's text")
struct SpecEditorTests {
  private static func name(_ text: String) throws -> ResourceName { try ResourceName(parsing: text) }

  private static func drained(_ host: String) throws -> SpecEdit {
    SpecEdit("hosts", try name(host), "state", .one("drained"))
  }

  private static func host(_ vm: String, _ hosts: String...) throws -> SpecEdit {
    SpecEdit("vms", try name(vm), "host", hosts.count == 1 ? .one(hosts[0]) : .list(hosts))
  }

  private static func edit(_ text: String, _ edits: [SpecEdit]) -> String {
    let (sources, diagnostics) = SpecEditor.apply(edits, to: [SourceText(path: "site.yaml", text: text)])
    #expect(diagnostics.map(\.message) == [])
    return sources[0].text
  }

  @Test("what is there is replaced, and comments, quotes and the order of keys stay")
  func replacing() throws {
    let text = """
      # Two racks.
      hosts:
        rack1: {uri: embedded, state: active}  # the old one
      vms:
        "web":
          host: "rack1"   # near the door
          memory: 1GiB
        db: {host: 'rack1', memory: 1GiB}
        mail: {memory: 1GiB, host: [rack1, rack2]}
        dns:
          host:
          memory: 1GiB

      """
    let edits = [
      try Self.drained("rack1"), try Self.host("web", "rack2"), try Self.host("db", "4"),
      try Self.host("mail", "rack3"), try Self.host("dns", "rack3", "4"),
    ]
    #expect(
      Self.edit(text, edits) == """
        # Two racks.
        hosts:
          rack1: {uri: embedded, state: drained}  # the old one
        vms:
          "web":
            host: "rack2"   # near the door
            memory: 1GiB
          db: {host: '4', memory: 1GiB}
          mail: {memory: 1GiB, host: rack3}
          dns:
            host: [rack3, "4"]
            memory: 1GiB

        """)
  }

  @Test("what is not there comes to the end of its entry, in the style of the entry")
  func inserting() throws {
    let text = """
      hosts:
        rack1: {uri: embedded}
        rack2:
          uri: embedded  # ours
          # the end of rack2
        rack3:
          uri: embedded
          labels:
          - a
        rack4: {}
        rack5:
          uri: embedded
          note: |+
            text

      vms:
        web:  # nothing yet

      """
    let edits = try ["rack1", "rack2", "rack3", "rack4", "rack5"].map(Self.drained)
    let changed = Self.edit(text, edits + [try Self.host("web", "rack2")])
    #expect(
      changed == """
        hosts:
          rack1: {uri: embedded, state: drained}
          rack2:
            uri: embedded  # ours
            state: drained
            # the end of rack2
          rack3:
            uri: embedded
            labels:
            - a
            state: drained
          rack4: {state: drained}
          rack5:
            state: drained
            uri: embedded
            note: |+
              text

        vms:
          web: {host: rack2}  # nothing yet

        """)
    #expect(try SpecFormatter.format(changed) == changed.replacing("    - a", with: "      - a"))
  }

  @Test("an entry is found in the file that has it; line breaks stay what they are")
  func files() throws {
    let sources = [
      SourceText(path: "a.yaml", text: "hosts: {a: {uri: embedded}}\r\n"),
      SourceText(path: "b.yaml", text: "vms:\r\n  web:\r\n    memory: 1GiB\r\n"),
    ]
    let (changed, diagnostics) = SpecEditor.apply(
      [try Self.host("web", "a"), try Self.drained("a")], to: sources)
    #expect(diagnostics == [])
    #expect(
      changed.map(\.text) == [
        "hosts: {a: {uri: embedded, state: drained}}\r\n",
        "vms:\r\n  web:\r\n    memory: 1GiB\r\n    host: a\r\n",
      ])
  }

  @Test("what comes from elsewhere is not set, and the place is named; then nothing is set at all")
  func refusals() throws {
    let text = """
      hosts:
        a: {uri: embedded}
      vms:
        one: {host: "${var.host}", memory: 1GiB}
        two: &two {host: a, memory: 1GiB}
        three: *two
        four: {host: *h}
        five:
          host:
            - a
        six: {host: &h a}

      """
    let source = SourceText(path: "site.yaml", text: text)
    let edits = try ["one", "two", "three", "four", "five", "six", "seven"].map { try Self.host($0, "b") }
    let (sources, diagnostics) = SpecEditor.apply(edits + [try Self.drained("a")], to: [source])
    #expect(sources[0].text == text)
    #expect(
      diagnostics.map { "\($0.location?.description ?? "-") \($0.message) | \($0.help ?? "-")" } == [
        "- 'vms.seven.host' cannot be set: vms has no entry 'seven' | -",
        "site.yaml:4:15 'vms.one.host' cannot be set here: its value comes from a variable | write host: b by hand",
        "site.yaml:5:8 'vms.two.host' cannot be set here: an alias may stand for it elsewhere | write host: b by hand",
        "site.yaml:6:10 'vms.three.host' cannot be set here: it comes from an anchor | write host: b by hand",
        "site.yaml:7:16 'vms.four.host' cannot be set here: it comes from an anchor | write host: b by hand",
        "site.yaml:10:7 'vms.five.host' cannot be set here: it is written in several lines | write host: b by hand",
        "site.yaml:11:15 'vms.six.host' cannot be set here: an alias may stand for it elsewhere | write host: b by hand",
      ])
  }

  @Test("a difference shows the lines that changed, as diff does")
  func difference() {
    func difference(_ old: String, _ new: String) -> String {
      LineDifference(
        from: SourceText(path: "a.yaml", text: old), to: SourceText(path: "a.yaml", text: new)
      ).render()
    }
    #expect(difference("a\nb\n", "a\nb\n") == "")
    #expect(
      difference("a\nb\nc\nd\n", "a\nB\nc\nnew\nd\n") == """
        --- a.yaml
        +++ a.yaml
        @@ -2 +2 @@
        -b
        +B
        @@ -3,0 +4 @@
        +new

        """)
    #expect(difference("a\nb\nc\n", "c\n") == "--- a.yaml\n+++ a.yaml\n@@ -1,2 +0,0 @@\n-a\n-b\n")
  }
}

import Testing

@testable import Planner

@Suite("Texts without what follows from a name")
struct AnonymousTextTests {
  @Test(
    "names, addresses and tags of files are left out, and nothing else",
    arguments: [
      ("web-1 → web-1", "# → #"),
      ("/srv/disks/web-1.root-3fa2b1c0.qcow2", "/srv/disks/#.root-#.qcow2"),
      ("lan (52:54:00:aa:00:10)", "lan (#)"),
      ("10.0.0.11 for web-1", "# for #"),
      // An address has three digits at most in a part, and goes as far as it can.
      ("1234.5.6.789 and 10.0.0", "1# and 10.0.0"),
      ("52:54:00:aa:00", "52:54:00:aa:00"),
      ("52:54:00:AA:00:10", "52:54:00:AA:00:10"),
      ("a-3fa2b1c.x and a-3fa2b1g0.x", "a-3fa2b1c.x and a-3fa2b1g0.x"),
      ("Grüße an web-1", "Grüße an #"),
      ("", ""),
    ])
  func anonymous(text: String, expected: String) {
    #expect(text.anonymous(besides: "web-1") == expected)
  }

  @Test("without a name, addresses go all the same")
  func nameless() {
    #expect("10.0.0.11 for web-1".anonymous(besides: "") == "# for web-1")
  }
}

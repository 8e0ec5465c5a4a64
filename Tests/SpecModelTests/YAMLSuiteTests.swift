import Testing

@testable import SpecModel

/// The score in the YAML test suite, <https://github.com/yaml/yaml-test-suite>, and every case in which the reader differs from it.
@Suite("YAML test suite", .enabled(if: YAMLSuite.isThere, Comment(rawValue: YAMLSuite.absence)))
struct YAMLSuiteTests {
  /// What became of a case.
  private enum Outcome: Hashable {
    /// Read as the suite says, or refused as it says.
    case same
    /// YAML with tags, which specs do not have: types are the fields'.
    case hasTags
    /// Several documents: a spec is one, or a directory of files.
    case hasDocuments
    /// Maps, lists and aliases as keys: all keys of the language are words.
    case hasKeys
    /// YAML 1.2 that libyaml 0.2, which follows 1.1, does not read: tabs where spaces are clearer, empty keys, `:` on the next line of
    /// a flow collection, directives of other versions, text behind the end of a document, signs in the names of anchors.
    case isUnread
    /// No YAML, and read by libyaml as what it looks like: comments without a space before, `-` as a text in `[ ]`, lines of a
    /// flow collection or a quoted text that are indented less than it.
    case isAccepted
    /// Read by libyaml as something else: `?x` in flow collections, `:` in anchors, spaces at the end of a block text.
    case isOther
  }

  private func outcome(of item: YAMLSuite.Case) -> Outcome {
    let diagnostics = Diagnostics()
    let root = YAMLParser.parse(SourceText(path: item.id, text: item.text), diagnostics: diagnostics)
    guard let documents = item.documents else { return diagnostics.hasErrors ? .same : .isAccepted }
    if let message = diagnostics.all.first?.message {
      if message.hasPrefix("tags such as") { return .hasTags }
      return switch message {
      case "a second document starts here": .hasDocuments
      case "a key must be a plain word": .hasKeys
      default: .isUnread
      }
    }
    let trees = root.map { [YAMLSuite.Tree($0)] } ?? []
    return trees == documents.map(\.withPlainKeys) ? .same : .isOther
  }

  private static let differences: [Outcome: String] = [
    .hasTags: """
    2AUY 2XXW 33X3 35KP 52DL 565N 57H4 5TYM 6CK3 6JWB 6WLZ 735Y 74H7 7FWL 8MK2 9KAX 9WXW BU8L C4HZ
    CC74 CUP7 EHF6 F2C7 FH7J HMQ5 J7PZ L94M LE5A M5C3 P76L S4JQ U3C3 UGM3 UKK6/02 WZ62 Z67P Z9M4
    """,
    .hasDocuments: """
    6XDY 6ZKB 9DXL JHB9 KSS4 L383 PUW8 RZT7 U9NS
    """,
    .hasKeys: """
    26DV 4FJ6 6BFJ 6PBE 9MMW E76Z KK5P LX3P M2N8/00 M2N8/01 M5DY Q9WF RZP5 SBG9 V9D5 X38W XW4D
    """,
    .isUnread: """
    2JQS 2LFX 2SXE 4ABK 4MUZ/00 4MUZ/01 4MUZ/02 58MP 5MUD 5T43 6BCT 6CA3 6LVF 6M2F 7Z25 8XYN 96NN/00
    96NN/01 9SA2 A2M4 BEC7 CFD4 DBG4 DK3J DK95/00 DK95/03 DK95/04 FP8R FRK4 HM87/00 HWV9 K3WX M7A3
    MUS6/05 MUS6/06 NHX8 NJ66 NKF9 Q5MG QT73 R4YG S3PD SM9W/01 UKK6/00 UT92 VJP3/01 W4TN W5VH
    Y79Y/001 Y79Y/010
    """,
    .isAccepted: """
    9C9N 9JBA CVW2 DK95/01 G5U8 MUS6/00 QB6E S98Z SU5Z X4QW Y79Y/003 YJV2
    """,
    .isOther: """
    652Z HM87/01 JEF9/02 L24T/01 Y2GN
    """,
  ]

  @Test("272 of 402 cases are read as the suite says, and the others are these, each with its reason")
  func score() throws {
    let cases = try YAMLSuite.cases()
    var found = Dictionary(grouping: cases, by: outcome).mapValues { $0.map(\.id) }
    #expect(cases.count == 402)
    #expect(found.removeValue(forKey: .same)?.count == 272)
    #expect(found == Self.differences.mapValues { $0.split { $0 == " " || $0 == "\n" }.map(String.init) })
  }
}

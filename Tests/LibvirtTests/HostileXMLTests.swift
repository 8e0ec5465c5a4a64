import Glibc
import Testing

@testable import Libvirt

@Suite struct HostileXMLTests {
  /// CPU time far above what any of these takes, and far below what a successful attack would.
  private static let bound = Duration.seconds(10)

  /// The CPU time that `body` takes of this thread, however busy the machine is.
  private func measure(_ body: () throws -> Void) rethrows -> Duration {
    func now() -> Duration {
      var time = timespec()
      clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
      return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
    let start = now()
    try body()
    return now() - start
  }

  private func failsQuickly(_ document: String, _ isExpected: (XMLError) -> Bool) {
    let time = measure {
      let error = #expect(throws: XMLError.self) { try XMLElement(parsing: document) }
      if let error { #expect(isExpected(error), "\(error)") }
    }
    #expect(time < Self.bound)
  }

  @Test("no document type is accepted, so no entity can grow or read files")
  func entities() {
    var laughs = "<!DOCTYPE a [<!ENTITY l0 \"lol\">"
    for level in 1...30 {
      let inner = String(repeating: "&l\(level - 1);", count: 10)
      laughs += "<!ENTITY l\(level) \"\(inner)\">"
    }
    failsQuickly(laughs + "]><a b=\"&l30;\">&l30;</a>") { $0 == .documentTypeRefused }
    failsQuickly("<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>") {
      $0 == .documentTypeRefused
    }
    failsQuickly("<!DOCTYPE a SYSTEM \"http://192.0.2.1/a.dtd\"><a/>") { $0 == .documentTypeRefused }
    failsQuickly("<!DOCTYPE a><a/>") { $0 == .documentTypeRefused }
  }

  @Test("nesting has a bound")
  func depth() throws {
    let deep = String(repeating: "<a>", count: 1_000_000)
    failsQuickly(deep) { if case .malformed = $0 { true } else { false } }
    let fine = String(repeating: "<a>", count: 200) + String(repeating: "</a>", count: 200)
    #expect(try XMLElement(parsing: fine).name == "a")
  }

  @Test("size has a bound")
  func size() {
    let bytes = 10 << 20
    let text = "<a>" + String(repeating: "x", count: bytes - 7) + "</a>"
    failsQuickly(text) { $0 == .tooLarge(bytes: bytes, limit: XMLElement.parsingLimit) }
  }

  @Test("many attributes and many elements take no longer than they should")
  func wide() throws {
    let elements = "<a>" + String(repeating: "<b c=\"1\"/>", count: 100_000) + "</a>"
    var count = 0
    let time = try measure { count = try XMLElement(parsing: elements).children.count }
    #expect(count == 100_000)
    #expect(time < Self.bound)
  }

  @Test(
    "attributes of an element and namespaces have a bound: comparing them takes the product of their numbers")
  func attributes() throws {
    func attributes(_ count: Int, _ name: String = "b") -> String {
      (0..<count).map { "\(name)\($0)='>=' " }.joined()
    }
    failsQuickly("<a \(attributes(200_000))/>") { $0 == .tooManyAttributes(limit: 1000) }
    let levels = (0..<200).map { "<a \(attributes(100, "xmlns:n\($0)x"))>" }.joined()
    failsQuickly(levels) { $0 == .tooManyAttributes(limit: 1000) }
    let fine = "<a \(attributes(1000))><!-- \(attributes(2000)) --><![CDATA[< \(attributes(2000))]]></a>"
    #expect(try XMLElement(parsing: fine).attributes.count == 1000)
  }

  @Test("another encoding cannot hide a document")
  func encodings() throws {
    let tree = try XMLElement(parsing: "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>ü</a>")
    #expect(tree.text == "ü")
    failsQuickly("<?xml version=\"1.0\" encoding=\"UTF-16\"?><!DOCTYPE a><a/>") { $0 == .documentTypeRefused }
  }
}

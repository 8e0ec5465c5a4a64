import Testing

@testable import Libvirt

@Suite struct XMLTests {
  static let documents = [
    "<a/>",
    "<a b=\"1\" c='2'>text</a>",
    "<a>\n  <!-- kept -->\n  <b/>\n  <b x=\"&lt;&amp;&gt;&quot;'\"/>\n</a>",
    "<a><![CDATA[<not & parsed>]]></a>",
    "<a xmlns=\"urn:x\" xmlns:v=\"urn:v\"><v:b v:c=\"1\"/><d xmlns=\"\"/></a>",
    "<a>mixed <b>bold</b> and <i>more</i>\n</a>",
    "<a>   </a>",
    "<a b=\"x&#10;y&#9;z&#13;\">&#13;\n\ttext</a>",
    "<a>größe 漢字 🙂</a>",
    "<größe/>",
    "<a>x<!-- y -->z</a>",
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- before --><a><b/></a><!-- after -->",
  ]

  @Test("the name of a namespace is unescaped as any value is")
  func namespaceName() throws {
    let tree = try XMLElement(parsing: "<a xmlns:b=\"u?x=1&amp;y=2\" c=\"&amp;#38;\"/>")
    #expect(tree.attributes.map(\.value) == ["u?x=1&y=2", "&#38;"])
    #expect(try XMLElement(parsing: tree.serialized()) == tree)
  }

  @Test("parsing what was serialised gives the tree back", arguments: documents)
  func roundTrip(document: String) throws {
    let tree = try XMLElement(parsing: document)
    for indented in [true, false] {
      let text = try tree.serialized(indented: indented)
      #expect(try XMLElement(parsing: text) == tree)
    }
  }

  @Test("every document that libvirt gives survives a round trip")
  func libvirtDocuments() async throws {
    let host = try await Connection.open("test:///default", access: .readOnly)
    var documents = [try await host.capabilities()]
    for domain in try await host.domains() { documents.append(try await domain.xml(.live)) }
    for network in try await host.networks() { documents.append(try await network.xml(.live)) }
    for pool in try await host.storagePools() { documents.append(try await pool.xml()) }
    #expect(documents.count == 4)
    for document in documents {
      #expect(try XMLElement(parsing: document.serialized()) == document)
    }
  }

  @Test("elements get lines of their own, and text stays as it is")
  func layout() throws {
    let tree = XMLElement("domain", ["type": "kvm", "id": nil]) {
      XMLElement("name", text: "a<b")
      XMLNode.comment(" note ")
      XMLElement("os") { XMLElement("type", ["arch": "x86_64"], text: "hvm") }
      XMLElement("p") {
        "some "
        XMLElement("b", text: "text")
      }
      XMLElement("empty")
    }
    #expect(
      try tree.serialized() == """
        <domain type="kvm">
          <name>a&lt;b</name>
          <!-- note -->
          <os>
            <type arch="x86_64">hvm</type>
          </os>
          <p>some <b>text</b></p>
          <empty/>
        </domain>

        """)
  }

  @Test("white space between elements is dropped, and kept beside text")
  func whitespace() throws {
    #expect(try XMLElement(parsing: "<a>\n <b/>\n</a>") == XMLElement("a") { XMLElement("b") })
    #expect(try XMLElement(parsing: "<a> </a>") == XMLElement("a", text: " "))
    #expect(try XMLElement(parsing: "<a>x <b/> </a>").children.count == 3)
  }

  @Test("equivalence ignores the order of attributes and white space, and nothing else")
  func equivalence() throws {
    let one = try XMLElement(parsing: "<a x=\"1\" y=\"2\"><b/>text</a>")
    #expect(try one.isEquivalent(to: XMLElement(parsing: "<a y=\"2\" x=\"1\"> <b/>text</a>")))
    #expect(try one.isEquivalent(to: XMLElement(parsing: "<a y=\"2\" x=\"1\"><b> </b>text</a>")))
    #expect(try !one.isEquivalent(to: XMLElement(parsing: "<a x=\"1\" y=\"3\"><b/>text</a>")))
    #expect(try !one.isEquivalent(to: XMLElement(parsing: "<a x=\"1\" y=\"2\">text<b/></a>")))
    #expect(try one != XMLElement(parsing: "<a y=\"2\" x=\"1\"><b/>text</a>"))
  }

  @Test("a fault has its place and its words")
  func faults() {
    #expect(throws: XMLError.self) { try XMLElement(parsing: "") }
    #expect(throws: XMLError.self) { try XMLElement(parsing: "text") }
    #expect(throws: XMLError.self) { try XMLElement(parsing: "<a/><b/>") }
    #expect(throws: XMLError.self) { try XMLElement(parsing: "<a>&undefined;</a>") }
    #expect(throws: XMLError.self) { try XMLElement(parsing: "<a>\u{1}</a>") }
    #expect(throws: XMLError.self) { try XMLElement(parsing: "<a>\0</a>") }
    #expect(throws: XMLError.self) { try XMLElement(parsing: "<a b='1' b='2'/>") }
    #expect(throws: XMLError.self) { try XMLElement(parsing: "<undeclared:a/>") }
    let error = #expect(throws: XMLError.self) { try XMLElement(parsing: "<domain>\n  <name></domain>\n") }
    guard case .malformed(let line, let column, let message) = error else {
      Issue.record("not malformed: \(String(describing: error))")
      return
    }
    #expect(line == 2)
    #expect(column > 1)
    #expect(message.contains("name"))
  }

  @Test("what XML cannot hold is not written")
  func illegalTrees() {
    #expect(throws: XMLError.illegalCharacter("\u{1}", element: "a")) {
      try XMLElement("a", text: "\u{1}").serialized()
    }
    #expect(throws: XMLError.illegalCharacter("\u{FFFF}", element: "a")) {
      try XMLElement("a", ["b": "\u{FFFF}"]).serialized()
    }
    #expect(throws: XMLError.illegalComment("a--b")) {
      try XMLElement("a") { XMLNode.comment("a--b") }.validate()
    }
    #expect(throws: XMLError.duplicateAttribute("b", element: "a")) {
      try XMLElement("a", ["b": "1", "b": "2"]).validate()
    }
    for name in ["", "a b", "1a", "a:", "a:b:c", "a>", "-a", "a\u{0}"] {
      #expect(throws: XMLError.illegalName(name)) { try XMLElement(name).validate() }
      #expect(throws: XMLError.illegalName(name)) {
        try XMLElement("a", [name: "1"] as KeyValuePairs).validate()
      }
    }
  }
}

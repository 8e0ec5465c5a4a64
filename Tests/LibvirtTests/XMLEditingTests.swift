import Testing

import Libvirt

@Suite struct XMLEditingTests {
  private static let document = """
    <domain>
      <name>a</name>
      <!-- keep -->
      <memory unit="KiB">1024</memory>
      <unknown x="1"><y/></unknown>
      <devices>
        <disk n="1"><target dev="vda"/></disk>
        <interface/>
        <disk n="2"><target dev="vdb"/></disk>
      </devices>
    </domain>
    """

  @Test("elements are found along a path")
  func queries() throws {
    let tree = try XMLElement(parsing: Self.document)
    #expect(tree.first("name")?.text == "a")
    #expect(tree.at("devices", "disk", "target")?[attribute: "dev"] == "vda")
    #expect(tree.all(at: "devices", "disk", "target").map { $0[attribute: "dev"] } == ["vda", "vdb"])
    #expect(tree.at("devices", "nothing") == nil)
    #expect(tree.at() == tree)
    #expect(tree.all("devices").count == 1)
    #expect(tree.elements.map(\.name) == ["name", "memory", "unknown", "devices"])
  }

  @Test("a later branch is tried if the first one has not the path")
  func branches() throws {
    let tree = try XMLElement(parsing: "<a><b/><b><c/></b></a>")
    #expect(tree.at("b", "c") == XMLElement("c"))
  }

  @Test("a changed value leaves everything else as it was")
  func editing() throws {
    var tree = try XMLElement(parsing: Self.document)
    tree.setChild(XMLElement("memory", ["unit": "MiB"], text: "2"))
    tree.mutateFirst("devices") { devices in
      devices.mutateChildren(named: "disk") { disk in
        disk.mutateFirst("target") { $0[attribute: "bus"] = "virtio" }
      }
    }
    let expected = Self.document
      .replacing("unit=\"KiB\">1024", with: "unit=\"MiB\">2")
      .replacing("dev=\"vda\"", with: "dev=\"vda\" bus=\"virtio\"")
      .replacing("dev=\"vdb\"", with: "dev=\"vdb\" bus=\"virtio\"")
    #expect(try tree == XMLElement(parsing: expected))
  }

  @Test("a child replaces all of its name, or goes where it is put")
  func placing() throws {
    var tree = try XMLElement(parsing: "<a><b/><c/><b/><!--x--></a>")
    tree.setChild(XMLElement("b", text: "new"))
    #expect(try tree.serialized(indented: false) == "<a><b>new</b><c/><!--x--></a>")
    tree.setChild(XMLElement("d"), replacing: "c")
    tree.setChild(XMLElement("e"), otherwise: .after(["b", "c"]))
    tree.insert(XMLElement("f"), .before(["d", "e"]))
    tree.insert(XMLElement("first"), .first)
    tree.insert(XMLElement("last"), .before(["nothing"]))
    #expect(
      try tree.serialized(indented: false) == "<a><first/><b>new</b><f/><e/><d/><!--x--><last/></a>")
  }

  @Test("children and attributes are removed by name or by what they are")
  func removing() throws {
    var tree = try XMLElement(parsing: Self.document)
    tree.mutateFirst("devices") { devices in
      #expect(devices.removeChildren { $0[attribute: "n"] == "2" } == 1)
    }
    #expect(tree.removeChildren(named: "nothing") == 0)
    #expect(tree.all(at: "devices", "disk").count == 1)
    tree.mutateFirst("memory") { $0[attribute: "unit"] = nil }
    #expect(tree.first("memory")?.attributes == [])
  }

  @Test("a missing child is made before it is changed")
  func making() throws {
    var tree = XMLElement("a")
    tree.mutateFirst("b") { $0.setText("x") }
    tree.mutateFirst("b") { $0.setText("y") }
    #expect(tree == XMLElement("a") { XMLElement("b", text: "y") })
  }

  @Test("a change that throws keeps the child")
  func throwing() {
    struct Failure: Error {}
    var tree = XMLElement("a") { XMLElement("b", text: "x") }
    #expect(throws: Failure.self) { try tree.mutateChildren(named: "b") { _ in throw Failure() } }
    #expect(tree.first("b")?.text == "x")
  }
}

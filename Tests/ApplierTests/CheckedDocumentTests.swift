import Libvirt
import Testing

@testable import Applier

/// Definitions that libvirt need not check, since it has checked others like them.
@Suite("Checked documents")
struct CheckedDocumentTests {
  private func document(
    name: String = "web", memory: String = "1024", file: String = "/disks/web.qcow2", bus: String = "virtio",
    mac: String = "52:54:00:00:00:01", machine: String = "q35", mark: String = "web"
  ) -> XMLElement {
    XMLElement("domain", ["type": "qemu"]) {
      XMLElement("name", text: name)
      XMLElement("metadata") { XMLElement("mark", ["name": mark]) }
      XMLElement("memory", ["unit": "KiB"], text: memory)
      XMLElement("os") { XMLElement("type", ["machine": machine], text: "hvm") }
      XMLElement("devices") {
        XMLElement("disk", ["type": "file"]) {
          XMLElement("source", ["file": file])
          XMLElement("target", ["dev": "vda", "bus": bus])
        }
        XMLElement("interface", ["type": "user"]) { XMLElement("mac", ["address": mac]) }
      }
    }
  }

  @Test("names, amounts, paths, addresses and marks make no other form")
  func alike() {
    let form = CheckedDocuments.form(of: document())
    let others = [
      document(name: "db"), document(memory: "4096"), document(file: "/disks/db.qcow2"),
      document(mac: "52:54:00:00:00:02"), document(mark: "db"),
    ]
    for other in others { #expect(CheckedDocuments.form(of: other) == form) }
  }

  @Test("anything else does, and so does a path that is none")
  func unlike() {
    let form = CheckedDocuments.form(of: document())
    var extended = document()
    extended.insert(XMLElement("iothreads", text: "2"))
    let others = [document(file: "web.qcow2"), document(bus: "sata"), document(machine: "pc"), extended]
    for other in others { #expect(CheckedDocuments.form(of: other) != form) }
  }

  @Test("what the schema does not know is refused for each form, also after others of another form")
  func refused() async throws {
    let host = try await TestDriverHost()
    let checked = CheckedDocuments()
    func domain(_ name: String, _ extra: XMLElement? = nil) -> XMLElement {
      XMLElement("domain", ["type": "test"]) {
        XMLElement("name", text: name)
        XMLElement("memory", ["unit": "KiB"], text: "65536")
        XMLElement("os") { XMLElement("type", text: "hvm") }
        extra
      }
    }
    for name in ["one", "two"] { try await checked.define(domain(name), on: host.connection) }
    for name in ["three", "four"] {
      await #expect(throws: LibvirtError.self) {
        try await checked.define(domain(name, XMLElement("wrong")), on: host.connection)
      }
    }
    #expect(try await host.connection.domains().map(\.name) == ["one", "two"])
  }
}

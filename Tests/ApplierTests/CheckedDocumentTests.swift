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

  private func domain(_ name: String, uuid: String? = nil, extra: XMLElement? = nil) -> XMLElement {
    XMLElement("domain", ["type": "test"]) {
      XMLElement("name", text: name)
      uuid.map { XMLElement("uuid", text: $0) }
      XMLElement("memory", ["unit": "KiB"], text: "65536")
      XMLElement("os") { XMLElement("type", text: "hvm") }
      extra
    }
  }

  @Test("what the schema does not know is refused for each form, also after others of another form")
  func refused() async throws {
    let host = try await TestDriverHost()
    let checked = CheckedDocuments()
    for name in ["one", "two"] { try await checked.define(domain(name), on: host.connection) }
    for name in ["three", "four"] {
      await #expect(throws: LibvirtError.self) {
        try await checked.define(domain(name, extra: XMLElement("wrong")), on: host.connection)
      }
    }
    #expect(try await host.connection.domains().map(\.name) == ["one", "two"])
  }

  @Test(
    "of many at once, one that fails for its name says nothing of the others, and all are refused for their form"
  )
  func atOnce() async throws {
    let host = try await TestDriverHost()
    let checked = CheckedDocuments()
    let connection = host.connection
    _ = try await connection.defineDomain(domain("taken"), validate: true)
    let other = "3b6e5a0c-8f0d-4c55-9d1a-6f1e520b7c21"
    let names = (1...12).map { "vm-\($0)" }
    func defined(_ documents: [XMLElement]) async -> [String] {
      await withTaskGroup(of: String?.self) { group in
        for document in documents {
          group.addTask { try? await checked.define(document, on: connection).name }
        }
        return await group.reduce(into: []) { names, name in names += name.map { [$0] } ?? [] }.sorted()
      }
    }
    let taken = domain("taken", uuid: other)
    #expect(await defined([taken] + names.map { domain($0) } + [taken]) == names.sorted())
    #expect(await defined(names.map { domain("\($0)-b", extra: XMLElement("wrong")) }).isEmpty)
  }
}

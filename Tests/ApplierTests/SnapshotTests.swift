import FoundationEssentials
import Libvirt
import Planner
import Testing

@testable import Applier

/// Snapshots that are in a VM's metadata since a move has taken them off.
@Suite("Carried snapshots")
struct SnapshotTests {
  private func snapshot(_ name: String, parent: String? = nil, of domain: XMLElement) -> XMLElement {
    XMLElement("domainsnapshot") {
      XMLElement("name", text: name)
      XMLElement("state", text: "running")
      parent.map { parent in XMLElement("parent") { XMLElement("name", text: parent) } }
      XMLElement("creationTime", text: "1700000000")
      domain
    }
  }

  @Test("the next run puts them back, those that are there not twice, and then there is nothing to do")
  func restored() async throws {
    let host = try await TestDriverHost()
    let spec = "vms: {web: {memory: 64MiB}}\n"
    #expect(try await host.converge(spec).report.succeeded)
    let domain = try #require(try await host.connection.domain(named: "web"))
    let document = try await domain.xml(.inactive)
    let documents = [
      snapshot("base", of: document), snapshot("tuned", parent: "base", of: document),
      snapshot("tried", parent: "base", of: document),
    ]
    try await domain.redefineSnapshot(documents[0], isCurrent: true)
    try await domain.setMetadata(
      element: try SnapshotsDocument.element(CarriedSnapshots(documents: documents, current: "tuned")),
      prefix: SnapshotsDocument.prefix, uri: SnapshotsDocument.namespace, affecting: .config)
    let (plan, report) = try await host.converge(spec)
    #expect(plan.changes.flatMap(\.fields).map(\.to) == ["base, tuned, tried"])
    #expect(report.succeeded)
    let snapshots = try await domain.snapshots()
    #expect(snapshots.map(\.name).sorted() == ["base", "tried", "tuned"] && snapshots.first?.name == "base")
    for snapshot in snapshots { #expect(try await snapshot.isCurrent() == (snapshot.name == "tuned")) }
    #expect(try await host.converge(spec).plan.isEmpty)
  }

  @Test("one that somebody has made meanwhile stays the current one")
  func made() async throws {
    let host = try await TestDriverHost()
    let spec = "vms: {web: {memory: 64MiB}}\n"
    _ = try await host.converge(spec)
    let domain = try #require(try await host.connection.domain(named: "web"))
    let document = try await domain.xml(.inactive)
    try await domain.redefineSnapshot(snapshot("new", of: document), isCurrent: true)
    try await domain.setMetadata(
      element: try SnapshotsDocument.element(
        CarriedSnapshots(documents: [snapshot("base", of: document)], current: "base")),
      prefix: SnapshotsDocument.prefix, uri: SnapshotsDocument.namespace, affecting: .config)
    #expect(try await host.converge(spec).report.succeeded)
    let snapshots = try await domain.snapshots()
    #expect(snapshots.map(\.name).sorted() == ["base", "new"])
    for snapshot in snapshots { #expect(try await snapshot.isCurrent() == (snapshot.name == "new")) }
  }

  @Test("no secret gets into metadata, and an empty password gives way to the one that the VM has")
  func secrets() throws {
    func definition(_ password: String, _ metadata: XMLElement? = nil) throws -> XMLElement {
      var document = try XMLElement(
        parsing: """
          <domain><devices>
            <disk><source protocol="https" name="cd"><cookies><cookie name="id">secret</cookie></cookies></source></disk>
            <graphics type="vnc" passwd="\(password)"/><graphics type="vnc"/>
          </devices></domain>
          """)
      if let metadata { document.insert(XMLElement("metadata") { metadata }) }
      return document
    }
    let old = snapshot("base", of: try definition("old"))
    var stored = try SnapshotsDocument.element(CarriedSnapshots(documents: [old], current: "base"))
    let text = try stored.serialized()
    #expect(text.contains(#"passwd=""/"#) && !text.contains("old") && !text.contains("secret"))
    stored.attributes.append(.init("xmlns:virtform-snapshots", SnapshotsDocument.namespace))
    let read = try #require(try SnapshotsDocument.read(from: try definition("new", stored)))
    #expect(read.names == ["base"] && read.current == "base")
    let graphics = read.documents[0].all(at: "domain", "devices", "graphics")
    #expect(graphics.map { $0[attribute: "passwd"] } == ["new", nil])
    #expect(SnapshotsDocument.names(in: try definition("new")) == [])
  }

  @Test("the files of a snapshot are its overlays and its memory, and none if all of it is in the disks")
  func files() throws {
    let external = try XMLElement(
      parsing: """
        <domainsnapshot><name>s</name><memory snapshot="external" file="/srv/a.memory"/><disks>
          <disk name="vda" snapshot="external" type="file"><source file="/srv/a.s"/></disk><disk name="vdb" snapshot="no"/>
        </disks></domainsnapshot>
        """)
    #expect(SnapshotsDocument.files(of: external) == ["/srv/a.memory", "/srv/a.s"])
    let inside = try XMLElement(
      parsing: """
        <domainsnapshot><name>s</name><memory snapshot="internal"/><disks><disk name="vda" snapshot="internal"/></disks>
        </domainsnapshot>
        """)
    #expect(SnapshotsDocument.files(of: inside) == [])
  }
}

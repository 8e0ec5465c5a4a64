import FoundationEssentials
import Glibc
import Libvirt
import Planner
import SpecModel
import TestLab
import Testing

@testable import Applier

@Suite("Pool documents") struct PoolDocumentTests {
  /// A source of each type, and what its document has beside name and UUID.
  private static let sources: [(source: PoolSource, text: String)] = [
    (.directory(path: "/srv/vm"), "<target><path>/srv/vm</path></target>"),
    (
      .fileSystem(device: "/dev/sdb1", format: .ext4, path: "/srv/vm"),
      "<source><device path='/dev/sdb1'/><format type='ext4'/></source><target><path>/srv/vm</path></target>"
    ),
    (
      .networkFileSystem(host: "nas", directory: "/export/vm", format: .nfs, path: "/srv/vm"),
      "<source><host name='nas'/><dir path='/export/vm'/><format type='nfs'/></source><target><path>/srv/vm</path></target>"
    ),
    (
      .logical(group: "vg0", devices: ["/dev/sdb", "/dev/sdc"]),
      "<source><device path='/dev/sdb'/><device path='/dev/sdc'/><name>vg0</name><format type='lvm2'/></source><target><path>/dev/vg0</path></target>"
    ),
    (
      .disk(device: "/dev/sdb", format: .gpt),
      "<source><device path='/dev/sdb'/><format type='gpt'/></source><target><path>/dev</path></target>"
    ),
    (
      .iscsi(
        .init(host: "nas", port: 3261, name: "iqn.2024-01.a:b", login: .init(user: "vm", secret: "iscsi vms"))
      ),
      "<source><host name='nas' port='3261'/><device path='iqn.2024-01.a:b'/><auth type='chap' username='vm'><secret usage='iscsi vms'/></auth></source><target><path>/dev/disk/by-path</path></target>"
    ),
    (
      .zfs(dataset: "tank", devices: ["/dev/sdb"]),
      "<source><device path='/dev/sdb'/><name>tank</name></source><target><path>/dev/zvol/tank</path></target>"
    ),
    (
      .rbd(
        .init(
          monitors: [.init(host: "ceph1", port: nil), .init(host: "ceph2", port: 3300)], name: "vms",
          login: .init(user: "vm", secret: "ceph vms"))),
      "<source><host name='ceph1'/><host name='ceph2' port='3300'/><name>vms</name><auth type='ceph' username='vm'><secret usage='ceph vms'/></auth></source>"
    ),
  ]

  private func pool(_ source: PoolSource) -> Pool {
    Pool(name: "p", uuid: UUID(), source: source, autostart: true, isActive: true)
  }

  @Test("each type of pool is written as libvirt has it, and read back", arguments: sources.indices)
  func documents(_ index: Int) throws {
    let (source, text) = Self.sources[index]
    let pool = pool(source)
    let document = PoolDocument.definition(of: pool)
    let expected = try XMLElement(
      parsing:
        "<pool type='\(source.type)'><name>p</name><uuid>\(pool.uuid.uuidString.lowercased())</uuid>\(text)</pool>"
    )
    #expect(document.isEquivalent(to: expected), "\(document)")
    #expect(PoolDocument.readSource(document) == source)
  }

  @Test("libvirt keeps what it is told of each type of pool", arguments: sources.indices)
  func driver(_ index: Int) async throws {
    let source = Self.sources[index].source
    let host = try await TestDriverHost()
    let pool = try await host.connection.defineStoragePool(PoolDocument.definition(of: pool(source)))
    // This driver builds for every type.
    try await pool.start()
    let document = try await pool.xml()
    #expect(PoolDocument.readSource(document) == source, "\(document)")
  }

  @Test(
    "libvirt's grammar takes each document",
    .enabled(if: Lab.hasGrammars, "needs xmllint and libvirt's schemas"),
    arguments: sources.indices)
  func grammar(_ index: Int) async throws {
    let pool = pool(Self.sources[index].source)
    try await expectValid(PoolDocument.definition(of: pool), "storagepool")
    var volume = Volume(
      pool: "p", name: "a.root-01234567.raw", path: "/x", capacity: .gibibytes(1), format: .raw)
    (volume.type, volume.isThick) = (pool.source?.path == nil ? .block : .file, true)
    try await expectValid(VolumeDocument.definition(of: volume), "storagevol")
  }

  @Test(
    "disks of every kind are in the grammar of a domain",
    .enabled(if: Lab.hasGrammars, "needs xmllint and libvirt's schemas"))
  func disks() async throws {
    let host = HostCapabilities(driver: .qemu, hostUUID: "")
    let rbd = RBDPool(
      monitors: [.init(host: "ceph1", port: 6789), .init(host: "ceph2", port: nil)], name: "vms",
      login: .init(user: "vm", secret: "ceph vms"))
    let kinds: [(Machine.Disk.Access, String, String)] = [
      (.file, "/p/a.qcow2", "/p/a.qcow2"), (.block, "/dev/vg0/a.raw", "/dev/vg0/a.raw"),
      (.rbd(rbd), "vms/a.raw", "vms/a.raw"),
      (.volume(pool: "san", name: "unit:0:0:1"), "?", "san/unit:0:0:1"),
    ]
    let elements = kinds.enumerated().map { index, kind in
      var disk = Machine.Disk(name: "d", path: kind.1, format: .raw, bus: nil)
      disk.access = kind.0
      return DomainDocument.element(of: disk, target: "vd\(["a", "b", "c", "d"][index])", on: host)
    }
    #expect(elements.map(DomainDocument.path) == kinds.map(\.2))
    #expect(elements.map { $0[attribute: "type"] } == ["file", "block", "network", "volume"])
    #expect(
      elements[2].first("source")?.isEquivalent(
        to: try XMLElement(
          parsing:
            "<source protocol='rbd' name='vms/a.raw'><host name='ceph1' port='6789'/><host name='ceph2'/><auth username='vm'><secret type='ceph' usage='ceph vms'/></auth></source>"
        )) == true)
    try await expectValid(
      XMLElement("domain", ["type": "qemu"]) {
        XMLElement("name", text: "a")
        XMLElement("memory", text: "1024")
        XMLElement("os") { XMLElement("type", text: "hvm") }
        XMLElement("devices") { elements }
      }, "domain")
  }

  private func expectValid(_ document: XMLElement, _ grammar: String) async throws {
    let file = "/tmp/vfx-\(UInt32.random(in: 0...UInt32.max)).xml"
    defer { unlink(file) }
    try document.serialized().write(toFile: file, atomically: true, encoding: .utf8)
    let outcome = try await Lab.run(
      "/usr/bin/xmllint", ["--noout", "--relaxng", "/usr/share/libvirt/schemas/\(grammar).rng", file], in: "/"
    )
    #expect(outcome.status == 0, "\(outcome.errors)")
  }

  @Test("a form that the language has no word for is no source")
  func unknownForms() throws {
    for text in [
      "<pool type='mpath'><name>p</name><target><path>/dev/mapper</path></target></pool>",
      "<pool type='dir'><name>p</name></pool>",
      "<pool type='logical'><name>vg0</name><target><path>/elsewhere</path></target></pool>",
      "<pool type='rbd'><name>p</name><source><host name='a'/></source></pool>",
    ] {
      #expect(PoolDocument.readSource(try XMLElement(parsing: text)) == nil, "\(text)")
    }
    // The name of the pool is that of its group where there is no other.
    let bare = try XMLElement(parsing: "<pool type='logical'><name>vg0</name></pool>")
    #expect(PoolDocument.readSource(bare) == .logical(group: "vg0", devices: []))
  }

  @Test("a device is raw, whatever it seems to hold, and a thick one takes its size at once")
  func volumes() throws {
    let document = try XMLElement(
      parsing:
        "<volume type='block'><name>a</name><capacity>4194304</capacity><target><path>/dev/vg0/a</path><format type='qcow2'/></target><backingStore><path>/etc/passwd</path></backingStore></volume>"
    )
    let read = VolumeDocument.read(document, pool: "p")
    #expect(read.type == .block && read.format == .raw && read.backingPath == nil)
    var thick = Volume(pool: "p", name: "a", path: "", capacity: .mebibytes(4), format: .raw)
    (thick.type, thick.isThick) = (.block, true)
    let written = VolumeDocument.definition(of: thick)
    #expect(written.first("allocation")?.text == "\(4 << 20)" && written.at("target", "format") == nil)
  }

  @Test("a logical unit is attached by the path that its pool says, as soon as the pool is active")
  func logicalUnit() async throws {
    let host = try await TestDriverHost()
    let san = "  san: {type: iscsi, source: {host: nas, target: \"iqn.2024-01.a:b\"}}\n"
    let vm =
      "vms:\n  a: {memory: 64MiB, state: off, pool: p, disks: {lun: {volume: \"unit:0:0:1\", pool: san}}}\n"
    // The target has no such unit: that comes out when the pool is there.
    let failed = try await host.converge(try host.site(san + vm))
    #expect(!failed.report.succeeded)
    let reasons = failed.report.results.compactMap { step, result in
      if case .failed(let reason, _) = result { "\(step.address): \(reason)" } else { nil }
    }
    #expect(reasons == ["vm.a: the pool 'san' has no volume 'unit:0:0:1'"])
    let pool = try #require(try await host.connection.storagePool(named: "san"))
    let unit = try await pool.createVolume(
      XMLElement("volume") {
        XMLElement("name", text: "unit:0:0:1")
        XMLElement("capacity", text: "4194304")
      })
    let path = try await unit.path()
    // Nobody can look into a pool that is not active.
    try await pool.stop()
    let made = try await host.converge(try host.site(san + vm))
    #expect(made.report.succeeded, "\(made.report.results)")
    let domain = try #require(try await host.connection.domain(named: "a"))
    let disk = try await domain.xml(.inactive).at("devices", "disk")
    #expect(disk?[attribute: "type"] == "block" && disk?.first("source")?[attribute: "dev"] == path)
    let second = try await host.converge(try host.site(san + vm))
    #expect(second.plan.isEmpty && second.mutating == 0, "\(PlanText(second.plan).render())")
    try await pool.stop()
    let third = try await host.converge(try host.site(san + vm))
    #expect(third.plan.changes.map { "\($0.address)" } == ["pool.san"], "\(PlanText(third.plan).render())")
    let gone = try await host.converge(try host.site(san), .init(allowsDataLoss: true))
    #expect(gone.report.succeeded)
    #expect(try await pool.volumes().map(\.name) == ["unit:0:0:1"])
  }

  @Test("pools of devices converge on the test driver, with what it can show of them")
  func convergence() async throws {
    let host = try await TestDriverHost()
    func spec(_ pools: String, _ disk: String) throws -> Site {
      try host.site(
        "  q: {\(pools)}\nvms:\n  a: {memory: 64MiB, pool: p, disks: {root: {pool: q, \(disk)}}}\n")
    }
    for (pools, path) in [
      ("type: logical, source: vg0", "/dev/vg0/"), ("type: zfs, source: tank/vms", "/dev/zvol/tank/vms/"),
      ("type: fs, source: {device: /dev/sdb1}, path: /srv/fs", "/srv/fs/"),
    ] {
      let site = try spec(pools, "size: 8MiB")
      let first = try await host.converge(site)
      #expect(first.report.succeeded, "\(first.report.results)")
      let domain = try #require(try await host.connection.domain(named: "a"))
      let source = try await domain.xml(.inactive).at("devices", "disk")?.first("source")
      let there = source?[attribute: "dev"] ?? source?[attribute: "file"]
      #expect(there?.hasPrefix("\(path)a.root-") == true, "\(there ?? "")")
      let second = try await host.converge(site)
      #expect(second.plan.isEmpty && second.mutating == 0, "\(PlanText(second.plan).render())")
      let gone = try await host.converge(try host.site(""), .init(allowsDataLoss: true))
      #expect(gone.report.succeeded, "\(gone.report.results)")
      #expect(try await host.connection.storagePools().map(\.name) == ["p"])
    }
  }
}

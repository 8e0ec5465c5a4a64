import Testing

@testable import Libvirt

@Suite struct StorageTests {
  @Test("a pool is defined, built, started, stopped and undefined")
  func pools() async throws {
    let host = try await Fixtures.emptyHost()
    let pool = try await host.defineStoragePool(Fixtures.pool("images"))
    #expect(pool.name == "images")
    #expect(try await pool.info().state == .inactive)
    try await pool.build()
    try await pool.start()
    #expect(try await pool.isActive())
    let info = try await pool.info()
    #expect(info.state == .running)
    #expect(info.capacity == info.allocation + info.available)
    try await pool.refresh()
    try await pool.setAutostart(true)
    #expect(try await pool.autostart())
    #expect(try await pool.xml(inactive: true).at("target", "path")?.text == "/virtform/images")
    #expect(try await host.storagePools(.active).map(\.name) == ["images"])
    #expect(try await host.storagePool(uuid: pool.uuid)?.name == "images")
    try await pool.stop()
    try await pool.undefine()
    #expect(try await host.storagePool(named: "images") == nil)
  }

  @Test("a volume is made, found, described and deleted")
  func volumes() async throws {
    let host = try await Fixtures.emptyHost()
    let pool = try await host.defineStoragePool(Fixtures.pool("images"))
    try await pool.start()
    #expect(try await pool.volume(named: "b") == nil)
    for name in ["b", "a"] { _ = try await pool.createVolume(Fixtures.volume(name, bytes: 1 << 20)) }
    #expect(try await pool.volumes().map(\.name) == ["a", "b"])
    let volume = try #require(try await pool.volume(named: "b"))
    #expect(volume.pool == "images")
    #expect(try await volume.path() == "/virtform/images/b")
    #expect(volume.key == "/virtform/images/b")
    #expect(try await volume.info().capacity == 1 << 20)
    #expect(try await volume.info().kind == .file)
    #expect(try await volume.xml().first("name")?.text == "b")
    #expect(try await host.storageVolume(path: "/virtform/images/a")?.pool == "images")
    #expect(try await host.storageVolume(path: "/virtform/images/c") == nil)
    try await volume.delete()
    #expect(try await pool.volume(named: "b") == nil)
    #expect(await host.closeCountingReferences() != nil)
  }

  @Test("a volume is made as a copy of another one, once")
  func copies() async throws {
    let host = try await Fixtures.emptyHost()
    let pool = try await host.defineStoragePool(Fixtures.pool("images"))
    try await pool.start()
    let source = try await pool.createVolume(Fixtures.volume("a", bytes: 4096))
    let copy = try await pool.createVolume(Fixtures.volume("b", bytes: 8192), copying: source)
    #expect(copy.name == "b" && copy.pool == "images")
    #expect(try await pool.volumes().map(\.name) == ["a", "b"])
    let error = await #expect(throws: LibvirtError.self) {
      try await pool.createVolume(Fixtures.volume("b", bytes: 4096), copying: source)
    }
    #expect(error?.call == "virStorageVolCreateXMLFrom")
  }

  @Test("a second volume of the same name is refused")
  func existing() async throws {
    let host = try await Fixtures.emptyHost()
    let pool = try await host.defineStoragePool(Fixtures.pool("images"))
    try await pool.start()
    _ = try await pool.createVolume(Fixtures.volume("a", bytes: 4096))
    let error = await #expect(throws: LibvirtError.self) {
      try await pool.createVolume(Fixtures.volume("a", bytes: 4096))
    }
    #expect(error?.call == "virStorageVolCreateXML")
    #expect(try await pool.volumes().count == 1)
  }

  @Test("an upload tells a file that cannot be read from a host that cannot take it")
  func uploadErrors() async throws {
    let host = try await Fixtures.emptyHost()
    let pool = try await host.defineStoragePool(Fixtures.pool("images"))
    try await pool.start()
    let volume = try await pool.createVolume(Fixtures.volume("a", bytes: 4096))
    await #expect(throws: LocalFileError(path: "/nonexistent", errno: 2)) {
      try await volume.upload(from: "/nonexistent", sparse: false)
    }
    let file = try Fixtures.TemporaryFile("disk", [1, 2, 3])
    let error = await #expect(throws: LibvirtError.self) {
      try await volume.upload(from: file.path, sparse: false)
    }
    #expect(error?.code == .noSupport)
  }
}

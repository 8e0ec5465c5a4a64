import FoundationEssentials
import Testing

@testable import Libvirt

@Suite struct DomainTests {
  @Test("a domain is defined, started, paused, stopped and undefined")
  func lifecycle() async throws {
    let host = try await Fixtures.emptyHost()
    let uuid = UUID()
    let domain = try await host.defineDomain(Fixtures.domain("a", uuid: uuid.uuidString), validate: true)
    #expect(domain.name == "a")
    #expect(domain.uuid == uuid)
    #expect(try await domain.state() == .shutoff)
    #expect(try await !domain.isActive())
    #expect(try await domain.isPersistent())

    try await domain.start()
    #expect(try await domain.state() == .running)
    try await domain.suspend()
    #expect(try await domain.state() == .paused)
    try await domain.resume()
    #expect(try await domain.isActive())
    try await domain.reboot()
    try await domain.shutdown()
    #expect(try await domain.state() == .shutoff)
    try await domain.start()
    try await domain.powerOff()
    #expect(try await domain.state() == .shutoff)

    try await domain.undefine()
    #expect(try await host.domain(named: "a") == nil)
    let error = await #expect(throws: LibvirtError.self) { try await domain.start() }
    #expect(error?.code == .noDomain)
  }

  @Test("domains are found by name, by UUID and by state, sorted by name")
  func finding() async throws {
    let host = try await Fixtures.emptyHost()
    for name in ["c", "a", "b"] {
      _ = try await host.defineDomain(Fixtures.domain(name), validate: false)
    }
    let b = try #require(try await host.domain(named: "b"))
    try await b.start()
    #expect(try await host.domains().map(\.name) == ["a", "b", "c"])
    #expect(try await host.domains(.active).map(\.name) == ["b"])
    #expect(try await host.domains([.inactive, .persistent]).map(\.name) == ["a", "c"])
    #expect(try await host.domain(uuid: b.uuid)?.name == "b")
  }

  @Test("statistics tell of the domains that run")
  func statistics() async throws {
    let host = try await Fixtures.emptyHost()
    for name in ["a", "b"] { _ = try await host.defineDomain(Fixtures.domain(name), validate: false) }
    let b = try #require(try await host.domain(named: "b"))
    try await b.start()
    #expect(try await host.domainStats().map(\.uuid) == [b.uuid])
  }

  @Test("a name that another UUID has is refused as existing")
  func nameTaken() async throws {
    let host = try await Fixtures.emptyHost()
    _ = try await host.defineDomain(Fixtures.domain("a", uuid: UUID().uuidString), validate: false)
    let error = await #expect(throws: LibvirtError.self) {
      try await host.defineDomain(Fixtures.domain("a", uuid: UUID().uuidString), validate: false)
    }
    #expect(error?.call == "virDomainDefineXMLFlags")
  }

  @Test("a definition that breaks the schema is refused when it is to be validated")
  func validation() async throws {
    let host = try await Fixtures.emptyHost()
    var xml = Fixtures.domain("a")
    xml.insert(XMLElement("nonsense"))
    let error = await #expect(throws: LibvirtError.self) { try await host.defineDomain(xml, validate: true) }
    #expect(error?.code == .xmlInvalidSchema)
    let domain = try await host.defineDomain(xml, validate: false)
    #expect(try await domain.xml(.inactive).first("nonsense") == nil)
  }

  @Test("memory and processors change in the definition and in the running guest")
  func resources() async throws {
    let host = try await Fixtures.emptyHost()
    let domain = try await host.defineDomain(Fixtures.domain("a"), validate: false)
    try await domain.setMaxMemory(kibibytes: 262_144, affecting: .config)
    try await domain.setMemory(kibibytes: 131_072, affecting: .config)
    try await domain.setVCPUs(4, affecting: .config, maximum: true)
    try await domain.setVCPUs(2, affecting: .config)
    var xml = try await domain.xml(.inactive)
    #expect(xml.first("memory")?.text == "262144")
    #expect(xml.first("currentMemory")?.text == "131072")
    #expect(xml.first("vcpu")?.text == "4")
    #expect(xml.first("vcpu")?[attribute: "current"] == "2")
    try await domain.start()
    try await domain.setMemory(kibibytes: 65_536, affecting: .live)
    xml = try await domain.xml(.live)
    #expect(xml.first("currentMemory")?.text == "65536")
    #expect(try await domain.xml(.inactive).first("currentMemory")?.text == "131072")
  }

  @Test("metadata, title and description are set and removed")
  func metadata() async throws {
    let host = try await Fixtures.emptyHost()
    let domain = try await host.defineDomain(Fixtures.domain("a"), validate: false)
    let uri = "https://virtform.example/1"
    let mark = XMLElement("vm", ["stack": "shop"]) { XMLElement("owned", text: "a < b & \"c\"") }
    try await domain.setMetadata(element: mark, prefix: "virtform", uri: uri, affecting: .config)
    try await domain.setTitle("A title", affecting: .config)
    try await domain.setDescription("Two\nlines", affecting: .config)
    var xml = try await domain.xml(.inactive)
    let read = try #require(xml.at("metadata", "virtform:vm"))
    #expect(read[attribute: "xmlns:virtform"] == uri)
    #expect(read[attribute: "stack"] == "shop")
    #expect(read.elements.first?.text == "a < b & \"c\"")
    #expect(xml.first("title")?.text == "A title")
    #expect(xml.first("description")?.text == "Two\nlines")
    try await domain.setMetadata(element: nil, prefix: "virtform", uri: uri, affecting: .config)
    try await domain.setTitle(nil, affecting: .config)
    try await domain.setDescription(nil, affecting: .config)
    xml = try await domain.xml(.inactive)
    #expect(xml.at("metadata", "virtform:vm") == nil)
    #expect(xml.first("title") == nil)
    #expect(xml.first("description") == nil)
  }

  @Test("autostart is read and set")
  func autostart() async throws {
    let host = try await Fixtures.emptyHost()
    let domain = try await host.defineDomain(Fixtures.domain("a"), validate: false)
    #expect(try await !domain.autostart())
    try await domain.setAutostart(true)
    #expect(try await domain.autostart())
    #expect(try await host.domains(.autostart).map(\.name) == ["a"])
  }

  @Test("a guest's interfaces have names, MACs and addresses")
  func addresses() async throws {
    let host = try await Connection.open("test:///default", access: .readOnly)
    let domain = try #require(try await host.domain(named: "test"))
    let interfaces = try await domain.interfaceAddresses(source: .lease)
    let first = try #require(interfaces.first)
    #expect(first.mac?.count == 17)
    #expect(first.addresses.first?.prefix == 24)
    #expect(first.addresses.first?.isIPv6 == false)
  }

  @Test("what a driver cannot do is told apart")
  func unsupported() async throws {
    let host = try await Fixtures.emptyHost()
    let domain = try await host.defineDomain(Fixtures.domain("a"), validate: false)
    try await domain.start()
    let error = await #expect(throws: LibvirtError.self) {
      try await domain.resizeBlock(path: "vda", bytes: 1 << 30)
    }
    #expect(error?.code == .noSupport)
    #expect(error?.isConnectionFailure == false)
  }

  @Test("40 calls at once on one connection all return")
  func concurrency() async throws {
    let host = try await Fixtures.emptyHost()
    let names = (0..<40).map { "vm-\($0)" }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for name in names {
        group.addTask {
          let domain = try await host.defineDomain(Fixtures.domain(name), validate: false)
          try await domain.start()
          #expect(try await domain.xml(.live).first("name")?.text == name)
        }
      }
      try await group.waitForAll()
    }
    #expect(try await host.domains(.active).map(\.name) == names.sorted())
    #expect(host.calls.mutating == 80)
    #expect(await host.closeCountingReferences() == 0)
  }
}

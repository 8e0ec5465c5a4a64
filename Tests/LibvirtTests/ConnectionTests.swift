import FoundationEssentials
import Glibc
import Testing

@testable import Libvirt

@Suite struct ConnectionTests {
  @Test("closing a connection leaves no reference, and closing it twice does nothing")
  func closing() async throws {
    let connection = try await Connection.open("test:///default", access: .readWrite)
    for domain in try await connection.domains() { _ = try await domain.xml(.inactive) }
    #expect(await connection.closeCountingReferences() == 0)
    #expect(await connection.closeCountingReferences() == nil)
    await connection.close()
  }

  @Test("a domain that outlives its closed connection is given back, and its calls throw")
  func stragglers() async throws {
    let connection = try await Connection.open("test:///default", access: .readWrite)
    let domain = try #require(try await connection.domain(named: "test"))
    #expect(await connection.closeCountingReferences() == 1)
    let error = await #expect(throws: LibvirtError.self) { try await domain.state() }
    #expect(error?.code == .invalidConnection)
    #expect(error?.call == "virDomainGetState")
  }

  @Test("what does not exist is nil, while a closed connection throws")
  func absence() async throws {
    let connection = try await Fixtures.emptyHost()
    #expect(try await connection.domain(named: "none") == nil)
    #expect(try await connection.domain(uuid: UUID()) == nil)
    #expect(try await connection.network(named: "none") == nil)
    #expect(try await connection.network(uuid: UUID()) == nil)
    #expect(try await connection.storagePool(named: "none") == nil)
    #expect(try await connection.storagePool(uuid: UUID()) == nil)
    await connection.close()
    let error = await #expect(throws: LibvirtError.self) { try await connection.domain(named: "none") }
    #expect(error?.isConnectionFailure == true)
  }

  @Test("a host that cannot be reached is a failure of the connection")
  func unreachable() async throws {
    let error = await #expect(throws: LibvirtError.self) {
      try await Connection.open("qemu+unix:///system?socket=/nonexistent", access: .readOnly)
    }
    #expect(error?.isConnectionFailure == true)
    #expect(error?.call == "virConnectOpenAuth")
    #expect(error?.message.contains("/nonexistent") == true)
  }

  @Test("a URI that no driver takes is a failure of the connection")
  func unknownURI() async throws {
    let error = await #expect(throws: LibvirtError.self) {
      try await Connection.open("nonsense:///", access: .readOnly)
    }
    #expect(error?.isConnectionFailure == true)
  }

  @Test("a host says who and what it is")
  func host() async throws {
    let connection = try await Connection.open("test:///default", access: .readOnly)
    #expect(connection.uri == "test:///default")
    #expect(try await connection.canonicalURI() == "test:///default")
    #expect(try await connection.driver() == "TEST")
    #expect(try await connection.libvirtVersion() == Connection.clientVersion)
    #expect(try await connection.hypervisorVersion() > Version(0, 0, 0))
    #expect(try await !connection.hostname().isEmpty)
    #expect(try await connection.nodeInfo().memoryKibibytes > 0)
    let capabilities = try await connection.capabilities()
    #expect(capabilities.name == "capabilities")
    #expect(capabilities.at("guest", "arch", "domain")?[attribute: "type"] == "test")
  }

  @Test("a read-only connection refuses changes")
  func readOnly() async throws {
    let connection = try await Connection.open("test:///default", access: .readOnly)
    let error = await #expect(throws: LibvirtError.self) {
      try await connection.defineDomain(Fixtures.domain("new"), validate: false)
    }
    #expect(error?.code == .operationDenied)
    #expect(error?.isConnectionFailure == false)
  }

  @Test("calls are counted by function, and those that change something beside it")
  func counting() async throws {
    let connection = try await Fixtures.emptyHost()
    #expect(connection.calls == CallCounts())
    let domain = try await connection.defineDomain(Fixtures.domain("a"), validate: false)
    _ = try await domain.state()
    _ = try await domain.state()
    await #expect(throws: LibvirtError.self) { try await domain.suspend() }
    let calls = connection.calls
    #expect(
      calls.byFunction == ["virDomainDefineXMLFlags": 1, "virDomainGetState": 2, "virDomainSuspend": 1])
    #expect(calls["virDomainGetState"] == 2)
    #expect(calls.total == 4)
    #expect(calls.mutating == 2)
  }

  @Test("an error has code, call and words, and libvirt prints nothing")
  func errors() async throws {
    let connection = try await Fixtures.emptyHost()
    let domain = try await connection.defineDomain(Fixtures.domain("a"), validate: false)
    let printed = try await standardError {
      let error = await #expect(throws: LibvirtError.self) { try await domain.powerOff() }
      #expect(error?.code == .operationInvalid)
      #expect(error?.call == "virDomainDestroyFlags")
      #expect(error?.message.isEmpty == false)
      #expect(error?.isConnectionFailure == false)
      #expect(throws: XMLError.self) { try XMLElement(parsing: "<a><b></a>") }
    }
    // What the default printers of libvirt and libxml2 would write; other tests may report in the meantime.
    #expect(!printed.contains("libvirt: "))
    #expect(!printed.contains("tag mismatch"))
  }

  @Test("the numbers of libvirt's versions come apart")
  func versions() {
    #expect(Version(number: 9_007_012) == Version(9, 7, 12))
    #expect(Version(9, 7, 12) > Version(8, 10, 0))
    #expect("\(Version(9, 7, 12))" == "9.7.12")
  }

  /// What anybody in this process writes to standard error meanwhile.
  private func standardError(during body: () async throws -> Void) async throws -> String {
    let file = try Fixtures.TemporaryFile("stderr")
    let saved = dup(2)
    let descriptor = open(file.path, O_WRONLY)
    dup2(descriptor, 2)
    defer {
      dup2(saved, 2)
      Glibc.close(saved)
      Glibc.close(descriptor)
    }
    try await body()
    fflush(nil)
    return try String(contentsOfFile: file.path, encoding: .utf8)
  }
}

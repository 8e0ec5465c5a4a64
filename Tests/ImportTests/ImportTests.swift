import FoundationEssentials
import Import
import Libvirt
import SpecModel
import TestLab
import Testing

@testable import Applier
@testable import Planner

@Suite("Import")
struct ImportTests {
  @Test(
    "what libvirt's tests define on the test driver is imported, and the plan of it changes nothing",
    .enabled(if: Corpus.isThere, "\(Corpus.absence)"),
    arguments: [
      "qemuxml2xmloutdata", "qemuxml2argvdata", "genericxml2xmloutdata", "libxlxml2domconfigdata",
      "xlconfigdata",
    ])
  func corpus(directory: String) async throws {
    try await Corpus.withEmptyHost { connection in try await corpus(directory, connection) }
  }

  private func corpus(_ directory: String, _ connection: Connection) async throws {
    var refused = 0
    let documents = try Corpus.documents(in: directory, "domain")
    for (_, document) in documents {
      do { _ = try await connection.defineDomain(document, validate: false) } catch { refused += 1 }
    }
    let found = try await read(connection)
    #expect(
      found.spec.machines.count + found.spec.omissions.count(where: { $0.subject.hasPrefix("VM") })
        == documents.count - refused)
    #expect(found.obstacles.map(\.message) == [])
    #expect(found.changes.map { "\($0.address): \($0.fields)" } == [])
    print(
      "\(directory): \(documents.count) documents, \(refused) that the test driver refuses, \(found.spec.machines.count) imported"
    )
    for omission in found.spec.omissions { print("  left out: \(omission)") }
  }

  @Test(
    "networks of libvirt's tests are described, or used as they are",
    .enabled(if: Corpus.isThere, "\(Corpus.absence)"))
  func networks() async throws {
    let documents = try Corpus.documents(in: "networkxml2xmlout", "network")
    var (refused, described, used): (Int, Int, [String]) = (0, 0, [])
    for (name, document) in documents {
      try await Corpus.withEmptyHost { connection in
        do {
          try await connection.defineNetwork(document).start()
        } catch {
          refused += 1
          return
        }
        let found = try await read(connection)
        #expect(found.obstacles.map(\.message) == [], "\(name)")
        #expect(found.changes.map { "\($0.address): \($0.fields)" } == [], "\(name)")
        let site = try #require(found.site)
        #expect(site.networks.count == 1, "\(name)")
        if site.networks.allSatisfy(\.isExternal) { used.append(name) } else { described += 1 }
      }
    }
    print(
      "networkxml2xmlout: \(documents.count) documents, \(refused) that the test driver refuses, \(described) described, \(used.count) used as they are: \(used.joined(separator: ", "))"
    )
  }

  @Test(
    "pools of libvirt's tests are no obstacle, whatever they are",
    .enabled(if: Corpus.isThere, "\(Corpus.absence)"))
  func pools() async throws {
    let documents = try Corpus.documents(in: "storagepoolxml2xmlout", "pool")
    var (refused, read) = (0, 0)
    for (name, document) in documents {
      try await Corpus.withEmptyHost { connection in
        do {
          _ = try await connection.defineStoragePool(document)
        } catch {
          refused += 1
          return
        }
        let found = try await self.read(connection)
        #expect(found.plan?.isEmpty == true && found.obstacles.isEmpty, "\(name)")
        read += 1
      }
    }
    #expect(read > 20)
    print(
      "storagepoolxml2xmlout: \(documents.count) documents, \(refused) that the test driver refuses, \(read) read"
    )
  }

  /// What comes of importing the host, after its VMs would have been made of the spec alone and were compared.
  private func read(_ connection: Connection) async throws -> SpecImport {
    let site = try #require(
      SpecLoader(environment: [:]).load([
        SourceText(path: "hosts", text: "virtform: 1\nstack: x\nhosts: {here: {uri: \"test:///default\"}}\n")
      ]).site)
    let session = HostSession(host: site.hosts[0], connection: connection, isPrivileged: true)
    let estate = try await EstateReader.read(session, of: site)
    let host = ImportedHost(name: site.hosts[0].name, uri: "test:///default", state: estate.state)
    let found = try SpecImport(of: [host], ImportChoice(stack: site.stack)) { estate.remainder(beside: $1) }
    // What the spec comes to on an empty host says all that the definition says.
    let wanted = SitePlanner.wantedMachines(of: try #require(found.site), hosts: [estate.state])
    for machine in found.spec.machines {
      let made = try #require(wanted[machine.name])
      #expect(estate.remainder(beside: made) == nil, "\(machine.name)")
    }
    return found
  }
}

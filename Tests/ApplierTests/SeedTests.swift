import CloudInit
import FoundationEssentials
import Glibc
import SpecModel
import Testing

@testable import Applier

@Suite struct SeedTests {
  private func seed(_ command: String) throws -> Seed {
    let text = "virtform: 1\nstack: s\nvms: {w: {memory: 1GiB, cloud_init: {run: [\(command)]}}}\n"
    let result = SpecLoader(environment: [:]).load([SourceText(path: "site.yaml", text: text)])
    let machine = try #require(result.site?.machines.first)
    return Seed(try #require(machine.cloudInit), identity: "id", nics: [])
  }

  private func bytes(_ seed: Seed) async throws -> Data {
    nonisolated(unsafe) var bytes = Data()
    try await SeedVolume.withFile(of: seed) { path in
      bytes = try #require(FileManager.default.contents(atPath: path))
    }
    return bytes
  }

  @Test("what a killed run has left of a seed is removed by the next one, and what is in use is not")
  func abandoned() async throws {
    let parent = FileManager.default.temporaryDirectory.path + "/vf-\(UInt32.random(in: 0...UInt32.max))"
    let (left, used, fresh) = (
      "\(parent)/virtform-seed-a", "\(parent)/virtform-seed-b", "\(parent)/virtform-seed-c"
    )
    for path in [left, used, fresh] {
      try FileManager.default.createDirectory(atPath: "\(path)/documents", withIntermediateDirectories: true)
      let hour = timespec(tv_sec: time(nil) - 3600, tv_nsec: 0)
      if path != fresh { utimensat(AT_FDCWD, path, [hour, hour], 0) }
    }
    let descriptor = open(used, O_RDONLY | O_DIRECTORY)
    flock(descriptor, LOCK_EX)
    PrivateDirectory.removeAbandoned(in: parent)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: parent).sorted() == [
        "virtform-seed-b", "virtform-seed-c",
      ])
    close(descriptor)
    try FileManager.default.removeItem(atPath: parent)
  }

  @Test("the same documents are the same bytes, as long as was foretold, with the label in its place")
  func volumes() async throws {
    let seed = try seed("a")
    let first = try await bytes(seed)
    // The clock goes on, and nothing of it is to be seen.
    try await Task.sleep(for: .seconds(1.1))
    #expect(try await bytes(seed) == first)
    #expect(try await bytes(self.seed("b")) != first)
    #expect(first.count == seed.length)
    // ECMA-119, 8.4: the primary volume descriptor is sector 16, with the volume's name at byte 40.
    let descriptor = first[(16 * 2048)...]
    #expect(Array(descriptor.dropFirst().prefix(5)) == Array("CD001".utf8))
    #expect(String(decoding: descriptor.dropFirst(40).prefix(6), as: UTF8.self) == "CIDATA")
    for document in seed.documents {
      #expect(first.firstRange(of: Data(document.text.utf8)) != nil, "\(document.name)")
    }
  }

  @Test("nothing of a seed stays on this machine")
  func cleanUp() async throws {
    nonisolated(unsafe) var directory = ""
    let failure = "no"
    struct Stop: Error {}
    await #expect(throws: Stop.self) {
      try await SeedVolume.withFile(of: try seed(failure)) { path in
        directory = String(path.dropLast("/seed.iso".count))
        let mode = try FileManager.default.attributesOfItem(atPath: directory)[.posixPermissions] as? Int
        #expect(mode == 0o700)
        throw Stop()
      }
    }
    #expect(!directory.isEmpty && !FileManager.default.fileExists(atPath: directory))
  }
}

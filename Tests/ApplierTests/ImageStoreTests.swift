import Downloads
import FoundationEssentials
import Glibc
import Planner
import SpecModel

import TestLab
import Testing

@testable import Applier

/// Images from a server on loopback, in all formats, through a cache of their own.
@Suite("Image store")
final class ImageStoreTests: Sendable {
  private let server: HTTPServer
  private let directory = "/tmp/virtform-images-\(UUID().uuidString)"
  private let bytes = (0..<(1 << 20)).map { UInt8(truncatingIfNeeded: ($0 >> 9) &* 31 ^ $0) }

  init() throws {
    server = try HTTPServer()
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    try Data(bytes).write(to: URL(filePath: "\(directory)/disk.raw"))
  }

  deinit {
    server.close()
    try? FileManager.default.removeItem(atPath: directory)
  }

  private var cache: ImageCache { ImageCache(directory: "\(directory)/cache") }
  private var names: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: cache.directory)) ?? [])
      .filter { !$0.hasSuffix(".lock") }.sorted()
  }

  private func site(_ image: String, disk: String = "") throws -> Site {
    let text = """
      virtform: 1
      stack: shop
      images:
        i: {\(image)}
      vms: {w: {memory: 1GiB, image: i\(disk)}}

      """
    let result = SpecLoader(environment: [:]).load([SourceText(path: "site.yaml", text: text)])
    return try #require(result.site, "\(result.rendered)")
  }

  private func content(_ image: String) async throws -> ImageContent {
    let contents = try await ImageStore(cache: cache).contents(of: try site(image))
    return try #require(contents.values.first)
  }

  /// The diagnostics of images that cannot be had.
  private func failure(_ image: String) async throws -> String {
    do {
      _ = try await ImageStore(cache: cache).contents(of: try site(image))
      Issue.record("it did not fail")
      return ""
    } catch let failure as ImageStore.Failure {
      return failure.diagnostics.map {
        "\($0.location?.description ?? "-") \($0.message)" + ($0.help.map { " | \($0)" } ?? "")
      }
      .joined(separator: "\n").replacing("127.0.0.1:\(server.port)", with: "server")
      .replacing(directory, with: "DIR")
    }
  }

  private func read(_ path: String) throws -> [UInt8] {
    Array(try #require(FileManager.default.contents(atPath: path)))
  }

  private func digest(_ path: String) async throws -> String { try await FileDigest(of: path).sha256 }

  private func run(_ program: String, _ arguments: String...) async throws {
    let outcome = try await Lab.run(program, arguments, in: directory)
    try #require(outcome.status == 0, "\(outcome.errors)")
  }

  /// The bytes of the disk in an image that was made.
  private func disk(of content: ImageContent) async throws -> [UInt8] {
    try await run("/usr/bin/qemu-img", "convert", "-f", "qcow2", "-O", "raw", content.file, "out.raw")
    return try read("\(directory)/out.raw")
  }

  // MARK: Downloads

  @Test("what has the digest of the spec is kept under it, and not asked for again")
  func pinned() async throws {
    server["/d.raw"] = .init(bytes)
    let sha256 = try await digest("\(directory)/disk.raw")
    let image = "source: \"\(server.url("/d.raw"))\", sha256: \(sha256)"
    let first = try await content(image)
    #expect(
      first.sha256 == sha256 && first.length.rawValue == 1 << 20 && first.virtualSize.rawValue == 1 << 20)
    #expect(try read(first.file) == bytes)
    server.close()
    #expect(try await content(image) == first)
    #expect(server.takeRequests().count == 1)
  }

  @Test("a file in the cache that is damaged is fetched anew")
  func damaged() async throws {
    server["/d.raw"] = .init(bytes)
    let image = "source: \"\(server.url("/d.raw"))\", sha256: \(try await digest("\(directory)/disk.raw"))"
    let first = try await content(image)
    try Data(bytes.dropLast()).write(to: URL(filePath: first.file))
    #expect(try await content(image) == first)
    #expect(try read(first.file) == bytes)
  }

  @Test("wrong bytes are an error with both digests, and nothing of them stays")
  func wrongBytes() async throws {
    server["/d.raw"] = .init(bytes.reversed())
    let wanted = try await digest("\(directory)/disk.raw")
    try Data(bytes.reversed()).write(to: URL(filePath: "\(directory)/found"))
    let found = try await digest("\(directory)/found")
    #expect(
      try await failure("source: \"\(server.url("/d.raw"))\", sha256: \(wanted)")
        == "site.yaml:4:15 what 'http://server/d.raw' gave is not what the spec names: SHA-256 \(wanted) is wanted, \(found) was found; it was dropped"
    )
    #expect(names == [])
  }

  @Test("without a digest the server is asked whether it is still the same")
  func unpinned() async throws {
    server["/d.raw"] = .init(bytes)
    let image = "source: \"\(server.url("/d.raw"))\", sha256: none"
    let first = try await content(image)
    #expect(try await content(image) == first)
    #expect(server.takeRequests().map { $0.headers["if-none-match"] } == [nil, "\"1\""])
    server["/d.raw"] = .init(bytes.reversed(), etag: "\"2\"")
    let second = try await content(image)
    #expect(second.sha256 != first.sha256 && second.file != first.file)
    server.close()
    #expect(
      try await failure(image)
        == "site.yaml:4:15 image 'i': cannot download 'http://server/d.raw': no connection to the server")
  }

  @Test("two runs at once download once")
  func together() async throws {
    server["/d.raw"] = .init(bytes)
    let image = "source: \"\(server.url("/d.raw"))\", sha256: \(try await digest("\(directory)/disk.raw"))"
    async let first = content(image)
    async let second = content(image)
    #expect(try await first == second)
    #expect(server.takeRequests().count == 1)
  }

  @Test("what arrives is held against its stated format")
  func format() async throws {
    server["/d"] = .init(bytes)
    #expect(
      try await failure("source: \"\(server.url("/d"))\", format: qcow2, sha256: none").contains(
        "is stated to be qcow2, but it is not"))
  }

  @Test("an image that is only in a CD-ROM drive is read, too, and one that no VM uses is not")
  func cdrom() async throws {
    let text = """
      virtform: 1
      stack: shop
      images:
        cd: {source: \(directory)/disk.raw}
        unused: {source: "\(server.url("/none"))", format: raw, sha256: none}
      vms: {w: {memory: 1GiB, disks: {root: {size: 1GiB}, cd: {cdrom: cd}}}}

      """
    let result = SpecLoader(environment: [:]).load([SourceText(path: "site.yaml", text: text)])
    let site = try #require(result.site, "\(result.rendered)")
    let contents = try await ImageStore(cache: cache).contents(of: site)
    #expect(contents.keys.map(\.rawValue) == ["cd"])
  }

  // MARK: Formats

  @Test(
    "other formats are converted once, with the same disk in them",
    .enabled(if: FileManager.default.fileExists(atPath: "/usr/bin/qemu-img"), "needs qemu-img"),
    arguments: ["vmdk", "vpc", "vhdx"])
  func converted(_ format: String) async throws {
    try await run("/usr/bin/qemu-img", "convert", "-f", "raw", "-O", format, "disk.raw", "disk.\(format)")
    let image = "source: \(directory)/disk.\(format)"
    let first = try await content(image)
    #expect(Array(try await disk(of: first).prefix(bytes.count)) == bytes)
    #expect(first.virtualSize.rawValue >= 1 << 20)
    let entries = names
    #expect(entries.count == 2)
    #expect(try await content(image) == first)
    #expect(names == entries)
  }

  @Test(
    "an OVA is its only disk, or the one that is named",
    .enabled(if: FileManager.default.fileExists(atPath: "/usr/bin/qemu-img"), "needs qemu-img"))
  func ova() async throws {
    try await run(
      "/usr/bin/qemu-img", "convert", "-f", "raw", "-O", "vmdk", "-o", "subformat=streamOptimized",
      "disk.raw",
      "a.vmdk")
    try await run("/bin/cp", "a.vmdk", "b.vmdk")
    try await run("/bin/cp", "a.vmdk", "box.ovf")
    try await run("/bin/tar", "-cf", "one.ova", "box.ovf", "a.vmdk")
    try await run("/bin/tar", "-cf", "two.ova", "box.ovf", "a.vmdk", "b.vmdk")
    try await run("/bin/tar", "-cf", "none.ova", "box.ovf")
    #expect(try await disk(of: try await content("source: \(directory)/one.ova")) == bytes)
    #expect(try await disk(of: try await content("source: \(directory)/two.ova, disk: b.vmdk")) == bytes)
    #expect(
      try await failure("source: \(directory)/two.ova")
        == "site.yaml:4:15 image 'i': the OVA has several disks | name one: disk: a.vmdk, or disk: b.vmdk")
    #expect(
      try await failure("source: \(directory)/two.ova, disk: c.vmdk")
        == "site.yaml:4:15 image 'i': the OVA has no disk 'c.vmdk' | it has a.vmdk, b.vmdk")
    #expect(
      try await failure("source: \(directory)/none.ova")
        == "site.yaml:4:15 image 'i': the OVA has no *.vmdk in it")
  }

  @Test(
    "a VMDK that names other files is refused, since it could name any",
    arguments: ["text", "parent", "moved", "combining", "empty"])
  func referring(_ kind: String) async throws {
    let name =
      kind == "combining" ? "parentFileNameHint\u{301}/etc/passwd" : "parentFileNameHint=\"/etc/passwd"
    let bytes =
      switch kind {
      case "text": Array("# Disk DescriptorFile\nversion=1\nRW 1 FLAT \"/etc/passwd\" 0\n".utf8)
      // The header says that the descriptor is elsewhere: QEMU looks for a parent where it always is.
      case "moved": vmdk(capacity: 1, descriptor: 22, sectors: 1, name)
      case "empty": vmdk(capacity: 0, descriptor: 1, sectors: 1, "RW 1 FLAT \"/etc/passwd\" 0")
      default: vmdk(capacity: 1, descriptor: 1, sectors: 1, name)
      }
    try Data(bytes).write(to: URL(filePath: "\(directory)/x.vmdk"))
    let message =
      ["text", "empty"].contains(kind)
      ? "only describes a disk whose data lies in other files" : "has a parent"
    #expect(
      try await failure("source: \(directory)/x.vmdk")
        == "site.yaml:4:15 image 'i': the VMDK \(message) | make one file of it: qemu-img convert -f vmdk -O qcow2"
    )
    #expect(names == [])
  }

  /// The head of a VMDK of one file, with a text in its second sector.
  private func vmdk(capacity: UInt8, descriptor: UInt8, sectors: UInt8, _ text: String) -> [UInt8] {
    var bytes = Array("KDMV".utf8) + [UInt8](repeating: 0, count: 508)
    bytes[12] = capacity
    bytes[28] = descriptor
    bytes[36] = sectors
    return bytes + Array("\(text)\"\n".utf8)
  }

  @Test(
    "an OVA with a member that leads out of it is refused",
    arguments: ["../x.vmdk", "/x.vmdk", "a/../../x.vmdk"])
  func leadingOut(_ name: String) async throws {
    try Data([1]).write(to: URL(filePath: "\(directory)/x.vmdk"))
    try await run("/bin/tar", "-P", "--transform", "s,x.vmdk,\(name),", "-cf", "out.ova", "x.vmdk")
    #expect(
      try await failure("source: \(directory)/out.ova")
        == "site.yaml:4:15 image 'i': the OVA has a member that leads out of it: '\(name)'")
    #expect(names == [])
  }

  @Test("compressed images are decompressed, also from a server", arguments: ["gzip", "xz"])
  func compressed(_ program: String) async throws {
    try await run("/bin/sh", "-c", "\(program) -kf disk.raw")
    let suffix = program == "xz" ? "xz" : "gz"
    let local = try await content("source: \(directory)/disk.raw.\(suffix)")
    #expect(try read(local.file) == bytes && local.virtualSize.rawValue == 1 << 20)
    server["/x"] = .init(try read("\(directory)/disk.raw.\(suffix)"))
    let sha256 = try await digest("\(directory)/disk.raw.\(suffix)")
    let remote = try await content(
      "source: \"\(server.url("/x"))\", format: raw, compressed: \(suffix), sha256: \(sha256)")
    #expect(remote == local)
  }

  @Test("what is no gzip file or no VHD is an error, and nothing of it stays")
  func garbage() async throws {
    try Data([1, 2, 3]).write(to: URL(filePath: "\(directory)/x.raw.gz"))
    let text = try await failure("source: \(directory)/x.raw.gz")
    #expect(text.hasPrefix("site.yaml:4:15 image 'i': gzip failed: "))
    try Data([1, 2, 3]).write(to: URL(filePath: "\(directory)/x.vhdx"))
    #expect(
      try await failure("source: \(directory)/x.vhdx").hasPrefix(
        "site.yaml:4:15 image 'i': qemu-img failed: "))
    #expect(names == [])
  }

  @Test("a program that is missing is named with its package")
  func missingTool() async {
    await #expect(
      throws: ImageError(
        "no-such-tool is not installed on this machine", help: "on Debian: apt install nothing")
    ) {
      try await ImageTool(name: "no-such-tool", package: "nothing").run([])
    }
  }

  @Test("the cache lies where the environment says")
  func cachePlace() {
    func directory(_ environment: [String: String]) -> String {
      ImageCache(environment: environment).directory
    }
    #expect(directory(["VIRTFORM_HOME": "/v", "XDG_CACHE_HOME": "/c", "HOME": "/h"]) == "/v/cache/images")
    #expect(directory(["VIRTFORM_HOME": "", "XDG_CACHE_HOME": "/c", "HOME": "/h"]) == "/c/virtform/images")
    #expect(directory(["XDG_CACHE_HOME": "c", "HOME": "/h"]) == "/h/.cache/virtform/images")
  }
}

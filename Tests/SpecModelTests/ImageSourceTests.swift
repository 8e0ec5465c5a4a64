import Testing

@testable import SpecModel

/// Images that are downloaded, decompressed or converted.
@Suite struct ImageSourceTests {
  private let digest = String(repeating: "ab", count: 32)

  private func image(_ fields: String) throws -> ImageSpec {
    try #require(try site("images: {i: {\(fields)}}\n").images.first)
  }

  private func problems(_ fields: String) -> [String] { findings(in: "images: {i: {\(fields)}}\n") }

  @Test("an image may be at a URL, and is not looked at while the spec is read")
  func url() throws {
    let image = try image(
      "source: \"https://images.example.org:8443/a/debian.qcow2?key=1#x\", sha256: \(digest.uppercased())")
    #expect(image.source == .url("https://images.example.org:8443/a/debian.qcow2?key=1#x"))
    #expect(image.format == .qcow2 && image.sha256 == digest && image.virtualSize == nil)
    #expect(try self.image("source: \"HTTP://host/vmlinuz\", format: raw, sha256: none").sha256 == nil)
  }

  @Test("a URL has a digest, or says that it has none")
  func checksums() throws {
    #expect(
      problems("source: 1️⃣\"https://host/a.raw\"") == [
        "1️⃣ 'sha256' is missing in images.i | help: what changes at the source must not change the hosts unseen; sha256sum prints it, and sha256: none takes whatever is there"
      ])
    let directory = try TemporaryDirectory(["a.raw": [1]])
    #expect(
      problems("source: \(directory.path)/a.raw, sha256: 1️⃣none") == [
        "1️⃣ 'none' is for URLs | help: leave out 'sha256': a file need not have one"
      ])
  }

  @Test("what is no URL is reported at its place")
  func badURLs() {
    for text in ["https:///a.raw", "https://host/a b.raw", "http://host/ä.raw"] {
      #expect(
        problems("source: 1️⃣\"\(text)\", sha256: none") == [
          "1️⃣ '\(text)' is not a URL | help: it names a server, and what is no plain character is written as %20"
        ])
    }
    #expect(
      problems("source: 1️⃣\"https://me:secret@host/a.raw\", sha256: none") == [
        "1️⃣ a URL must not have a password in it | help: user and password belong in ~/.netrc"
      ])
  }

  @Test(
    "format and compression are told by the name",
    arguments: [
      ("a.vmdk", ImageFormat.vmdk, Compression?.none), ("a.vhd", .vpc, nil), ("a.VHDX", .vhdx, nil),
      ("a.ova", .ova, nil), ("a.qcow2.xz", .qcow2, .xz), ("disk.12.raw.gz", .raw, .gz), ("a.iso", .raw, nil),
    ])
  func names(_ name: String, _ format: ImageFormat, _ compression: Compression?) throws {
    let image = try image("source: \"https://host/\(name)\", sha256: none")
    #expect(image.sourceFormat == format && image.compression == compression)
    #expect(image.format == (format == .raw ? .raw : .qcow2))
  }

  @Test("an initrd.gz is a file as it is, and what is stated counts")
  func stated() throws {
    let initrd = try image("source: \"https://host/initrd.gz\", format: raw, sha256: none")
    #expect(initrd.sourceFormat == .raw && initrd.compression == nil)
    let disk = try image("source: \"https://host/d.img.xz\", format: raw, compressed: xz, sha256: none")
    #expect(disk.sourceFormat == .raw && disk.compression == .xz)
    let kernel = try image("source: \"https://host/k.raw.gz\", compressed: none, sha256: none")
    #expect(kernel.sourceFormat == .raw && kernel.compression == nil)
    #expect(try image("source: \"https://host/d\", format: vhd, sha256: none").sourceFormat == .vpc)
    let ova = try image("source: \"https://host/d.ova\", disk: d-disk2.vmdk, sha256: none")
    #expect(ova.member == "d-disk2.vmdk")
    #expect(
      problems("source: 1️⃣\"https://host/d.img.xz\", format: raw, sha256: none") == [
        "1️⃣ the name of 'https://host/d.img.xz' does not tell whether it is decompressed | help: add compressed: xz, or compressed: none for what a kernel reads as it is"
      ])
    #expect(
      problems("source: \"https://host/d.vmdk\", disk: 1️⃣x, compressed: 2️⃣zip, sha256: none") == [
        "1️⃣ 'disk' names a disk of an OVA, and this is vmdk",
        "2️⃣ 'compressed' cannot be 'zip' | help: it is one of: gz, xz, none",
      ])
  }

  @Test("a local file to convert is there; how large its disk is nobody has read yet")
  func local() throws {
    let directory = try TemporaryDirectory(["a.vmdk": [1], "b.raw.gz": [1]])
    #expect(try image("source: \(directory.path)/a.vmdk").virtualSize == nil)
    #expect(try image("source: \(directory.path)/b.raw.gz").virtualSize == nil)
    #expect(
      problems("source: 1️⃣\(directory.path), format: vmdk") == [
        "1️⃣ cannot read the image '\(directory.path)' | help: check that it is a file and that you may read it"
      ])
  }
}

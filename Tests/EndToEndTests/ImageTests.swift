import FoundationEssentials
import Glibc
import Libvirt
import TestLab
import Testing

/// Images from a server on loopback, with the real binary and a real libvirt.
extension QEMUTests {
  private func spec(_ image: String, _ vms: String) -> String {
    "virtform: 1\nstack: pictures\nimages:\n  base: {\(image)}\nvms:\n  \(vms)\n"
  }

  private static let off = "web: {memory: 96MiB, accel: tcg, state: off, image: base}"

  @Test("a download that is killed goes on where it was, and wrong bytes and a lost server are told")
  func interruptedDownload() async throws {
    let server = try HTTPServer()
    defer { server.close() }
    let guest = Array(try #require(FileManager.default.contents(atPath: "\(Lab.guest)/guest.qcow2")))
    server["/guest.qcow2"] = .init(guest)
    server["/guest.qcow2"]?.stallsAfter = guest.count / 2
    try await Lab.with { lab in
      let sum = try await Lab.run("/usr/bin/sha256sum", ["\(Lab.guest)/guest.qcow2"], in: lab.work).output
      let url = server.url("/guest.qcow2")
      let site = try lab.write(
        spec("source: \"\(url)\", sha256: \(sum.prefix(64))", Self.off), to: "site.yaml")
      let killed = try await Lab.run(
        "/usr/bin/timeout", ["-s", "KILL", "8", Lab.binary, "apply", site, "--auto-approve"], in: lab.work,
        environment: ["VIRTFORM_HOME": lab.home])
      #expect(killed.status != 0)
      #expect(killed.errors.contains("image base: downloading \(url)…"))
      server["/guest.qcow2"]?.stallsAfter = nil
      let apply = try await lab.virtform("apply", site, "--auto-approve")
      #expect(apply.status == 0, "\(apply.output)\(apply.errors)")
      let ranges = server.takeRequests().map { $0.headers["range"] }
      #expect(ranges == [nil, "bytes=\(guest.count / 2)-"])
      try await expectQuiet(lab, site)
      #expect(server.takeRequests().isEmpty)

      let wrong = String(repeating: "0", count: 64)
      let other = try lab.write(spec("source: \"\(url)\", sha256: \"\(wrong)\"", Self.off), to: "wrong.yaml")
      let refused = try await lab.virtform("plan", other)
      #expect(refused.status == 3)
      #expect(
        refused.errors.contains(
          "wrong.yaml:4:18: error: what '\(url)' gave is not what the spec names: SHA-256 \(wrong) is wanted, \(sum.prefix(64)) was found"
        ))
      server.close()
      let gone = try await lab.virtform("plan", other)
      #expect(gone.status == 1)
      #expect(gone.errors.contains("cannot download '\(url)': no connection to the server"))
      #expect(try await lab.virtform("validate", other).status == 0)
    }
  }

  @Test(
    "an image comes by https from a server whose CA is named, and from no other",
    .enabled(if: TLSServer.isAvailable, "needs openssl"))
  func httpsImage() async throws {
    try await Lab.with { lab in
      let files = "\(lab.work)/files"
      try FileManager.default.createDirectory(atPath: files, withIntermediateDirectories: true)
      try FileManager.default.copyItem(atPath: "\(Lab.guest)/guest.qcow2", toPath: "\(files)/guest.qcow2")
      let sum = try await Lab.run("/usr/bin/sha256sum", ["\(files)/guest.qcow2"], in: lab.work).output.prefix(
        64)
      let server = try await TLSServer(in: files)
      let url = server.url("/guest.qcow2")
      let site = try lab.write(spec("source: \"\(url)\", sha256: \(sum)", Self.off), to: "site.yaml")
      for authority in [nil, server.otherAuthority] {
        let refused = try await lab.virtform(
          "plan", site, environment: authority.map { ["CURL_CA_BUNDLE": $0] } ?? [:])
        #expect(refused.status == 1, "\(refused.output)\(refused.errors)")
        #expect(
          refused.errors.contains("cannot download '\(url)': the server's certificate is not trusted"),
          "\(refused.errors)")
      }
      let apply = try await lab.virtform(
        "apply", site, "--auto-approve", environment: ["CURL_CA_BUNDLE": server.authority])
      #expect(apply.status == 0, "\(apply.output)\(apply.errors)")
      await server.close()
      // It is in the cache by now.
      try await expectQuiet(lab, site)
    }
  }

  @Test("the volume of an image in another format has the same disk in it", arguments: ["vmdk", "qcow2.gz"])
  func convertedImage(_ kind: String) async throws {
    let server = try HTTPServer()
    defer { server.close() }
    try await Lab.with { lab in
      let guest = "\(Lab.guest)/guest.qcow2"
      let make =
        kind == "vmdk" ? "qemu-img convert -f qcow2 -O vmdk \(guest) made" : "gzip -c \(guest) > made"
      let made = try await Lab.run("/bin/sh", ["-c", make], in: lab.work)
      #expect(made.status == 0, "\(made.errors)")
      server["/d.\(kind)"] = .init(
        Array(try #require(FileManager.default.contents(atPath: "\(lab.work)/made"))))
      let site = try lab.write(
        spec("source: \"\(server.url("/d.\(kind)"))\", sha256: none", Self.off), to: "site.yaml")
      let apply = try await lab.virtform("apply", site, "--auto-approve")
      #expect(apply.status == 0, "\(apply.output)\(apply.errors)")
      let pool = try #require(try await lab.connection.storagePool(named: "default"))
      let volumes = try await pool.volumes()
      let root = try #require(volumes.first { $0.name.hasPrefix("web.root") })
      let path = try await root.path()
      let same = try await Lab.run(
        "/usr/bin/qemu-img", ["compare", "-f", "qcow2", "-F", "qcow2", path, guest], in: lab.work)
      #expect(same.status == 0, "\(same.output)\(same.errors)")
      try await expectQuiet(lab, site)
    }
  }
}

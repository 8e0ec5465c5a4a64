import FoundationEssentials
import SpecModel
import TestLab
import Testing

/// Damage of every kind, planted by hand on a host of real QEMU, found, and mended by what is told.
@Suite(
  "Verification of a host", .serialized,
  .enabled(if: Lab.hasQEMU, "needs root, libvirtd, QEMU, and the guest that Lab/guest/image.sh makes"))
struct VerifyTests {
  private static func vm(_ disk: String, nic: String = "lan") -> String {
    "{accel: tcg, memory: 64MiB, state: off, disks: {root: {size: 8MiB\(disk)}}, nics: {\(nic): {}}}"
  }

  /// - Parameter isWhole: with the VMs that leave the spec later.
  private static func spec(_ lab: Lab, isWhole: Bool, adopts: String = "") -> String {
    let gone = """

        old: \(vm(""))
        spare: \(vm(""))
        safe: \(vm(", protect: true"))
        half: \(vm(""))
      """
    return """
      virtform: 1
      stack: verify
      images: {base: {source: \(lab.work)/base.qcow2}}
      pools: {files: {type: dir, path: \(lab.work)/files}}
      defaults: {pool: files}
      networks:
        lan: {mode: isolated, cidr: 10.91.0.0/24, bridge: vft-v0}
        dmz: {mode: isolated, cidr: 10.92.0.0/24, bridge: vft-v1}
      \(adopts)
      vms:
        web: \(vm(""))
        db: \(vm(""))
        app: \(vm(", image: base"))
        bare: \(vm("", nic: "dmz"))\(isWhole ? gone : "")

      """
  }

  private struct Found: Decodable {
    struct Finding: Decodable {
      struct Remedy: Decodable {
        let by: String
        let command: String?
      }
      let kind: String
      let object: String
      let remedy: Remedy
    }
    let findings: [Finding]
    let mended: [Finding]

    var words: [String] { findings.map { "\($0.object) \($0.kind) \($0.remedy.by)" } }
  }

  private func verify(_ lab: Lab, _ options: String..., status: Int32) async throws -> Found {
    let outcome = try await lab.virtform(["verify", "site.yaml", "--json", "--detailed-exitcode"] + options)
    #expect(outcome.status == status, "\(outcome.output)\(outcome.errors)")
    return try JSONDecoder().decode(Found.self, from: Data(outcome.output.utf8))
  }

  private func file(_ lab: Lab, _ start: String) throws -> String {
    let files = try FileManager.default.contentsOfDirectory(atPath: "\(lab.work)/files").sorted()
    return try #require(files.first { $0.hasPrefix("\(start)-") && $0.hasSuffix(".qcow2") }, "\(files)")
  }

  /// Defines what `edit` makes of a definition.
  private func define(_ lab: Lab, as document: String) async throws {
    _ = try await lab.virsh("define", lab.write(document, to: "planted.xml"))
  }

  @Test("each kind of damage is found, told what to do about, and gone once that is done")
  func planted() async throws {
    var tally = FaultTally(
      area: "Verify", fault: "damage planted on a host, found and mended",
      command: "make torture FILTER=VerifyTests")
    try await Lab.with { lab in
      _ = try await Lab.run(
        "/usr/bin/qemu-img", ["create", "-f", "qcow2", "\(lab.work)/base.qcow2", "8M"], in: lab.work)
      try lab.write(Self.spec(lab, isWhole: true), to: "site.yaml")
      let apply = try await lab.virtform("apply", "site.yaml", "--auto-approve")
      #expect(apply.status == 0, "\(apply.output)\(apply.errors)")
      #expect(try await verify(lab, status: 0).words == [])
      let calls = try await lab.calls { _ = try await verify(lab, status: 0) }
      #expect(Lab.mutating(calls).isEmpty, "\(calls)")

      try await plant(lab)
      let found = try await verify(lab, status: 2)
      let planted = [
        "disk.app.root backing-file-missing apply", "disk.half.root copy-unfinished fix",
        "disk.spare.root not-in-use apply", "domain twin mark-copied person",
        "domain web mark-missing person",
        "domain damaged mark-unreadable person", "pool.files note-alone fix",
        "the lock of the stack lock-abandoned fix", "vm.bare network-missing apply",
        "vm.db file-missing person", "vm.db mac-twice person", "vm.old not-in-spec apply",
        "disk.web.root not-in-use apply",
      ]
      // The disk of a VM whose mark is gone is in use by somebody.
      let expected = Set(planted.dropLast())
      (tally.tried, tally.survived) = (expected.count, expected.intersection(found.words).count)
      #expect(Set(found.words) == expected, "\(found.words)")

      let text = try await lab.virtform("verify", "site.yaml")
      #expect(text.status == 0 && text.output.contains("12 findings: 3 for verify --fix, "), "\(text.output)")
      let refused = try await lab.virtform("verify", "site.yaml", "--fix")
      #expect(refused.status == 7, "\(refused.output)\(refused.errors)")
      #expect(try await verify(lab, status: 2).words == found.words)

      let fixed = try await verify(lab, "--fix", "--auto-approve", status: 2)
      #expect(fixed.mended.count == 3 && fixed.findings.count == found.findings.count - 3, "\(fixed.words)")
      #expect(!fixed.words.contains { $0.hasSuffix(" fix") })
      try await followAdvice(lab, fixed)
      #expect(try await verify(lab, status: 0).words == [])
    }
    if tally.survived < tally.tried { tally.lost = 0 }
    try tally.record()
  }

  private func plant(_ lab: Lab) async throws {
    try lab.write(Self.spec(lab, isWhole: false), to: "site.yaml")
    // A copy of a VM, mark and addresses and all.
    let db = try await lab.virsh("dumpxml", "db", "--inactive")
    let uuid = try #require(db.firstMatch(of: /<uuid>(.*)<\/uuid>/)).1
    let twin = UUID().uuidString.lowercased()
    try await define(
      lab, as: db.replacing(uuid, with: twin).replacing("<name>db</name>", with: "<name>twin</name>"))
    // Marks: one that says nothing, and one that is gone.
    let mark =
      "<virtform:mark xmlns:virtform='urn:virtform:mark:1' stack='verify'><virtform:disk/></virtform:mark>"
    try await define(
      lab,
      as: """
        <domain type='qemu'><name>damaged</name><memory unit='MiB'>64</memory><metadata>\(mark)</metadata>
        <os><type arch='x86_64'>hvm</type></os></domain>
        """)
    _ = try await lab.virsh("metadata", "web", "--uri", "urn:virtform:mark:1", "--remove", "--config")
    // Files: a disk, and an image below one.
    for name in [try file(lab, "db.root"), try file(lab, "base")] {
      try FileManager.default.moveItem(atPath: "\(lab.work)/files/\(name)", toPath: "\(lab.work)/\(name)")
    }
    // VMs without a definition: a disk left, a note left, half a copy left.
    for name in ["spare", "safe", "half"] { _ = try await lab.virsh("undefine", name) }
    try FileManager.default.removeItem(atPath: "\(lab.work)/files/\(file(lab, "safe.root"))")
    let half = try file(lab, "half.root").replacing(".qcow2", with: ".copying")
    _ = try await lab.virsh("vol-create-as", "files", half, "0", "--format", "raw")
    _ = try await lab.virsh("pool-refresh", "files")
    _ = try await lab.virsh("net-destroy", "dmz")
    _ = try await lab.virsh("net-undefine", "dmz")
    let lock = """
      <network><name>virtform-lock-verify</name><uuid>\(UUID().uuidString.lowercased())</uuid><metadata>
      <virtform:lock xmlns:virtform='urn:virtform:lock:1' command='apply' taken='2020-01-01T00:00:00Z'
      lease-end='2020-01-01T00:05:00Z'><virtform:holder user='anna' host='desk' pid='4711'/></virtform:lock>
      </metadata><forward mode='bridge'/><bridge name='virtform-lock'/></network>
      """
    _ = try await lab.virsh("net-define", lab.write(lock, to: "lock.xml"))
  }

  /// Does what the findings say, word by word where there is a command.
  private func followAdvice(_ lab: Lab, _ found: Found) async throws {
    for name in [try moved(lab, "db.root"), try moved(lab, "base")] {
      try FileManager.default.moveItem(atPath: "\(lab.work)/\(name)", toPath: "\(lab.work)/files/\(name)")
    }
    for finding in found.findings {
      guard let command = finding.remedy.command else { continue }
      switch (finding.remedy.by, finding.kind) {
      case ("apply", _): continue
      // An editor is a person's.
      case (_, "mac-twice"): _ = try await lab.virsh("undefine", "twin")
      default:
        let outcome = try await Lab.run("/bin/sh", ["-c", command], in: lab.work)
        #expect(outcome.status == 0, "\(command): \(outcome.errors)")
      }
    }
    try lab.write(Self.spec(lab, isWhole: false, adopts: "adopt: [vms.web]"), to: "site.yaml")
    let commands = Set(
      found.findings.filter { $0.remedy.by == "apply" }.compactMap(\.remedy.command).map {
        Array($0.split(separator: " ").dropFirst(2)).map(String.init)
      })
    for options in commands.sorted(by: { $0.count < $1.count }) {
      let outcome = try await lab.virtform(
        ["apply", "site.yaml", "--auto-approve"] + (options.isEmpty ? ["--allow-data-loss"] : options))
      #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
    }
  }

  private func moved(_ lab: Lab, _ start: String) throws -> String {
    let files = try FileManager.default.contentsOfDirectory(atPath: lab.work)
    return try #require(files.first { $0.hasPrefix("\(start)-") })
  }
}

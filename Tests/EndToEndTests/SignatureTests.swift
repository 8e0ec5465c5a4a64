import FoundationEssentials
import TestLab
import Testing

/// Saved plans that are signed by real SSH keys.
@Suite(
  "Signed plans", .serialized, .timeLimit(.minutes(5)),
  .enabled(if: Lab.hasLibvirt, "needs libvirtd and virsh"))
struct SignatureTests {
  private static let keygen = "/usr/bin/ssh-keygen"

  private func write(_ lab: Lab, title: String) throws {
    try lab.write(
      """
      virtform: 1
      stack: signed
      hosts:
        sim: {uri: "\(lab.uri(driver: "test"))"}
      vms:
        web: {memory: 64MiB, state: off, title: \(title)}

      """, to: "site.yaml")
  }

  private func run(
    _ lab: Lab, _ arguments: String..., status: Int32, environment: [String: String] = [:],
    place: SourceLocation = #_sourceLocation
  ) async throws -> Lab.Outcome {
    let outcome = try await Lab.virtform(arguments, home: lab.home, in: lab.work, environment: environment)
    #expect(
      outcome.status == status, "\(arguments): \(outcome.output)\(outcome.errors)", sourceLocation: place)
    return outcome
  }

  private func makeKey(_ lab: Lab, _ name: String, type: String = "ed25519") async throws -> String {
    let outcome = try await Lab.run(
      Self.keygen, ["-q", "-t", type, "-N", "", "-C", name, "-f", "\(lab.work)/\(name)"], in: lab.work)
    #expect(outcome.status == 0, "\(outcome.errors)")
    return try String(contentsOfFile: "\(lab.work)/\(name).pub", encoding: .utf8)
  }

  /// How a plan that was not signed as it should be may come to an apply, and what is said of it.
  private struct Fault: Sendable {
    let name: String
    /// What is done before the apply.
    let prepare: @Sendable (Lab) async throws -> Void
    var signers = "signers"
    var options: [String] = []
    let says: String
  }

  private static func sign(_ lab: Lab, _ key: String, namespace: String = "virtform-plan") async throws {
    let outcome = try await Lab.run(
      "/bin/sh", ["-c", "ssh-keygen -Y sign -q -f \(key) -n \(namespace) < plan.json > plan.json.sig"],
      in: lab.work)
    #expect(outcome.status == 0, "\(outcome.errors)")
  }

  private static let faults = [
    Fault(
      name: "without a signature",
      prepare: { try FileManager.default.removeItem(atPath: "\($0.work)/plan.json.sig") },
      says: "is not signed: there is no 'plan.json.sig'"),
    Fault(
      name: "signed by a stranger", prepare: { try await sign($0, "stranger") },
      says: "was signed by nobody who may: its key is not among the signers of 'signers'"),
    Fault(
      name: "by a key that has expired", prepare: { try await sign($0, "anna") }, signers: "expired",
      says: "key has expired"),
    Fault(
      name: "by a key that is for something else", prepare: { try await sign($0, "anna") },
      signers: "limited",
      says: "key is not permitted for use in signature namespace"),
    Fault(
      name: "signed for something else", prepare: { try await sign($0, "anna", namespace: "git") },
      says: "namespace does not match"),
    Fault(
      name: "by another signer than the one asked for", prepare: { try await sign($0, "anna") },
      options: ["--signer", "bob"], says: "does not count as one of 'bob'"),
    Fault(
      name: "altered after it was signed",
      prepare: { lab in
        try await sign(lab, "anna")
        let plan = try String(contentsOfFile: "\(lab.work)/plan.json", encoding: .utf8)
        try lab.write(plan.replacing("\"restarts\" : false", with: "\"restarts\" : true"), to: "plan.json")
      }, says: "incorrect signature"),
    Fault(
      name: "with a damaged signature", prepare: { _ = try $0.write("nonsense", to: "plan.json.sig") },
      says: "was signed by nobody who may"),
    Fault(
      name: "without a file of signers", prepare: { try await sign($0, "anna") }, signers: "nowhere",
      says: "there is no file of allowed signers 'nowhere'"),
  ]

  @Test("a plan is carried out only as one of the allowed signers has signed it")
  func faults() async throws {
    var tally = FaultTally(
      area: "Signatures", fault: "plan that nobody allowed has signed, or that was altered, refused",
      command: "make torture FILTER=SignatureTests")
    try await Lab.with(driver: "test") { lab in
      let anna = try await makeKey(lab, "anna")
      _ = try await makeKey(lab, "stranger", type: "rsa")
      let bob = try await makeKey(lab, "bob", type: "rsa")
      try lab.write("anna@example.org \(anna)bob@example.org \(bob)", to: "signers")
      try lab.write("anna valid-before=\"20200101\" \(anna)", to: "expired")
      try lab.write("anna namespaces=\"git\" \(anna)", to: "limited")
      try write(lab, title: "one")
      for fault in Self.faults {
        _ = try await run(lab, "plan", "site.yaml", "-o", "plan.json", "--sign", "anna", status: 0)
        try await fault.prepare(lab)
        tally.tried += 1
        let calls = try await lab.calls {
          let outcome = try await lab.virtform(
            ["apply", "plan.json", "--require-signature", fault.signers] + fault.options)
          let isRefused =
            outcome.status == (fault.signers == "nowhere" ? 1 : 7) && outcome.errors.contains(fault.says)
          #expect(isRefused, "\(fault.name): \(outcome.status) \(outcome.output)\(outcome.errors)")
          if isRefused { tally.survived += 1 }
        }
        // Before anything is connected.
        #expect(calls.isEmpty, "\(fault.name): \(calls)")
      }

      for (key, signer) in [("anna", "anna@example.org"), ("bob", "bob@example.org")] {
        try write(lab, title: key)
        let plan = try await run(lab, "plan", "site.yaml", "-o", "plan.json", "--sign", key, status: 0)
        #expect(plan.output.contains("Saved to plan.json, signed in plan.json.sig"), "\(plan.output)")
        let apply = try await run(
          lab, "apply", "plan.json", "--require-signature", "signers", "--signer", signer, status: 0)
        #expect(apply.errors.contains("The plan is signed by \(signer)."), "\(apply.errors)")
      }
      #expect(try await lab.virsh("dumpxml", "web", driver: "test").contains("<title>bob</title>"))
    }
    try tally.record()
  }

  @Test("a key of an agent signs, and where the environment asks for signatures nothing else is carried out")
  func agent() async throws {
    try await Lab.with(driver: "test") { lab in
      let anna = try await makeKey(lab, "anna")
      try lab.write("anna \(anna)", to: "signers")
      try write(lab, title: "one")
      let socket = "\(lab.work)/agent"
      // The agent ends with the shell that it runs.
      let script = "ssh-add -q anna && rm anna && exec \"$0\" plan site.yaml -o plan.json --sign anna.pub"
      let signed = try await Lab.run(
        "/usr/bin/ssh-agent", ["-a", socket, "/bin/sh", "-c", script, Lab.binary], in: lab.work,
        environment: ["VIRTFORM_HOME": lab.home])
      #expect(signed.status == 0, "\(signed.output)\(signed.errors)")

      let demanding = ["VIRTFORM_REQUIRE_SIGNATURE": "signers"]
      for arguments in [
        ["apply", "site.yaml", "--auto-approve"], ["destroy", "site.yaml", "--auto-approve"],
        ["verify", "site.yaml", "--fix"],
      ] {
        let outcome = try await Lab.virtform(arguments, home: lab.home, in: lab.work, environment: demanding)
        #expect(
          outcome.status == 7
            && outcome.errors.contains(
              "VIRTFORM_REQUIRE_SIGNATURE asks for a signed plan, and this run has none"),
          "\(arguments): \(outcome.output)\(outcome.errors)")
      }
      // Signers of the run's own choice do not count instead.
      let stranger = try await makeKey(lab, "stranger")
      try lab.write("stranger \(stranger)", to: "others")
      _ = try await run(
        lab, "plan", "site.yaml", "-o", "other.json", "--sign", "stranger", status: 0)
      _ = try await run(
        lab, "apply", "other.json", "--require-signature", "others", status: 7, environment: demanding)
      // What is set and names nothing is a mistake, and no permission.
      _ = try await run(
        lab, "apply", "plan.json", status: 1, environment: ["VIRTFORM_REQUIRE_SIGNATURE": ""])
      _ = try await run(lab, "apply", "plan.json", status: 0, environment: demanding)
      _ = try await run(lab, "plan", "site.yaml", "--detailed-exitcode", status: 0, environment: demanding)
    }
  }

  @Test("keys that are not there and an ssh-keygen that is not installed are told of, and nothing is saved")
  func missing() async throws {
    try await Lab.with(driver: "test") { lab in
      _ = try await makeKey(lab, "anna")
      try write(lab, title: "one")
      let nobody = try await run(lab, "plan", "site.yaml", "-o", "plan.json", "--sign", "nobody", status: 1)
      #expect(nobody.errors.contains("there is no key 'nobody' to sign with"), "\(nobody.errors)")
      let bare = try await run(
        lab, "plan", "site.yaml", "-o", "plan.json", "--sign", "anna", status: 1,
        environment: ["PATH": "/nowhere"])
      #expect(bare.errors.contains("ssh-keygen cannot be run"), "\(bare.errors)")
      let alone = try await run(lab, "plan", "site.yaml", "--sign", "anna", status: 1)
      #expect(alone.errors.contains("--sign goes with --out"), "\(alone.errors)")
      #expect(!FileManager.default.fileExists(atPath: "\(lab.work)/plan.json"))
    }
  }
}

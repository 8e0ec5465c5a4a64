import FoundationEssentials
import Libvirt
import TestLab
import Testing
import enum SpecModel.StructuredValue

/// What a pipeline relies on: exit codes, documents, approval by digest, signals.
@Suite(
  "virtform in a pipeline", .serialized, .timeLimit(.minutes(10)),
  .enabled(if: Lab.hasLibvirt, "needs libvirtd and virsh"))
struct PipelineTests {
  private func spec(_ lab: Lab, memory: String = "64MiB", driver: String = "test", vm options: String = "")
    -> String
  {
    """
    virtform: 1
    stack: shop
    hosts:
      sim: {uri: "\(lab.uri(driver: driver))"\(driver == "qemu" ? ", accel: tcg" : "")}
    pools:
      main: {type: dir, path: \(lab.work)/main}
    vms:
      web: {count: 3, memory: \(memory), disks: {root: {size: 1GiB}}\(options)}

    """
  }

  private func json(_ text: String) throws -> StructuredValue {
    try JSONDecoder().decode(StructuredValue.self, from: Data(text.utf8))
  }

  private func json(inFile name: String, of lab: Lab) throws -> StructuredValue {
    try json(String(contentsOfFile: "\(lab.work)/\(name)", encoding: .utf8))
  }

  private func text(_ value: StructuredValue?) -> String? {
    if case .string(let text) = value { text } else { nil }
  }

  private func list(_ value: StructuredValue?) -> [StructuredValue] {
    if case .list(let values) = value { values } else { [] }
  }

  private func events(_ text: String) throws -> [StructuredValue] {
    try text.split(separator: "\n").map { try json(String($0)) }
  }

  private func run(
    _ lab: Lab, _ arguments: String..., status: Int32, _ place: SourceLocation = #_sourceLocation
  )
    async throws -> Lab.Outcome
  {
    let outcome = try await lab.virtform(arguments)
    #expect(outcome.status == status, "\(outcome.output)\(outcome.errors)", sourceLocation: place)
    return outcome
  }

  @Test("plan for review, approval by digest, apply of exactly that, drift at night, repair")
  func pipeline() async throws {
    try await Lab.with(driver: "test") { lab in
      try lab.write(spec(lab), to: "site.yaml")
      _ = try await run(lab, "apply", "site.yaml", "--auto-approve", status: 0)
      try lab.write(spec(lab, vm: ", title: Shop"), to: "site.yaml")

      let review = try await run(
        lab, "plan", "site.yaml", "--format", "markdown", "--json-into", "plan.json", "--gitlab-into",
        "gitlab.json", "--detailed-exitcode", status: 2)
      #expect(review.output.hasPrefix("### virtform plan: stack `shop`\n"))
      #expect(
        try json(inFile: "gitlab.json", of: lab)["update"] == 3)
      let plan = try json(inFile: "plan.json", of: lab)
      let digest = try #require(text(plan["digest"]))
      #expect(review.output.contains("`\(digest)`"))

      // Another plan is not what was approved.
      try lab.write(spec(lab, vm: ", title: Shop, description: sneaked in"), to: "site.yaml")
      let other = try await run(lab, "apply", "site.yaml", "--approve", digest, status: 4)
      #expect(other.errors.contains("not the one that was approved"))
      try lab.write(spec(lab, vm: ", title: Shop"), to: "site.yaml")
      let applied = try await run(
        lab, "apply", "site.yaml", "--approve", digest, "--json-into", "events.json", "--junit-into",
        "junit.xml",
        status: 0)
      #expect(applied.output.contains("0 added, 3 changed, 0 removed"))
      let events = try events(String(contentsOfFile: "\(lab.work)/events.json", encoding: .utf8))
      #expect(
        events.first?["type"] == "version" && events.last?["type"] == "apply_summary")
      #expect(try String(contentsOfFile: "\(lab.work)/junit.xml", encoding: .utf8).contains("failures=\"0\""))
      _ = try await run(lab, "plan", "site.yaml", "--detailed-exitcode", status: 0)

      _ = try await lab.virsh("desc", "web-2", "--config", "--live", "--title", "Mine", driver: "test")
      let drift = try await run(lab, "drift", "site.yaml", "--json", "--detailed-exitcode", status: 2)
      let drifted = list(try json(drift.output)["resource_drift"])
      #expect(drifted.map { $0["address"] } == ["vm.web-2"])
      // By now the plan that was approved would do something else.
      _ = try await run(lab, "apply", "site.yaml", "--approve", digest, status: 4)
      _ = try await run(lab, "apply", "site.yaml", "--auto-approve", status: 0)
      _ = try await run(lab, "drift", "site.yaml", "--detailed-exitcode", status: 0)
    }
  }

  @Test("under --json every fault is JSON on standard output, and standard error is silent")
  func faults() async throws {
    try await Lab.with(driver: "test") { lab in
      try lab.write(spec(lab), to: "site.yaml")
      try lab.write("virtform: 1\nstack: [\n", to: "broken.yaml")
      try lab.write(
        spec(lab).replacing(lab.uri(driver: "test"), with: "test+tcp://127.0.0.1:9/default"),
        to: "away.yaml")
      let faults: [(arguments: [String], status: Int32)] = [
        (["plan", "site.yaml", "--json", "--bogus"], 1), (["plan", "broken.yaml", "--json"], 3),
        (["validate", "broken.yaml", "--json"], 3), (["plan", "away.yaml", "--json"], 1),
        (["plan", "site.yaml", "--json", "--target", "vm.nobody"], 1), (["drift", "missing", "--json"], 3),
        (["show", "nobody", "site.yaml", "--json"], 1), (["hosts", "away.yaml", "--json"], 1),
        (["plan", "site.yaml", "--format", "json", "--format", "toml"], 1),
      ]
      for (arguments, status) in faults {
        let outcome = try await lab.virtform(arguments)
        #expect(outcome.status == status, "\(arguments): \(outcome.output)\(outcome.errors)")
        #expect(outcome.errors == "", "\(arguments)")
        let diagnostics = list(try json(outcome.output)["diagnostics"])
        #expect(!diagnostics.isEmpty, "\(arguments): \(outcome.output)")
      }
      // A run tells of its end in its last line.
      let refused = try await run(lab, "apply", "site.yaml", "--json", status: 7)
      #expect(refused.errors == "")
      #expect(try events(refused.output).map { $0["type"] } == ["version", "plan", "diagnostic"])
      _ = try await run(lab, "lock", "site.yaml", "--reason", "freeze", status: 0)
      let locked = try await run(lab, "apply", "site.yaml", "--json", "--auto-approve", status: 6)
      #expect(try events(locked.output).last?["type"] == "diagnostic")
      let holder = try json(try await run(lab, "lock", "site.yaml", "--status", "--json", status: 0).output)
      let hosts = list(holder["hosts"])
      #expect(hosts.first?["lock"]?["reason"] == "freeze")
      _ = try await run(lab, "unlock", "site.yaml", "--auto-approve", status: 0)
    }
  }

  @Test("faults of a spec reach GitHub as annotations, and other code hosts as SARIF")
  func annotations() async throws {
    try await Lab.with(driver: "test") { lab in
      try lab.write("virtform: 1\nstack: shop\nvms:\n  web: {memroy: 1GiB}\n", to: "site.yaml")
      let github = try await run(
        lab, "validate", "site.yaml", "--format", "github", "--sarif-into", "s.json", status: 3)
      #expect(
        github.output.contains("::error file=site.yaml,line=4,col=9,title=virtform::"), "\(github.output)")
      let sarif = try json(inFile: "s.json", of: lab)
      #expect(sarif["version"] == "2.1.0")
    }
  }

  // MARK: Signals

  /// Runs virtform and sends it SIGTERM as soon as it has said each of `texts`; returns what it said and how it ended.
  private func interrupt(_ lab: Lab, when texts: [String], _ arguments: String...) async throws -> Lab.Outcome
  {
    let script = """
      : >said; : >faults
      "$@" >said 2>faults & p=$!
      while IFS= read -r text; do
        until grep -qF -- "$text" said faults || ! kill -0 $p 2>/dev/null; do sleep 0.05; done
        kill -TERM $p 2>/dev/null
      done <texts
      wait $p; status=$?
      cat said; cat faults >&2; exit $status
      """
    try lab.write(texts.map { $0 + "\n" }.joined(), to: "texts")
    return try await Lab.run(
      "/bin/bash", ["-c", script, "-", Lab.binary] + arguments, in: lab.work,
      environment: ["VIRTFORM_HOME": lab.home])
  }

  @Test(
    "the first signal ends a run after what is under way, and its lock; the second one at once",
    .enabled(if: Lab.hasQEMU, "needs QEMU"))
  func signals() async throws {
    try await Lab.with(driver: "qemu") { lab in
      // These guests have no system: they never get ready, and never shut down.
      let site = spec(
        lab, driver: "qemu",
        vm: ", ready: {console: never, timeout: 5m}, shutdown: {timeout: 6s, force: true}")
      try lab.write(site, to: "site.yaml")
      let waiting = try await interrupt(
        lab, when: ["vm.web-3: waiting until ready…"], "apply", "site.yaml", "--auto-approve")
      #expect(waiting.status == 5, "\(waiting.output)\(waiting.errors)")
      #expect(waiting.output.contains("SIGTERM: ending after what is under way"))
      #expect(waiting.output.contains("interrupted by SIGTERM; the guest runs on"))
      let free = try await run(lab, "lock", "site.yaml", "--status", status: 0)
      #expect(free.output.contains("not locked"))
      _ = try await run(lab, "plan", "site.yaml", "--detailed-exitcode", status: 0)

      // What is under way comes to its end: the guests are off, their VMs are removed by the next run.
      try lab.write(site.replacing("count: 3", with: "count: 2"), to: "site.yaml")
      let stopping = try await interrupt(
        lab, when: ["\"step_started\""], "apply", "site.yaml", "--auto-approve", "--json")
      #expect(stopping.status == 5, "\(stopping.output)\(stopping.errors)")
      let types = try events(stopping.output).compactMap { text($0["type"]) }
      #expect(types.contains("interrupted") && types.contains("step_done") && types.contains("step_skipped"))
      _ = try await run(lab, "apply", "site.yaml", "--auto-approve", status: 0)
      _ = try await run(lab, "plan", "site.yaml", "--detailed-exitcode", status: 0)

      // The second signal waits for nothing, and says what may be unfinished.
      try lab.write(site.replacing("count: 3", with: "count: 1"), to: "site.yaml")
      let aborted = try await interrupt(
        lab, when: ["vm.web-2: stopping…", "ending after what is under way"], "apply", "site.yaml",
        "--auto-approve")
      #expect(aborted.status == 5, "\(aborted.output)\(aborted.errors)")
      #expect(aborted.errors.contains("may be unfinished: vm.web-2 on sim (stopping)"), "\(aborted.errors)")
      // Its lock is known to be abandoned.
      _ = try await run(lab, "apply", "site.yaml", "--auto-approve", status: 0)
      _ = try await run(lab, "destroy", "site.yaml", "--auto-approve", "--allow-data-loss", status: 0)
    }
  }
}

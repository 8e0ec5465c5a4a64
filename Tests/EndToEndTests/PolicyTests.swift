import FoundationEssentials
import TestLab
import Testing
import enum SpecModel.StructuredValue

/// What the commands do with a plan that a policy refuses.
@Suite(
  "A policy and the commands", .serialized, .timeLimit(.minutes(5)),
  .enabled(if: Lab.hasLibvirt, "needs libvirtd and virsh"))
struct PolicyTests {
  private func spec(_ lab: Lab, count: Int, policy: String = "") -> String {
    """
    virtform: 1
    stack: shop
    hosts:
      sim: {uri: "\(lab.uri(driver: "test"))"}
    pools:
      main: {type: dir, path: \(lab.work)/main}
    vms:
      web: {count: \(count), memory: 64MiB, disks: {root: {size: 1GiB}}}
    \(policy)
    """
  }

  @Test("plan shows what is refused and ends with 7; apply, saved plans and destroy do nothing")
  func refusal() async throws {
    try await Lab.with(driver: "test") { lab in
      func run(_ arguments: String..., status: Int32, _ place: SourceLocation = #_sourceLocation) async throws
        -> Lab.Outcome
      {
        let outcome = try await lab.virtform(arguments)
        #expect(outcome.status == status, "\(outcome.output)\(outcome.errors)", sourceLocation: place)
        return outcome
      }
      try lab.write(spec(lab, count: 2), to: "site.yaml")
      try lab.write("max_changes: 4\n", to: "limits.yaml")
      _ = try await run("plan", "site.yaml", "-o", "saved.json", status: 0)

      let plan = try await run(
        "plan", "site.yaml", "--policy", "limits.yaml", "--detailed-exitcode", status: 7)
      #expect(
        plan.output.hasSuffix(
          """
          Refused by the policy:
            max_changes (limits.yaml:1:1): 5 objects change, and 4 may at most
                pool.main on sim, disk.web-1.root … disk.web-2.root on sim, vm.web-1 … vm.web-2 on sim

          """), "\(plan.output)")
      #expect(
        plan.errors.hasPrefix(
          "error: the policy refuses this plan, and nothing was done: max_changes (limits.yaml:1:1)"))

      let calls = try await lab.calls {
        for command in ["site.yaml", "saved.json"] {
          let apply = try await run("apply", command, "--auto-approve", "--policy", "limits.yaml", status: 7)
          #expect(apply.output.contains("Refused by the policy:"))
        }
        let events = try await run(
          "apply", "site.yaml", "--auto-approve", "--json", "--policy", "limits.yaml", status: 7)
        #expect(events.output.contains("\"breaches\"") && events.output.contains("\"type\":\"diagnostic\""))
      }
      #expect(Lab.mutating(calls).isEmpty, "\(calls)")

      // A policy that came into the spec after the plan was saved counts, and makes the plan no other.
      try lab.write(spec(lab, count: 2, policy: "policy: {max_changes: 4}\n"), to: "site.yaml")
      let later = try await run("apply", "saved.json", status: 7)
      #expect(later.errors.contains("max_changes (site.yaml:9:10)"))
      try lab.write(
        spec(lab, count: 2, policy: "policy: {max_changes: 5, max_removals: 1}\n"), to: "site.yaml")
      _ = try await run("apply", "saved.json", status: 0)

      let destroy = try await run("destroy", "site.yaml", "--auto-approve", "--allow-data-loss", status: 7)
      #expect(
        destroy.output.contains("max_removals (site.yaml:9:26): 5 objects are removed, and 1 may at most"))
      let document = try await run("plan", "site.yaml", "--destroy", "--json", status: 7)
      let json = try JSONDecoder().decode(StructuredValue.self, from: Data(document.output.utf8))
      guard case .list(let breaches)? = json["policy"]?["breaches"] else {
        Issue.record("no breaches")
        return
      }
      #expect(breaches.map { $0["rule"] } == ["max_removals"])
      _ = try await run("validate", "site.yaml", "--policy", "gone.yaml", status: 3)
    }
  }

  @Test("overcommit is judged by what the host says of itself, and windows by the time that is given")
  func hostAndTime() async throws {
    try await Lab.with(driver: "test") { lab in
      // The test driver's host has 16 CPUs and 3 GiB of memory; its own VM has 2 vCPUs and 8 MiB, or 8 GiB.
      try lab.write(spec(lab, count: 1, policy: "policy: {overcommit: {cpus: 0.01}}\n"), to: "site.yaml")
      let plan = try await lab.virtform("plan", "site.yaml")
      #expect(plan.status == 7)
      #expect(
        plan.output.contains("overcommit.cpus (site.yaml:9:23): the VMs that run on host 'sim' would have "))
      #expect(plan.output.contains("0.01 times its 16 CPUs\n      vm.web-1 on sim\n"), "\(plan.output)")

      try lab.write(spec(lab, count: 1), to: "site.yaml")
      #expect(try await lab.virtform("apply", "site.yaml", "--auto-approve").status == 0)
      let window = "policy: {restart_window: {days: [sat], from: \"22:00\", to: \"05:00\"}}\n"
      try lab.write(
        spec(lab, count: 1, policy: window).replacing("64MiB", with: "96MiB"), to: "site.yaml")
      // A Sunday at four, and at noon.
      let night = try await lab.virtform("plan", "site.yaml", "--restart", "--at", "2026-12-06T04:00:00Z")
      #expect(night.status == 0, "\(night.output)\(night.errors)")
      let day = try await lab.virtform("plan", "site.yaml", "--restart", "--at", "2026-12-06T12:00:00Z")
      #expect(day.status == 7)
      #expect(
        day.output.contains(
          "1 guest restarts, and it is Sun 12:00 (UTC): they may on sat from 22:00 to 05:00 (UTC)"),
        "\(day.output)")
    }
  }
}

import FoundationEssentials
import Libvirt
import TestLab
import Testing

/// Faults of calls where a real guest runs, which grows and shrinks while it counts.
@Suite(
  "Faults of calls on QEMU", .serialized, .timeLimit(.minutes(240)),
  .enabled(if: Lab.hasQEMU, "needs root, libvirtd, QEMU, and the guest that Lab/guest/image.sh makes"))
struct QEMUCallTortureTests {
  private static let command = "make torture FILTER=QEMUCallTortureTests"
  /// How many faults `make test` tries; `VIRTFORM_TEST_ROUNDS` makes it more.
  private static let sample = Torture.rounds(usual: 6)

  @Test("whatever befalls a call, the next run goes on from there, and the guest counts on")
  func calls() async throws {
    try await Lab.with { lab in
      let strangers = Strangers(lab: lab, bridge: "vft-tors", subnet: "10.78.91")
      try await strangers.make()
      let theirs = try await strangers.contents()
      let stack = GrowingStack(stack: "torture", bridge: "vft-tort", subnet: "10.78.90")
      let log = "\(lab.work)/calls.log"

      func run(_ command: [String], _ fault: String? = nil) async throws -> Lab.Outcome {
        try? FileManager.default.removeItem(atPath: log)
        var environment = ["VIRTFORM_HOME": lab.home, "VIRTFORM_CALL_LOG": log]
        environment["VIRTFORM_FAULT"] = fault
        return try await Lab.run(
          "/usr/bin/timeout", ["--kill-after", "5", "200", Lab.binary] + command, in: lab.work,
          environment: environment)
      }
      func apply(_ fault: String? = nil) async throws -> Lab.Outcome {
        try await run(["apply", "site.yaml", "--auto-approve", "--allow-data-loss"], fault)
      }
      func form(isLarge: Bool) async throws -> GrowingStack.Form {
        try lab.write(stack.text(isLarge: isLarge), to: "site.yaml")
        let made = try await apply()
        try #require(made.status == 0, "\(made.output)\(made.errors)")
        return GrowingStack.Form(
          objects: try await HostPicture(of: lab.connection).objects, calls: CallLog(log).functions)
      }
      _ = try await form(isLarge: false)
      let boot = try await lab.status(of: "web")["boot"]
      let large = try await form(isLarge: true)
      let small = try await form(isLarge: false)

      var tallies: [String: FaultTally] = [:]
      for (round, faults) in Self.rounds(large.calls.count, small.calls.count).enumerated() {
        let isLarge = round % 2 == 0
        let expected = isLarge ? large : small
        try lab.write(stack.text(isLarge: isLarge), to: "site.yaml")
        let first = try await apply("\(faults)")
        let befallen = CallLog(log).befallen
        var problems = befallen.isEmpty ? [] : faults.problems(of: first, befallen)
        let next = try await apply()
        if next.status != 0 { problems.append("the next run: \(next.status) \(next.output)\(next.errors)") }
        let plan = try await run(["plan", "site.yaml", "--detailed-exitcode"])
        if plan.status != 0 { problems.append("the plan after it: \(plan.output)\(plan.errors)") }
        let objects = try await HostPicture(of: lab.connection).objects
        let missing = expected.objects.subtracting(objects)
        let surplus = objects.subtracting(expected.objects)
        if objects != expected.objects { problems.append("missing \(missing), too much \(surplus)") }
        let isSame = try await lab.status(of: "web")["boot"] == boot
        if !isSame { problems.append("the guest was started anew") }
        let isTheirs = try await strangers.contents() == theirs
        if !isTheirs { problems.append("what others made has changed") }
        guard !befallen.isEmpty else { continue }
        let row = "\(faults.words), with a running guest on QEMU"
        tallies[row, default: FaultTally(area: "Calls", fault: row, command: Self.command)].count(
          hasSurvived: problems.isEmpty, isLoss: !missing.isEmpty || !isSame || !isTheirs)
        #expect(
          problems.isEmpty, "\(faults), \(befallen[0]): \(problems); first: \(first.output)\(first.errors)")
      }
      #expect(!tallies.isEmpty)
      for tally in tallies.values { try tally.record() }
      let destroy = try await run(["destroy", "site.yaml", "--auto-approve", "--allow-data-loss"])
      #expect(destroy.status == 0, "\(destroy.output)\(destroy.errors)")
    }
  }

  /// The faults of one round after the other, of which every other one makes the stack large.
  private static func rounds(_ large: Int, _ small: Int) -> [CallFaultCase] {
    // Each third call in the long form: what a guest takes live is slow.
    let growing = CallFaultCase.all(calls: large, sample: Torture.isLong ? large / 3 : sample / 2)
    let shrinking = CallFaultCase.all(
      calls: small, sample: Torture.isLong ? small / 3 : sample / 2, offset: sample / 2)
    return zip(growing, shrinking).flatMap { [$0, $1] }
  }
}

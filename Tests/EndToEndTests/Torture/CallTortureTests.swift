import FoundationEssentials
import TestLab
import Testing

/// Runs that end at any of their calls, on the test driver: the next run makes what the spec says, and nothing else.
@Suite(
  "Faults of every call", .serialized, .timeLimit(.minutes(240)),
  .enabled(if: Lab.hasLibvirt, "needs libvirtd and virsh"))
struct CallTortureTests {
  /// How many faults of each scenario `make test` tries; `VIRTFORM_TEST_ROUNDS` makes it more.
  private static let sample = Torture.rounds(usual: 5)

  @Test("whatever befalls a call, the next run goes on from there, with nothing lost, doubled or stopped")
  func everyCall() async throws {
    var tallies: [String: FaultTally] = [:]
    let names = ProcessInfo.processInfo.environment["VIRTFORM_TEST_SCENARIO"]
    let scenarios = TortureScenario.all.filter { names.map($0.name.contains) ?? true }
    let results = try await withThrowingTaskGroup(of: [CallTorture.Verdict].self) {
      group in
      // Several at once, each with hosts of its own: much of a run is waiting.
      let lanes = Torture.isLong ? 4 : 2
      for lane in 0..<lanes {
        group.addTask { try await run(scenarios.enumerated().filter { $0.offset % lanes == lane }) }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
    for verdict in results {
      guard verdict.function != nil else { continue }
      let fault = verdict.fault
      let row = "\(fault.words), on the test driver"
      var tally =
        tallies[row]
        ?? FaultTally(
          area: "Calls", fault: row, command: "make torture FILTER=CallTortureTests")
      tally.count(hasSurvived: verdict.problems.isEmpty, isLoss: verdict.isLoss)
      tallies[row] = tally
    }
    #expect(tallies.count == CallFaultCase.ways.count || names != nil)
    for tally in tallies.values { try tally.record() }
  }

  /// Runs scenarios one after the other on two hosts.
  private func run(
    _ scenarios: [(offset: Int, element: TortureScenario)]
  ) async throws -> [CallTorture.Verdict] {
    var results: [CallTorture.Verdict] = []
    try await Lab.with(driver: "test") { first in
      try await Lab.with(driver: "test") { second in
        for (index, scenario) in scenarios {
          let torture = try await CallTorture(scenario, on: [first, second])
          let cases = CallFaultCase.all(
            calls: torture.calls.count, sample: Torture.isLong ? nil : Self.sample, offset: index * 5)
          for fault in cases {
            let verdict = try await torture.verdict(on: fault)
            let problems = verdict.problems.joined(separator: "\n")
            #expect(
              verdict.problems.isEmpty, "\(scenario), \(fault), \(verdict.function ?? ""): \(problems)")
            results.append(verdict)
          }
          print("\(scenario): \(torture.calls.count) calls, \(cases.count) faults")
        }
      }
    }
    return results
  }
}

import FoundationEssentials
import TestLab
import Testing

/// Runs that end at any of their calls, on the test driver: the next run makes what the spec says, and nothing else.
@Suite(
  "Faults of every call", .serialized, .timeLimit(.minutes(240)),
  .enabled(if: Lab.hasLibvirt, "needs libvirtd and virsh"))
struct CallFaultTests {
  /// How many faults of each scenario `make test` tries.
  private static let sample = 10

  @Test("whatever befalls a call, the next run goes on from there, with nothing lost, doubled or stopped")
  func everyCall() async throws {
    var tallies: [String: FaultTally] = [:]
    let names = ProcessInfo.processInfo.environment["VIRTFORM_TEST_SCENARIO"]
    let scenarios = TortureScenario.all.filter { names.map($0.name.contains) ?? true }
    let results = try await withThrowingTaskGroup(of: [(TortureScenario, CallTorture.Verdict)].self) {
      group in
      // Two at once, each with hosts of its own: much of a run is waiting.
      for lane in 0..<2 {
        group.addTask { try await run(scenarios.enumerated().filter { $0.offset % 2 == lane }) }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
    for (scenario, verdict) in results {
      guard let function = verdict.function else { continue }
      let fault = verdict.fault
      let words = CallFaultCase.ways.first { $0.kind == fault.kind && $0.goesOn == fault.goesOn }?.words
      let row = "\(words ?? "\(fault)"), on the test driver"
      var tally =
        tallies[row]
        ?? FaultTally(
          area: "Calls", fault: row, command: "make torture FILTER=CallFaultTests")
      tally.tried += 1
      if verdict.problems.isEmpty { tally.survived += 1 }
      if verdict.isLoss { tally.lost += 1 }
      tallies[row] = tally
      let problems = verdict.problems.joined(separator: "\n")
      #expect(verdict.problems.isEmpty, "\(scenario), \(fault), \(function): \(problems)")
    }
    #expect(tallies.count == CallFaultCase.ways.count || names != nil)
    for tally in tallies.values { try tally.record() }
  }

  /// Runs scenarios one after the other on two hosts.
  private func run(
    _ scenarios: [(offset: Int, element: TortureScenario)]
  ) async throws -> [(TortureScenario, CallTorture.Verdict)] {
    var results: [(TortureScenario, CallTorture.Verdict)] = []
    try await Lab.with(driver: "test") { first in
      try await Lab.with(driver: "test") { second in
        for (index, scenario) in scenarios {
          let torture = try await CallTorture(scenario, on: [first, second])
          let cases = CallFaultCase.all(
            calls: torture.calls.count, sample: Torture.isLong ? nil : Self.sample, offset: index)
          for fault in cases { results.append((scenario, try await torture.verdict(on: fault))) }
          print("\(scenario): \(torture.calls.count) calls, \(cases.count) faults")
        }
      }
    }
    return results
  }
}

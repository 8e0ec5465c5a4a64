import FoundationEssentials
import TestLab
import Testing

/// Faults of the calls of a run that moves a running guest with its disks.
@Suite(
  "Faults of calls while a guest moves", .serialized, .timeLimit(.minutes(240)),
  .enabled(
    if: Lab.hasHosts,
    "needs root, libvirtd, QEMU, dnsmasq, bindfs with /dev/fuse, openssl, and what make guest makes"))
struct MigrationTortureTests {
  private typealias Estate = HostLabTests.MigrationTests.Estate

  private static let command = "make torture FILTER=MigrationTortureTests"
  /// How many faults `make test` tries.
  private static let sample = 4

  @Test("whatever befalls a call, one guest runs, which is never started anew, and the next run goes on")
  func calls() async throws {
    try await HostLab.with(hosts: 2) { lab in
      var estate = Estate(lab: lab)
      estate.fields = [
        "host": "rack1", "pool": "local", "state": "off", "disks": "{data: {size: 16MiB}}",
      ]
      try await estate.apply()
      try await estate.pattern("write", on: "rack1")
      estate.fields["state"] = nil
      try await estate.apply()
      var last = try await estate.count(beyond: 0, on: "rack1")
      let log = "\(lab.work)/calls.log"
      func apply(_ fault: String?) async throws -> Lab.Outcome {
        try? FileManager.default.removeItem(atPath: log)
        var environment = ["VIRTFORM_HOME": "\(lab.work)/home", "VIRTFORM_CALL_LOG": log]
        environment["VIRTFORM_FAULT"] = fault
        return try await Lab.run(
          "/usr/bin/timeout",
          ["--kill-after", "5", "300", Lab.binary, "apply", "site.yaml", "--auto-approve"], in: lab.work,
          environment: environment)
      }
      // There once without a fault, to count.
      estate.fields["host"] = "rack2"
      try estate.write()
      let counted = try await apply(nil)
      try #require(counted.status == 0, "\(counted.output)\(counted.errors)")
      let functions = CallLog(log).functions
      var place = "rack2"
      var tallies: [String: FaultTally] = [:]
      for fault in Self.cases(functions) {
        let target = place == "rack1" ? "rack2" : "rack1"
        estate.fields["host"] = target
        try estate.write()
        let first = try await apply("\(fault)")
        let befallen = CallLog(log).befallen
        var problems = befallen.isEmpty ? [] : fault.problems(of: first, befallen)
        try await estate.apply()
        let places = try await estate.places()
        if places != [target: "running"] { problems.append("it is on \(places)") }
        let now = try await estate.count(beyond: last.tick, on: target)
        if now.boot != last.boot { problems.append("the guest was started anew") }
        let left = try await estate.files(on: place)
        if !left.isEmpty { problems.append("\(place) still has \(left)") }
        let isLoss = now.boot != last.boot || places.count != 1
        (place, last) = (target, now)
        guard !befallen.isEmpty else { continue }
        let row = "\(fault.words)"
        tallies[row, default: FaultTally(area: "Migrations", fault: row, command: Self.command)].count(
          hasSurvived: problems.isEmpty, isLoss: isLoss)
        #expect(
          problems.isEmpty,
          "\(fault), \(befallen[0]): \(problems); the run said \(first.output)\(first.errors)")
      }
      #expect(!tallies.isEmpty)
      estate.fields["state"] = "off"
      try await estate.apply()
      try await estate.pattern("read", on: place)
      for tally in tallies.values { try tally.record() }
    }
  }

  /// A sample of every way around the migration itself, or at every second call.
  private static func cases(_ functions: [String]) -> [CallFaultCase] {
    if Torture.isLong { return CallFaultCase.all(calls: functions.count, sample: functions.count / 2) }
    let move = (functions.firstIndex { $0.hasPrefix("virDomainMigrate") } ?? functions.count / 2) + 1
    let kinds: [CallFaultCase.Kind] = [.killAfter, .unanswered, .killBefore, .denied]
    return kinds.prefix(sample).enumerated().map { index, kind in
      CallFaultCase(kind: kind, number: min(functions.count, move + index / 2))
    }
  }
}

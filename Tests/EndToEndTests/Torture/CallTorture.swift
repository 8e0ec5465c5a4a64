import FoundationEssentials
import Libvirt
import TestLab

/// A run of virtform on the test driver, which faults befall.
struct TortureScenario: Sendable, CustomStringConvertible {
  let name: String
  /// What the spec says of the stack before, and what the run makes of it, without the hosts.
  var before = ""
  var after = ""
  var command = "apply"
  var options: [String] = []
  var hosts = 1
  /// What others have made on the hosts.
  var foreign: @Sendable (Connection) async throws -> Void = { _ in }

  var description: String { name }
}

/// One scenario with hosts of its own, again and again from the same state.
actor CallTorture {
  private let scenario: TortureScenario
  private let labs: [Lab]
  private let contents: [HostContents]
  /// What a run makes of them that nothing befalls, and which guests it lets run on.
  private let expected: [HostPicture]
  private let untouched: [Set<String>]
  /// The calls of such a run.
  nonisolated let calls: [String]
  /// What comes of hosts that a run has left so, if virtform runs once more: many faults leave the same.
  private var sequels: [[Set<String>]: Sequel] = [:]

  private static let before = "before.yaml"
  private static let after = "after.yaml"

  /// What a run without faults makes of what one with faults has left.
  private struct Sequel {
    var problems: [String] = []
    var isLoss = false
    /// What it said.
    var text = ""
  }

  /// What came of one fault.
  struct Verdict {
    let fault: CallFaultCase
    /// The function that it befell; nil if the run had made no such call.
    let function: String?
    var problems: [String] = []
    /// Whether something is gone that nobody gave up.
    var isLoss = false
  }

  /// Sets the hosts up, and makes the run once without a fault.
  init(_ scenario: TortureScenario, on labs: [Lab]) async throws {
    self.scenario = scenario
    self.labs = Array(labs.prefix(scenario.hosts))
    let hosts = self.labs.enumerated().map { "  sim\($0 + 1): {uri: \"\($1.uri(driver: "test"))\"}\n" }
    let head = "virtform: 1\nstack: torture\nhosts:\n\(hosts.joined())"
    for (file, text) in [(Self.before, scenario.before), (Self.after, scenario.after)] {
      try labs[0].write(head + text, to: file)
    }
    for lab in self.labs {
      try await HostContents.nothing.restore(on: lab.connection)
      try await scenario.foreign(lab.connection)
    }
    let made = try await Self.run(labs[0], ["apply", Self.before, "--auto-approve"])
    try Self.require(made.status == 0, "before: \(made.output)\(made.errors)")
    contents = try await Self.each(self.labs) { try await HostContents(of: $0.connection) }
    try await Self.restore(contents, on: self.labs)
    let start = try await Self.pictures(self.labs)
    let log = "\(labs[0].work)/calls.log"
    try? FileManager.default.removeItem(atPath: log)
    let run = try await Self.run(labs[0], Self.words(scenario), ["VIRTFORM_CALL_LOG": log])
    try Self.require(run.status == 0, "without a fault: \(run.output)\(run.errors)")
    calls = CallLog(log).functions
    expected = try await Self.pictures(self.labs)
    untouched = zip(start, expected).map { start, end in
      Set(start.starts.filter { end.starts[$0.key] == $0.value }.keys)
    }
  }

  private static func words(_ scenario: TortureScenario) -> [String] {
    [scenario.command, after, "--auto-approve"] + scenario.options
  }

  /// Runs virtform with a limit, so that a hang is seen.
  private static func run(
    _ lab: Lab, _ words: [String], _ environment: [String: String] = [:]
  ) async throws -> Lab.Outcome {
    var environment = environment
    environment["VIRTFORM_HOME"] = lab.home
    return try await Lab.run(
      "/usr/bin/timeout", ["--kill-after", "5", "120", Lab.binary] + words, in: lab.work,
      environment: environment)
  }

  private static func require(_ isTrue: Bool, _ words: String) throws {
    if !isTrue { throw Lab.Failure(description: words) }
  }

  private static func each<Value>(_ labs: [Lab], _ body: (Lab) async throws -> Value) async throws -> [Value]
  {
    var values: [Value] = []
    for lab in labs { values.append(try await body(lab)) }
    return values
  }

  private static func restore(_ contents: [HostContents], on labs: [Lab]) async throws {
    for (contents, lab) in zip(contents, labs) { try await contents.restore(on: lab.connection) }
  }

  private static func pictures(_ labs: [Lab]) async throws -> [HostPicture] {
    try await each(labs) { try await HostPicture(of: $0.connection) }
  }

  // MARK: One fault

  /// Sets the hosts back, has the fault befall a run, runs once more without, and looks what has come of it.
  func verdict(on fault: CallFaultCase) async throws -> Verdict {
    try await Self.restore(contents, on: labs)
    let start = try await Self.pictures(labs)
    let log = "\(labs[0].work)/calls.log"
    try? FileManager.default.removeItem(atPath: log)
    let first = try await Self.run(
      labs[0], Self.words(scenario), ["VIRTFORM_FAULT": "\(fault)", "VIRTFORM_CALL_LOG": log])
    let befallen = CallLog(log).befallen
    var verdict = Verdict(fault: fault, function: befallen.first)
    guard !befallen.isEmpty else { return verdict }
    verdict.problems += fault.problems(of: first, befallen)

    let middle = try await Self.pictures(labs)
    let left = middle.map(\.lines)
    let sequel: Sequel
    if let known = sequels[left] {
      sequel = known
    } else {
      sequel = try await self.sequel(to: middle)
      sequels[left] = sequel
    }
    verdict.problems += sequel.problems + restarts(start, middle)
    verdict.isLoss = sequel.isLoss || !restarts(start, middle).isEmpty
    if !verdict.problems.isEmpty {
      verdict.problems.append("what the run said, \(first.status): \(first.output)\(first.errors)")
      verdict.problems.append("what the next run said: \(sequel.text)")
    }
    return verdict
  }

  private func sequel(to middle: [HostPicture]) async throws -> Sequel {
    var sequel = Sequel()
    let run = try await Self.run(labs[0], Self.words(scenario))
    sequel.text = run.output + run.errors
    if run.status != 0 { sequel.problems.append("the next run ended with \(run.status)") }
    let goal = scenario.command == "destroy" ? ["--destroy"] : []
    let plan = try await Self.run(labs[0], ["plan", Self.after, "--detailed-exitcode"] + goal)
    if plan.status != 0 {
      sequel.problems.append("the plan after it is not empty: \(plan.status): \(plan.output)\(plan.errors)")
    }
    let end = try await Self.pictures(labs)
    for (picture, expected) in zip(end, expected) {
      let differences = picture.differences(from: expected)
      guard !differences.isEmpty else { continue }
      sequel.problems.append("the host differs:\n\(differences.joined(separator: "\n"))")
      if differences.contains(where: { $0.hasPrefix("- ") }) { sequel.isLoss = true }
    }
    sequel.problems += restarts(middle, end)
    if !restarts(middle, end).isEmpty { sequel.isLoss = true }
    return sequel
  }

  /// Guests that were to run on and did not.
  private func restarts(_ before: [HostPicture], _ after: [HostPicture]) -> [String] {
    zip(untouched, zip(before, after)).flatMap { guests, pictures in
      guests.filter { pictures.0.starts[$0] != pictures.1.starts[$0] }.sorted().map {
        "the guest \($0) was started anew, or stopped"
      }
    }
  }
}

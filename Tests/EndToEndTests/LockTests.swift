import FoundationEssentials
import Glibc
import Libvirt
import TestLab
import Testing

/// Runs of the binary that get in each other's way.
@Suite(
  "The lock of a stack", .serialized, .timeLimit(.minutes(5)),
  .enabled(if: Lab.hasLibvirt, "needs libvirtd and virsh"))
struct LockTests {
  private func spec(_ lab: Lab, driver: String = "test", count: Int = 250, memory: String = "64MiB") -> String
  {
    """
    virtform: 1
    stack: many
    hosts:
      sim: {uri: "\(lab.uri(driver: driver))"}
    pools:
      disks: {type: dir, path: \(lab.work)/disks}
    vms:
      web: {count: \(count), memory: \(memory), disks: {root: {size: 1GiB}}}
    """
  }

  /// The lock's document, or nil if the stack is not locked.
  private func lock(_ lab: Lab) async throws -> XMLElement? {
    if let network = try await lab.connection.network(named: "virtform-lock-many") {
      return try? await network.xml(.inactive)
    }
    return try? await lab.connection.domain(named: "virtform-lock-many")?.xml(.inactive)
  }

  /// The number of the process that holds the lock, as soon as one does. An apply of few VMs is over before anybody looks.
  private func holder(_ lab: Lab) async throws -> pid_t {
    let end = ContinuousClock.now + .seconds(60)
    while true {
      let holder = try await lock(lab)?.first("metadata")?.elements.first?.elements.first
      if let pid = holder?[attribute: "pid"].flatMap({ pid_t($0) }) { return pid }
      try #require(.now < end, "nobody was seen with the lock")
      try await Task.sleep(for: .milliseconds(1))
    }
  }

  /// Runs `body` while an apply holds the lock and is stopped in the middle of its work.
  private func whileApplying(
    _ lab: Lab, _ site: String, _ body: (pid_t) async throws -> Void
  ) async throws -> Lab.Outcome {
    async let outcome = lab.virtform("apply", site, "--auto-approve")
    let pid = try await holder(lab)
    kill(pid, SIGSTOP)
    do {
      try #require(try await lock(lab) != nil)
      try await body(pid)
    } catch {
      kill(pid, SIGKILL)
      throw error
    }
    kill(pid, SIGCONT)
    return try await outcome
  }

  /// Runs virtform with its output in `file` of the work directory.
  private func run(_ lab: Lab, into file: String, _ arguments: String...) async throws -> Lab.Outcome {
    try await Lab.run(
      "/bin/sh", ["-c", "exec \"$0\" \"$@\" >\(file) 2>&1", Lab.binary] + arguments, in: lab.work,
      environment: ["VIRTFORM_HOME": lab.home])
  }

  private func contents(_ lab: Lab, _ file: String) -> String {
    FileManager.default.contents(atPath: "\(lab.work)/\(file)").map { String(decoding: $0, as: UTF8.self) }
      ?? ""
  }

  private func wait(_ lab: Lab, for text: String, in file: String) async throws {
    while !contents(lab, file).contains(text) { try await Task.sleep(for: .milliseconds(5)) }
  }

  @Test("an apply keeps another out, which changes nothing, or waits and goes on from what it finds")
  func twoRuns() async throws {
    // The run that is stopped answers no daemon that asks whether it still lives, however long the others take.
    try await Lab.with(driver: "test", configuration: "keepalive_interval = -1") { lab in
      let site = try lab.write(spec(lab), to: "site.yaml")
      let change = try lab.write(spec(lab, memory: "96MiB"), to: "change.yaml")
      let start = try lab.write(spec(lab, count: 1), to: "start.yaml")
      #expect(try await lab.virtform("apply", start, "--auto-approve").status == 0)
      // What waits ends after the body, when the first goes on.
      let first = Task {
        try await whileApplying(lab, site) { pid in
          let calls = try await lab.calls {
            let second = try await lab.virtform("apply", change, "--auto-approve")
            #expect(second.status == 6)
            #expect(
              second.errors.contains("error: stack 'many' is locked on host 'sim' by "), "\(second.errors)")
            #expect(second.errors.contains("(pid \(pid)): 'apply', taken "))
            #expect(second.errors.contains("its lease ends in "))
            #expect(second.errors.contains("--lock-timeout"))
            #expect(second.errors.contains("virtform unlock"))
            let destroy = try await lab.virtform("destroy", change, "--auto-approve", "--lock-timeout", "1s")
            #expect(destroy.status == 6)
            let plan = try await lab.virtform("plan", change)
            #expect(plan.status == 0)
          }
          #expect(Lab.mutating(calls).isEmpty)
        }
      }
      let isStopped = try await holder(lab) > 0
      #expect(isStopped)
      let third = try await run(
        lab, into: "third.txt", "apply", change, "--auto-approve", "--lock-timeout", "1h")
      let done = try await first.value
      #expect(done.status == 0, "\(done.output)\(done.errors)")
      #expect(done.output.contains("498 added, 0 changed, 0 removed"))
      let text = contents(lab, "third.txt")
      #expect(third.status == 0, "\(text)")
      #expect(text.split(separator: "\n").count { $0.hasPrefix("Waiting: stack 'many' is locked") } == 1)
      // Made under the lock: what the first run added is there.
      #expect(text.contains("0 added, 250 changed, 0 removed"))
      #expect(try await lab.virtform("plan", change, "--detailed-exitcode").status == 0)
      #expect(try await lock(lab) == nil)
    }
  }

  @Test("of several that start at once, one does the work; the others are locked out or find it done")
  func race() async throws {
    try await Lab.with(driver: "test") { lab in
      let site = try lab.write(spec(lab, count: 20), to: "site.yaml")
      var tally = FaultTally(
        area: "Operators", fault: "four applies at once", command: "make torture FILTER=LockTests")
      for options in Array(repeating: [["--lock-timeout", "1h"], []], count: Torture.isLong ? 25 : 1).joined()
      {
        let outcomes = try await withThrowingTaskGroup(of: Lab.Outcome.self) { group in
          for _ in 0..<4 {
            group.addTask {
              try await Lab.run(
                Lab.binary, ["apply", site, "--auto-approve"] + options, in: lab.work,
                environment: ["VIRTFORM_HOME": lab.home])
            }
          }
          return try await group.reduce(into: []) { $0.append($1) }
        }
        let texts = outcomes.map { "\($0.status): \($0.output)\($0.errors)" }
        #expect(texts.count { $0.contains("41 added, 0 changed, 0 removed") } == 1, "\(texts)")
        #expect(texts.count { $0.contains("Apply complete") } == 1, "\(texts)")
        let others = outcomes.filter { !$0.output.contains("Apply complete") }
        let isFine = others.allSatisfy { outcome in
          let isDone = outcome.status == 0 && outcome.output.contains("No changes.")
          return isDone || options.isEmpty && outcome.status == 6
        }
        #expect(isFine, "\(texts)")
        let works = texts.count { $0.contains("41 added, 0 changed, 0 removed") }
        tally.count(hasSurvived: isFine && works == 1, isLoss: works > 1)
        let destroy = try await lab.virtform("destroy", site, "--auto-approve", "--allow-data-loss")
        #expect(destroy.status == 0, "\(destroy.output)\(destroy.errors)")
        #expect(try await lock(lab) == nil)
      }
      try tally.record()
    }
  }

  @Test("after kill -9 of an apply, the next ones go on at once, one after the other")
  func killed() async throws {
    try await Lab.with(driver: "test") { lab in
      let site = try lab.write(spec(lab), to: "site.yaml")
      let killed = try await whileApplying(lab, site) { pid in kill(pid, SIGKILL) }
      #expect(killed.status == -SIGKILL)
      #expect(try await lock(lab) != nil)
      let outcomes = try await withThrowingTaskGroup(of: Lab.Outcome.self) { group in
        for _ in 0..<3 {
          group.addTask { try await lab.virtform("apply", site, "--auto-approve", "--lock-timeout", "1h") }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      let texts = outcomes.map { "\($0.status): \($0.output)\($0.errors)" }
      #expect(outcomes.allSatisfy { $0.status == 0 }, "\(texts)")
      #expect(texts.count { $0.contains("Broke the lock on host 'sim' of ") } == 1, "\(texts)")
      #expect(texts.count { $0.contains("whose process is gone.") } == 1, "\(texts)")
      #expect(texts.count { $0.contains("Apply complete") } == 1, "\(texts)")
      let quiet = try await lab.virtform("plan", site, "--detailed-exitcode").status
      #expect(quiet == 0)
      #expect(try await lock(lab) == nil)
      var tally = FaultTally(
        area: "Operators", fault: "three applies at once after one that was killed",
        command: "make torture FILTER=LockTests")
      tally.count(hasSurvived: outcomes.allSatisfy { $0.status == 0 } && quiet == 0)
      try tally.record()
    }
  }

  @Test("an apply whose lock was broken says so at its end")
  func broken() async throws {
    try await Lab.with(driver: "test") { lab in
      let site = try lab.write(spec(lab), to: "site.yaml")
      let outcome = try await whileApplying(lab, site) { pid in
        let unlock = try await lab.virtform("unlock", site, "--auto-approve")
        #expect(unlock.status == 0)
        #expect(unlock.output.contains("(pid \(pid)): 'apply', taken "))
      }
      // It was done before its first renewal.
      #expect(outcome.status == 0)
      #expect(outcome.errors.contains("warning: the lock on host 'sim' was broken while this ran"))
    }
  }

  @Test("lock keeps everybody out until unlock, and both say who and why", arguments: ["test", "qemu"])
  func byHand(driver: String) async throws {
    try await Lab.with(driver: driver) { lab in
      let site = try lab.write(spec(lab, driver: driver, count: 1), to: "site.yaml")
      let none = try await lab.virtform("lock", site, "--status")
      #expect(none.status == 0)
      #expect(none.output == "host sim  not locked\n")

      let locked = try await lab.virtform("lock", site, "--reason", "disk <swap>")
      #expect(locked.status == 0, "\(locked.errors)")
      #expect(locked.output == "Locked stack 'many' on 'sim'; 'virtform unlock' ends it.\n")
      let status = try await lab.virtform("lock", site, "--status")
      #expect(status.status == 0)
      #expect(status.output.hasPrefix("host sim  locked by "))
      #expect(status.output.contains("): 'lock', taken "))
      #expect(status.output.contains("; reason: disk <swap>; without end"))

      for command in ["apply", "lock"] {
        let approval = command == "lock" ? [] : ["--auto-approve"]
        let refused = try await Lab.run(
          Lab.binary, [command, site] + approval, in: lab.work, environment: ["VIRTFORM_HOME": lab.home])
        #expect(refused.status == 6, "\(command)")
        #expect(refused.errors.contains("reason: disk <swap>"))
      }
      #expect(try await lab.virtform("plan", site).status == 0)
      let shown = try await lab.virtform("show", site)
      #expect(shown.status == 0)
      #expect(!shown.output.contains("virtform-lock"))

      let asked = try await lab.virtform("unlock", site)
      #expect(asked.status == 7)
      #expect(asked.output.contains("reason: disk <swap>"))
      #expect(asked.errors.contains("--auto-approve"))
      #expect(try await lock(lab) != nil)
      let unlocked = try await lab.virtform("unlock", site, "--auto-approve")
      #expect(unlocked.status == 0)
      #expect(unlocked.output.hasSuffix("host sim  the lock is broken\n"))
      let again = try await lab.virtform("unlock", site)
      #expect(again.status == 0)
      #expect(again.output == "host sim  not locked\n")
      #expect(try await lock(lab) == nil)
    }
  }

  @Test("where there is nothing to do, nobody asks for the lock")
  func nothingToDo() async throws {
    try await Lab.with(driver: "test") { lab in
      let site = try lab.write(spec(lab, count: 1), to: "site.yaml")
      #expect(try await lab.virtform("apply", site, "--auto-approve").status == 0)
      #expect(try await lab.virtform("lock", site).status == 0)
      let calls = try await lab.calls {
        let quiet = try await lab.virtform("apply", site, "--auto-approve")
        #expect(quiet.status == 0)
        #expect(quiet.output == "No changes. The hosts are as the spec says.\n")
      }
      #expect(Lab.mutating(calls).isEmpty)
    }
  }

  @Test("the lock is held while a person is asked, and released when they refuse")
  func asking() async throws {
    try await Lab.with(driver: "test") { lab in
      let site = try lab.write(spec(lab, count: 1), to: "site.yaml")
      let answers = "\(lab.work)/answers"
      try #require(mkfifo(answers, 0o600) == 0)
      // script(1) gives it a terminal.
      async let outcome = Lab.run(
        "/bin/sh",
        [
          "-c", "exec script -qefc \"'$0' apply '$1' --no-color\" asked.txt <answers >/dev/null", Lab.binary,
          site,
        ], in: lab.work, environment: ["VIRTFORM_HOME": lab.home])
      // Opening waits until somebody reads; both ends stay open until the answer is written.
      let descriptor = open(answers, O_RDWR | O_CLOEXEC)
      try #require(descriptor >= 0)
      try await wait(lab, for: "Do this?", in: "asked.txt")
      #expect(try await lock(lab) != nil)
      #expect(try await lab.virtform("apply", site, "--auto-approve").status == 6)
      #expect(write(descriptor, "no\n", 3) == 3)
      let status = try await outcome.status
      close(descriptor)
      #expect(status == 7)
      #expect(try await lock(lab) == nil)
      #expect(try await lab.connection.domains().map(\.name) == ["test"])
    }
  }
}

import FoundationEssentials
import TestLab
import Testing

/// What befalls a host, or the way to it, in the midst of an apply.
@Suite(
  "Faults of hosts", .serialized, .timeLimit(.minutes(240)),
  .enabled(
    if: Lab.hasHosts,
    "needs root, libvirtd, QEMU, dnsmasq, bindfs with /dev/fuse, openssl, and what make guest makes"))
struct HostTortureTests {
  private enum Fault: String, CaseIterable {
    case killed = "libvirtd killed and started"
    case restarted = "libvirtd restarted"
    case cut = "the network cut and mended"
    case refused = "connections reset and refused"
    case frozen = "libvirtd frozen and thawed"
    case crashed = "the host without power, and booted"
  }

  private static let command = "make torture FILTER=HostTortureTests"
  /// How often each is tried.
  private static let rounds = Torture.rounds(usual: Torture.isLong ? 25 : 1)

  @Test("whatever befalls a host in the midst of an apply, the next one goes on, and guests run on that can")
  func hosts() async throws {
    try await HostLab.with(hosts: 1) { lab in
      let stack = GrowingStack(
        stack: "hosts", bridge: "vfbr1", subnet: "10.78.92", uri: lab.uri(of: "rack1"),
        pool: "/srv/local/disks")
      let log = "\(lab.work)/calls.log"
      let words = ["apply", "site.yaml", "--auto-approve", "--allow-data-loss"]
      func write(isLarge: Bool) throws {
        try? FileManager.default.removeItem(atPath: log)
        try stack.text(isLarge: isLarge).write(
          toFile: "\(lab.work)/site.yaml", atomically: true, encoding: .utf8)
      }
      func apply(_ options: String...) async throws -> Lab.Outcome {
        try await Lab.run(
          "/usr/bin/timeout", ["--kill-after", "5", "300", Lab.binary] + words + options, in: lab.work,
          environment: ["VIRTFORM_HOME": "\(lab.work)/home", "VIRTFORM_CALL_LOG": log])
      }
      func volumes() async throws -> Set<String> {
        let lines = try await lab.virsh(on: "rack1", "vol-list", "default").split(separator: "\n")
        return Set(lines.compactMap { $0.split(separator: " ").first.map(String.init) })
      }
      /// What the guest was started as: the number of its process.
      func process() async throws -> String {
        try await lab.run(on: "rack1", "sh", "-c", "cat /run/libvirt/qemu/web.pid").filter(\.isNumber)
      }
      var expected: [Bool: (volumes: Set<String>, calls: Int)] = [:]
      for isLarge in [false, true, false] {
        try write(isLarge: isLarge)
        let made = try await apply()
        try #require(made.status == 0, "\(made.output)\(made.errors)")
        expected[isLarge] = (try await volumes(), CallLog(log).functions.count)
      }
      var isLarge = false
      for fault in Fault.allCases {
        var tally = FaultTally(area: "Hosts", fault: fault.rawValue, command: Self.command)
        for round in 0..<Self.rounds {
          isLarge.toggle()
          let calls = expected[isLarge]?.calls ?? 0
          // Spread over the second half, in which the run changes things.
          let moment = calls / 2 + (round * 7 + 5) % max(1, calls / 2)
          let guest = try await process()
          try write(isLarge: isLarge)
          async let run = apply("--timeout", "connect=3s", "--timeout", "read=4s", "--timeout", "change=4s")
          for _ in 0..<3000 where CallLog(log).functions.count < moment {
            try await Task.sleep(for: .milliseconds(5))
          }
          try await Self.inject(fault, lab)
          let first = try await run
          var problems = [0, 1, 5].contains(first.status) ? [] : ["it ended with \(first.status)"]
          let next = try await apply()
          if next.status != 0 { problems.append("the next run: \(next.status) \(next.output)\(next.errors)") }
          let plan = try await lab.virtform("plan", "site.yaml", "--detailed-exitcode")
          if plan.status != 0 { problems.append("the plan after it: \(plan.output)\(plan.errors)") }
          let there = try await volumes()
          let wanted = expected[isLarge]?.volumes ?? []
          if there != wanted { problems.append("volumes: \(there.symmetricDifference(wanted))") }
          let isSame = try await process() == guest
          if fault != .crashed, !isSame { problems.append("the guest was started anew") }
          tally.count(
            hasSurvived: problems.isEmpty,
            isLoss: !wanted.isSubset(of: there) || fault != .crashed && !isSame)
          #expect(
            problems.isEmpty,
            "\(fault) at call \(moment): \(problems); the run: \(first.output)\(first.errors)")
        }
        try tally.record()
      }
    }
  }

  /// Does it to the host, and mends it after a moment.
  private static func inject(_ fault: Fault, _ lab: HostLab) async throws {
    let moment = Duration.milliseconds(300)
    switch fault {
    case .killed:
      try await lab.kill("rack1")
      try await lab.start("rack1")
    case .restarted:
      try await lab.stop("rack1")
      try await lab.start("rack1")
    case .cut, .refused:
      try await lab.cut("rack1", isReset: fault == .refused)
      try await Task.sleep(for: moment)
      try await lab.heal("rack1")
    case .frozen:
      try await lab.freeze("rack1")
      try await Task.sleep(for: .seconds(6))
      try await lab.thaw("rack1")
    case .crashed:
      try await lab.crash("rack1")
      try await lab.start("rack1")
    }
  }
}

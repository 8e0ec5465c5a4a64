import FoundationEssentials
import Glibc
import TestLab
import Testing

/// A daemon that hangs: it has its sockets and answers nothing.
@Suite(
  "A host that hangs", .serialized, .timeLimit(.minutes(5)),
  .enabled(if: Lab.hasLibvirt, "needs libvirtd and virsh"))
struct TimeoutTests {
  private func spec(_ lab: Lab, memory: String = "64MiB") -> String {
    """
    virtform: 1
    stack: shop
    hosts:
      sim: {uri: "\(lab.uri(driver: "test"))"}
    pools:
      main: {type: dir, path: \(lab.work)/main}
    vms:
      web: {count: 3, memory: \(memory), disks: {root: {size: 1GiB}}}

    """
  }

  private func daemon(of lab: Lab) throws -> pid_t {
    let text = try String(contentsOfFile: "\(lab.home)/libvirtd.pid", encoding: .utf8)
    return try #require(pid_t(text.filter(\.isNumber)))
  }

  @Test("plan ends with 1 and names host, call and option, whether the host hangs before or in the middle")
  func plan() async throws {
    try await Lab.with(driver: "test") { lab in
      try lab.write(spec(lab), to: "site.yaml")
      let pid = try daemon(of: lab)
      kill(pid, SIGSTOP)
      defer { kill(pid, SIGCONT) }
      let start = ContinuousClock.now
      let hung = try await lab.virtform("plan", "site.yaml", "--timeout", "connect=1s")
      #expect(hung.status == 1)
      #expect(
        hung.errors.hasPrefix("site.yaml:4:14: error: host 'sim' (test+unix:///default?"), "\(hung.errors)")
      #expect(
        hung.errors.contains(
          "cannot connect: no connection within 1s; --timeout connect=TIME sets another limit (virConnectOpenAuth)"
        ),
        "\(hung.errors)")
      #expect(ContinuousClock.now - start < .seconds(30))
      kill(pid, SIGCONT)
      #expect(try await lab.virtform("plan", "site.yaml").status == 0)
      let wrong = try await lab.virtform("plan", "site.yaml", "--timeout", "reading=1s")
      #expect(wrong.status == 1)
      #expect(
        wrong.errors.contains(
          "there are no calls of the kind 'reading'; kinds are connect, read, change, upload, copy"),
        "\(wrong.errors)")
    }
  }

  @Test("an apply whose host hangs in the middle ends, and the next one goes on from there")
  func apply() async throws {
    try await Lab.with(driver: "test") { lab in
      let site = try lab.write(spec(lab), to: "site.yaml")
      let pid = try daemon(of: lab)
      // Hangs while it works: a moment after the run has taken its lock.
      async let stopping: Void = {
        for _ in 0..<2000 {
          let locks = try await lab.connection.domains().filter { $0.name.hasPrefix("virtform-lock-") }
          if !locks.isEmpty { break }
          try await Task.sleep(for: .milliseconds(2))
        }
        kill(pid, SIGSTOP)
      }()
      let start = ContinuousClock.now
      let outcome = try await lab.virtform(
        "apply", "site.yaml", "--auto-approve", "--timeout", "connect=1s", "--timeout", "read=2s",
        "--timeout",
        "change=2s")
      #expect(ContinuousClock.now - start < .seconds(60))
      try await stopping
      kill(pid, SIGCONT)
      #expect([1, 5].contains(outcome.status), "\(outcome.output)\(outcome.errors)")
      #expect(
        (outcome.output + outcome.errors).contains(
          #/the host did not answer within 2s|no connection within 1s/#),
        "\(outcome.output)\(outcome.errors)")
      let next = try await lab.virtform("apply", site, "--auto-approve")
      #expect(next.status == 0, "\(next.output)\(next.errors)")
      let quiet = try await lab.virtform("plan", site, "--detailed-exitcode").status
      #expect(quiet == 0)
      var tally = FaultTally(
        area: "Hosts", fault: "libvirtd hangs until the limit of a call is over",
        command: "make torture FILTER=TimeoutTests")
      tally.count(hasSurvived: next.status == 0 && quiet == 0)
      try tally.record()
    }
  }
}

import FoundationEssentials
import Glibc
import Planner
import SpecModel
import TestLab
import Testing

@testable import Applier
@testable import Libvirt

/// Cycles of plan and apply in one process, which nothing may be left of: for a process of its own, without other tests beside it.
@Suite("Cycles of plan and apply", .serialized, .enabled(if: Lab.hasLibvirt, "needs libvirtd and virsh"))
struct SoakTests {
  /// What a process has.
  private struct Usage: CustomStringConvertible {
    let kibibytes: Int
    let descriptors: Int
    let threads: Int

    /// Following proc(5).
    static func now() throws -> Usage {
      let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
      func number(_ name: String) -> Int {
        status.split(separator: "\n").first { $0.hasPrefix("\(name):") }
          .flatMap { Int($0.filter(\.isNumber)) } ?? 0
      }
      return Usage(
        kibibytes: number("RssAnon"),
        descriptors: try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count,
        threads: number("Threads"))
    }

    var description: String { "\(kibibytes) KiB, \(descriptors) descriptors, \(threads) threads" }
  }

  private func site(_ lab: Lab, memory: Int, count: Int) throws -> Site {
    let text = """
      virtform: 1
      stack: soak
      hosts:
        sim: {uri: "\(lab.uri(driver: "test"))"}
      pools:
        disks: {type: dir, path: \(lab.work)/disks}
      networks:
        lan: {mode: nat, cidr: 10.99.0.0/24, bridge: vfbr9}
      vms:
        web:
          count: \(count)
          memory: \(memory)MiB
          disks: {root: {size: 1GiB}}
          nics: {lan: {ip: 10.99.0.10+}}
      """
    let result = SpecLoader(environment: [:]).load([SourceText(path: "site.yaml", text: text)])
    return try #require(result.site, "\(result.rendered)")
  }

  /// Plans and applies `site` on new connections, plans again, and returns how many references to them are left.
  private func cycle(_ site: Site) async throws -> Int {
    let embedded = EmbeddedLibvirt(environment: [:])
    let fleet = await Fleet.open(site, access: .readWrite, embedded: embedded)
    try await converge(site, fleet)
    let states = await fleet.inspect(site).states
    let quiet = try SitePlanner.plan(site, hosts: states, images: [:])
    #expect(quiet.isEmpty)
    var left = 0
    for session in fleet.sessions.values {
      left += try #require(await session.connection.closeCountingReferences())
    }
    return left
  }

  private func converge(_ site: Site, _ fleet: Fleet) async throws {
    let states = await fleet.inspect(site).states
    try #require(states.count == 1)
    let plan = try SitePlanner.plan(site, hosts: states, images: [:], options: .init(allowsDataLoss: true))
    let report = await Executor(fleet: fleet, states: states) { _ in }.run(plan)
    try #require(report.succeeded, "\(report.results)")
  }

  /// What there is when threads and descriptors of connections have ended, which they do by themselves soon after these.
  private func settled() async throws -> Usage {
    try await Task.sleep(for: .seconds(1))
    return try Usage.now()
  }

  @Test("leave memory, descriptors, threads and libvirt's references as they were")
  func flat() async throws {
    let cycles = Torture.isLong ? 1000 : 60
    var tally = FaultTally(
      area: "Long runs", fault: "a cycle of plan, apply and plan in one process",
      command: "make torture FILTER=SoakTests")
    try await Lab.with(driver: "test", configuration: Lab.withoutCallLog) { lab in
      // Guests come and go, and those that stay change.
      let sites = try [site(lab, memory: 64, count: 6), site(lab, memory: 96, count: 4)]
      for number in 0..<20 { _ = try await cycle(sites[number % 2]) }
      let before = try await settled()
      for number in 0..<cycles {
        tally.tried += 1
        let left = try await cycle(sites[number % 2])
        #expect(left == 0, "cycle \(number)")
        if left == 0 { tally.survived += 1 }
      }
      let after = try await settled()
      #expect(after.descriptors == before.descriptors, "\(before) before, \(after) after")
      #expect(after.threads <= before.threads, "\(before) before, \(after) after")
      // What the allocator keeps for later wavers by some MiB; what leaks grows with the cycles.
      #expect(after.kibibytes - before.kibibytes < 8 << 10, "\(before) before, \(after) after")
      print("NOTE: \(cycles) cycles: \(before) before, \(after) after")
      if after.descriptors != before.descriptors || after.kibibytes - before.kibibytes >= 8 << 10 {
        tally.survived = 0
      }
    }
    try tally.record()
  }
}

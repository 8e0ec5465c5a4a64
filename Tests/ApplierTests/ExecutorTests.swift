import Libvirt
import Planner
import SpecModel
import Synchronization
import Testing

@testable import Applier

/// In which order steps are done, and how many calls they take: on libvirt's test driver, in this process.
@Suite("The order of steps, and their calls")
struct ExecutorTests {
  private func spec(_ count: Int) -> String {
    """
    networks:
      lan: {mode: nat, cidr: 10.8.0.0/24, bridge: vfc1}
    vms:
      web: {count: \(count), memory: 64MiB, disks: {root: {size: 1MiB}}, nics: {lan: {ip: 10.8.0.10+}}}

    """
  }

  @Test("what most steps wait for begins first, and what is begun is finished before more is begun")
  func order() async throws {
    let lab = try await TestDriverHost()
    let begun = Mutex<[String]>([])
    try await lab.converge(
      lab.site(spec(3)), stepsPerHost: 1,
      report: { event in
        if case .started(let step) = event { begun.withLock { $0.append("\(step.address)") } }
      })
    let vms = (1...3).flatMap { ["disk.web-\($0).root", "vm.web-\($0)", "vm.web-\($0)"] }
    // All disks wait for the pool, and the guests for the network.
    #expect(begun.withLock { $0 } == ["pool.p", "network.lan"] + vms)
  }

  @Test("a VM is made and started with three calls, and removed with few more")
  func calls() async throws {
    let lab = try await TestDriverHost()
    let small = try lab.site(spec(10))
    let large = try lab.site(spec(50))
    try await lab.converge(small)
    let destroy = SitePlanner.Options(goal: .destroy, allowsDataLoss: true)
    let (removed, made) = (
      try await calls(lab) { try await lab.converge(small, destroy) },
      try await calls(lab) { try await lab.converge(small) }
    )
    try await lab.converge(small, destroy)
    let makingMore = try await calls(lab) { try await lab.converge(large) }
    let removingMore = try await calls(lab) { try await lab.converge(large, destroy) }
    // What is asked once a second may be asked a few times more.
    #expect(makingMore - made <= 40 * 3 + 10, "\(made), \(makingMore)")
    // To look at a VM and its disk takes three of them.
    #expect(removingMore - removed <= 40 * 14 + 10, "\(removed), \(removingMore)")
  }

  private func calls(_ lab: TestDriverHost, _ body: () async throws -> Void) async throws -> Int {
    let before = lab.connection.calls.total
    try await body()
    return lab.connection.calls.total - before
  }
}

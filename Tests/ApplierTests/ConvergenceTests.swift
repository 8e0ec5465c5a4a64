import FoundationEssentials
import Libvirt
import Planner
import SpecModel
import Testing

@testable import Applier

/// Spec → plan → apply → inspection on libvirt's test driver, in this process.
@Suite("Convergence on the test driver")
final class ConvergenceTests {
  private let lab: TestDriverHost
  private var keeper: Connection { lab.connection }

  init() async throws { lab = try await TestDriverHost() }

  private func site(_ text: String) throws -> Site { try lab.site(text) }

  @discardableResult
  private func converge(
    _ site: Site, _ options: SitePlanner.Options = .init(), beforeRun: () async throws -> Void = {}
  ) async throws -> (plan: Plan, report: ApplyReport, mutating: Int) {
    try await lab.converge(site, options, beforeRun: beforeRun)
  }

  private let lan =
    "networks:\n  lan: {mode: nat, cidr: 10.8.0.0/24, bridge: vfc0, dhcp: {from: 10.8.0.100, to: 10.8.0.200}}\n"

  @Test("create, quiet, change, quiet, destroy, nothing left")
  func life() async throws {
    let before = try await keeper.domains().map(\.name)
    let first = try site(
      lan
        + "vms:\n  web: {count: 3, memory: 64MiB, disks: {root: {size: 1GiB}}, nics: {lan: {ip: 10.8.0.10+}}}\n"
    )
    let created = try await converge(first)
    #expect(created.report.succeeded, "\(created.report.results)")
    let quiet = try await converge(first)
    #expect(quiet.plan.isEmpty)
    #expect(quiet.mutating == 0)

    let second = try site(
      lan
        + "vms:\n  web: {count: 2, title: Web, autostart: true, memory: 96MiB, cpus: 2, disks: {root: {size: 1GiB}, log: {size: 1GiB}}, "
        + "nics: {lan: {ip: 10.8.0.20+}}}\n")
    let changed = try await converge(second, .init(allowsDataLoss: true))
    #expect(changed.report.succeeded, "\(changed.report.results)")
    #expect(try await converge(second).plan.isEmpty)
    let web = try #require(try await keeper.domain(named: "web-1"))
    #expect(try await web.autostart())
    #expect(try await web.xml(.inactive).first("memory")?.text == "\(96 << 10)")

    let destroyed = try await converge(second, .init(goal: .destroy, allowsDataLoss: true))
    #expect(destroyed.report.succeeded, "\(destroyed.report.results)")
    #expect(try await keeper.domains().map(\.name) == before)
    #expect(try await keeper.network(named: "lan") == nil)
    #expect(try await keeper.storagePool(named: "p") == nil)
  }

  @Test("state: off stops, and true starts again")
  func powerStates() async throws {
    func spec(_ running: Bool) throws -> Site {
      try site("vms:\n  one: {memory: 64MiB, state: \(running ? "running" : "off")}\n")
    }
    try await converge(spec(false))
    let domain = try #require(try await keeper.domain(named: "one"))
    #expect(try await !domain.isActive())
    #expect(try await converge(spec(false)).plan.isEmpty)
    try await converge(spec(true))
    #expect(try await domain.isActive())
    let stopped = try await converge(spec(false))
    #expect(stopped.report.succeeded)
    #expect(try await !domain.isActive())
    try await converge(spec(false), .init(goal: .destroy, allowsDataLoss: true))
  }

  @Test("a failed step skips what needs it, and nothing else; the next run goes on")
  func failure() async throws {
    let text = try site(
      "vms:\n  big: {memory: 64MiB, disks: {root: {size: 1GiB}}}\n  small: {memory: 64MiB}\n")
    let document = try XMLElement(
      parsing: "<domain type='test'><name>big</name><memory>1024</memory><os><type>hvm</type></os></domain>")
    // Somebody takes the name after the plan was made.
    let outcome = try await converge(text) { _ = try await keeper.defineDomain(document, validate: false) }
    #expect(outcome.report.isPartial)
    var names: [String: [String]] = [:]
    for (step, result) in outcome.report.results {
      let word =
        switch result {
        case .done: "done"
        case .failed: "failed"
        case .skipped, .notBegun: "skipped"
        }
      names[word, default: []].append("\(step.address)")
    }
    #expect(names["failed"] == ["vm.big"])
    #expect(names["skipped"] == ["vm.big"])
    #expect(names["done"] == ["pool.p", "disk.big.root", "vm.small", "vm.small"])
    try await #require(try await keeper.domain(named: "big")).undefine()
    let finished = try await converge(text)
    #expect(finished.report.succeeded)
    #expect(finished.plan.changes.map { "\($0.address)" } == ["vm.big"])
    let isQuiet = try await converge(text).plan.isEmpty
    #expect(isQuiet)
    try await converge(text, .init(goal: .destroy, allowsDataLoss: true))
  }
}

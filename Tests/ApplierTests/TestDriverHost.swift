import FoundationEssentials
import Glibc
import Libvirt
import Planner
import SpecModel
import Testing

@testable import Applier

/// A host of libvirt's test driver, in this process, with spec → plan → apply on it.
///
/// A driver that starts from a file is private to its connection, so no other test sees it.
final class TestDriverHost {
  let connection: Connection
  private let uri: String
  private let node = "/tmp/vfn-\(UInt32.random(in: 0...UInt32.max)).xml"

  init() async throws {
    uri = "test://\(node)"
    let document = """
      <node><cpu><mhz>1000</mhz><model>i686</model><active>2</active><nodes>1</nodes><sockets>1</sockets>
      <cores>2</cores><threads>1</threads></cpu><memory>8192000</memory></node>
      """
    try document.write(toFile: node, atomically: true, encoding: .utf8)
    connection = try await Connection.open(uri, access: .readWrite)
  }

  deinit { unlink(node) }

  /// The spec of this host with a pool `p` and what `text` adds.
  func site(_ text: String) throws -> Site {
    let header =
      "virtform: 1\nstack: t\nhosts:\n  sim: {uri: \"\(uri)\"}\npools:\n  p: {type: dir, path: /nowhere/p}\n"
    let result = SpecLoader(environment: [:]).load([SourceText(path: "site.yaml", text: header + text)])
    return try #require(result.site, "\(result.rendered)")
  }

  func converge(_ text: String, restarts: Bool = false) async throws -> (plan: Plan, report: ApplyReport) {
    let outcome = try await converge(site(text), .init(restarts: restarts))
    return (outcome.plan, outcome.report)
  }

  @discardableResult
  func converge(
    _ site: Site, _ options: SitePlanner.Options = .init(),
    stepsPerHost: Int = Executor.defaultStepsPerHost, beforeRun: () async throws -> Void = {},
    report: @escaping @Sendable (ApplyEvent) -> Void = { _ in }
  ) async throws -> (plan: Plan, report: ApplyReport, mutating: Int) {
    let host = try #require(site.hosts.first)
    let session = HostSession(host: host, connection: connection, isPrivileged: true)
    let fleet = Fleet(sessions: [host.name: session])
    let before = connection.calls.mutating
    let states = await fleet.inspect(site).states
    let plan = try SitePlanner.plan(site, hosts: states, images: [:], options: options)
    try await beforeRun()
    let executor = Executor(fleet: fleet, states: states, stepsPerHost: stepsPerHost, report: report)
    return (plan, await executor.run(plan), connection.calls.mutating - before)
  }
}

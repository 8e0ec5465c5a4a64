import SpecModel
import Testing

@testable import Planner

/// VMs with snapshots that are wanted on another host than they are on.
@Suite("Moves with snapshots")
struct SnapshotMoveTests {
  private static let shared = """
    virtform: 1
    stack: shop
    hosts:
      alpha: {uri: qemu+tls://alpha/system}
      beta: {uri: qemu+tls://beta/system}
    pools:
      main: {path: /srv/main, shared: true}
    vms:
      web:
        host: alpha
        memory: 2GiB
        disks: {root: {size: 4GiB}}

    """
  private static let local = shared.with(", shared: true", "")
  private static let arrival = shared.with("host: alpha", "host: beta")

  /// The VM on `alpha`, with `snapshots`.
  private func scenario(_ snapshots: [Snapshot], spec: String = shared) throws -> Scenario {
    var fleet = SimulatedFleet([SimulatedHost("alpha"), SimulatedHost("beta")])
    if spec != Self.local { fleet.sharedPools = ["main"] }
    var scenario = try Scenario.applied(spec, on: fleet)
    let uuid = try scenario.fleet["alpha"].machine("web").uuid
    scenario.fleet["alpha"].snapshots[uuid] = snapshots
    return scenario
  }

  private func names(_ host: String, _ scenario: Scenario) -> [String] {
    scenario.fleet[host].snapshots.values.flatMap { $0 }.map(\.name)
  }

  @Test("snapshots in disks that both hosts see go along")
  func goAlong() throws {
    var scenario = try scenario([Snapshot(name: "base"), Snapshot(name: "tuned")])
    expect(
      try scenario.text(Self.arrival),
      is: """
        alpha
          ~ pool.main
              - used_by  alpha

        beta
          ~ pool.main
              + used_by  beta
          > vm.web  # the spec has it on host 'beta'
              ~ host       alpha → beta, live  (live)
              ~ snapshots  2 on alpha → go with it (their metadata)

        Plan: 0 to add, 2 to change, 1 to move, 0 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
    #expect(names("alpha", scenario) == [] && names("beta", scenario) == ["base", "tuned"])
  }

  @Test("what a copy of a disk would lose is not lost: the move is refused with the ways out")
  func copies() throws {
    let scenario = try scenario([Snapshot(name: "s10"), Snapshot(name: "s2")], spec: Self.local)
    let refusal = try scenario.refusal(Self.local.with("host: alpha", "host: beta"))
    #expect(
      refusal.contains(
        "cannot move to 'beta': a copy of its disk 'root' would lose its snapshots (s2, s10): "
          + "a shared pool keeps them, and virsh snapshot-delete web NAME deletes one"), "\(refusal)")
  }

  @Test("checkpoints, which libvirt would lose without a word, keep a VM where it is")
  func checkpoints() throws {
    var scenario = try scenario([])
    let uuid = try scenario.fleet["alpha"].machine("web").uuid
    scenario.fleet["alpha"].checkpointed = [uuid]
    let refusal = try scenario.refusal(Self.arrival)
    #expect(
      refusal.contains(
        "cannot move to 'beta': it has checkpoints, which libvirt would lose: virsh checkpoint-list web names them"
      ),
      "\(refusal)")
  }

  @Test("a snapshot of files beside the disks goes along if both hosts see these")
  func external() throws {
    var scenario = try scenario([Snapshot(name: "base", files: ["/srv/main/web.base"])])
    let overlay = Machine.Overlay(path: "/srv/main/web.base", isProven: true)
    try scenario.fleet["alpha"].change("web") { $0.disks[0].overlay = overlay }
    try scenario.fleet["alpha"].changeGuest("web") { $0.disks[0].overlay = overlay }
    #expect(try scenario.text(Self.arrival).contains("~ snapshots  1 on alpha → goes with it (its metadata)"))
    #expect(names("beta", scenario) == ["base"])

    let memory = try self.scenario([Snapshot(name: "base", files: ["/var/lib/libvirt/web.memory"])])
    let refusal = try memory.refusal(Self.arrival)
    #expect(
      refusal.contains(
        "its snapshot 'base' needs /var/lib/libvirt/web.memory, which lies in no pool that both hosts see"),
      "\(refusal)")
  }

  @Test("an overlay that only the old host sees keeps a VM where it is")
  func localOverlay() throws {
    var scenario = try scenario([])
    let overlay = Machine.Overlay(path: "/srv/other/web.base", isProven: true)
    try scenario.fleet["alpha"].change("web") { $0.disks[0].overlay = overlay }
    let refusal = try scenario.refusal(Self.arrival)
    #expect(
      refusal.contains("somebody has put a file over its disk 'root'; take that back first"), "\(refusal)")
  }

  /// A move was cut off when it had taken off two snapshots, and one is known again.
  private func cutOff() throws -> Scenario {
    var scenario = try scenario([Snapshot(name: "base")])
    try scenario.fleet["alpha"].change("web") { $0.carriedSnapshots = ["base", "tuned"] }
    return scenario
  }

  @Test("snapshots that a move had taken off when it was cut off are put back before anything else")
  func putBack() throws {
    var scenario = try cutOff()
    let spec = Self.shared.with("memory: 2GiB", "memory: 2GiB\n    title: Web")
    let plan = try scenario.plan(spec)
    #expect(plan.steps.map(\.dependsOn) == [[], [0]])
    expect(
      try scenario.text(spec),
      is: """
        alpha
          ~ vm.web
              + title      Web  (live)
              ~ snapshots  taken off by a move that was cut off → base, tuned

        Plan: 0 to add, 1 to change, 0 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
    #expect(names("alpha", scenario) == ["base", "tuned"])
  }

  @Test("a VM that moves takes along what an earlier move had taken off")
  func movedAgain() throws {
    var scenario = try cutOff()
    let text = try scenario.text(Self.arrival)
    #expect(text.contains("~ snapshots  2 on alpha → go with it (their metadata)"), "\(text)")
    #expect(names("alpha", scenario) == [] && names("beta", scenario) == ["base", "tuned"])
  }

  @Test("a VM that is let go has its snapshots back first")
  func letGo() throws {
    var scenario = try cutOff()
    let spec = Self.shared.without("vms:") + "removed:\n  vms.web: {forget: true}\n"
    let text = try scenario.text(spec)
    #expect(text.contains("~ snapshots  taken off by a move that was cut off → base, tuned"), "\(text)")
    #expect(names("alpha", scenario) == ["base", "tuned"])
  }
}

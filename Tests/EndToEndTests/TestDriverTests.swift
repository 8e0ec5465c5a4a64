import Libvirt
import TestLab
import Testing

/// The binary against libvirt's test driver in a daemon: many objects, no guests, and calls that are counted
/// where they arrive.
@Suite(
  "A stack on the test driver through a daemon", .serialized,
  .enabled(if: Lab.hasLibvirt, "needs libvirtd and virsh"))
final class TestDriverTests {
  private func spec(_ lab: Lab, count: Int = 100, memory: String = "64MiB", disk: String = "1GiB") -> String {
    """
    virtform: 1
    stack: many
    hosts:
      sim: {uri: "\(lab.uri(driver: "test"))"}
    pools:
      disks: {type: dir, path: \(lab.work)/disks}
    networks:
      lan: {mode: nat, cidr: 10.99.0.0/16, bridge: vfbr9, dhcp: {from: 10.99.1.0, to: 10.99.1.255}}
    vms:
      web:
        count: \(count)
        cpus: 1
        memory: \(memory)
        disks: {root: {size: \(disk)}}
        nics: {lan: {ip: 10.99.0.10+}}
    """
  }

  /// All that the driver had before, as the independent client sees it.
  private func foreign(_ lab: Lab) async throws -> [String] {
    var dumps: [String] = []
    for arguments in [["dumpxml", "test"], ["net-dumpxml", "default"], ["pool-dumpxml", "default-pool"]] {
      dumps.append(try await lab.virsh(arguments[0], arguments[1], driver: "test"))
    }
    return dumps
  }

  @Test("100 VMs: apply, a quiet plan in few calls, change, destroy, and nothing of others touched")
  func wholeLife() async throws {
    try await Lab.with(driver: "test") { lab in
      let before = try await foreign(lab)
      let site = try lab.write(spec(lab), to: "site.yaml")

      let first = try await lab.virtform("apply", site, "--auto-approve")
      #expect(first.status == 0, "\(first.output)\(first.errors)")
      #expect(first.output.contains("202 added, 0 changed, 0 removed"))
      #expect(try await lab.connection.domains(.active).count == 101)

      let planCalls = try await lab.calls {
        let plan = try await lab.virtform("plan", site, "--detailed-exitcode")
        #expect(plan.status == 0, "\(plan.output)\(plan.errors)")
        #expect(plan.output == "No changes. The hosts are as the spec says.\n")
      }
      #expect(Lab.mutating(planCalls).isEmpty)
      // The definition of each of 101, and what each of the stack's 100 guests runs with.
      #expect(planCalls["DOMAIN_GET_XML_DESC"] == 201)
      #expect(planCalls.values.reduce(0, +) <= 350, "\(planCalls)")

      let secondCalls = try await lab.calls {
        let again = try await lab.virtform("apply", site, "--auto-approve")
        #expect(again.status == 0)
      }
      #expect(Lab.mutating(secondCalls).isEmpty)

      try lab.write(spec(lab, count: 90, memory: "96MiB"), to: "site.yaml")
      let pending = try await lab.virtform("plan", site, "--detailed-exitcode")
      #expect(pending.status == 2)
      #expect(
        pending.output.contains("0 to add, 91 to change, 10 to remove"), "\(pending.output.suffix(300))")
      let change = try await lab.virtform("apply", site, "--auto-approve", "--allow-data-loss")
      #expect(change.status == 0, "\(change.output)\(change.errors)")
      let quiet = try await lab.virtform("plan", site, "--detailed-exitcode")
      #expect(quiet.status == 0, "\(quiet.output)")
      #expect(
        try await lab.virsh("dumpxml", "web-7", "--inactive", driver: "test").contains(
          "<memory unit='KiB'>98304</memory>"))

      let destroy = try await lab.virtform("destroy", site, "--auto-approve", "--allow-data-loss")
      #expect(destroy.status == 0, "\(destroy.output)\(destroy.errors)")
      #expect(try await lab.connection.domains().map(\.name) == ["test"])
      #expect(try await lab.connection.networks().map(\.name) == ["default"])
      #expect(try await lab.connection.storagePools().map(\.name) == ["default-pool"])
      #expect(try await foreign(lab) == before)
    }
  }

  @Test("plan opens the host for reading only, so a change would be refused there")
  func readOnlyPlan() async throws {
    try await Lab.with(driver: "test") { lab in
      let site = try lab.write(spec(lab, count: 1), to: "site.yaml")
      let calls = try await lab.calls {
        let plan = try await lab.virtform("plan", site)
        #expect(plan.status == 0)
      }
      #expect(Lab.mutating(calls).isEmpty)
    }
  }

  @Test("an apply that is killed at any moment is finished by the next one")
  func killed() async throws {
    try await Lab.with(driver: "test") { lab in
      let site = try lab.write(spec(lab, count: 30), to: "site.yaml")
      var tally = FaultTally(
        area: "Calls", fault: "killed at any time, on the test driver",
        command: "make torture FILTER=TestDriverTests")
      let moments =
        [40, 70, 100, 130, 160, 200, 250] + (Torture.isLong ? Array(stride(from: 30, to: 900, by: 5)) : [])
      for milliseconds in moments {
        // timeout(1) sends SIGKILL; its status is then 137, or 124.
        _ = try await Lab.run(
          "/usr/bin/timeout",
          [
            "-s", "KILL", "0.\(String(milliseconds + 1000).dropFirst())", Lab.binary, "apply", site,
            "--auto-approve",
          ],
          in: lab.work, environment: ["VIRTFORM_HOME": lab.home])
        let finish = try await lab.virtform("apply", site, "--auto-approve")
        #expect(finish.status == 0, "\(finish.output)\(finish.errors)")
        let quiet = try await lab.virtform("plan", site, "--detailed-exitcode")
        #expect(quiet.status == 0, "\(quiet.output)")
        let guests = try await lab.connection.domains(.active).count
        #expect(guests == 31)
        tally.count(
          hasSurvived: finish.status == 0 && quiet.status == 0 && guests == 31, isLoss: guests < 31)
        let destroy = try await lab.virtform("destroy", site, "--auto-approve", "--allow-data-loss")
        #expect(destroy.status == 0)
        #expect(try await lab.connection.storagePools().count == 1)
      }
      try tally.record()
    }
  }
}

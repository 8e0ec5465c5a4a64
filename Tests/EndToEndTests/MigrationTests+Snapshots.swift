import TestLab
import Testing

extension HostLabTests.MigrationTests {
  @Test("snapshots go along with a guest that runs and one that is off, and a run that is killed loses none")
  func snapshots() async throws {
    try await HostLab.with(hosts: 2) { lab in
      var estate = Estate(lab: lab)
      estate.fields = ["host": "rack1", "pool": "common", "disks": "{root: {image: guest}}"]
      try await estate.apply()
      let before = try await estate.count(beyond: 0, on: "rack1")
      for name in ["base", "tuned"] {
        try await lab.virsh(on: "rack1", "snapshot-create-as", "web", name)
      }
      estate.fields["host"] = "rack2"
      let said = try await estate.apply()
      #expect(said.contains("~ snapshots  2 on rack1 → go with it (their metadata)\n"), "\(said)")
      #expect(try await estate.places() == ["rack2": "running"])
      #expect(try await estate.snapshots(on: "rack2") == .init(names: ["base", "tuned"], current: "tuned"))
      #expect(try await lab.virsh(on: "rack2", "snapshot-parent", "web", "tuned").contains("base"))
      let left = try await lab.run(
        on: "rack1", "sh", "-c", "ls /var/lib/libvirt/qemu/snapshot/web 2>/dev/null || :")
      #expect(left == "")
      let after = try await estate.count(beyond: before.tick, on: "rack2")
      #expect(after.boot == before.boot)
      // What a snapshot holds lies in the disk.
      try await lab.virsh(on: "rack2", "snapshot-revert", "web", "base")
      try await estate.expectQuiet()

      // Taken off, and not put back: whoever comes next does that.
      estate.fields["host"] = "rack1"
      estate.fields["migration"] = "{bandwidth: 5MiB}"
      try estate.write()
      try await killOnceTakenOff(lab, from: "rack2")
      #expect(try await estate.snapshots(on: "rack2") == .init(names: [], current: nil))
      estate.fields["host"] = "rack2"
      let again = try await estate.apply()
      #expect(
        again.contains("~ snapshots  taken off by a move that was cut off → base, tuned\n"), "\(again)")
      #expect(try await estate.places() == ["rack2": "running"])
      #expect(try await estate.snapshots(on: "rack2") == .init(names: ["base", "tuned"], current: "base"))
      let definition = try await lab.virsh(on: "rack2", "dumpxml", "web", "--inactive")
      #expect(!definition.contains("domainsnapshot"))

      try await lab.virsh(on: "rack2", "destroy", "web")
      (estate.fields["host"], estate.fields["state"]) = ("rack1", "off")
      try await estate.apply()
      #expect(try await estate.places() == ["rack1": "shut off"])
      #expect(try await estate.snapshots(on: "rack1") == .init(names: ["base", "tuned"], current: "base"))
    }
  }

  /// Applies the spec, and kills the run in the middle of the move.
  private func killOnceTakenOff(_ lab: HostLab, from host: String) async throws {
    let script = """
      "$0" apply site.yaml --auto-approve & run=$!
      while [ -n "$(virsh -q -c "$1" snapshot-list web --name)" ]; do kill -0 $run; done
      kill -KILL $run
      """
    let outcome = try await Lab.run(
      "/bin/sh", ["-ec", script, Lab.binary, lab.uri(of: host)], in: lab.work,
      environment: ["VIRTFORM_HOME": "\(lab.work)/home"])
    #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
  }
}

extension HostLabTests.MigrationTests.Estate {
  /// What libvirt knows of a VM's snapshots.
  struct Snapshots: Equatable {
    /// Parents first.
    let names: [String]
    let current: String?
  }

  func snapshots(on host: String) async throws -> Snapshots {
    let names = try await lab.virsh(on: host, "snapshot-list", "web", "--topological", "--name")
    let current = try? await lab.virsh(on: host, "snapshot-current", "web", "--name")
    return Snapshots(
      names: names.split(whereSeparator: \.isWhitespace).map(String.init),
      current: current.map { $0.filter { !$0.isWhitespace } })
  }
}

import FoundationEssentials
import Libvirt
import TestLab
import Testing

extension GuestChangeTests {
  /// What runs leave that failed or were killed, and what the next ones make of it.
  @Suite("Runs that ended early")
  struct EndedEarly {
    private static let lan = ["lan": "{mode: isolated, cidr: 10.78.0.0/24, bridge: vft-early}"]

    private func site(_ fields: [String: String] = [:], networks: [String: String] = [:]) -> SiteText {
      .unbootable("early", fields, networks: networks)
    }

    private func file(_ guests: Guests) async throws -> String {
      let disk = guests.disk("vda", of: try await guests.definition("pic"))
      return try #require(disk?.first("source")?[attribute: "file"])
    }

    @Test("a restart that fails forgets no name and no protection that was given since the guest's start")
    func failedRestart() async throws {
      try await Guests.inLab { guests in
        try await guests.apply(site(["nics": "{lan: {}}"], networks: Self.lan))
        let path = try await file(guests)
        let renamed = [
          "disks": "{store: {size: 8MiB, protect: true}}", "nics": "{front: {network: lan}}",
        ]
        var moved = site(renamed, networks: Self.lan)
        moved.moved = ["vms.pic.disks.root": "vms.pic.disks.store", "vms.pic.nics.lan": "vms.pic.nics.front"]
        try await guests.apply(moved)
        let mac = try await guests.definition("pic").at("devices", "interface", "mac")
        try guests.write(
          site(renamed.merging(["memory": "60TiB"]) { $1 }, networks: Self.lan))
        let apply = try await guests.run("apply", "--auto-approve", "--restart")
        #expect(
          apply.status == 5 && apply.output.contains("it runs again as it was before"), "\(apply.output)")
        try guests.write(site(renamed, networks: Self.lan))
        #expect(try await guests.expectQuiet() == "No changes. The hosts are as the spec says.\n")
        #expect(try await file(guests) == path)
        let interfaces = try await guests.definition("pic").all(at: "devices", "interface")
        #expect(interfaces.map { $0.first("mac") } == [mac])
        // What the disk is called and that it is protected outlives the definition.
        _ = try await guests.lab.virsh("destroy", "pic")
        _ = try await guests.lab.virsh("undefine", "pic")
        try await guests.apply(site(renamed, networks: Self.lan))
        #expect(try await file(guests) == path)
      }
    }

    @Test("what a guest got of a change that it refused is taken back with the change")
    func refused() async throws {
      try await Guests.inLab { guests in
        // Only a guest that has booted lets go of a NIC.
        var plain = SiteText("early")
        plain.networks = Self.lan
        plain.vms["pic"] = SiteText.guest("pic", ["disks": "{root: {size: 8MiB}}"])
        try await guests.apply(plain)
        let first = try await guests.lab.status(of: "pic")
        var many = plain
        many.vms["pic"]?.merge(
          [
            "title": "Crowded", "disks": "{root: {size: 8MiB, iotune: {total_iops: 500}}}",
            "nics": "{" + (1...30).map { "n\($0): {network: lan}" }.joined(separator: ", ") + "}",
          ]) { _, new in new }
        try guests.write(many)
        let apply = try await guests.run("apply", "--auto-approve")
        #expect(apply.status == 5, "\(apply.output)\(apply.errors)")
        let half = try await guests.live("pic")
        #expect(half.first("title")?.text == "Crowded" && !half.all(at: "devices", "interface").isEmpty)
        try await guests.apply(plain)
        let live = try await guests.live("pic")
        #expect(live.first("title") == nil && live.all(at: "devices", "interface").isEmpty)
        #expect((guests.disk("vda", of: live)?.at("iotune", "total_iops_sec")?.text ?? "0") == "0")
        #expect(try await guests.lab.status(of: "pic")["boot"] == first["boot"])
      }
    }

    @Test("a network's restart that is killed leaves no guest with its cable pulled")
    func killedRestart() async throws {
      try await Guests.inLab { guests in
        try await guests.apply(site(["nics": "{lan: {}}"], networks: Self.lan))
        var tally = FaultTally(
          area: "Calls", fault: "killed at any time, while it restarts a network under a guest",
          command: "make torture FILTER=EndedEarly")
        let moments =
          Torture.isLong ? (4...40).map { "\(Double($0) / 10)" } : ["0.8", "1.6", "2.4", "3.2"]
        for (number, seconds) in moments.enumerated() {
          let network = ["lan": "{mode: isolated, cidr: 10.78.\(number + 1).0/24, bridge: vft-early}"]
          let next = site(["nics": "{lan: {}}"], networks: network)
          try guests.write(next)
          _ = try await Lab.run(
            "/usr/bin/timeout",
            ["-s", "KILL", seconds, Lab.binary, "apply", guests.path, "--auto-approve", "--restart"],
            in: guests.lab.work, environment: ["VIRTFORM_HOME": guests.lab.home])
          try await guests.apply(next, "--restart")
          let interface = try await guests.live("pic").at("devices", "interface")
          #expect(interface?.first("source")?[attribute: "network"] == "lan")
          let isPlugged = interface?.first("link")?[attribute: "state"] != "down"
          #expect(isPlugged, "after \(seconds) s")
          tally.count(
            hasSurvived: isPlugged && interface?.first("source")?[attribute: "network"] == "lan")
        }
        try tally.record()
      }
    }
  }
}

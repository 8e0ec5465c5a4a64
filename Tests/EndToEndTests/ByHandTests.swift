import FoundationEssentials
import Libvirt
import TestLab
import Testing

extension GuestChangeTests {
  /// What a person does with virsh to guests that have nothing to boot.
  @Suite("Changes by hand")
  struct ByHand {
    private func site(_ fields: [String: String] = [:], networks: [String: String] = [:]) -> SiteText {
      .unbootable("hands", fields, networks: networks)
    }

    private func file(_ guests: Guests, _ target: String = "vda") async throws -> String {
      let disk = guests.disk(target, of: try await guests.live("pic"))
      return try #require(disk?.first("source")?[attribute: "file"])
    }

    @Test("a disk that takes the place of a detached one has one name, and a person's disk stays theirs")
    func identity() async throws {
      try await Guests.inLab { guests in
        try await guests.apply(site(["state": "off", "disks": "{tmp: {size: 8MiB}}"]))
        _ = try await guests.lab.virsh("detach-disk", "pic", "vda", "--config")
        try await guests.apply(site(["state": "off", "disks": "{store: {size: 8MiB, protect: true}}"]))
        let plan = try await guests.run("plan", "--allow-data-loss")
        #expect(plan.output.hasPrefix("No changes."), "\(plan.output)")

        let precious = "\(guests.lab.work)/precious.qcow2"
        _ = try await Lab.run(
          "/usr/bin/qemu-img", ["create", "-f", "qcow2", precious, "4M"], in: guests.lab.work)
        _ = try await guests.lab.virsh("detach-disk", "pic", "vda", "--config")
        _ = try await guests.lab.virsh(
          "attach-disk", "pic", precious, "vda", "--config", "--subdriver", "qcow2")
        try await guests.apply(site(["state": "off", "disks": "{}"]))
        #expect(try await file(guests) == precious)
      }
    }

    @Test("a saved guest is told of, is not changed under its saved state, and goes on from there")
    func savedState() async throws {
      try await Guests.inLab { guests in
        let two = "{root: {size: 8MiB}, logs: {size: 8MiB}}"
        try await guests.apply(site(["disks": two]))
        _ = try await guests.lab.virsh("managedsave", "pic")
        try guests.write(site())
        let refused = try await guests.run("apply", "--auto-approve", "--allow-data-loss")
        #expect(refused.status == 1 && refused.errors.contains("managedsave-remove pic"), "\(refused.errors)")
        try guests.write(site(["disks": two]))
        #expect(try await guests.run("plan").output.contains("has a saved state"))
        try await guests.apply(site(["disks": two]))
        _ = try await guests.lab.virsh("managedsave", "pic")
        let destroy = try await guests.run("destroy", "--auto-approve", "--allow-data-loss")
        #expect(
          destroy.status == 0 && destroy.output.contains("- saved state"),
          "\(destroy.output)\(destroy.errors)")
      }
    }

    /// A command of a message is for a shell, as it stands.
    private func paste(_ command: Substring, _ guests: Guests) async throws {
      let outcome = try await Lab.run("/bin/sh", ["-c", String(command)], in: guests.lab.work)
      #expect(outcome.status == 0, "\(command): \(outcome.errors)")
    }

    @Test("what a running guest has of a file that was deleted is saved by the command that a plan names")
    func deletedFile() async throws {
      try await Guests.inLab { guests in
        try await guests.apply(site())
        let path = try await file(guests)
        _ = try await guests.lab.virsh("vol-delete", path)
        let plan = try await guests.expectQuiet()
        let command = try #require(plan.firstMatch(of: /this saves it: (virsh .* && virsh .*)/))
        try await paste(command.1, guests)
        #expect(FileManager.default.fileExists(atPath: path))
        #expect(try await guests.expectQuiet() == "No changes. The hosts are as the spec says.\n")
      }
    }

    @Test("the overlay of a snapshot is the disk, until the command that a plan names takes it back")
    func overlay() async throws {
      try await Guests.inLab { guests in
        try await guests.apply(site())
        let path = try await file(guests)
        _ = try await guests.lab.virsh("snapshot-create-as", "pic", "s1", "--disk-only")
        let plan = try await guests.expectQuiet()
        let command = try #require(plan.firstMatch(of: /while it runs, (virsh .*) takes it back/))
        // Off, its pool does not know the overlay, and nobody else does.
        try await guests.apply(site(["state": "off"]))
        #expect(try await guests.expectQuiet().contains("nobody can look"))
        try await guests.apply(site())
        try await paste(command.1 + " --wait", guests)
        #expect(try await file(guests) == path)
        #expect(try await guests.expectQuiet() == "No changes. The hosts are as the spec says.\n")
      }
    }

    @Test("a guest that lost its definition gets it back")
    func transient() async throws {
      try await Guests.inLab { guests in
        try await guests.apply(site())
        _ = try await guests.lab.virsh("undefine", "pic")
        let apply = try await guests.apply(site(["title": "Again"]))
        #expect(apply.contains("+ definition"), "\(apply)")
        #expect(try await guests.lab.virsh("dominfo", "pic").contains("Persistent:     yes"))
        _ = try await guests.lab.virsh("undefine", "pic")
        try await guests.apply(site(["title": "Again", "state": "off"]))
        #expect(try await guests.definition("pic").first("title")?.text == "Again")
      }
    }

    @Test("a cable is pulled although the definition has what the guest cannot take while it runs")
    func liveNIC() async throws {
      try await Guests.inLab { guests in
        let lan = ["lan": "{mode: isolated, cidr: 10.77.0.0/24}"]
        try await guests.apply(site(["nics": "{lan: {}}"], networks: lan))
        try await guests.edit("pic") { document in
          document.mutateFirst("devices") { devices in
            devices.mutateFirst("interface") {
              $0.insert(XMLElement("mtu", ["size": "1300"]), .after(["source"]))
            }
          }
        }
        try await guests.apply(site(["nics": "{lan: {link: down}}"], networks: lan))
        let link = try await guests.live("pic").at("devices", "interface")?.first("link")
        #expect(link?[attribute: "state"] == "down")
        #expect(try await guests.definition("pic").at("devices", "interface")?.first("mtu") != nil)
      }
    }

    @Test("a guest that stays paused keeps a disk that leaves the spec until its restart")
    func paused() async throws {
      try await Guests.inLab { guests in
        try await guests.apply(
          site(["state": "paused", "on_change": "stage", "disks": "{root: {size: 8MiB}, logs: {size: 8MiB}}"])
        )
        let apply = try await guests.apply(site(["state": "paused", "on_change": "stage"]))
        #expect(apply.contains("pending restart: disks.logs"), "\(apply)")
      }
    }

    @Test("a guest that does not start as the spec has it runs again as before")
    func failedRestart() async throws {
      try await Guests.inLab { guests in
        try await guests.apply(site())
        try guests.write(site(["memory": "60TiB"]))
        let apply = try await guests.run("apply", "--auto-approve", "--restart")
        #expect(
          apply.status == 5 && apply.output.contains("it runs again as it was before"), "\(apply.output)")
        #expect(try await guests.lab.virsh("domstate", "pic").hasPrefix("running"))
        try guests.write(site())
        #expect(try await guests.expectQuiet() == "No changes. The hosts are as the spec says.\n")
      }
    }

    @Test(
      "a disk that may be deleted with a restart is there as long as the guest may need it, and goes once it has started"
    )
    func deferredDeletion() async throws {
      try await Guests.inLab { guests in
        let two = "{root: {size: 8MiB}, logs: {size: 8MiB, bus: sata}}"
        try await guests.apply(site(["disks": two]))
        // A disk of SATA leaves with a restart only.
        try guests.write(site(["memory": "60TiB"]))
        let failed = try await guests.run("apply", "--auto-approve", "--restart", "--allow-data-loss")
        #expect(
          failed.status == 5 && failed.output.contains("it runs again as it was before"), "\(failed.output)")
        #expect(try await guests.live("pic").all(at: "devices", "disk").count == 2)
        #expect(try await guests.volumes().contains("pic.logs"))
        try await guests.apply(site(), "--restart", "--allow-data-loss")
        #expect(try await guests.live("pic").all(at: "devices", "disk").count == 1)
        #expect(try await !guests.volumes().contains("pic.logs"))
      }
    }
  }
}

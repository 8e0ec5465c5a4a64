import FoundationEssentials
import Libvirt
import TestLab
import Testing

extension GuestChangeTests {
  /// Changes that a running guest takes. Its spec forbids restarts, so that one which needs it is an error.
  @Suite("Live changes")
  struct LiveChanges {
    private static func site() -> SiteText {
      var site = SiteText("live")
      site.variables = ["screen": "{env: VF_SCREEN, secret: true}"]
      site.networks = [
        "lan":
          "{mode: nat, cidr: 10.126.71.0/24, bridge: vft-live, dhcp: {from: 10.126.71.100, to: 10.126.71.199}}",
        "other":
          "{mode: isolated, cidr: 10.126.72.0/24, bridge: vft-live2, dhcp: {from: 10.126.72.100, to: 10.126.72.199}}",
      ]
      site.vms["a"] = SiteText.guest(
        "a",
        [
          "on_change": "live-only", "cpus": "{count: 1, max: 2}",
          "memory": "{size: 192MiB, max: 288MiB, limit: 1GiB}",
          "graphics": "{type: vnc, password: \"${var.screen}\"}",
          "disks": "{root: {size: 16MiB}, cold: {cdrom: none, bus: scsi}}",
          "nics": "{lan: {}}",
        ])
      return site
    }

    private func memory(_ status: [String: String]) -> Int { Int(status["mem"]?.dropLast() ?? "") ?? 0 }

    private func isOn(_ network: String, _ nic: String?) -> Bool { nic?.contains(",ip=\(network).") == true }

    @Test(
      "each change arrives in the guest, which counts on: texts, CPUs, memory, disks, limits, NICs, CDs, screen, power"
    )
    func changes() async throws {
      try await Guests.inLab { guests in
        var guests = guests
        let lab = guests.lab
        guests.environment = ["VF_SCREEN": "0ld-pass"]
        var site = Self.site()
        var said = try await guests.apply(site)
        let first = try await lab.status(of: "a") { isOn("10.126.71", $0["eth0"]) }
        let before = try await guests.definition("a")

        // More of everything.
        site.vms["a"]?.merge([
          "title": "One", "description": "\"two\\nlines\"",
          "cpus": "{count: 2, max: 2, pin: {0: 0-1, 1: \"0\"}}",
          "memory": "{size: 256MiB, max: 288MiB, limit: 1GiB}", "autostart": "true",
          "disks":
            "{root: {size: 32MiB, iotune: {total_iops: 500}}, data: {size: 24MiB}, log: {size: 20MiB, bus: scsi}, cd: {cdrom: initrd, bus: scsi}, cold: {cdrom: kernel, bus: scsi}}",
          "nics": "{lan: {}, back: {network: other}}",
        ]) { _, new in new }
        let more = try await guests.apply(site)
        said += more
        #expect(
          effects(more) == [
            "title": "live", "description": "live", "cpus": "live", "cpus.pin": "live", "memory": "live",
            "autostart": "none", "disks.root.iotune": "live", "disks.data": "live", "disks.log": "live",
            "disks.cd": "live", "disks.cold.media": "live", "nics.back": "live", "disk.a.root size": "live",
          ], "\(more)")
        let grown = try await lab.status(of: "a") {
          $0["cpus"] == "2" && $0["vdb"] == "24M" && $0["sda"] == "20M" && $0["sr0"] == "13M"
            && $0["sr1"] == "1M" && $0["vda"] == "32M"
            && isOn("10.126.72", $0["eth1"]) && memory($0) > memory(first)
        }
        #expect(grown["boot"] == first["boot"])
        #expect(Int(grown["tick"] ?? "") ?? 0 > Int(first["tick"] ?? "") ?? 0)
        var live = try await guests.live("a")
        #expect(live.first("title")?.text == "One" && live.first("description")?.text == "two\nlines")
        #expect(
          live.all(at: "cputune", "vcpupin").map { $0[attribute: "cpuset"] } == ["0-1", "0"])
        #expect(guests.disk("vda", of: live)?.at("iotune", "total_iops_sec")?.text == "500")
        #expect(try await lab.virsh("dominfo", "a").contains(/Autostart: +enable/))
        let owned = [
          "title", "description", "vcpu", "cputune", "currentMemory", "devices/disk[vda]/iotune",
          "devices/disk[vdb]", "devices/disk[sd", "devices/controller[scsi 0]", "devices/interface[52:54:",
        ]
        for difference in differences(before, try await guests.definition("a")) {
          #expect(owned.contains { difference.hasPrefix($0) }, "\(difference)")
        }

        // Other values of what there is; a disk that goes without consent to the loss of its content.
        site.vms["a"]?.merge([
          "title": "Two", "cpus": "{count: 2, max: 2, pin: {0: \"1\", 1: \"0\"}}",
          "memory": "{size: 176MiB, max: 288MiB, limit: 1GiB}",
          "disks":
            "{root: {size: 32MiB, iotune: {read_bytes: 1MiB}}, log: {size: 20MiB, bus: scsi}, cd: {cdrom: kernel, bus: scsi}, cold: {cdrom: initrd, bus: scsi}}",
          "nics": "{lan: {network: other}, back: {network: other, link: down}}",
        ]) { _, new in new }
        let other = try await guests.apply(site)
        said += other
        #expect(
          effects(other) == [
            "title": "live", "cpus.pin": "live", "memory": "live", "disks.root.iotune": "live",
            "disks.data": "live", "disks.cd.media": "live", "disks.cold.media": "live",
            "nics.lan.network": "live",
            "nics.back.link": "live",
          ], "\(other)")
        #expect(other.contains(/disk\.a\.data on local: stays at .*a\.data-\w+\.qcow2, 24 MiB/), "\(other)")
        #expect(try await guests.volumes().contains("a.data"))
        let changed = try await lab.status(of: "a") {
          $0["vdb"] == nil && $0["sr0"] == "1M" && $0["sr1"] == "13M"
            && $0["eth1"]?.contains("carrier=0") == true && memory($0) < memory(grown)
        }
        #expect(changed["boot"] == first["boot"])
        live = try await guests.live("a")
        // A guest keeps its address until it renews it; libvirt says what it is plugged into.
        #expect(
          live.all(at: "devices", "interface").map { $0.first("source")?[attribute: "network"] } == [
            "other", "other",
          ])
        #expect(live.all(at: "cputune", "vcpupin").map { $0[attribute: "cpuset"] } == ["1", "0"])
        let limits = guests.disk("vda", of: live)?.first("iotune")
        #expect(limits?.first("read_bytes_sec")?.text == "\(1 << 20)")
        #expect(limits?.first("total_iops_sec") == nil)

        // What goes: limits, the medium, a disk with its content; the cable is back, the password is another one.
        guests.environment = ["VF_SCREEN": "n3w-pass"]
        site.vms["a"]?.merge([
          "autostart": "false",
          "memory": "{size: 176MiB, max: 288MiB, limit: 1GiB, devices: {extra: 128MiB}}",
          "disks": "{root: {size: 32MiB}, cd: {cdrom: kernel, bus: scsi}, cold: {cdrom: none, bus: scsi}}",
          "nics": "{lan: {network: other}, back: {network: other}}",
        ]) { _, new in new }
        site.vms["a"]?["description"] = nil
        let less = try await guests.apply(site, "--allow-data-loss")
        said += less
        #expect(
          effects(less) == [
            "description": "live", "memory.devices.extra": "live", "autostart": "none",
            "graphics.password": "live",
            "disks.root.iotune": "live", "disks.log": "live", "disks.cold.media": "live",
            "nics.back.link": "live", "disk.a.log content": "data loss",
          ], "\(less)")
        #expect(try await guests.volumes().isDisjoint(with: ["a.log"]))
        let shrunk = try await lab.status(of: "a") {
          $0["sda"] == nil && $0["sr1"] == "13M" && isOn("10.126.72", $0["eth1"])
            && memory($0) > memory(changed)
        }
        #expect(shrunk["boot"] == first["boot"])
        live = try await guests.live("a")
        // A guest sees that a drive is empty only when it reads from it.
        let media = live.all(at: "devices", "disk").filter { $0[attribute: "device"] == "cdrom" }
        #expect(media.count == 2 && media.count { $0.first("source")?[attribute: "file"] == nil } == 1)
        #expect(live.first("description") == nil && guests.disk("vda", of: live)?.first("iotune") == nil)
        let secret = try await lab.virsh("dumpxml", "a", "--security-info")
        #expect(try XMLElement(parsing: secret).at("devices", "graphics")?[attribute: "passwd"] == "n3w-pass")

        // Devices that go.
        site.vms["a"]?.merge([
          "disks": "{root: {size: 32MiB}, cold: {cdrom: none, bus: scsi}}", "nics": "{lan: {network: other}}",
        ]) {
          _, new in new
        }
        site.vms["a"]?["title"] = nil
        let gone = try await guests.apply(site)
        said += gone
        #expect(effects(gone) == ["title": "live", "disks.cd": "live", "nics.back": "live"], "\(gone)")
        let bare = try await lab.status(of: "a") { $0["sr1"] == nil && $0["eth1"] == nil }
        #expect(bare["boot"] == first["boot"])
        #expect(bare["vda"] == "32M")

        // Paused, running, off, running.
        site.vms["a"]?["state"] = "paused"
        #expect(effects(try await guests.apply(site)) == ["state": "stop"])
        #expect(try await lab.virsh("domstate", "a").hasPrefix("paused"))
        site.vms["a"]?["state"] = "running"
        #expect(effects(try await guests.apply(site)) == ["state": "live"])
        let resumed = try await lab.status(of: "a")
        #expect(resumed["boot"] == first["boot"])
        #expect(Int(resumed["tick"] ?? "") ?? 0 >= Int(bare["tick"] ?? "") ?? 0)
        site.vms["a"]?["state"] = "off"
        async let goodbye = lab.console(of: "a", shows: "VF-POWEROFF")
        #expect(effects(try await guests.apply(site)) == ["state": "stop"])
        #expect(try await goodbye == "VF-POWEROFF")
        #expect(try await lab.virsh("domstate", "a").hasPrefix("shut off"))
        site.vms["a"]?["state"] = nil
        #expect(effects(try await guests.apply(site)) == ["state": "none"])
        #expect(try await lab.status(of: "a")["boot"] != first["boot"])

        // A password is in the definition, where libvirt keeps it, and nowhere else.
        said += try await guests.run("show").output + guests.run("show", "--spec").output
        said += try await lab.virsh("dumpxml", "a") + lab.virsh("dumpxml", "a", "--inactive")
        said += try await lab.virsh("metadata", "a", "urn:virtform:mark:1")
        #expect(!said.contains("0ld-pass") && !said.contains("n3w-pass"))
      }
    }

    @Test("what people change in a guest or beside it is drift, told by drift and plan, mended by apply")
    func drift() async throws {
      try await Guests.inLab { guests in
        var guests = guests
        let lab = guests.lab
        guests.environment = ["VF_SCREEN": "0ld-pass"]
        var site = Self.site()
        site.vms["a"]?.merge([
          "title": "Ours", "description": "Our words", "cpus": "{count: 1, max: 2, pin: {0: \"1\"}}",
          "disks": "{root: {size: 16MiB, iotune: {total_iops: 500}}, data: {size: 24MiB}}",
          "nics": "{lan: {link: up}}", "memory": "{size: 112MiB, max: 128MiB}",
        ]) { _, new in new }
        try await guests.apply(site)
        let first = try await lab.status(of: "a") { $0["vdb"] == "24M" && isOn("10.126.71", $0["eth0"]) }
        let clean = try await guests.run("drift", "--detailed-exitcode")
        #expect(clean.status == 0 && clean.output.hasPrefix("No drift."), "\(clean.output)")
        let before = try await guests.definition("a")
        let mac = try #require(before.at("devices", "interface", "mac")?[attribute: "address"])

        // In the guest alone.
        _ = try await lab.virsh("detach-disk", "a", "vdb", "--live")
        _ = try await lab.virsh("domif-setlink", "a", mac, "down")
        _ = try await lab.virsh("vcpupin", "a", "0", "0-1", "--live")
        _ = try await lab.virsh("blkdeviotune", "a", "vda", "--total-iops-sec", "7", "--live")
        _ = try await lab.status(of: "a") { $0["vdb"] == nil && $0["eth0"]?.contains("carrier=0") == true }
        // In the definition alone.
        _ = try await lab.virsh("desc", "a", "--config", "--title", "Theirs")
        try await guests.edit("a") { $0.mutateFirst("description") { $0.setText("Their words") } }

        let fields: Set<String> = [
          "title", "description", "cpus.pin", "disks.root.iotune", "disks.data", "nics.lan.link",
        ]
        let drift = try await guests.run("drift", "--detailed-exitcode")
        #expect(drift.status == 2)
        for field in fields {
          #expect(drift.output.contains("\n    \(field) "), "\(field): \(drift.output)")
        }
        #expect(drift.output.contains(/title +applied: Ours, is: Theirs/), "\(drift.output)")
        let plan = try await guests.run("plan", "--detailed-exitcode")
        #expect(plan.status == 2)
        #expect(plan.output.contains("not as it was last applied, goes back:"), "\(plan.output)")
        #expect(Set(effects(plan.output).keys) == fields, "\(plan.output)")
        #expect(effects(plan.output).values.allSatisfy { $0 == "live" || $0 == "none" }, "\(plan.output)")

        try await guests.apply(site)
        let mended = try await lab.status(of: "a") { $0["vdb"] == "24M" && isOn("10.126.71", $0["eth0"]) }
        #expect(mended["boot"] == first["boot"])
        #expect(differences(before, try await guests.definition("a")).isEmpty)
        let live = try await guests.live("a")
        #expect(live.first("title")?.text == "Ours")
        #expect(live.at("cputune", "vcpupin")?[attribute: "cpuset"] == "1")
        #expect(guests.disk("vda", of: live)?.at("iotune", "total_iops_sec")?.text == "500")

        // QEMU that emulates gives no vCPU back: what a person plugged in stays until the guest restarts.
        _ = try await lab.virsh("setvcpus", "a", "2", "--live")
        #expect(try await guests.expectQuiet().contains("pending restart: cpus"))
      }
    }
  }
}

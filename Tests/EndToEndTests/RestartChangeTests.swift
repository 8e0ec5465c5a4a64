import FoundationEssentials
import Libvirt
import TestLab
import Testing

extension GuestChangeTests {
  /// Changes that a running guest cannot take.
  @Suite("Restart changes")
  struct RestartChanges {
    private static func site(_ fields: [String: String] = [:]) -> SiteText {
      var site = SiteText("restart")
      site.networks = ["net": "{mode: user}"]
      site.vms["a"] = SiteText.guest(
        "a",
        [
          "on_change": "stage", "cpus": "{count: 1, max: 2}", "memory": "{size: 112MiB, max: 128MiB}",
          "disks": "{root: {size: 16MiB, bus: virtio}, data: {size: 24MiB, bus: scsi}}",
          "nics": "{net: {model: virtio}}", "cpu": "max", "machine": "pc-q35-7.2", "firmware": "bios",
        ])
      site.vms["a"]?.merge(fields) { _, new in new }
      return site
    }

    /// Another value of each field that only a restart brings to the guest.
    private static let changes = [
      "machine": "pc-q35-7.1", "cpu": "Nehalem", "cpus": "{count: 1, max: 3}",
      "memory": "{size: 144MiB, max: 160MiB}",
      "cmdline": "console=ttyS0 quiet vf.host=b vf.every=1", "nics": "{net: {model: e1000e}}",
      "disks": "{root: {size: 16MiB, bus: scsi}, data: {size: 24MiB, bus: scsi}}",
    ]
    private static let paths: Set<String> = [
      "machine", "cpu", "cpus", "memory", "cmdline", "nics.net.model", "disks.root.bus",
    ]

    private func expectStaged(
      _ guests: Guests, _ paths: Set<String>, _ boot: String?, place: SourceLocation = #_sourceLocation
    ) async throws {
      let plan = try await guests.expectQuiet(place: place)
      let note = "pending restart: \(paths.sorted().joined(separator: ", ")) (the guest keeps running)"
      #expect(plan.contains(note), "\(plan)", sourceLocation: place)
      let shown = try await guests.run("show").output
      #expect(
        shown.contains("running, pending restart: \(paths.sorted().joined(separator: " "))"), "\(shown)",
        sourceLocation: place)
      #expect(try await guests.lab.status(of: "a")["boot"] == boot, sourceLocation: place)
    }

    private func expectInEffect(_ guests: Guests, place: SourceLocation = #_sourceLocation) async throws {
      let live = try await guests.live("a")
      #expect(live.at("os", "type")?[attribute: "machine"] == "pc-q35-7.1", sourceLocation: place)
      #expect(live.at("cpu", "model")?.text == "Nehalem", sourceLocation: place)
      #expect(live.first("vcpu")?.text == "3", sourceLocation: place)
      #expect(live.first("memory")?.text == "\(160 << 10)", sourceLocation: place)
      #expect(
        live.at("devices", "interface", "model")?[attribute: "type"] == "e1000e", sourceLocation: place)
    }

    @Test(
      "what a guest cannot take waits, is taken back without a restart, and comes with one that was allowed")
    func staging() async throws {
      try await Guests.inLab { guests in
        let lab = guests.lab
        try await guests.apply(Self.site())
        let first = try await lab.status(of: "a") { $0["vda"] == "16M" && $0["sda"] == "24M" }

        // Staged: everything, with firmware and console.
        let all = Self.changes.merging(["firmware": "uefi", "console": "false"]) { _, new in new }
        let everything = Self.paths.union(["firmware", "console"])
        let staged = try await guests.apply(Self.site(all))
        #expect(
          effects(staged) == Dictionary(uniqueKeysWithValues: everything.map { ($0, "restart") }),
          "\(staged)")
        try await expectStaged(guests, everything, first["boot"])

        // Taken back again: nothing waits any more.
        let back = try await guests.apply(Self.site())
        #expect(effects(back).values.allSatisfy { $0 == "none" }, "\(back)")
        #expect(try await !guests.expectQuiet().contains("pending"))
        #expect(try await lab.status(of: "a")["boot"] == first["boot"])

        // Refused before anything happens, where the spec says so.
        try guests.write(Self.site(Self.changes.merging(["on_change": "live-only"]) { _, new in new }))
        let calls = try await lab.calls {
          let refused = try await guests.run("apply", "--auto-approve")
          #expect(refused.status == 7)
          for path in Self.paths {
            #expect(
              refused.errors.contains("error: \(path) of VM 'a' cannot change while its guest runs"),
              "\(path): \(refused.errors)")
          }
        }
        #expect(Lab.mutating(calls).isEmpty)

        // Staged again, and restarted by the flag: the guest is asked, and comes back with all of it.
        try await guests.apply(Self.site(Self.changes))
        try await expectStaged(guests, Self.paths, first["boot"])
        async let goodbye = lab.console(of: "a", shows: "VF-POWEROFF")
        let restart = try await guests.apply(Self.site(Self.changes), "--restart")
        #expect(restart.contains("1 guest restarts"), "\(restart)")
        #expect(try await goodbye == "VF-POWEROFF")
        let second = try await lab.status(of: "a")
        #expect(second["boot"] != first["boot"])
        #expect(second["host"] == "b")
        #expect(second["vda"] == nil)
        try await expectInEffect(guests)
        #expect(try await !guests.expectQuiet().contains("pending"))

        // Staged, and restarted by a person.
        var byHand = Self.changes
        byHand["cmdline"] = "console=ttyS0 quiet vf.host=c vf.every=1"
        try await guests.apply(Self.site(byHand))
        try await expectStaged(guests, ["cmdline"], second["boot"])
        _ = try await lab.virsh("shutdown", "a", "--mode", "acpi")
        try await guests.until { try await lab.virsh("domstate", "a").hasPrefix("shut off") }
        _ = try await lab.virsh("start", "a")
        #expect(try await !guests.expectQuiet().contains("pending"))
        let third = try await lab.status(of: "a")
        #expect(third["host"] == "c" && third["boot"] != second["boot"])

        // Restarted by the spec's word; the console goes, so only libvirt can tell.
        byHand.merge(["firmware": "uefi", "console": "false", "on_change": "restart-if-needed"]) {
          _, new in new
        }
        let word = try await guests.apply(Self.site(byHand))
        #expect(effects(word) == ["firmware": "restart", "console": "restart"], "\(word)")
        #expect(word.contains("1 guest restarts"), "\(word)")
        let live = try await guests.live("a")
        #expect(live.at("os", "loader")?[attribute: "type"] == "pflash")
        #expect(live.at("devices", "serial") == nil && live.at("devices", "console") == nil)
        try await expectInEffect(guests)
      }
    }

    @Test("a guest that does not listen is not powered off without force, and the run says that it runs on")
    func deaf() async throws {
      try await Guests.inLab { guests in
        let lab = guests.lab
        // Firmware that found nothing to boot hears no power button.
        func site(_ boot: String, _ fields: [String: String] = [:]) -> SiteText {
          var site = SiteText("deaf")
          site.images = [:]
          site.vms["a"] = [
            "accel": "tcg", "memory": "64MiB", "boot": boot,
            "disks": "{root: {size: 8MiB}, data: {size: 8MiB}}", "on_change": "restart-if-needed",
            "shutdown": "{timeout: 2s}",
          ].merging(fields) { _, new in new }
          return site
        }
        try await guests.apply(site("[root, data]"))
        let id = try await lab.virsh("domid", "a")

        try guests.write(site("[data, root]"))
        let refused = try await guests.run("apply", "--auto-approve")
        #expect(refused.status == 5, "\(refused.output)\(refused.errors)")
        #expect(
          refused.output.contains(
            /site\.yaml:\d+:\d+: vm\.a on local: stopping: the guest did not shut down within 2 ?s; it runs on/
          ),
          "\(refused.output)")
        #expect(try await lab.virsh("domid", "a") == id)
        #expect(try await lab.virsh("domstate", "a").hasPrefix("running"))
        // What was written waits, and the next plan still has the restart.
        let plan = try await guests.run("plan", "--detailed-exitcode")
        #expect(plan.status == 2 && plan.output.contains("1 guest restarts"), "\(plan.output)")

        try await guests.apply(site("[data, root]"), "--force-shutdown")
        let forced = try await lab.virsh("domid", "a")
        #expect(forced != id)
        #expect(try await bootOrder(guests) == ["2", "1"])
        try await guests.apply(site("[data]", ["shutdown": "{timeout: 1s, force: true}"]))
        #expect(try await lab.virsh("domid", "a") != forced)
        #expect(try await bootOrder(guests) == [nil, "1"])
      }
    }

    private func bootOrder(_ guests: Guests) async throws -> [String?] {
      try await guests.live("a").all(at: "devices", "disk").map { $0.first("boot")?[attribute: "order"] }
    }
  }
}

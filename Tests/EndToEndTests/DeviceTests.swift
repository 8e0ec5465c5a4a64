import FoundationEssentials
import Libvirt
import TestLab
import Testing

extension GuestChangeTests {
  /// Firmware, TPMs, random numbers, watchdogs, NUMA and directories of the host, as a guest sees them. No guest has a
  /// device of the host here, as this takes an IOMMU or a USB device: see the definitions of `Definitions`. The guest's
  /// kernel has no 9p, so such a share is only given to it.
  @Suite("Devices of guests")
  struct Devices {
    private static func site(_ fields: [String: String] = [:]) -> SiteText {
      var site = SiteText("devices")
      site.vms["a"] = SiteText.guest(
        "a", ["memory": "192MiB", "cpus": "{count: 2, max: 2}", "on_change": "stage"].merging(fields) { $1 })
      return site
    }

    /// Everything at once.
    private static func full(_ lab: Lab) -> [String: String] {
      [
        "tpm": "true", "watchdog": "{action: pause}", "rng": "{rate: 4KiB}",
        "console": "{log: \(lab.work)/console.log}",
        "shares":
          "{web: {path: \(lab.work)/web}, old: {path: \(lab.work)/web, type: 9p, read_only: true}}",
        "cpus": "{count: 2, max: 2, topology: {cores: 2}}",
        "numa": "{cells: [{cpus: 0, memory: 96MiB}, {cpus: 1, memory: 96MiB}], nodes: 0}",
        "cmdline": "console=ttyS0 quiet vf.host=a vf.every=1 vf.mount=web",
      ]
    }

    private static let paths: Set<String> = [
      "tpm", "watchdog", "console.log", "cpus.topology", "numa.cells", "numa.nodes", "shares.web",
      "shares.old",
    ]

    private func devices(_ status: [String: String]) -> Set<String> {
      Set((status["devices"] ?? "").split(separator: ",").map(String.init))
    }

    /// Where libvirt keeps what the TPM of `a` holds.
    private func tpmState(_ guests: Guests) async throws -> String {
      let uuid = try #require(try await guests.definition("a").first("uuid")?.text)
      return "\(guests.lab.home)/lib/swtpm/\(uuid)/tpm2"
    }

    private func isThere(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    @Test(
      "a guest has all of it, gives up what it can while it runs and the rest when it restarts; what its TPM holds outlives the device and the VM",
      .enabled(if: Lab.hasTPM, "needs swtpm and swtpm-tools"))
    func all() async throws {
      try await Guests.inLab { guests in
        let lab = guests.lab
        try FileManager.default.createDirectory(
          atPath: "\(lab.work)/web", withIntermediateDirectories: true)
        _ = try lab.write("hello\n", to: "web/greeting")
        let full = Self.full(lab)
        try await guests.apply(Self.site(full))
        let first = try await lab.status(of: "a") { $0["web"] == "hello" && devices($0).count == 3 }
        #expect(devices(first) == ["tpm", "rng", "watchdog"])
        #expect(first["nodes"] == "2" && first["cpus"] == "2")
        let live = try await guests.live("a")
        #expect(live.at("cpu", "topology")?[attribute: "cores"] == "2")
        #expect(live.at("devices", "watchdog")?[attribute: "action"] == "pause")
        #expect(live.at("devices", "rng", "rate")?[attribute: "bytes"] == "4096")
        #expect(live.all(at: "devices", "filesystem").map { $0.first("readonly") != nil } == [true, false])
        let said = try String(contentsOfFile: "\(lab.work)/console.log", encoding: .utf8)
        #expect(said.contains("VF-STATUS"))
        let marker = try await tpmState(guests) + "/marker"
        try "seen".write(toFile: marker, atomically: true, encoding: .utf8)

        // While it runs.
        let without = try await guests.apply(Self.site(full.merging(["rng": "false"]) { $1 }))
        #expect(effects(without) == ["rng": "live"], "\(without)")
        let quiet = try await lab.status(of: "a") { !devices($0).contains("rng") }
        #expect(quiet["boot"] == first["boot"])
        let again = try await guests.apply(Self.site(full))
        #expect(effects(again) == ["rng": "live"], "\(again)")
        let fed = try await lab.status(of: "a") { devices($0).contains("rng") }
        #expect(fed["boot"] == first["boot"])

        // Without everything: it waits, and comes with a restart.
        let bare = Self.site(["cmdline": full["cmdline"] ?? "", "rng": "true"])
        let staged = try await guests.apply(bare)
        #expect(
          effects(staged)
            == Dictionary(uniqueKeysWithValues: Self.paths.union(["rng"]).map { ($0, "restart") }),
          "\(staged)")
        try await guests.apply(bare, "--restart")
        let second = try await lab.status(of: "a") { $0["boot"] != first["boot"] && $0["devices"] != nil }
        #expect(devices(second) == ["rng"] && second["web"] == "-" && second["nodes"] == "1")
        #expect(isThere(marker), "what the TPM held is gone with the device")

        // The VM goes and comes back, and so does its TPM.
        try await guests.apply(Self.site(full), "--restart")
        var none = Self.site()
        none.vms = [:]
        let removed = try await guests.apply(none)
        #expect(removed.contains("what its TPM holds stays on the host"), "\(removed)")
        try await guests.apply(Self.site(full))
        #expect(isThere(marker), "what the TPM held is gone with the VM")
        let third = try await lab.status(of: "a") { devices($0).count == 3 }
        #expect(devices(third).contains("tpm"))
        let lost = try await guests.apply(none, "--allow-data-loss")
        #expect(lost.contains("DATA LOSS on 1 TPM"), "\(lost)")
        #expect(!isThere(marker))
      }
    }

    @Test(
      "UEFI boots what is signed, or anything, each with variables of its own",
      .enabled(if: Lab.hasSecureBoot, "needs the package ovmf"))
    func firmware() async throws {
      try await Guests.inLab { guests in
        let lab = guests.lab
        func site(_ isSecure: Bool) -> SiteText {
          Self.site([
            "memory": "512MiB", "cpus": "1", "firmware": "{type: uefi, secure_boot: \(isSecure)}",
            "on_change": "restart-if-needed",
          ])
        }
        func variables() async throws -> String {
          let path = try #require(try await guests.live("a").at("os", "nvram")?.text)
          return try #require(path.split(separator: "/").last.map(String.init))
        }
        try await guests.apply(site(false))
        let open = try await lab.status(of: "a") { $0["devices"] != nil }
        #expect(devices(open) == ["efi", "rng"])
        let openVariables = try await variables()
        #expect(try await guests.live("a").at("os", "loader")?[attribute: "secure"] != "yes")

        let closed = try await guests.apply(site(true))
        #expect(effects(closed) == ["firmware.secure_boot": "restart"], "\(closed)")
        let sealed = try await lab.status(of: "a") { $0["boot"] != open["boot"] && $0["devices"] != nil }
        #expect(devices(sealed) == ["efi", "rng", "secureboot"])
        #expect(try await guests.live("a").at("os", "loader")?[attribute: "secure"] == "yes")
        #expect(try await variables() != openVariables)

        try await guests.apply(site(false))
        #expect(try await variables() == openVariables)
        let kept = try FileManager.default.contentsOfDirectory(atPath: "\(lab.home)/lib/qemu/nvram")
        #expect(kept.count == 2, "\(kept)")
      }
    }

    @Test("a device that the host does not have is refused before anything happens")
    func missing() async throws {
      try await Guests.inLab { guests in
        try guests.write(Self.site(["state": "off", "host_devices": "{key: {usb: \"1d6b:ffff\"}}"]))
        let calls = try await guests.lab.calls {
          let refused = try await guests.run("apply", "--auto-approve")
          #expect(refused.status != 0)
          #expect(
            refused.errors.contains("error: host 'local' has no device usb 1d6b:ffff"), "\(refused.errors)")
        }
        #expect(Lab.mutating(calls).isEmpty)
      }
    }
  }
}

import FoundationEssentials
import Libvirt
import TestLab
import Testing

extension GuestChangeTests {
  /// What leaves the spec, has another name in it, or is made anew.
  @Suite("Removal and renames")
  struct Removal {
    private func uuid(_ lab: Lab, _ name: String) async throws -> String {
      try await lab.virsh("domuuid", name)
    }

    private func files(_ guests: Guests, _ name: String) async throws -> [String] {
      try await guests.definition(name).all(at: "devices", "disk").compactMap {
        $0.first("source")?[attribute: "file"]
      }
    }

    @Test(
      "a VM is renamed where it runs, with its disks and NICs, and is let go at last with everything it has")
    func renames() async throws {
      try await Guests.inLab { guests in
        let lab = guests.lab
        var site = SiteText("moves")
        site.networks = ["net": "{mode: user}"]
        let fields = ["on_change": "stage"]
        site.vms["web"] = SiteText.guest("vm", fields).merging([
          "disks": "{root: {size: 8MiB}, tmp: {size: 12MiB}}",
          "nics": "{one: {network: net}, two: {network: net}}",
        ]) { _, new in new }
        try await guests.apply(site)
        let first = try await lab.status(of: "web") { $0["eth1"] != nil && $0["vdb"] == "12M" }
        let (uuid, files) = (try await uuid(lab, "web"), try await files(guests, "web"))
        let nics = try await guests.definition("web").all(at: "devices", "interface")

        // The VM, a disk and a NIC have other names; the guest keeps libvirt's name until it is off.
        var moved = site
        moved.vms["front"] = moved.vms.removeValue(forKey: "web")
        moved.vms["front"]?["disks"] = "{root: {size: 8MiB}, scratch: {size: 12MiB}}"
        moved.vms["front"]?["nics"] = "{one: {network: net}, second: {network: net}}"
        moved.moved = [
          "vms.web": "vms.front", "vms.front.disks.tmp": "vms.front.disks.scratch",
          "vms.front.nics.two": "vms.front.nics.second",
        ]
        let rename = try await guests.apply(moved)
        #expect(
          effects(rename) == ["name": "restart", "disks.scratch": "none", "nics.second": "none"], "\(rename)")
        #expect(try await guests.expectQuiet().contains("pending restart: name"))
        #expect(try await lab.virsh("domname", uuid.filter { !$0.isWhitespace }).contains("web"))
        #expect(try await lab.status(of: "web")["boot"] == first["boot"])

        // A person stops it; the next apply gives it its name and starts it.
        _ = try await lab.virsh("shutdown", "web", "--mode", "acpi")
        try await guests.until { try await lab.virsh("domstate", "web").hasPrefix("shut off") }
        try await guests.apply(moved)
        let second = try await lab.status(of: "front") { $0["eth1"] != nil && $0["vdb"] == "12M" }
        #expect(second["boot"] != first["boot"])
        #expect(try await self.uuid(lab, "front") == uuid)
        #expect(try await self.files(guests, "front") == files)
        #expect(try await guests.definition("front").all(at: "devices", "interface") == nics)
        // Nobody needs to be told twice.
        var settled = moved
        settled.moved = [:]
        try guests.write(settled)
        #expect(try await guests.expectQuiet() == "No changes. The hosts are as the spec says.\n")

        // Back again, in one go with the restart that was allowed.
        var back = settled
        back.vms["web"] = back.vms.removeValue(forKey: "front")
        back.moved = ["vms.front": "vms.web"]
        let restart = try await guests.apply(back, "--restart")
        #expect(effects(restart) == ["name": "restart"] && restart.contains("1 guest restarts"), "\(restart)")
        let third = try await lab.status(of: "web")
        #expect(third["boot"] != second["boot"])
        #expect(try await self.uuid(lab, "web") == uuid)
        #expect(try await self.files(guests, "web") == files)

        // Let go: its guest, its disks and the images it boots from stay, and destroy finds nothing of the stack's.
        let (definition, live) = (try await guests.definition("web"), try await guests.live("web"))
        let volumes = try await guests.volumes()
        var parted = SiteText("moves")
        parted.images = [:]
        parted.removed = ["vms.web": "{forget: true}"]
        let forget = try await guests.apply(parted)
        #expect(forget.contains("  . vm.web  # it stays as it is"), "\(forget)")
        parted.removed = [:]
        try guests.write(parted)
        try await guests.expectQuiet()
        let destroy = try await guests.run("destroy", "--auto-approve", "--allow-data-loss")
        #expect(destroy.status == 0, "\(destroy.output)\(destroy.errors)")
        for (before, after) in [
          (definition, try await guests.definition("web")), (live, try await guests.live("web")),
        ] {
          #expect(differences(before, after).isSubset(of: ["metadata"]))
          #expect(try !after.serialized().contains("urn:virtform"))
        }
        #expect(try await guests.volumes() == volumes)
        #expect(try await lab.status(of: "web")["boot"] == third["boot"])
      }
    }

    @Test("a network and a shared disk are renamed under a running guest, and the network is let go at last")
    func renamesShared() async throws {
      try await Guests.inLab { guests in
        let lab = guests.lab
        var site = SiteText("names")
        site.networks = ["lan": "{mode: isolated, cidr: 10.87.41.0/24}"]
        site.disks = ["data": "{size: 8MiB}"]
        site.vms["web"] = SiteText.guest("web").merging([
          "disks": "{shared: {disk: data}}", "nics": "{one: {network: lan, ip: 10.87.41.5}}",
        ]) { _, new in new }
        try await guests.apply(site)
        let first = try await lab.status(of: "web") {
          $0["vda"] == "8M" && $0["eth0"]?.hasSuffix("ip=10.87.41.5") == true
        }
        let before = (
          network: try await lab.connection.network(named: "lan")?.xml(.live),
          guest: try await guests.live("web"),
          files: try await files(guests, "web")
        )

        var moved = site
        moved.networks = ["office": "{mode: isolated, cidr: 10.87.41.0/24}"]
        moved.disks = ["store": "{size: 8MiB}"]
        moved.vms["web"]?["disks"] = "{shared: {disk: store}}"
        moved.vms["web"]?["nics"] = "{one: {network: office, ip: 10.87.41.5}}"
        moved.moved = ["networks.lan": "networks.office", "disks.data": "disks.store"]
        let rename = try await guests.apply(moved)
        #expect(rename.contains("Plan: 0 to add, 2 to change, 0 to remove. 0 guests restart"), "\(rename)")
        try await guests.expectQuiet()
        let network = try #require(try await lab.connection.network(named: "lan")?.xml(.live))
        let live = try await guests.live("web")
        #expect(differences(try #require(before.network), network).isEmpty)
        #expect(differences(before.guest, live).isEmpty)
        let show = try await guests.run("show")
        #expect(show.output.contains("office (libvirt: lan)"), "\(show.output)")
        #expect(show.output.contains("  store "), "\(show.output)")

        // Nobody needs to be told twice, and what comes later is plugged into the same network and grows the same disk.
        moved.moved = [:]
        try guests.write(moved)
        #expect(try await guests.expectQuiet() == "No changes. The hosts are as the spec says.\n")
        moved.disks = ["store": "{size: 12MiB}"]
        moved.vms["web"]?["nics"] = "{one: {network: office, ip: 10.87.41.5}, two: {network: office}}"
        let more = try await guests.apply(moved)
        #expect(effects(more)["nics.two"] == "live" && more.contains("+ nics.two  office"), "\(more)")
        let second = try await lab.status(of: "web") { $0["vda"] == "12M" && $0["eth1"] != nil }
        #expect(second["boot"] == first["boot"])
        #expect(try await files(guests, "web") == before.files)

        // Let go: the network stays as it is and is none of the stack's.
        moved.vms["web"]?["nics"] = "{}"
        moved.networks = [:]
        moved.removed = ["networks.office": "{forget: true}"]
        let forget = try await guests.apply(moved)
        #expect(forget.contains("  . network.office  # it stays as it is"), "\(forget)")
        moved.removed = [:]
        try guests.write(moved)
        try await guests.expectQuiet()
        #expect(try await lab.virsh("net-info", "lan").contains("Active:         yes"))
        #expect(try await lab.connection.network(named: "lan")?.xml(.inactive).first("metadata") == nil)
        let destroy = try await guests.run("destroy", "--auto-approve", "--allow-data-loss")
        #expect(destroy.status == 0, "\(destroy.output)\(destroy.errors)")
        #expect(try await guests.volumes().isEmpty)
        #expect(try await lab.connection.network(named: "lan")?.isActive() == true)
      }
    }

    @Test(
      "what leaves the spec goes but for what is protected or others made; one of two VMs is made anew on consent"
    )
    func removal() async throws {
      try await Guests.inLab { guests in
        let lab = guests.lab
        let strangers = Strangers(lab: lab, bridge: "vft-theirs2", subnet: "10.123.98")
        try await strangers.make()
        let theirs = try await strangers.contents()
        let theirBoot = try await lab.status(of: "theirs")["boot"]
        var site = SiteText("leave")
        site.networks = [
          "lan": "{mode: isolated, bridge: vft-lv1, protect: true}",
          "temp": "{mode: isolated, bridge: vft-lv2}",
        ]
        site.disks = ["vault": "{size: 8MiB, protect: true}", "heap": "{size: 8MiB}"]
        site.vms["web"] = SiteText.guest("${name}").merging([
          "count": "2", "disks": "{root: {size: 8MiB}}",
        ]) { _, new in new }
        site.vms["gone"] = ["accel": "tcg", "memory": "64MiB", "state": "off", "nics": "{temp: {}}"].merging([
          "disks":
            "{root: {size: 8MiB}, vault: {disk: vault}, heap: {disk: heap}, log: {size: 8MiB, protect: true}}"
        ]) { _, new in new }
        site.vms["safe"] = [
          "accel": "tcg", "memory": "64MiB", "state": "off", "protect": "true",
          "disks": "{root: {size: 8MiB}}", "nics": "{lan: {}}",
        ]
        try await guests.apply(site)
        let first = try await lab.status(of: "web-1")["boot"]
        let second = try await lab.status(of: "web-2")["boot"]

        // Of what leaves the spec, the protected stays, whatever the run may do.
        var less = site
        (less.vms["gone"], less.vms["safe"], less.networks, less.disks) = (nil, nil, [:], [:])
        let removed = try await guests.apply(less, "--allow-data-loss")
        for address in ["vm.safe", "network.lan", "disk.vault", "disk.gone.log"] {
          #expect(
            removed.contains(try Regex("\(address) on local: stays .*\\(?protect: true")),
            "\(address): \(removed)")
        }
        #expect(
          try await lab.connection.domains().map(\.name).sorted() == ["safe", "theirs", "web-1", "web-2"])
        #expect(try await lab.connection.networks().map(\.name).sorted() == ["lan", "theirs"])
        let left = try await guests.volumes()
        #expect(left.isSuperset(of: ["vault", "gone.log", "safe.root"]), "\(left)")
        #expect(left.isDisjoint(with: ["gone.root", "heap"]), "\(left)")

        // One of two is made anew, with consent to the loss of its disk.
        let refusal = try await lab.calls {
          let refused = try await guests.run("apply", "--replace", "vm.web-2", "--auto-approve")
          #expect(refused.status == 7)
          #expect(refused.errors.contains("--allow-data-loss consents"), "\(refused.errors)")
        }
        #expect(Lab.mutating(refusal).isEmpty)
        let root = try #require(try await files(guests, "web-2").first)
        let made = try await birth(root)
        let replaced = try await guests.apply(
          less, "--replace", "vm.web-2", "--allow-data-loss-of", "disk.web-2.root")
        #expect(replaced.contains("  -/+ vm.web-2  (replace)  # --replace"), "\(replaced)")
        #expect(replaced.contains("1 replacement, DATA LOSS on 1 disk"), "\(replaced)")
        #expect(try await lab.status(of: "web-2")["boot"] != second)
        #expect(try await lab.status(of: "web-1")["boot"] == first)
        #expect(try await birth(root) != made)

        // Destruction spares the protected and what is not the stack's.
        let destroy = try await guests.run("destroy", "--auto-approve", "--allow-data-loss")
        #expect(destroy.status == 0, "\(destroy.output)\(destroy.errors)")
        #expect(try await lab.connection.domains().map(\.name).sorted() == ["safe", "theirs"])
        #expect(try await lab.connection.networks().map(\.name).sorted() == ["lan", "theirs"])
        let names = try await lab.virsh("vol-list", "default")
        for name in ["vault-", "gone.log-", "safe.root-"] { #expect(names.contains(name), "\(names)") }
        #expect(!names.contains("web-"), "\(names)")
        #expect(try await strangers.contents() == theirs)
        #expect(try await lab.status(of: "theirs")["boot"] == theirBoot)
      }
    }

    /// When a file was made, to the nanosecond.
    private func birth(_ path: String) async throws -> String {
      try await Lab.run("/usr/bin/stat", ["-c", "%i %w", path], in: "/").output
    }
  }
}

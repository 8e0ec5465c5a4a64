import FoundationEssentials
import Glibc
import Libvirt
import TestLab
import Testing

extension GuestChangeTests {
  /// Pools on devices of this machine. Their daemon sees mounts that nothing else does.
  @Suite("Pools on devices")
  struct Pools {
    private static let guest = "{source: \(Lab.guest)/guest.qcow2}"

    private func site(_ stack: String, _ pools: [String: String], _ disks: String) -> SiteText {
      var site = SiteText(stack)
      site.images["guest"] = Self.guest
      site.pools = pools.merging(["default": "{external: true}"]) { $1 }
      site.vms["a"] = SiteText.guest("a", ["pool": "default", "disks": disks])
      return site
    }

    private func inLab(
      launcher: [String] = [], mebibytes: Int, _ body: (Guests, LoopDevice) async throws -> Void
    ) async throws {
      let device = try await LoopDevice("/tmp/vfd-\(UInt32.random(in: 0...UInt32.max))", mebibytes: mebibytes)
      let lab = try await Lab(launcher: launcher)
      let result: Result<Void, any Error>
      do { result = .success(try await body(Guests(lab), device)) } catch { result = .failure(error) }
      for pool in (try? await lab.connection.storagePools(.active)) ?? [] where pool.name != "default" {
        try? await pool.stop()
      }
      await lab.close()
      await device.detach()
      try result.get()
    }

    /// The arguments of the commands that an error says to run on the host.
    private func commands(in help: String) -> [[Substring]] {
      let line = help.split(separator: "\n").first { $0.contains("and apply again: ") } ?? ""
      guard let start = line.firstRange(of: "and apply again: ")?.upperBound else { return [] }
      return line[start...].split(separator: " && ").map { $0.split(separator: " ") }
    }

    // MARK: LVM

    @Test(
      "a volume group is made, has disks and copies of images, and is left when its pool goes",
      .enabled(if: Lab.hasLVM, "needs lvm2")
    )
    func logical() async throws {
      if !Lab.hasDeviceMapper {
        print(
          "NOTE: this kernel has no device-mapper: LVM keeps the volumes, loop devices stand in for theirs")
      }
      try await inLab(launcher: Lab.lvmLauncher, mebibytes: 256) { guests, device in
        let lab = guests.lab
        let group = "vft\(UInt16.random(in: 0...UInt16.max))"
        defer { try? FileManager.default.removeItem(atPath: "/dev/\(group)") }
        var site = self.site(
          "lvm",
          ["fast": "{type: logical, source: {name: \(group), devices: [\(device.path)]}, build: true}"],
          "{root: {image: guest, size: 34MiB, pool: fast}}")
        try guests.write(site)
        let plan = try await guests.run("plan")
        #expect(plan.output.contains("a volume group on \(device.path), if they are empty"))
        try await guests.apply(site)
        // LVM rounds up to its extents of 4 MiB.
        _ = try await lab.status(of: "a") { $0["vda"] == "36M" }
        let root = try #require(DomainPaths(try await guests.definition("a"))["vda"])
        #expect(root.hasPrefix("/dev/\(group)/a.root-") && root.hasSuffix(".raw"))
        try await expectImage(at: root)
        let made = try await volumes(in: "fast", lab)
        #expect(made.count == 2 && made.contains { $0.hasSuffix(".copied") }, "\(made)")

        try await expectNoRoom(site, guests)
        let disks = "root: {image: guest, size: 40MiB, pool: fast}"
        site.vms["a"]?["disks"] = "{\(disks)}"
        try await expectGrowth(site, guests)
        site.disks = ["store": "{size: 9MiB, pool: fast, protect: true}"]
        site.vms["a"]?["disks"] = "{\(disks), data: {disk: store}}"
        let plugged = try await guests.apply(site)
        #expect(effects(plugged)["disks.data"] == "live")
        _ = try await lab.status(of: "a") { $0["vda"] == "40M" && $0["vdb"] == "12M" }
        #expect(
          try await volumes(in: "fast", lab).contains { $0.hasPrefix("store-") && $0.hasSuffix(".protected") }
        )
        try await expectRepair(site, guests, root)

        // A renamed disk keeps its device, and the group remembers the name.
        site.disks = ["vault": "{size: 9MiB, pool: fast}"]
        site.vms["a"]?["disks"] = "{\(disks), data: {disk: vault}}"
        site.moved = ["disks.store": "disks.vault"]
        try await guests.apply(site)
        #expect(try await volumes(in: "fast", lab).contains { $0.hasSuffix("_vault.renamed") })
        site.moved = [:]
        try await guests.apply(site)

        let destroy = try await guests.run("destroy", "--auto-approve", "--allow-data-loss")
        #expect(destroy.status == 0, "\(destroy.output)\(destroy.errors)")
        let left = try await lab.runInDaemon("/usr/sbin/vgs", "--noheadings", "--options", "lv_count", group)
        #expect(left.output.filter { $0 == "0" || $0 == "1" } == "0", "\(left.output)\(left.errors)")
        #expect(try await lab.connection.storagePools().map(\.name) == ["default"])
        // What is there is used as it is: nothing is asked of its devices.
        site.pools["fast"] = "{type: logical, source: \(group)}"
        site.vms = [:]
        site.disks = [:]
        try await guests.apply(site)
        site.pools["fast"] = nil
        try await guests.apply(site)
      }
    }

    // MARK: File systems and partitions

    @Test(
      "a file system is made on an empty device only, is mounted, has a guest's disks, and is found again",
      .enabled(if: Lab.hasQEMU, "needs root")
    )
    func fileSystem() async throws {
      try await inLab(mebibytes: 128) { guests, device in
        let lab = guests.lab
        let mount = "\(lab.work)/mounted"
        let source = "source: {device: \(device.path), format: ext4}, path: \(mount)"
        var site = self.site(
          "fs", ["own": "{type: fs, \(source), build: true}"], "{root: {image: guest, pool: own}}")
        // What has a content is not written over.
        let swap = try await Lab.run("/usr/sbin/mkswap", [device.path], in: "/")
        #expect(swap.status == 0)
        try guests.write(site)
        let refused = try await guests.run("apply", "--auto-approve")
        #expect(refused.status == 5, "\(refused.output)\(refused.errors)")
        #expect(refused.output.contains("the pool cannot be started"), "\(refused.output)")
        #expect(
          try await LoopDevice.run("/usr/sbin/blkid", "-p", "-o", "value", "-s", "TYPE", device.path)
            == "swap\n")
        try await LoopDevice.run("/usr/sbin/wipefs", "--all", device.path)

        try await guests.apply(site)
        #expect(
          try await LoopDevice.run("/usr/sbin/blkid", "-p", "-o", "value", "-s", "TYPE", device.path)
            == "ext4\n")
        let beat = try await lab.status(of: "a") { $0["vda"] == "32M" }
        #expect(beat["vda"] == "32M")
        let path = try #require(DomainPaths(try await guests.definition("a"))["vda"])
        #expect(path.hasPrefix("\(mount)/a.root-") && path.hasSuffix(".qcow2"))
        // It is mounted where libvirt is, and holds its disk when its pool goes and comes again.
        #expect(!FileManager.default.fileExists(atPath: path))
        site.vms["a"]?["disks"] = "{root: {image: guest, pool: own, keep: true}}"
        try await guests.apply(site)
        let destroy = try await guests.run("destroy", "--auto-approve", "--allow-data-loss")
        #expect(
          destroy.status == 0 && destroy.output.contains("keep: true"), "\(destroy.output)\(destroy.errors)")
        site.pools["own"] = "{type: fs, \(source)}"
        let again = try await guests.apply(site)
        #expect(again.contains("pool.own"), "\(again)")
        #expect(try await volumes(in: "own", lab).contains(String(path.split(separator: "/").last ?? "")))
        site.vms["a"]?["disks"] = "{root: {image: guest, pool: own}}"
        try await guests.apply(site)
        #expect(try await guests.run("destroy", "--auto-approve", "--allow-data-loss").status == 0)
      }
    }

    @Test(
      "a partition that is there is a guest's disk, and stays when the VM goes",
      .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/sbin/parted"), "needs parted")
    )
    func partition() async throws {
      try await inLab(mebibytes: 64) { guests, device in
        let lab = guests.lab
        let name = "\(device.path.split(separator: "/")[1])p1"
        var site = self.site(
          "part", ["parts": "{type: disk, source: {device: \(device.path), format: gpt}, build: true}"], "{}")
        try await guests.apply(site)
        try await LoopDevice.run(
          "/usr/sbin/parted", "--script", device.path, "mkpart", "data", "1MiB", "17MiB")
        try await LoopDevice.run(
          "/usr/bin/dd", "if=/dev/zero", "of=\(device.path)p1", "bs=1M", "count=1", "conv=fsync")
        site.vms["a"]?["disks"] = "{data: {volume: \(name), pool: parts}}"
        try guests.write(site)
        let unknown = try await guests.run("plan")
        #expect(unknown.errors.contains("has no volume '\(name)'"), "\(unknown.output)\(unknown.errors)")
        _ = try await lab.virsh("pool-refresh", "parts")
        try await guests.apply(site)
        _ = try await lab.status(of: "a") { $0["vda"] == "16M" }
        #expect(DomainPaths(try await guests.definition("a"))["vda"] == "\(device.path)p1")
        let destroy = try await guests.run("destroy", "--auto-approve", "--allow-data-loss")
        #expect(destroy.status == 0, "\(destroy.output)\(destroy.errors)")
        let left = try await LoopDevice.run("/usr/sbin/parted", "--script", "--machine", device.path, "print")
        #expect(left.contains("\n1:"), "\(left)")
      }
    }

    private func volumes(in pool: String, _ lab: Lab) async throws -> [String] {
      try await lab.connection.storagePool(named: pool)?.volumes().map(\.name) ?? []
    }

    private func expectImage(at path: String) async throws {
      let same = try await Lab.run(
        "/usr/bin/qemu-img",
        ["compare", "-U", "-f", "raw", "-F", "qcow2", path, "\(Lab.guest)/guest.qcow2"], in: "/")
      #expect(same.status == 0, "\(same.output)\(same.errors)")
    }

    private func expectNoRoom(_ site: SiteText, _ guests: Guests) async throws {
      var site = site
      site.vms["b"] = SiteText.guest("b", ["pool": "default", "disks": "{x: {size: 1GiB, pool: fast}}"])
      try guests.write(site)
      let plan = try await guests.run("plan")
      #expect(plan.status == 7, "\(plan.output)\(plan.errors)")
      #expect(
        plan.errors.contains(
          "error: disk.b.x does not fit into pool 'fast' on host 'local': the plan needs 1 GiB there, and "),
        "\(plan.errors)")
    }

    /// libvirt has no call for it; what the plan says to do does it.
    private func expectGrowth(_ site: SiteText, _ guests: Guests) async throws {
      let lab = guests.lab
      try guests.write(site)
      let refused = try await guests.run("plan")
      #expect(refused.status == 1)
      let commands = commands(in: refused.errors)
      #expect(commands.map(\.first) == ["lvextend", "virsh", "virsh"], "\(refused.errors)")
      let extend = commands[0].map(String.init)
      let grown = try await lab.runInDaemon("/usr/sbin/lvextend", extend[1], extend[2], extend[3])
      #expect(grown.status == 0, "\(grown.errors)")
      for command in commands[1...] {
        let text = command.joined(separator: " ")
        let outcome = try await Lab.run("/bin/sh", ["-c", text], in: lab.work)
        #expect(outcome.status == 0, "\(text): \(outcome.errors)")
      }
      try await guests.expectQuiet()
      _ = try await lab.status(of: "a") { $0["vda"] == "40M" }
    }

    /// A run that is cut off while it copies leaves a note, by which the next one knows.
    private func expectRepair(_ site: SiteText, _ guests: Guests, _ path: String) async throws {
      let lab = guests.lab
      var site = site
      site.vms["a"]?["state"] = "off"
      try await guests.apply(site)
      let name = String(path.split(separator: "/").last ?? "")
      _ = try await lab.virsh("vol-create-as", "fast", "\(name.dropLast(4)).copying", "1M")
      #expect(overwrite(path))
      site.vms["a"]?["state"] = nil
      let said = try await guests.apply(site)
      #expect(said.contains("its last copy was cut off"))
      _ = try await lab.status(of: "a") { $0["vda"] == "40M" }
      try await expectImage(at: path)
    }
  }
}

/// The paths of a VM's disks by their targets.
private struct DomainPaths {
  private let paths: [String: String]

  init(_ document: XMLElement) {
    let pairs = document.all(at: "devices", "disk").compactMap { disk in
      disk.first("target")?[attribute: "dev"].flatMap { target in
        (disk.first("source")?[attribute: "dev"] ?? disk.first("source")?[attribute: "file"]).map {
          (target, $0)
        }
      }
    }
    paths = Dictionary(pairs, uniquingKeysWith: { $1 })
  }

  subscript(target: String) -> String? { paths[target] }
}

/// Writes over the beginning of a device. True if that worked.
private func overwrite(_ path: String) -> Bool {
  let descriptor = open(path, O_WRONLY)
  defer { close(descriptor) }
  let bytes = [UInt8](repeating: 0x5a, count: 1 << 20)
  return pwrite(descriptor, bytes, bytes.count, 0) == bytes.count
}

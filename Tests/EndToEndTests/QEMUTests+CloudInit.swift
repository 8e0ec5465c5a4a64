import FoundationEssentials
import Libvirt
import TestLab
import Testing

/// A Debian guest whose cloud-init sets it up, on a network that virtform makes.
extension QEMUTests {
  private func site(_ key: String, run: String, static address: String = "10.126.77.5") -> SiteText {
    var site = SiteText("seeds")
    site.images = [
      "debian": "{source: \(Lab.debian)/debian.qcow2}",
      "kernel": "{source: \(Lab.debian)/vmlinuz, format: raw}",
      "initrd": "{source: \(Lab.debian)/initrd.gz, format: raw}",
    ]
    // Without DHCP: what the guest has, cloud-init gave it.
    site.networks["lan"] =
      "{mode: isolated, cidr: 10.126.77.0/24, bridge: vft-seeds, ipv6: {cidr: \"fd00:126:77::/64\"}}"
    // What is reserved for IPv6 goes by the name that the guest tells.
    site.networks["six"] =
      "{mode: isolated, bridge: vft-six, ipv6: {cidr: \"fd00:126:78::/64\", dhcp: {from: \"fd00:126:78::1000\", to: \"fd00:126:78::1fff\"}}}"
    site.networks["back"] = "{mode: isolated, bridge: vft-seeds2}"
    site.vms["web-1"] = [
      "accel": "tcg", "memory": "384MiB", "image": "debian", "kernel": "kernel", "initrd": "initrd",
      "cmdline": "root=/dev/vda rw console=ttyS0 net.ifnames=0 quiet", "cpu": "max",
      "ssh": "{user: ann, key: \(key)}",
      "nics": "{lan: {address: [\(address), \"fd00:126:77::5\"]}, back: {}, six: {ip: \"fd00:126:78::11\"}}",
      "ready": "{agent: true, timeout: 5m}",
      "shutdown": "{timeout: 90s, force: true}",
      "cloud_init": """
      {fqdn: web-1.shop.example, users: {ann: {ssh_keys: [{file: \(key).pub}], sudo: true}},
            files: {/etc/told: {content: "by virtform", mode: 600}}, run: ["\(run)"]}
      """,
    ]
    return site
  }

  @Test(
    "cloud-init makes a user, names the guest and gives it a static address; another seed is swapped while it runs",
    .enabled(if: Lab.hasDebian, "needs the image that Lab/debian/image.sh makes, xorriso and ssh"))
  func cloudInit() async throws {
    try await Guests.inLab { guests in
      let key = "\(guests.lab.work)/key"
      let made = try await Lab.run(
        "/usr/bin/ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key], in: guests.lab.work)
      #expect(made.status == 0, "\(made.errors)")
      func ssh(_ command: String) async throws -> Lab.Outcome {
        try await Lab.run(
          "/usr/bin/ssh",
          [
            "-i", key, "-o", "BatchMode=yes", "-o", "ConnectTimeout=5", "-o", "StrictHostKeyChecking=no",
            "-o",
            "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "ann@10.126.77.5", command,
          ], in: guests.lab.work)
      }

      let output = try await guests.apply(site(key, run: "echo once >> /var/told"))
      #expect(!output.contains("by virtform"), "\(output)")
      // What it was waited for is there.
      let ping = try await guests.lab.virsh("qemu-agent-command", "web-1", "{\"execute\":\"guest-ping\"}")
      #expect(ping.contains("return"), "\(ping)")
      let command =
        "cloud-init status --wait >/dev/null; id -un; hostname; hostname -f; ip -4 -o addr show eth0"
      try await guests.until(within: .seconds(300)) { try await ssh("true").status == 0 }
      let answer = try await ssh(
        "\(command); sudo cat /etc/told /var/told; cat /proc/sys/kernel/random/boot_id")
      let lines = answer.output.split(separator: "\n").map(String.init)
      try #require(lines.count == 6, "\(answer.output)\(answer.errors)")
      #expect(lines.prefix(3) == ["ann", "web-1", "web-1.shop.example"], "\(lines)")
      #expect(lines[3].contains("inet 10.126.77.5/24"), "\(lines)")
      #expect(lines[4] == "by virtformonce", "\(lines)")
      try await expectIPv6(guests, key)
      try await expectHandedOn(guests)

      // Nobody but the guest's agent knows of an address that somebody gave it by hand.
      let added = try await ssh("sudo ip link set eth1 up; sudo ip addr add 10.126.78.9/24 dev eth1")
      #expect(added.status == 0, "\(added.errors)")
      let shown = try await guests.run(["show", "web-1", guests.path])
      #expect(
        shown.output.contains(/back +back +52:54:\S+ +10\.126\.78\.9/), "\(shown.output)\(shown.errors)")

      // The seed is another one; the guest goes on, and is the same one to cloud-init.
      let before = try await seedFile(guests)
      try guests.write(site(key, run: "echo twice >> /var/told"))
      let plan = try await guests.run("plan")
      #expect(
        plan.output.contains(/~ cloud_init\.user-data +set \([0-9a-f]{4}\) → set \([0-9a-f]{4}\)  \(live\)/),
        "\(plan.output)")
      #expect(!plan.output.contains("twice"), "\(plan.output)")
      try await guests.apply(site(key, run: "echo twice >> /var/told"))
      let after = try await seedFile(guests)
      #expect(before != after && after.hasSuffix(".iso"), "\(before) \(after)")
      let seeds = try await guests.lab.virsh("vol-list", "default").split(separator: "\n").filter {
        $0.contains(".iso")
      }
      #expect(seeds.count == 1 && seeds[0].contains(after.split(separator: "/").last ?? "?"), "\(seeds)")
      let name = try #require(after.split(separator: "/").last).description
      let volume = try XMLElement(
        parsing: try await guests.lab.virsh("vol-dumpxml", name, "--pool", "default"))
      #expect(volume.at("target", "permissions", "mode")?.text == "0600")
      let still = try await ssh(
        "sudo cat /var/told; cat /proc/sys/kernel/random/boot_id; sudo dd if=/dev/sr0 bs=2048 status=none | grep -c twice"
      )
      #expect(
        still.output.split(separator: "\n").map(String.init) == ["once", lines[5], "1"],
        "\(still.output)\(still.errors)")

      let destroy = try await guests.run("destroy", "--auto-approve", "--allow-data-loss")
      #expect(destroy.status == 0, "\(destroy.output)\(destroy.errors)")
      #expect(try await guests.lab.virsh("vol-list", "default").filter { !$0.isWhitespace }.isEmpty)
      #expect(try await guests.lab.virsh("list", "--all", "--name").filter { !$0.isWhitespace }.isEmpty)
    }
  }

  /// The static address and the one that DHCP reserved for the guest's name; the latter is how it is known.
  private func expectIPv6(_ guests: Guests, _ key: String) async throws {
    try await guests.until(within: .seconds(60)) {
      try await guests.run("show").output.contains("fd00:126:78::11")
    }
    let addresses = try await guests.run([
      "ssh", "web-1", guests.path, "--", "ip -6 -o addr show scope global",
    ])
    #expect(
      addresses.output.contains("inet6 fd00:126:77::5/64")
        && addresses.output.contains("inet6 fd00:126:78::11/128"),
      "\(addresses.output)\(addresses.errors)")
    let shown = try await guests.run(["show", "web-1", guests.path])
    #expect(shown.output.contains(/six +six +[0-9a-f:]+ +fd00:126:78::11/), "\(shown.output)")
    #expect(shown.output.contains(/lan +lan +[0-9a-f:]+ +10\.126\.77\.5 fd00:126:77::5/), "\(shown.output)")
    for address in ["fd00:126:77::5", "fd00:126:78::11"] {
      let login = try await Lab.run(
        "/usr/bin/ssh",
        [
          "-i", key, "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o",
          "UserKnownHostsFile=/dev/null",
          "-o", "LogLevel=ERROR", "ann@\(address)", "hostname",
        ], in: guests.lab.work)
      #expect(login.output == "web-1\n", "\(address): \(login.errors)")
    }
  }

  /// virtform's own way in, and Ansible's, which runs Python there.
  private func expectHandedOn(_ guests: Guests) async throws {
    let own = try await guests.run(["ssh", "web-1", guests.path, "--", "hostname"])
    #expect(own.status == 0 && own.output == "web-1\n", "\(own.output)\(own.errors)")
    guard Lab.hasAnsible else { return print("skipped: Ansible's ping, which needs ansible-core") }
    try guests.lab.write("#!/bin/sh\nexec \(Lab.binary) inventory \"$@\" site.yaml\n", to: "inventory")
    let ping = try await Lab.run(
      "/bin/sh", ["-c", "chmod +x inventory; ansible -i ./inventory web-1 -m ping"], in: guests.lab.work,
      environment: ["VIRTFORM_HOME": guests.lab.home, "HOME": guests.lab.work])
    #expect(ping.status == 0 && ping.output.contains("pong"), "\(ping.output)\(ping.errors)")
  }

  /// The file in the drive that the running guest has its seed in.
  private func seedFile(_ guests: Guests) async throws -> String {
    let drives = try await guests.live("web-1").all(at: "devices", "disk").filter {
      $0[attribute: "device"] == "cdrom"
    }
    let source = try #require(drives.count == 1 ? drives[0].first("source") : nil)
    return try #require(source[attribute: "file"])
  }
}

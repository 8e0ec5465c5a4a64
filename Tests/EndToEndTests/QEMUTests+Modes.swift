import FoundationEssentials
import Libvirt
import TestLab
import Testing

extension QEMUTests {
  @Test("the quickstart brings up two guests that say so, then plans nothing, then goes")
  func quickstart() async throws {
    try await Lab.with { lab in
      let site = "\(Lab.repository)/examples/quickstart"
      let apply = try await lab.virtform("apply", site, "--auto-approve")
      #expect(apply.status == 0, "\(apply.output)\(apply.errors)")
      for name in ["web-1", "web-2"] {
        _ = try await lab.console(of: name, shows: "virtform-guest \(name) is up")
      }
      try await expectQuiet(lab, site)
      // Without consent the disks stay, and a second destroy with it finds them.
      let keep = try await lab.virtform("destroy", site, "--auto-approve")
      #expect(keep.status == 0, "\(keep.output)\(keep.errors)")
      #expect(try await lab.connection.domains().isEmpty)
      #expect(try await lab.connection.storagePool(named: "default")?.volumes().count == 2)
      let destroy = try await lab.virtform("destroy", site, "--auto-approve", "--allow-data-loss")
      #expect(destroy.status == 0, "\(destroy.output)\(destroy.errors)")
      #expect(try await lab.connection.storagePool(named: "default")?.volumes().isEmpty == true)
    }
  }

  @Test("an ordinary user gets guests on a libvirt of their own, and is told that networks need root")
  func ordinaryUser() async throws {
    let directory = "/tmp/vfu-\(UInt32.random(in: 0...UInt32.max))"
    defer { try? FileManager.default.removeItem(atPath: directory) }
    func shell(_ script: String) async throws -> Lab.Outcome {
      // nobody, whom every machine has.
      try await Lab.run(
        "/usr/bin/setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", "/bin/sh", "-c", script],
        in: directory,
        environment: [
          "HOME": "\(directory)/home", "VIRTFORM_HOME": "", "XDG_DATA_HOME": "", "XDG_RUNTIME_DIR": "",
        ])
    }
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    let prepare = """
      mkdir -p home examples/quickstart .lab && cp \(Lab.binary) . && cp -r \(Lab.guest) .lab/guest
      cp \(Lab.repository)/examples/quickstart/site.yaml examples/quickstart/
      chmod -R a+rX . && chown -R 65534:65534 home
      """
    #expect(try await Lab.run("/bin/sh", ["-euc", prepare], in: directory).status == 0)

    let apply = try await shell("./virtform apply --auto-approve examples/quickstart")
    #expect(apply.status == 0, "\(apply.output)\(apply.errors)")
    let show = try await shell("./virtform show examples/quickstart")
    #expect(show.output.contains(/web-2 +running/), "\(show.output)\(show.errors)")
    #expect(show.output.contains("qemu+unix:///session?socket=/tmp/vf-"))
    let plan = try await shell("./virtform plan --detailed-exitcode examples/quickstart")
    #expect(plan.status == 0, "\(plan.output)")
    let nat = try await shell(
      "sed 's/mode: auto/mode: nat/' examples/quickstart/site.yaml > home/site.yaml; "
        + "sed -i 's#\\.\\./\\.\\./##; s#\\.lab#\(directory)/.lab#' home/site.yaml; ./virtform plan home/site.yaml"
    )
    #expect(nat.status == 1)
    #expect(nat.errors.contains("runs without root and cannot make a network of mode nat"), "\(nat.errors)")
    let destroy = try await shell("./virtform destroy --auto-approve --allow-data-loss examples/quickstart")
    #expect(destroy.status == 0, "\(destroy.output)\(destroy.errors)")
    _ = try await shell("kill $(cat home/.local/share/virtform/libvirtd.pid); rm -f /tmp/vf-*")
  }

  @Test("every mode of network, every bus of disk, UEFI, and what others change is seen and mended")
  func everyMode() async throws {
    let bridge = "vft-br0"
    func link(_ arguments: String...) async throws {
      _ = try await Lab.run("/usr/sbin/ip", ["link"] + arguments, in: "/")
    }
    try await link("add", bridge, "type", "bridge")
    try await link("set", bridge, "up")
    let outcome: Result<Void, any Error>
    do {
      try await Lab.with { try await expectEveryMode($0, bridge) }
      outcome = .success(())
    } catch {
      outcome = .failure(error)
    }
    try await link("del", bridge)
    try outcome.get()
  }

  func expectEveryMode(_ lab: Lab, _ bridge: String) async throws {
    let site = try lab.write(
      """
      virtform: 1
      stack: modes
      images:
        kernel: {source: \(Lab.guest)/vmlinuz, format: raw}
        initrd: {source: \(Lab.guest)/initrd.gz, format: raw}
      networks:
        r: {mode: routed, cidr: 10.123.51.0/24, dhcp: {from: 10.123.51.10, to: 10.123.51.20}, mtu: 1400}
        i: {mode: isolated, cidr: 10.123.52.0/24, gateway: 10.123.52.254}
        i2: {mode: isolated}
        o: {mode: open, cidr: 10.123.53.0/24, autostart: false}
        b: {mode: bridge, bridge: \(bridge)}
        u: {mode: user}
      vms:
        efi:
          accel: tcg
          memory: 256MiB
          firmware: uefi
          cpu: max
          kernel: kernel
          initrd: initrd
          cmdline: console=ttyS0 vf.host=efi
          graphics: spice
          nics: {r: {}, i: {}, i2: {}, o: {}, b: {}, u: {}}
          disks: {a: {size: 10MiB}, b: {size: 11MiB, bus: sata}, c: {size: 12MiB, bus: scsi, format: raw}}
      """, to: "site.yaml")
    let apply = try await lab.virtform("apply", site, "--auto-approve")
    #expect(apply.status == 0, "\(apply.output)\(apply.errors)")
    try await expectQuiet(lab, site)
    let status = try await lab.status(of: "efi") { $0["eth0"]?.contains("ip=10.123.51.") == true }
    #expect(status["vda"] == "10M" && status["sda"] == "12M")
    #expect(status.keys.count { $0.hasPrefix("eth") } == 6)
    let domain = try XMLElement(parsing: try await lab.virsh("dumpxml", "efi", "--inactive"))
    #expect(domain.first("os")?[attribute: "firmware"] == "efi")
    #expect(try await lab.virsh("dumpxml", "efi").contains(/<loader [^>]*type='pflash'/))
    #expect(
      domain.all(at: "devices", "disk").map { $0.first("target")?[attribute: "bus"] } == [
        "virtio", "sata", "scsi",
      ])
    for (name, mode) in [("r", "route"), ("i", nil), ("i2", nil), ("o", "open"), ("b", "bridge")] {
      let network = try XMLElement(parsing: try await lab.virsh("net-dumpxml", name, "--inactive"))
      #expect(network.first("forward")?[attribute: "mode"] == mode, "\(name)")
    }
    #expect(try await lab.virsh("net-info", "o").contains(/Autostart: +no/))

    // Others stop the guest and a network and change a definition.
    _ = try await lab.virsh("destroy", "efi")
    _ = try await lab.virsh("net-destroy", "i2")
    _ = try await lab.virsh("setmaxmem", "efi", "300M", "--config")
    let plan = try await lab.virtform("plan", site)
    #expect(plan.output.contains("~ memory  256 MiB (max 300 MiB) → 256 MiB"), "\(plan.output)")
    #expect(plan.output.contains("0 to add, 2 to change, 0 to remove"))
    let mend = try await lab.virtform("apply", site, "--auto-approve")
    #expect(mend.status == 0, "\(mend.output)\(mend.errors)")
    try await expectQuiet(lab, site)
    let destroy = try await lab.virtform("destroy", site, "--auto-approve", "--allow-data-loss")
    #expect(destroy.status == 0, "\(destroy.output)\(destroy.errors)")
    #expect(try await lab.connection.domains().isEmpty)
    #expect(try await lab.connection.networks().isEmpty)
    #expect(try await lab.connection.storagePool(named: "default")?.volumes().isEmpty == true)
  }

  @Test("every example is valid, and the LAN of examples/lan comes up and goes")
  func examples() async throws {
    try await Lab.with { lab in
      let examples = "\(Lab.repository)/examples"
      // One of them reads the user's key.
      try FileManager.default.createDirectory(
        atPath: "\(lab.work)/user/.ssh", withIntermediateDirectories: true)
      try lab.write(
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl a\n",
        to: "user/.ssh/id_ed25519.pub")
      // What lies there without a site.yaml is no spec.
      for name in try FileManager.default.contentsOfDirectory(atPath: examples)
      where FileManager.default.fileExists(atPath: "\(examples)/\(name)/site.yaml") {
        let validate = try await lab.virtform(
          "validate", "\(examples)/\(name)", environment: ["HOME": "\(lab.work)/user"])
        #expect(validate.status == 0, "\(validate.errors)")
      }
      let apply = try await lab.virtform("apply", "\(examples)/lan", "--auto-approve")
      #expect(apply.status == 0, "\(apply.output)\(apply.errors)")
      try await expectQuiet(lab, "\(examples)/lan")
      _ = try await lab.status(of: "db") { $0["eth0"]?.hasSuffix("ip=10.123.45.10") == true }
      // Somebody makes a clone of the stack's image: it stays as long as the clone.
      let pool = try #require(try await lab.connection.storagePool(named: "default"))
      let image = try #require(try await pool.volumes().map(\.name).first { $0.hasPrefix("guest-") })
      _ = try await lab.virsh(
        "vol-create-as", "default", "theirs.qcow2", "64M", "--format", "qcow2", "--backing-vol", image,
        "--backing-vol-format", "qcow2")
      let destroy = try await lab.virtform(
        "destroy", "\(examples)/lan", "--auto-approve", "--allow-data-loss")
      #expect(destroy.status == 0, "\(destroy.output)\(destroy.errors)")
      #expect(destroy.output.contains("something that stays uses it"), "\(destroy.output)")
      let left = try await pool.volumes().map(\.name)
      #expect(left.contains(image) && left.contains("theirs.qcow2") && left.count == 4, "\(left)")
      #expect(try await lab.connection.domains().isEmpty)
    }
  }
}

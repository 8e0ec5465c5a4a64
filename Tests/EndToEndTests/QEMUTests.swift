import FoundationEssentials
import Libvirt
import TestLab
import Testing

/// Real guests under emulation, on networks that virtform makes.
@Suite(
  "Real guests", .serialized,
  .enabled(if: Lab.hasQEMU, "needs root, libvirtd, QEMU, and the guest that Lab/guest/image.sh makes"))
final class QEMUTests {
  private func withLab(
    prepare: (String) async throws -> Void = { _ in }, _ body: (Lab) async throws -> Void
  ) async throws {
    let lab = try await Lab(prepare: prepare)
    do { try await body(lab) } catch {
      await lab.close()
      throw error
    }
    await lab.close()
  }

  private func expectQuiet(_ lab: Lab, _ site: String, _ place: SourceLocation = #_sourceLocation)
    async throws
  {
    let calls = try await lab.calls {
      let plan = try await lab.virtform("plan", site, "--detailed-exitcode")
      #expect(plan.status == 0, "\(plan.output)\(plan.errors)", sourceLocation: place)
      #expect(plan.output.hasPrefix("No changes."), sourceLocation: place)
    }
    #expect(Lab.mutating(calls).isEmpty, sourceLocation: place)
  }

  // MARK: A LAN

  private func lan(
    memory: String = "128MiB", webSize: String = "64MiB", count: Int = 2, extra: String = "",
    policy: String = "stage"
  ) -> String {
    """
    virtform: 1
    stack: shop
    images:
      guest: {source: \(Lab.guest)/guest.qcow2}
      kernel: {source: \(Lab.guest)/vmlinuz, format: raw}
      initrd: {source: \(Lab.guest)/initrd.gz, format: raw}
    networks:
      lan:
        mode: nat
        cidr: 10.123.45.0/24
        bridge: vft-lan
        dhcp: {from: 10.123.45.100, to: 10.123.45.199}
        dns: {domain: shop.example}
    disks:
      db-data: {size: 64MiB, protect: true}
    defaults: {accel: tcg, cpus: 1, memory: \(memory), on_change: \(policy), shutdown: {timeout: 90s}}
    vms:
      db:
        title: The database
        description: "First line\\nand <second>"
        kernel: kernel
        initrd: initrd
        cmdline: console=ttyS0 quiet panic=-1 vf.host=db
        cpus: {count: 1, max: 2}
        memory: {size: \(memory), max: 256MiB}
        machine: q35
        autostart: true
        disks: {data: {disk: db-data}, log: {size: 32MiB, format: raw, bus: scsi, keep: true}}
        nics: {lan: {ip: 10.123.45.10, mac: "52:54:00:AA:00:10"}}
      web:
        count: \(count)
        image: guest
        \(extra)
        machine: pc
        graphics: vnc
        disks: {root: {size: \(webSize)}}
        nics: {lan: {ip: 10.123.45.11+}}
    """
  }

  /// Objects that somebody else made on the same host, one of each kind, the guest running.
  private func makeForeignObjects(_ lab: Lab) async throws {
    try FileManager.default.createDirectory(atPath: "\(lab.work)/foreign", withIntermediateDirectories: true)
    let network = try lab.write(
      """
      <network><name>theirs</name><bridge name='vft-theirs'/><ip address='10.123.99.1' netmask='255.255.255.0'/></network>
      """, to: "network.xml")
    let domain = try lab.write(
      """
      <domain type='qemu'><name>theirs</name><memory unit='MiB'>96</memory><vcpu>1</vcpu>
      <metadata><x:note xmlns:x='urn:somebody'>keep me</x:note></metadata>
      <os><type arch='x86_64' machine='q35'>hvm</type><kernel>\(Lab.guest)/vmlinuz</kernel>
      <initrd>\(Lab.guest)/initrd.gz</initrd><cmdline>console=ttyS0 quiet vf.host=theirs</cmdline></os>
      <features><acpi/></features>
      <devices><disk type='file'><driver name='qemu' type='raw'/><source file='\(lab.work)/foreign/disk.raw'/>
      <target dev='vda' bus='virtio'/></disk><interface type='network'><source network='theirs'/><model type='virtio'/></interface>
      <serial type='pty'/><console type='pty'/></devices></domain>
      """, to: "domain.xml")
    _ = try await lab.virsh("pool-create-as", "theirs", "dir", "--target", "\(lab.work)/foreign")
    _ = try await lab.virsh("vol-create-as", "theirs", "disk.raw", "16M")
    _ = try await lab.virsh("net-define", network)
    _ = try await lab.virsh("net-start", "theirs")
    _ = try await lab.virsh("define", domain)
    _ = try await lab.virsh("start", "theirs")
  }

  /// Their documents and the content of their disk.
  private func foreignObjects(_ lab: Lab) async throws -> [String] {
    [
      try await lab.virsh("dumpxml", "theirs"), try await lab.virsh("dumpxml", "theirs", "--inactive"),
      try await lab.virsh("net-dumpxml", "theirs"), try await lab.virsh("pool-dumpxml", "theirs"),
      try await lab.virsh("vol-dumpxml", "disk.raw", "theirs").replacing(
        /<timestamps>.*<\/timestamps>/.dotMatchesNewlines(), with: ""),
      try Data(contentsOf: URL(filePath: "\(lab.work)/foreign/disk.raw")).base64EncodedString(),
    ]
  }

  @Test("a LAN comes up as the spec says, changes, restarts on consent, and goes without a trace")
  func lanLife() async throws {
    try await withLab { lab in
      try await makeForeignObjects(lab)
      let theirBoot = try await lab.status(of: "theirs")["boot"]
      let theirs = try await foreignObjects(lab)
      let site = try lab.write(lan(), to: "site.yaml")

      let apply = try await lab.virtform("apply", site, "--auto-approve")
      #expect(apply.status == 0, "\(apply.output)\(apply.errors)")
      try await expectAsSpecified(lab)
      try await expectQuiet(lab, site)
      let again = try await lab.calls {
        let apply = try await lab.virtform("apply", site, "--auto-approve")
        #expect(apply.status == 0)
      }
      #expect(Lab.mutating(again).isEmpty)

      // The guests themselves.
      let db = try await lab.status(of: "db") { $0["eth0"]?.hasSuffix("ip=10.123.45.10") == true }
      #expect(db["cpus"] == "1")
      #expect(db["vda"] == "64M")
      #expect(db["sda"] == "32M")
      #expect(db["eth0"]?.hasPrefix("52:54:00:aa:00:10") == true)
      let web = try await lab.status(of: "web-2") { $0["eth0"]?.hasSuffix("ip=10.123.45.12") == true }
      #expect(web["vda"] == "64M")
      let shown = try await lab.virtform("show", site)
      #expect(shown.output.contains(/web-2 +running +1 +128 MiB +10\.123\.45\.12/), "\(shown.output)")

      // A change that a running guest takes, one that it cannot take, one VM more.
      try lab.write(
        lan(memory: "160MiB", webSize: "96MiB", count: 3, extra: "title: Web ${index}"), to: "site.yaml")
      let plan = try await lab.virtform("plan", site)
      #expect(plan.output.contains("~ memory  128 MiB → 160 MiB  (restart)"), "\(plan.output)")
      #expect(plan.output.contains("~ size  64 MiB → 96 MiB  (live)"))
      #expect(plan.output.contains("2 to add, 6 to change, 0 to remove. 0 guests restart"))
      let change = try await lab.virtform("apply", site, "--auto-approve")
      #expect(change.status == 0, "\(change.output)\(change.errors)")
      try await expectQuiet(lab, site)
      let grown = try await lab.status(of: "web-2") { $0["vda"] == "96M" }
      #expect(grown["boot"] == web["boot"], "the guest was not restarted")
      #expect(grown["mem"] == web["mem"], "memory waits for a restart")
      #expect(try await lab.virsh("desc", "web-2", "--title").contains("Web 2"))
      let pending = try await lab.virtform("show", site)
      #expect(pending.output.contains("pending restart: memory"))

      // With the spec's consent, the restart.
      try lab.write(
        lan(
          memory: "160MiB", webSize: "96MiB", count: 3, extra: "title: Web ${index}",
          policy: "restart-if-needed"),
        to: "site.yaml")
      let restart = try await lab.virtform("apply", site, "--auto-approve")
      #expect(restart.status == 0, "\(restart.output)\(restart.errors)")
      #expect(restart.output.contains("3 guests restart"), "\(restart.output)")
      try await expectQuiet(lab, site)
      let restarted = try await lab.status(of: "web-2") { $0["boot"] != web["boot"] }
      #expect(
        try #require(Int(restarted["mem"]?.dropLast() ?? "")) > (Int(web["mem"]?.dropLast() ?? "") ?? 0))

      // Without consent to data loss every disk stays; with it, all but the protected and the kept one go.
      let kept = try await lab.virtform("plan", "--destroy", site)
      #expect(kept.output.contains("no data loss"))
      let destroy = try await lab.virtform("destroy", site, "--auto-approve", "--allow-data-loss")
      #expect(destroy.status == 0, "\(destroy.output)\(destroy.errors)")
      #expect(try await lab.connection.domains().map(\.name) == ["theirs"])
      #expect(try await lab.connection.networks().map(\.name) == ["theirs"])
      let volumes = try #require(try await lab.connection.storagePool(named: "default")).volumes
      let left = try await volumes().map(\.name)
      #expect(left.count == 2 && left[0].hasPrefix("db-data-") && left[1].hasPrefix("db.log-"), "\(left)")
      #expect(try await foreignObjects(lab) == theirs)
      #expect(try await lab.status(of: "theirs")["boot"] == theirBoot)
    }
  }

  /// Each field of each object as `virsh`, which knows nothing of virtform, reads it.
  private func expectAsSpecified(_ lab: Lab) async throws {
    let db = try XMLElement(parsing: try await lab.virsh("dumpxml", "db", "--inactive"))
    #expect(db[attribute: "type"] == "qemu")
    #expect(db.first("title")?.text == "The database")
    #expect(db.first("description")?.text == "First line\nand <second>")
    #expect(db.first("memory")?.text == "262144")
    #expect(db.first("currentMemory")?.text == "131072")
    #expect(db.first("vcpu")?.text == "2")
    #expect(db.first("vcpu")?[attribute: "current"] == "1")
    #expect(db.at("os", "type")?[attribute: "machine"]?.hasPrefix("pc-q35-") == true)
    #expect(db.at("os", "kernel")?.text.hasPrefix("\(lab.home)/images/kernel-") == true)
    #expect(db.at("os", "initrd")?.text.hasPrefix("\(lab.home)/images/initrd-") == true)
    #expect(db.at("os", "cmdline")?.text == "console=ttyS0 quiet panic=-1 vf.host=db")
    #expect(db.at("devices", "serial") != nil)
    #expect(db.at("devices", "graphics") == nil)
    let disks = db.all(at: "devices", "disk")
    #expect(disks.map { $0.first("target")?[attribute: "bus"] } == ["virtio", "scsi"])
    #expect(disks.map { $0.first("driver")?[attribute: "type"] } == ["qcow2", "raw"])
    #expect(disks[0].first("source")?[attribute: "file"]?.hasPrefix("\(lab.home)/images/db-data-") == true)
    let nic = try #require(db.at("devices", "interface"))
    #expect(nic.first("mac")?[attribute: "address"] == "52:54:00:aa:00:10")
    #expect(nic.first("source")?[attribute: "network"] == "lan")
    #expect(nic.first("model")?[attribute: "type"] == "virtio")
    #expect(try await lab.virsh("dominfo", "db").contains(/Autostart: +enable/))
    #expect(try await lab.virsh("domstate", "db").hasPrefix("running"))

    let web = try XMLElement(parsing: try await lab.virsh("dumpxml", "web-1", "--inactive"))
    #expect(web.at("os", "type")?[attribute: "machine"]?.hasPrefix("pc-i440fx-") == true)
    #expect(web.at("devices", "graphics")?[attribute: "type"] == "vnc")
    #expect(web.at("devices", "graphics")?[attribute: "listen"] == "127.0.0.1")
    #expect(web.first("memory")?.text == "131072")
    #expect(try await lab.virsh("dominfo", "web-1").contains(/Autostart: +disable/))
    let root = try #require(web.at("devices", "disk", "source")?[attribute: "file"])
    let volume = try XMLElement(parsing: try await lab.virsh("vol-dumpxml", root))
    #expect(volume.first("capacity")?.text == "\(64 << 20)")
    #expect(volume.at("target", "format")?[attribute: "type"] == "qcow2")
    #expect(volume.at("backingStore", "path")?.text.hasPrefix("\(lab.home)/images/guest-") == true)
    #expect(volume.at("backingStore", "format")?[attribute: "type"] == "qcow2")

    let network = try XMLElement(parsing: try await lab.virsh("net-dumpxml", "lan", "--inactive"))
    #expect(network.first("forward")?[attribute: "mode"] == "nat")
    #expect(network.first("bridge")?[attribute: "name"] == "vft-lan")
    #expect(network.first("domain")?[attribute: "name"] == "shop.example")
    #expect(network.first("ip")?[attribute: "address"] == "10.123.45.1")
    #expect(network.at("ip", "dhcp", "range")?[attribute: "start"] == "10.123.45.100")
    #expect(network.at("ip", "dhcp", "range")?[attribute: "end"] == "10.123.45.199")
    let hosts = network.all(at: "ip", "dhcp", "host").map {
      "\($0[attribute: "name"] ?? "") \($0[attribute: "ip"] ?? "")"
    }
    #expect(hosts == ["db 10.123.45.10", "web-1 10.123.45.11", "web-2 10.123.45.12"])
    #expect(try await lab.virsh("net-info", "lan").contains(/Autostart: +yes/))
    #expect(try await lab.virsh("net-info", "lan").contains(/Active: +yes/))
  }

  // MARK: The quickstart

  @Test("the quickstart brings up two guests that say so, then plans nothing, then goes")
  func quickstart() async throws {
    try await withLab { lab in
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
      "sed 's/{mode: user}/{mode: nat, cidr: 10.9.9.0\\/24}/' examples/quickstart/site.yaml > home/site.yaml; "
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
      try await withLab { try await expectEveryMode($0, bridge) }
      outcome = .success(())
    } catch {
      outcome = .failure(error)
    }
    try await link("del", bridge)
    try outcome.get()
  }

  private func expectEveryMode(_ lab: Lab, _ bridge: String) async throws {
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
    #expect(plan.output.contains("~ memory   256 MiB (max 300 MiB) → 256 MiB"), "\(plan.output)")
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
    try await withLab { lab in
      let examples = "\(Lab.repository)/examples"
      for name in try FileManager.default.contentsOfDirectory(atPath: examples) {
        let validate = try await lab.virtform("validate", "\(examples)/\(name)")
        #expect(validate.status == 0, "\(validate.errors)")
      }
      let apply = try await lab.virtform("apply", "\(examples)/lan", "--auto-approve")
      #expect(apply.status == 0, "\(apply.output)\(apply.errors)")
      try await expectQuiet(lab, "\(examples)/lan")
      _ = try await lab.status(of: "db") { $0["eth0"]?.hasSuffix("ip=10.123.45.10") == true }
      let destroy = try await lab.virtform(
        "destroy", "\(examples)/lan", "--auto-approve", "--allow-data-loss")
      #expect(destroy.status == 0, "\(destroy.output)\(destroy.errors)")
      #expect(try await lab.connection.domains().isEmpty)
    }
  }

  // MARK: Faults

  @Test("an apply that is killed while it makes real guests is finished by the next one")
  func killed() async throws {
    try await withLab { lab in
      let site = try lab.write(lan(), to: "site.yaml")
      for seconds in ["0.15", "0.4", "0.8", "1.2"] {
        _ = try await Lab.run(
          "/usr/bin/timeout", ["-s", "KILL", seconds, Lab.binary, "apply", site, "--auto-approve"],
          in: lab.work,
          environment: ["VIRTFORM_HOME": lab.home])
        let finish = try await lab.virtform("apply", site, "--auto-approve")
        #expect(finish.status == 0, "\(finish.output)\(finish.errors)")
        try await expectQuiet(lab, site)
        #expect(try await lab.connection.domains(.active).map(\.name) == ["db", "web-1", "web-2"])
        // Three images, the shared disk, the log, two roots: nothing doubled.
        #expect(try await lab.connection.storagePool(named: "default")?.volumes().count == 7)
        let destroy = try await lab.virtform("destroy", site, "--auto-approve", "--allow-data-loss")
        #expect(destroy.status == 0, "\(destroy.output)\(destroy.errors)")
      }
    }
  }

  @Test(
    "a pool that is full says so before anything is made, or names what failed and goes on after room is made"
  )
  func fullPool() async throws {
    try await withLab(
      prepare: { work in
        try FileManager.default.createDirectory(atPath: "\(work)/small", withIntermediateDirectories: true)
        try await mount("-t", "tmpfs", "-o", "size=20m", "tmpfs", "\(work)/small")
      },
      { lab in
        do {
          try await expectFullPool(lab, "\(lab.work)/small")
        } catch {
          _ = try await Lab.run("/usr/bin/umount", ["-l", "\(lab.work)/small"], in: "/")
          throw error
        }
        _ = try await Lab.run("/usr/bin/umount", ["-l", "\(lab.work)/small"], in: "/")
      })
  }

  private func mount(_ arguments: String...) async throws {
    let outcome = try await Lab.run("/usr/bin/mount", arguments, in: "/")
    if outcome.status != 0 { throw Lab.Failure(description: outcome.errors) }
  }

  private func expectFullPool(_ lab: Lab, _ mount: String) async throws {
    func spec(_ pools: [String]) -> String {
      """
      virtform: 1
      stack: tight
      images: {guest: {source: \(Lab.guest)/guest.qcow2}}
      pools:
      \(["a", "b"].map { "  \($0): {type: dir, path: \(mount)/\($0)}" }.joined(separator: "\n"))
      vms:
      \(pools.map { "  vm-\($0): {image: guest, pool: \($0), memory: 128MiB, accel: tcg, running: false}" }.joined(separator: "\n"))
      """
    }
    // Each pool has room for its image, both together have not: only the upload finds out.
    let site = try lab.write(spec(["a", "b"]), to: "site.yaml")
    let apply = try await lab.virtform("apply", site, "--auto-approve")
    #expect(apply.status == 5, "\(apply.output)\(apply.errors)")
    #expect(apply.output.contains("No space left on device"), "\(apply.output)")
    #expect(apply.output.contains("site.yaml:3:17: image.guest"), "\(apply.output)")
    #expect(apply.output.contains("skipped"))
    // Now the pool is known to be full.
    let plan = try await lab.virtform("plan", site)
    #expect(plan.output.contains("may be full: 13620736 B are needed"), "\(plan.output)")
    // With no room for either, nothing is sent.
    try await self.mount("-o", "remount,size=8m", mount)
    let refused = try await lab.virtform("apply", site, "--auto-approve")
    #expect(refused.status != 0)
    #expect(
      refused.output.contains(/the pool '[ab]' is full: .* are free, 13620736 B are needed/),
      "\(refused.output)")
    try await self.mount("-o", "remount,size=64m", mount)
    let finish = try await lab.virtform("apply", site, "--auto-approve")
    #expect(finish.status == 0, "\(finish.output)\(finish.errors)")
    try await expectQuiet(lab, site)
    let destroy = try await lab.virtform("destroy", site, "--auto-approve", "--allow-data-loss")
    #expect(destroy.status == 0)
    #expect(try await lab.connection.storagePools().map(\.name) == ["default"])
  }
}

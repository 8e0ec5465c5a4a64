import FoundationEssentials
import Libvirt
import TestLab
import Testing

extension QEMUTests {
  func lan(
    memory: String = "128MiB", dbCPUs: Int = 1, webSize: String = "64MiB", count: Int = 2, extra: String = "",
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
        cpus: {count: \(dbCPUs), max: 2}
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

  @Test("a LAN comes up as the spec says, changes, restarts on consent, and goes without a trace")
  func lanLife() async throws {
    try await Lab.with { lab in
      let strangers = Strangers(lab: lab, bridge: "vft-theirs", subnet: "10.123.99")
      try await strangers.make()
      let theirBoot = try await lab.status(of: "theirs")["boot"]
      let theirs = try await strangers.contents()
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

      // What db's guest takes while it runs: memory within what it booted with, and a further vCPU.
      #expect(
        plan.output.contains("~ memory  128 MiB (max 256 MiB) → 160 MiB (max 256 MiB)  (live)"),
        "\(plan.output)")
      try lab.write(
        lan(memory: "160MiB", dbCPUs: 2, webSize: "96MiB", count: 3, extra: "title: Web ${index}"),
        to: "site.yaml")
      let more = try await lab.virtform("apply", site, "--auto-approve")
      #expect(more.status == 0, "\(more.output)\(more.errors)")
      #expect(more.output.contains("~ cpus  1 (max 2) → 2  (live)"), "\(more.output)")
      let bigger = try await lab.status(of: "db") { $0["cpus"] == "2" }
      #expect(bigger["boot"] == db["boot"], "the guest was not restarted")
      #expect(try #require(Int(bigger["mem"]?.dropLast() ?? "")) > (Int(db["mem"]?.dropLast() ?? "") ?? 0))
      try await expectQuiet(lab, site)

      // With the spec's consent, the restart.
      try lab.write(
        lan(
          memory: "160MiB", dbCPUs: 2, webSize: "96MiB", count: 3, extra: "title: Web ${index}",
          policy: "restart-if-needed"),
        to: "site.yaml")
      let restart = try await lab.virtform("apply", site, "--auto-approve")
      #expect(restart.status == 0, "\(restart.output)\(restart.errors)")
      #expect(restart.output.contains("2 guests restart"), "\(restart.output)")
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
      // The protected disk and the one to be kept, each with what says that it is.
      #expect(left.map { $0.prefix { $0 != "-" } } == ["db", "db", "db.log", "db.log"], "\(left)")
      #expect(left.count { $0.hasSuffix(".protected") } == 1)
      #expect(try await strangers.contents() == theirs)
      #expect(try await lab.status(of: "theirs")["boot"] == theirBoot)
    }
  }

  /// Each field of each object as `virsh`, which knows nothing of virtform, reads it.
  func expectAsSpecified(_ lab: Lab) async throws {
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
}

import FoundationEssentials
import Planner
import TestLab
import Testing

/// A real Xen host, reached as `xen+tcp`: what QEMU hosts are tested for, on the other hypervisor.
@Suite(
  "A Xen host", .serialized, .timeLimit(.minutes(60)),
  .enabled(
    if: Lab.hasXen, "needs QEMU, virsh, socat, ssh, and what make guest and make xen-image make"))
struct XenTests {
  /// A stack with one network and one guest, put together from texts.
  private struct Spec {
    var guest = ["virt": "pv"]
    var hasGuest = true
    var disks = ["root": "{size: 64MiB}"]
    var nics = ["lan": "{ip: 10.91.0.10}"]

    func text(_ lab: XenLab) -> String {
      func map(_ entries: [String: String]) -> String {
        "{" + entries.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: ", ")
          + "}"
      }
      var site = SiteText("shop")
      site.hosts = ["xen": "{uri: \"\(lab.uri)\"}"]
      site.pools = ["default": "{external: true}"]
      site.networks = ["lan": "{mode: nat, cidr: 10.91.0.0/24, dhcp: {from: 10.91.0.100, to: 10.91.0.199}}"]
      guard hasGuest else { return site.text }
      site.vms["db"] = SiteText.guest(
        "db",
        [
          "cmdline": "console=hvc0 quiet vf.host=db vf.every=4", "disks": map(disks), "nics": map(nics),
          "cpus": "{count: 1, max: 2}", "memory": "{size: 96MiB, max: 128MiB}",
        ].merging(guest) { $1 })
      return site.text
    }
  }

  /// What `plan --json` says of the fields that change.
  private struct PlanJSON: Decodable {
    struct Change: Decodable {
      struct Field: Decodable { let path, effect: String }
      let type: String
      let fields: [Field]
    }
    enum CodingKeys: String, CodingKey { case changes = "resource_changes" }
    let changes: [Change]

    /// The fields by their names in `HypervisorReference`, and the effects of those of VMs.
    var effects: [String: String] {
      changes.reduce(into: [:]) { result, change in
        for field in change.fields where change.type == "vm" || change.type == "disk" {
          let parts = field.path.split(separator: ".").map(String.init)
          let isDevice = ["disks", "nics"].contains(parts[0])
          let name = isDevice ? "\(parts[0]).\(parts.count > 2 ? parts[2] : "attached")" : field.path
          result[change.type == "disk" ? "volume.\(name)" : name] = field.effect
        }
      }
    }
  }

  private func write(_ spec: Spec, _ lab: XenLab) throws {
    try spec.text(lab).write(toFile: "\(lab.work)/site.yaml", atomically: true, encoding: .utf8)
  }

  /// Applies `spec`, and expects that the next plan is empty. Returns the effect of each field that was changed.
  private func apply(_ spec: Spec, _ lab: XenLab, _ options: String...) async throws -> [String: String] {
    try write(spec, lab)
    let plan = try await lab.virtform(["plan", "--json"] + options)
    let effects = try JSONDecoder().decode(PlanJSON.self, from: Data(plan.output.utf8)).effects
    let apply = try await lab.virtform(["apply", "--auto-approve"] + options)
    #expect(apply.status == 0, "\(apply.output)\(apply.errors)")
    let second = try await lab.virtform(["plan", "--detailed-exitcode"])
    #expect(second.status == 0, "\(second.output)\(second.errors)")
    return effects
  }

  @Test("a guest is made, changes while it runs and with a restart, drifts and goes")
  func life() async throws {
    try await XenLab.with { lab in
      var spec = Spec()
      var seen = Set(try await apply(spec, lab).keys)
      let first = try await lab.status(of: "db") { $0["eth0"]?.hasSuffix("ip=10.91.0.10") == true }
      #expect(first["cpus"] == "1" && first["xvda"] == "64M", "\(first)")
      // Who finds it knows whose it is.
      #expect(try await lab.virsh("metadata", "db", "urn:virtform:mark:1").contains("shop"))

      // It takes these while it runs: it says so itself, in the same boot.
      spec.guest.merge([
        "title": "Database", "description": "Knows everything", "autostart": "true",
        "cpus": "{count: 2, max: 2, pin: 0-1, shares: 512, limit: 1.5}",
        "memory": "{size: 112MiB, max: 128MiB}",
      ]) { $1 }
      spec.disks["logs"] = "{size: 8MiB}"
      spec.nics["back"] = "{network: lan, mac: \"52:54:00:91:00:02\"}"
      let live = try await apply(spec, lab)
      seen.formUnion(live.keys)
      let fields = [
        "title", "description", "cpus", "cpus.shares", "cpus.limit", "cpus.pin", "memory", "disks.attached",
        "nics.attached",
      ]
      for field in fields {
        #expect(live[field] == "live", "\(field) is \(live[field] ?? "not there")")
      }
      let larger = try await lab.status(of: "db") {
        $0["cpus"] == "2" && $0["xvdb"] == "8M" && $0["eth1"]?.hasPrefix("52:54:00:91:00:02") == true
      }
      #expect(larger["boot"] == first["boot"])
      #expect(try await lab.virsh("dominfo", "db").contains(/Autostart: +enable/))
      #expect(
        try await lab.virsh("dumpxml", "db").contains("<currentMemory unit='KiB'>114688</currentMemory>"))
      let scheduled = try await lab.virsh("schedinfo", "db")
      #expect(scheduled.contains(/weight +: 512/) && scheduled.contains(/cap +: 150/), "\(scheduled)")

      // Somebody changes it beside virtform: seen, and taken back.
      try await lab.virsh("setmem", "db", "100M", "--config")
      try await lab.virsh("desc", "db", "--title", "--live", "--config", "Mine")
      try await lab.virsh("schedinfo", "db", "--weight", "100", "--cap", "0")
      let drift = try await lab.virtform(["drift", "--detailed-exitcode"])
      #expect(drift.status == 2, "\(drift.output)\(drift.errors)")
      for field in ["memory", "title", "cpus.shares", "cpus.limit"] {
        #expect(drift.output.contains(field), "\(drift.output)")
      }
      _ = try await apply(spec, lab)
      #expect(try await lab.virsh("desc", "db", "--title").contains("Database"))
      #expect(try await lab.virsh("schedinfo", "db").contains(/cap +: 150/))

      // The words for the kernel wait for a restart. Two devices leave.
      spec.guest["cmdline"] = "console=hvc0 quiet vf.host=db vf.every=4 vf.fetch=10.91.0.10"
      spec.disks["logs"] = nil
      spec.nics["back"] = nil
      let restart = try await apply(spec, lab, "--restart", "--allow-data-loss")
      seen.formUnion(restart.keys)
      #expect(restart["cmdline"] == "restart", "\(restart)")
      let second = try await lab.status(of: "db") { $0["10.91.0.10"] == "db" }
      #expect(second["boot"] != first["boot"] && second["xvda"] == "64M", "\(second)")
      #expect(second["xvdb"] == nil && second["eth1"] == nil, "\(second)")
      #expect(try await lab.virsh("schedinfo", "db").contains(/cap +: 150/))

      // No disk grows under a guest; of one that is off it does.
      spec.disks["root"] = "{size: 80MiB}"
      try write(spec, lab)
      let refused = try await lab.virtform(["plan"])
      #expect(refused.status == 3 || refused.status == 1, "\(refused.output)\(refused.errors)")
      #expect(refused.errors.contains("disk.db.root cannot grow while VM 'db' runs"), "\(refused.errors)")
      spec.disks["root"] = "{size: 64MiB}"
      spec.guest["state"] = "off"
      _ = try await apply(spec, lab)
      spec.disks["root"] = "{size: 80MiB}"
      spec.guest["state"] = "running"
      seen.formUnion(try await apply(spec, lab).keys)
      #expect(try await lab.status(of: "db")["xvda"] == "80M")

      // Its paragraph is removed, and the VM with its disks goes.
      spec.hasGuest = false
      _ = try await apply(spec, lab, "--allow-data-loss")
      #expect(try await lab.virsh("list", "--all", "--name").split(separator: "\n") == ["Domain-0"])
      #expect(!(try await lab.virsh("vol-list", "default").contains("db.root")))

      let untested = HypervisorReference.testedOnXen.subtracting(seen)
      #expect(untested.isEmpty, "docs/hypervisors.md says that these are tested: \(untested.sorted())")

      let destroy = try await lab.virtform(["destroy", "--auto-approve", "--allow-data-loss"])
      #expect(destroy.status == 0, "\(destroy.output)\(destroy.errors)")
      #expect(!(try await lab.virsh("net-list", "--all", "--name").contains("lan")))
      #expect(!(try await lab.virsh("vol-list", "default").contains("/")))
    }
  }

  @Test("a guest that was saved goes on, one with autostart is back after its host's boot, and dom0 is no VM")
  func host() async throws {
    try await XenLab.with { lab in
      struct Host: Decodable {
        struct Memory: Decodable { let available, total, used_by_running_vms, used_by_dom0: UInt64 }
        struct VMs: Decodable { let defined, running: Int }
        let memory: Memory
        let vms: VMs
      }
      var spec = Spec()
      spec.guest.merge(["autostart": "true", "cpus": "{count: 1, limit: 0.9}", "memory": "96MiB"]) { $1 }
      _ = try await apply(spec, lab)
      let hosts = try await lab.virtform(["hosts", "--json"])
      let host = try #require(try JSONDecoder().decode([Host].self, from: Data(hosts.output.utf8)).first)
      #expect(host.vms.defined == 1 && host.vms.running == 1 && host.memory.used_by_running_vms == 96 << 20)
      #expect(host.memory.used_by_dom0 == 1 << 30)
      #expect(
        (1...host.memory.total - host.memory.used_by_dom0).contains(host.memory.available), "\(hosts.output)")

      let before = try await lab.status(of: "db")
      try await lab.virsh("managedsave", "db")
      let plan = try await lab.virtform(["plan", "--detailed-exitcode"])
      #expect(plan.status == 2 && plan.output.contains("has a saved state"), "\(plan.output)\(plan.errors)")
      // It runs with what it was saved with.
      var other = spec
      other.guest["memory"] = "100MiB"
      try write(other, lab)
      let refused = try await lab.virtform(["plan"])
      #expect(refused.errors.contains("to which memory cannot change"), "\(refused.output)\(refused.errors)")
      _ = try await apply(spec, lab)
      let after = try await lab.status(of: "db")
      #expect(after["boot"] == before["boot"], "\(before) \(after)")

      try await lab.reboot()
      let booted = try await lab.status(of: "db")
      #expect(booted["boot"] != before["boot"], "\(before) \(booted)")
      // It has started without virtform, and so without its limit.
      let drift = try await lab.virtform(["plan", "--json"])
      #expect(
        try JSONDecoder().decode(PlanJSON.self, from: Data(drift.output.utf8)).effects == [
          "cpus.limit": "live"
        ], "\(drift.output)")
      _ = try await apply(spec, lab)
      #expect(try await lab.virsh("schedinfo", "db").contains(/cap +: 90/))
    }
  }

  @Test("a host whose processor virtualizes has guests of all kinds, and says what each cannot have")
  func kinds() async throws {
    try await XenLab.with(hasSVM: true) { lab in
      // Such guests die at random in what QEMU emulates, so they stay off here.
      var spec = Spec()
      spec.guest = ["state": "off"]
      _ = try await apply(spec, lab)
      #expect(try await lab.virsh("dumpxml", "db").contains(">xenpvh</type>"))
      spec.guest["virt"] = "hvm"
      _ = try await apply(spec, lab)
      #expect(try await lab.virsh("dumpxml", "db").contains(">hvm</type>"))

      spec.guest.merge(["virt": "pvh", "firmware": "uefi"]) { $1 }
      try write(spec, lab)
      let refused = try await lab.virtform(["plan"])
      #expect(
        refused.errors.contains("host 'xen' (Xen) gives a pvh guest no 'firmware'"),
        "\(refused.output)\(refused.errors)")

      spec.guest = ["virt": "pv"]
      _ = try await apply(spec, lab)
      #expect(try await lab.virsh("dumpxml", "db").contains(">linux</type>"))
      #expect(try await lab.status(of: "db")["xvda"] == "64M")
    }
  }

  @Test(
    "the quickstart runs with the URI of a Xen host, after runs that were killed, and not beside another one")
  func quickstart() async throws {
    try await XenLab.with { lab in
      let site = "\(Lab.repository)/examples/quickstart"
      let host = ["VIRTFORM_URI": lab.uri]
      // While it uploads and makes a network, and when it defines and starts.
      for seconds in [2, 9] {
        try await lab.virtform(killedAfter: seconds, ["apply", site, "--auto-approve"], environment: host)
      }
      let apply = try await lab.virtform(["apply", site, "--auto-approve"], environment: host)
      #expect(apply.status == 0, "\(apply.output)\(apply.errors)")
      for name in ["web-1", "web-2"] {
        #expect(try await lab.status(of: name)["xvda"] == "1024M")
      }
      let plan = try await lab.virtform(["plan", site, "--detailed-exitcode"], environment: host)
      #expect(plan.status == 0, "\(plan.output)\(plan.errors)")

      let lock = try await lab.virtform(["lock", site, "--reason", "maintenance"], environment: host)
      #expect(lock.status == 0, "\(lock.output)\(lock.errors)")
      let refused = try await lab.virtform(["destroy", site, "--auto-approve"], environment: host)
      #expect(
        refused.status == 6 && refused.errors.contains("maintenance"), "\(refused.output)\(refused.errors)")
      let unlock = try await lab.virtform(["unlock", site, "--auto-approve"], environment: host)
      #expect(unlock.status == 0, "\(unlock.output)\(unlock.errors)")

      let destroy = try await lab.virtform(
        ["destroy", site, "--auto-approve", "--allow-data-loss"], environment: host)
      #expect(destroy.status == 0, "\(destroy.output)\(destroy.errors)")
      #expect(!(try await lab.virsh("vol-list", "default").contains("/")))
    }
  }
}

import FoundationEssentials
import Planner
import TestLab
import Testing

/// A real Xen host, reached as `xen+tcp`: what QEMU hosts are tested for, on the other hypervisor.
@Suite(
  "A Xen host", .serialized, .timeLimit(.minutes(30)),
  .enabled(
    if: Lab.hasXen, "needs QEMU, virsh, socat, ssh, and what make guest and make xen-image make"))
struct XenTests {
  /// A stack with one network and one guest, put together from texts.
  private struct Spec {
    var guest: [String: String] = [:]
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

  /// Applies `spec`, and expects that the next plan is empty. Returns the effect of each field that was changed.
  private func apply(_ spec: Spec, _ lab: XenLab, _ options: String...) async throws -> [String: String] {
    try spec.text(lab).write(toFile: "\(lab.work)/site.yaml", atomically: true, encoding: .utf8)
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

      // It takes these while it runs: it says so itself, in the same boot.
      spec.guest = [
        "title": "Database", "description": "Knows everything", "autostart": "true",
        "cpus": "{count: 2, max: 2, pin: 0-1}", "memory": "{size: 112MiB, max: 128MiB}",
      ]
      spec.disks["logs"] = "{size: 8MiB}"
      spec.nics["back"] = "{network: lan, mac: \"52:54:00:91:00:02\"}"
      let live = try await apply(spec, lab)
      seen.formUnion(live.keys)
      for field in ["title", "description", "cpus", "cpus.pin", "memory", "disks.attached", "nics.attached"] {
        #expect(live[field] == "live", "\(field) is \(live[field] ?? "not there")")
      }
      let larger = try await lab.status(of: "db") {
        $0["cpus"] == "2" && $0["xvdb"] == "8M" && $0["eth1"]?.hasPrefix("52:54:00:91:00:02") == true
      }
      #expect(larger["boot"] == first["boot"])
      #expect(try await lab.virsh("dominfo", "db").contains(/Autostart: +enable/))
      #expect(
        try await lab.virsh("dumpxml", "db").contains("<currentMemory unit='KiB'>114688</currentMemory>"))

      // Somebody changes it beside virtform: seen, and taken back.
      try await lab.virsh("setmem", "db", "100M", "--config")
      try await lab.virsh("desc", "db", "--title", "--live", "--config", "Mine")
      let drift = try await lab.virtform(["drift", "--detailed-exitcode"])
      #expect(
        drift.status == 2 && drift.output.contains("memory") && drift.output.contains("title"),
        "\(drift.output)\(drift.errors)")
      _ = try await apply(spec, lab)
      #expect(try await lab.virsh("desc", "db", "--title").contains("Database"))

      // These wait for a restart: the scheduler's weight, the words for the kernel. Two devices leave.
      spec.guest["cpus"] = "{count: 2, max: 2, pin: 0-1, shares: 512}"
      spec.guest["cmdline"] = "console=hvc0 quiet vf.host=db vf.every=4 vf.fetch=10.91.0.10"
      spec.disks["logs"] = nil
      spec.nics["back"] = nil
      let restart = try await apply(spec, lab, "--restart", "--allow-data-loss")
      seen.formUnion(restart.keys)
      #expect(restart["cpus.shares"] == "restart" && restart["cmdline"] == "restart", "\(restart)")
      let second = try await lab.status(of: "db") { $0["10.91.0.10"] == "db" }
      #expect(second["boot"] != first["boot"] && second["xvda"] == "64M", "\(second)")
      #expect(second["xvdb"] == nil && second["eth1"] == nil, "\(second)")
      #expect(try await lab.virsh("schedinfo", "db").contains(/weight +: 512/))

      let untested = HypervisorReference.testedOnXen.subtracting(seen)
      #expect(untested.isEmpty, "docs/hypervisors.md says that these are tested: \(untested.sorted())")

      let destroy = try await lab.virtform(["destroy", "--auto-approve", "--allow-data-loss"])
      #expect(destroy.status == 0, "\(destroy.output)\(destroy.errors)")
      #expect(try await lab.virsh("list", "--all", "--name").split(separator: "\n") == ["Domain-0"])
      #expect(!(try await lab.virsh("net-list", "--all", "--name").contains("lan")))
      #expect(!(try await lab.virsh("vol-list", "default").contains("/")))
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

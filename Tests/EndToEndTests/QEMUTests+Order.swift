import FoundationEssentials
import Libvirt
import TestLab
import Testing

extension QEMUTests {
  /// Three VMs on a network, each after the one before.
  private func ordered(_ name: String, ready: String) -> SiteText {
    var site = SiteText(name)
    site.networks["lan"] =
      "{mode: nat, cidr: 10.123.61.0/24, bridge: vft-ord, dhcp: {from: 10.123.61.100, to: 10.123.61.199}}"
    site.vms["db"] = SiteText.guest(
      "db",
      ["nics": "{lan: {}}", "ready": "{lease: lan, console: virtform-guest db is up, tcp: 80, timeout: 3m}"])
    site.vms["app"] = SiteText.guest(
      "app", ["nics": "{lan: {ip: 10.123.61.10}}", "start_after": "[db]", "ready": ready])
    site.vms["web"] = SiteText.guest("web", ["nics": "{lan: {}}", "start_after": "[app]"])
    return site
  }

  private func line(_ text: String, in output: String) throws -> Int {
    let lines = output.split(separator: "\n").map(String.init)
    return try #require(lines.firstIndex { $0.contains(text) }, "no '\(text)' in:\n\(output)")
  }

  @Test("VMs come up one after the other, each when the one before is ready, and go down the other way round")
  func order() async throws {
    try await Guests.inLab { guests in
      let site = ordered("order", ready: "{http: {path: /index.html, nic: lan}, timeout: 3m}")
      let output = try await guests.apply(site)
      let events = try [
        "✓ vm.db on local: started", "✓ vm.db on local: ready", "vm.app on local: starting…",
        "✓ vm.app on local: ready", "vm.web on local: starting…",
      ].map { try line($0, in: output) }
      #expect(events == events.sorted(), "\(output)")

      // A restart waits for the lease anew, although the one from before has not ended, and touches nobody else.
      let boots = (
        try await guests.lab.status(of: "app")["boot"], try await guests.lab.status(of: "web")["boot"]
      )
      var changed = site
      changed.vms["db"]?["memory"] = "112MiB"
      let restart = try await guests.apply(changed, "--restart")
      _ = try line("✓ vm.db on local: ready", in: restart)
      #expect(try await guests.lab.status(of: "app")["boot"] == boots.0)
      #expect(try await guests.lab.status(of: "web")["boot"] == boots.1)

      let destroy = try await guests.run("destroy", "--auto-approve", "--allow-data-loss")
      #expect(destroy.status == 0, "\(destroy.output)\(destroy.errors)")
      let stops = try ["web", "app", "db"].map {
        try line("✓ vm.\($0) on local: stopped", in: destroy.output)
      }
      #expect(stops == stops.sorted(), "\(destroy.output)")
    }
  }

  @Test("a guest that does not get ready in time fails its step, runs on, and keeps others from starting")
  func neverReady() async throws {
    try await Guests.inLab { guests in
      let site = ordered("never", ready: "{tcp: 81, timeout: 20s}")
      try guests.write(site)
      let apply = try await guests.run("apply", "--auto-approve")
      #expect(apply.status == 5, "\(apply.output)\(apply.errors)")
      #expect(
        apply.output.contains(
          /vm.app on local: waiting until ready: not ready within 20s: waited for tcp 81, last seen: .*10\.123\.61\.10.*; the guest runs on/
        ), "\(apply.output)")
      #expect(apply.output.contains(/skipped.*vm.web on local: starting: needs vm.app/), "\(apply.output)")
      #expect(try await guests.lab.virsh("domstate", "app").hasPrefix("running"))
      #expect(try await guests.lab.virsh("domstate", "web").hasPrefix("shut off"))
      // What runs is not waited for again: the rest starts.
      let again = try await guests.run("apply", "--auto-approve")
      #expect(again.status == 0, "\(again.output)\(again.errors)")
      #expect(try await guests.lab.virsh("domstate", "web").hasPrefix("running"))
      try await guests.expectQuiet()
    }
  }

  @Test("a console that a person has is not taken from them")
  func busyConsole() async throws {
    try await Guests.inLab { guests in
      var site = SiteText("busy")
      site.vms["a"] = SiteText.guest("a", ["state": "off"])
      try await guests.apply(site)
      _ = try await guests.lab.virsh("start", "a", "--paused")
      let domain = try #require(try await guests.lab.connection.domain(named: "a"))
      let console = try await domain.openConsole()
      do {
        _ = try await domain.openConsole()
        Issue.record("two have one console")
      } catch let error as LibvirtError {
        #expect(error.code == .operationFailed && error.message.contains("console session"), "\(error)")
      }
      try await console.abort()
    }
  }
}

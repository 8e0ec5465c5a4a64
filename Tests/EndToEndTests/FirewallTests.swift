import TestLab
import Testing

extension GuestChangeTests {
  /// Traffic between real guests, with a firewall between some of them.
  @Suite("Firewalls")
  struct Firewalls {
    /// The load balancer is on the front network, the database on the back one, the application on both.
    private static func site() -> SiteText {
      var site = SiteText("tiers")
      site.networks = [
        "front": "{mode: isolated, cidr: 10.87.51.0/24}", "back": "{mode: isolated, cidr: 10.87.52.0/24}",
      ]
      site.firewalls = [
        "app": "{in: [{protocol: tcp, port: 80, from: lb}]}",
        "db": "{in: [{protocol: tcp, port: 80, from: app}]}",
      ]
      func guest(_ name: String, nics: String, fetch: String, after: String = "") -> [String: String] {
        SiteText.guest(
          name,
          [
            "cmdline": "console=ttyS0 quiet vf.host=\(name) vf.every=1 vf.fetch=\(fetch)", "nics": nics,
            "ready": "{console: virtform-guest \(name) is up, timeout: 3m}", "start_after": "[\(after)]",
          ])
      }
      site.vms["db"] = guest(
        "db", nics: "{back: {ip: 10.87.52.10, firewall: db}}", fetch: "10.87.52.20,10.87.52.30")
      site.vms["app"] = guest(
        "app", nics: "{back: {ip: 10.87.52.20, firewall: app}, front: {ip: 10.87.51.20, firewall: app}}",
        fetch: "10.87.52.10,10.87.51.10", after: "db")
      site.vms["lb"] = guest("lb", nics: "{front: {ip: 10.87.51.10}}", fetch: "10.87.51.20", after: "app")
      site.vms["spy"] = guest("spy", nics: "{back: {ip: 10.87.52.30}}", fetch: "10.87.52.10,10.87.52.20")
      return site
    }

    @Test("what is allowed passes between guests, what is not does not, and a rule changes under them")
    func tiers() async throws {
      try await Guests.inLab { guests in
        let lab = guests.lab
        var site = Self.site()
        let first = try await guests.apply(site)
        let steps = [
          "✓ vm.db on local: ready", "vm.app on local: starting", "✓ vm.app on local: ready",
          "vm.lb on local: starting",
        ]
        let places = steps.map { first.firstRange(of: $0)?.lowerBound }
        #expect(
          places.allSatisfy { $0 != nil } && places.compactMap { $0 } == places.compactMap { $0 }.sorted(),
          "\(first)")
        try await guests.expectQuiet()
        // The balancer reaches the application, which reaches both; answers to what went out come back in.
        let lb = try await lab.status(of: "lb") { $0["10.87.51.20"] == "app" }
        let app = try await lab.status(of: "app") { $0["10.87.52.10"] == "db" && $0["10.87.51.10"] == "lb" }
        // The spy is on the network and is let in nowhere; the database may ask, but the application does not let it in.
        let spy = try await lab.status(of: "spy") { $0["eth0"]?.hasSuffix("ip=10.87.52.30") == true }
        #expect(spy["10.87.52.10"] == "-" && spy["10.87.52.20"] == "-", "\(spy)")
        let db = try await lab.status(of: "db") { $0["10.87.52.30"] == "spy" }
        #expect(db["10.87.52.20"] == "-", "\(db)")

        // The spy is let in, while everybody runs on.
        site.firewalls["db"] = "{in: [{protocol: tcp, port: 80, from: [app, spy]}]}"
        let change = try await guests.apply(site)
        #expect(change.contains("+ in  tcp 80 from 10.87.52.30  (live)"), "\(change)")
        try await guests.expectQuiet()
        let letIn = try await lab.status(of: "spy") { $0["10.87.52.10"] == "db" }
        #expect(letIn["boot"] == spy["boot"])

        // Without its firewall the application is open to all.
        site.vms["app"]?["nics"] = "{back: {ip: 10.87.52.20}, front: {ip: 10.87.51.20, firewall: app}}"
        let open = try await guests.apply(site)
        #expect(effects(open)["nics.back.firewall"] == "live", "\(open)")
        let opened = try await lab.status(of: "db") { $0["10.87.52.20"] == "app" }
        #expect(opened["boot"] == db["boot"])
        #expect(try await lab.status(of: "lb")["boot"] == lb["boot"])
        #expect(try await lab.status(of: "app")["boot"] == app["boot"])

        let destroy = try await guests.run("destroy", "--auto-approve", "--allow-data-loss")
        #expect(destroy.status == 0, "\(destroy.output)\(destroy.errors)")
        #expect(try await !lab.virsh("nwfilter-list").contains("virtform-tiers"))
      }
    }

    @Test("what is allowed passes over IPv6, too, and of ICMPv6 what finds neighbours, but no ping")
    func ipv6() async throws {
      try await Guests.inLab { guests in
        let lab = guests.lab
        var site = SiteText("six")
        site.networks["lan"] = "{mode: isolated, ipv6: {cidr: \"fd00:87::/64\"}}"
        func firewall(_ more: String) -> String {
          "{in: [{protocol: tcp, port: 80, from: \"fd00:87::20\"}\(more)]}"
        }
        site.firewalls["db"] = firewall("")
        func guest(_ name: String, _ number: Int, nic: String) -> [String: String] {
          SiteText.guest(
            name,
            [
              "cmdline":
                "console=ttyS0 quiet vf.host=\(name) vf.every=1 vf.ip6=fd00:87::\(number)/64 vf.fetch=fd00:87::10 vf.ping=fd00:87::10",
              "nics": "{lan: {\(nic)}}",
            ])
        }
        site.vms["db"] = guest("db", 10, nic: "firewall: db")
        site.vms["app"] = guest("app", 20, nic: "")
        site.vms["spy"] = guest("spy", 30, nic: "")
        try await guests.apply(site)
        let app = try await lab.status(of: "app") { $0["fd00:87::10"] == "db" }
        #expect(app["ping:fd00:87::10"] == "-", "\(app)")
        let spy = try await lab.status(of: "spy") { $0["fd00:87::10"] != nil }
        #expect(spy["fd00:87::10"] == "-" && spy["ping:fd00:87::10"] == "-", "\(spy)")
        // It goes out, and its answers come back.
        site.firewalls["db"] = firewall(", {protocol: icmp, from: \"fd00:87::/64\"}")
        try await guests.apply(site)
        let pinged = try await lab.status(of: "spy") { $0["ping:fd00:87::10"] == "ok" }
        #expect(pinged["fd00:87::10"] == "-" && pinged["boot"] == spy["boot"], "\(pinged)")
        _ = try await guests.run("destroy", "--auto-approve", "--allow-data-loss")
      }
    }
  }
}

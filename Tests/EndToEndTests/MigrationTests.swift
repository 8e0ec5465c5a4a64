import FoundationEssentials
import TestLab
import Testing

extension HostLabTests {
  /// VMs that move between real hosts by way of the spec, while their guests count on.
  @Suite("Moves between hosts", .timeLimit(.minutes(20)))
  struct MigrationTests {
    /// A lab with a spec of a VM `web`, which writes what it says into a file of its host.
    struct Estate {
      let lab: HostLab
      /// What the spec says of hosts beside their URIs.
      var hostFields: [String: String] = [:]
      var fields: [String: String] = [:]
      var further = ""

      var text: String {
        let hosts = lab.hosts.map { host in
          "  \(host): {uri: \"\(lab.uri(of: host))\", accel: tcg\(hostFields[host].map { ", \($0)" } ?? "")}\n"
        }
        let web = SiteText.guest("web", ["console": "{log: /srv/local/web.log}", "nics": "{lan: {}}"])
          .merging(fields) { $1 }
        return """
          virtform: 1
          stack: move
          hosts:
          \(hosts.joined())pools:
            local: {path: /srv/local/disks}
            common: {path: /srv/shared/disks, shared: true}
          images:
            kernel: {source: \(Lab.guest)/vmlinuz, format: raw}
            initrd: {source: \(Lab.guest)/initrd.gz, format: raw}
            guest: {source: \(Lab.guest)/guest.qcow2}
          networks:
            lan: {mode: bridge, bridge: br0}
          vms:
            web:
          \(web.sorted { $0.key < $1.key }.map { "    \($0.key): \($0.value)\n" }.joined())\(further)
          """
      }

      func write() throws {
        try text.write(toFile: "\(lab.work)/site.yaml", atomically: true, encoding: .utf8)
      }

      @discardableResult
      func apply(_ options: String..., place: SourceLocation = #_sourceLocation) async throws -> String {
        try write()
        let apply = try await Lab.virtform(
          ["apply", "site.yaml", "--auto-approve"] + options, home: "\(lab.work)/home", in: lab.work)
        #expect(apply.status == 0, "\(apply.output)\(apply.errors)", sourceLocation: place)
        try await expectQuiet(place: place)
        return apply.output
      }

      func expectQuiet(place: SourceLocation = #_sourceLocation) async throws {
        let plan = try await lab.virtform("plan", "site.yaml", "--detailed-exitcode")
        #expect(plan.status == 0, "\(plan.output)\(plan.errors)", sourceLocation: place)
      }

      /// The hosts on which the VM is, each with what it does there.
      func places() async throws -> [String: String] {
        var places: [String: String] = [:]
        for host in lab.hosts {
          let names = try await lab.virsh(on: host, "list", "--all", "--name").split(
            whereSeparator: \.isWhitespace)
          if names.contains("web") {
            places[host] = try await lab.virsh(on: host, "domstate", "web").filter { !$0.isNewline }
          }
        }
        return places
      }

      /// What the guest said last on that host: the seconds that it has counted, and its boot.
      func status(on host: String) async throws -> (tick: Int, boot: String)? {
        let log = try await lab.run(on: host, "sh", "-c", "cat /srv/local/web.log 2>/dev/null || :")
        if let crash = HostLab.GuestCrash(console: log) { throw crash }
        guard let line = log.split(whereSeparator: \.isNewline).last(where: { $0.contains("boot=") }) else {
          return nil
        }
        func value(_ key: String) -> String? {
          line.split(separator: " ").first { $0.hasPrefix("\(key)=") }.map {
            String($0.dropFirst(key.count + 1))
          }
        }
        return value("tick").flatMap(Int.init).map { ($0, value("boot") ?? "") }
      }

      /// Waits until the guest has counted beyond `tick` on that host.
      @discardableResult
      func count(beyond tick: Int, on host: String) async throws -> (tick: Int, boot: String) {
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(90)
        while clock.now < deadline {
          if let status = try await status(on: host), status.tick > tick { return status }
          try await Task.sleep(for: .milliseconds(300))
        }
        throw Lab.Failure(description: "the guest does not count on \(host): \(try await places())")
      }

      func files(on host: String) async throws -> [String] {
        try await lab.run(on: host, "sh", "-c", "ls /srv/local/disks").split(whereSeparator: \.isWhitespace)
          .map(String.init)
          .filter { !$0.hasPrefix("kernel-") && !$0.hasPrefix("initrd-") }
      }

      /// Fills a disk of the VM, which is off, with a pattern, or looks whether it still has it.
      func pattern(_ word: String, on host: String) async throws {
        _ = try await lab.run(
          on: host, "sh", "-euc",
          "for f in /srv/local/disks/web.data-*.qcow2; do qemu-io -c '\(word) -P 0x5a 64k 4M' \"$f\" | grep -q 4194304; done"
        )
      }
    }

    @Test("a guest moves with its disks, counts on, and leaves nothing; plan is empty then")
    func copies() async throws {
      try await HostLab.with(hosts: 2) { lab in
        var estate = Estate(lab: lab)
        estate.fields = [
          "host": "rack1", "pool": "local", "state": "off", "autostart": "true",
          "disks": "{root: {image: guest}, data: {size: 16MiB}}",
        ]
        try await estate.apply()
        try await estate.pattern("write", on: "rack1")
        estate.fields["state"] = nil
        try await estate.apply()
        let before = try await estate.count(beyond: 0, on: "rack1")
        let document = try await lab.virsh(on: "rack1", "dumpxml", "web", "--inactive")
        estate.fields["host"] = "rack2"
        let said = try await estate.apply()
        #expect(said.contains("> vm.web  # the spec has it on host 'rack2'"), "\(said)")
        #expect(said.contains("~ host        rack1 → rack2, live  (live)"), "\(said)")
        #expect(try await estate.places() == ["rack2": "running"])
        let after = try await estate.count(beyond: before.tick + 1, on: "rack2")
        #expect(after.boot == before.boot)
        // MAC addresses, UUIDs, the mark: the definition is what it was.
        let moved = try await lab.virsh(on: "rack2", "dumpxml", "web", "--inactive")
        let lines = [document, moved].map {
          Set($0.split(separator: "\n").map { $0.trimmingPrefix { $0 == " " } })
        }
        #expect(lines[0].symmetricDifference(lines[1]) == [])
        #expect(try await lab.virsh(on: "rack2", "dominfo", "web").contains("Autostart:      enable"))
        #expect(try await estate.files(on: "rack1") == [])
        // A host that is off moves without running.
        estate.fields["state"] = "off"
        try await estate.apply()
        estate.fields["host"] = "rack1"
        let back = try await estate.apply()
        #expect(back.contains("~ host        rack2 → rack1\n"), "\(back)")
        #expect(try await estate.places() == ["rack1": "shut off"])
        try await estate.pattern("read", on: "rack1")
        #expect(try await estate.files(on: "rack2") == [])
      }
    }

    @Test("a guest moves with disks that hosts share; hosts are chosen, drained and lost")
    func fleet() async throws {
      try await HostLab.with(hosts: 3) { lab in
        var estate = Estate(lab: lab)
        estate.fields = [
          "host": "any", "pool": "common", "disks": "{root: {image: guest}, data: {size: 16MiB}}",
          "migration": "{downtime: 200ms, bandwidth: 64MiB}",
        ]
        estate.further = """
            db:
              {host: any, avoid: [web], accel: tcg, memory: 64MiB, pool: common, disks: {root: {size: 8MiB}}, state: paused}

          """
        try await estate.apply()
        let first = try #require(try await estate.places().keys.first)
        let before = try await estate.count(beyond: 0, on: first)
        // Where it is, it stays, though nothing holds it there.
        try await estate.expectQuiet()
        let drained = try await lab.virtform("drain", first, "site.yaml", "--auto-approve")
        #expect(
          drained.status == 0 && drained.output.contains("# host '\(first)' is drained"),
          "\(drained.output)\(drained.errors)")
        let second = try #require(try await estate.places().keys.first)
        #expect(second != first)
        let after = try await estate.count(beyond: before.tick, on: second)
        #expect(after.boot == before.boot)
        try await estate.expectQuiet()
        // To a host of one's choice.
        let moved = try await lab.virtform("migrate", "web", first, "site.yaml", "--auto-approve")
        #expect(moved.status == 0, "\(moved.output)\(moved.errors)")
        #expect(try await estate.places() == [first: "running"])
        try await estate.count(beyond: after.tick, on: first)
        try await estate.expectQuiet()

        // The host dies: its VM is unknown, and started elsewhere only once somebody vouches for its death.
        try await lab.crash(first)
        let plan = try await lab.virtform("plan", "site.yaml", "--timeout", "connect=1s")
        #expect(
          plan.status == 0 && plan.output.contains("UNKNOWN: host \(first) "), "\(plan.output)\(plan.errors)")
        #expect(
          plan.output.contains("VM 'web' may be there and is left out")
            && plan.output.contains("No changes."),
          "\(plan.output)")
        let apply = try await lab.virtform("apply", "site.yaml", "--auto-approve", "--timeout", "connect=1s")
        #expect(apply.status == 5, "\(apply.output)\(apply.errors)")
        let fenced = try await lab.virtform(
          "apply", "site.yaml", "--auto-approve", "--timeout", "connect=1s", "--fenced", first)
        #expect(fenced.status == 5 && fenced.output.contains("+ vm.web"), "\(fenced.output)\(fenced.errors)")
        // It comes back with the definition of a VM that is elsewhere.
        try await lab.start(first)
        let places = try await estate.places()
        #expect(places.count == 2 && places[first] == "shut off" && places.values.contains("running"))
        try await estate.apply()
        #expect(try await estate.places() == places.filter { $0.key != first })
      }
    }

    @Test("what three hosts have fits on one: the proposal is written, applied, and as good as it said")
    func consolidation() async throws {
      try await HostLab.with(hosts: 3) { lab in
        let hosts = lab.hosts.map { "  \($0): {uri: \"\(lab.uri(of: $0))\", accel: tcg}\n" }
        let spec = """
          virtform: 1
          stack: few
          hosts:
          \(hosts.joined())pools: {common: {path: /srv/shared/disks, shared: true}}
          defaults: {memory: 64MiB, pool: common, disks: {root: {size: 8MiB}}}
          vms:
            web: {count: 2, host: rack1}
            db: {host: rack2}
            cache: {host: rack3}   # may be anywhere

          """
        try spec.write(toFile: "\(lab.work)/site.yaml", atomically: true, encoding: .utf8)
        let apply = try await lab.virtform("apply", "site.yaml", "--auto-approve")
        #expect(apply.status == 0, "\(apply.output)\(apply.errors)")
        let measured = try await lab.virtform("consolidate", "site.yaml", "--measure", "3s")
        #expect(
          measured.status == 0 && measured.output.contains("COUNTED"), "\(measured.output)\(measured.errors)")
        let write = try await lab.virtform("consolidate", "site.yaml", "--headroom", "20%", "--write")
        #expect(
          write.output.contains("4 VMs, on 3 hosts now; 1 is enough")
            && write.output.contains("  # may be anywhere"),
          "\(write.output)\(write.errors)")
        let moves = try await lab.virtform("apply", "site.yaml", "--auto-approve")
        #expect(
          moves.status == 0 && moves.output.contains("2 changed, 2 moved, 0 removed"),
          "\(moves.output)\(moves.errors)")
        let quiet = try await lab.virtform("plan", "site.yaml", "--detailed-exitcode")
        #expect(quiet.status == 0, "\(quiet.output)")
        for host in lab.hosts {
          let running = try await lab.virsh(on: host, "list", "--name").split(whereSeparator: \.isWhitespace)
          #expect(running.count == 4 || running.isEmpty, "\(host): \(running)")
        }
      }
    }

    /// What befalls a migration.
    enum Fault: String, CaseIterable {
      case client = "virtform killed"
      case source = "libvirtd of the source killed and started"
      case target = "libvirtd of the target killed and started"
      case network = "the hosts cut off from each other"
    }

    @Test(
      "whatever dies in the middle of a migration, one guest runs, and the next run goes on",
      arguments: Fault.allCases)
    func faults(fault: Fault) async throws {
      try await HostLab.with(hosts: 2) { lab in
        var estate = Estate(lab: lab)
        estate.fields = [
          "host": "rack1", "pool": "local", "state": "off", "disks": "{data: {size: 16MiB}}",
          "migration": "{bandwidth: 20MiB}",
        ]
        try await estate.apply()
        try await estate.pattern("write", on: "rack1")
        estate.fields["state"] = nil
        try await estate.apply()
        var place = "rack1"
        var last = try await estate.count(beyond: 0, on: place)
        var generator = SystemRandomNumberGenerator()
        var tally = FaultTally(
          area: "Migrations", fault: "\(fault.rawValue) at any time",
          command: "make torture FILTER=MigrationTests")
        for round in 1...Self.rounds {
          let target = place == "rack1" ? "rack2" : "rack1"
          estate.fields["host"] = target
          try estate.write()
          let moment = Double.random(in: 0.2...5, using: &generator)
          try await disturb(lab, fault, after: moment, from: place, to: target)
          // Whoever was connected may need a moment to see that nobody is.
          try await estate.apply()
          let places = try await estate.places()
          #expect(places == [target: "running"], "\(fault.rawValue) after \(moment) s, round \(round)")
          let now = try await estate.count(beyond: last.tick, on: target)
          #expect(
            now.boot == last.boot,
            "\(fault.rawValue) after \(moment) s, round \(round): the guest was started anew")
          let left = try await estate.files(on: place)
          #expect(left == [], "\(fault.rawValue) after \(moment) s, round \(round)")
          let isWhole = places == [target: "running"] && now.boot == last.boot
          tally.count(hasSurvived: isWhole && left.isEmpty, isLoss: !isWhole)
          (place, last) = (target, now)
        }
        estate.fields["state"] = "off"
        try await estate.apply()
        try await estate.pattern("read", on: place)
        try tally.record()
      }
    }

    /// `VIRTFORM_TEST_ROUNDS` makes it more.
    private static let rounds = Torture.rounds(usual: Torture.isLong ? 20 : 1)

    private func disturb(
      _ lab: HostLab, _ fault: Fault, after seconds: Double, from source: String, to target: String
    ) async throws {
      let words = ["apply", "site.yaml", "--auto-approve"]
      func run(_ program: String, _ arguments: [String]) async throws -> Lab.Outcome {
        try await Lab.run(
          program, arguments, in: lab.work, environment: ["VIRTFORM_HOME": "\(lab.work)/home"])
      }
      if fault == .client {
        _ = try await run("/usr/bin/timeout", ["--signal", "KILL", "\(seconds)", Lab.binary] + words)
        return
      }
      async let apply = run(Lab.binary, words)
      try await Task.sleep(for: .seconds(seconds))
      switch fault {
      case .client: break
      case .source: try await lab.kill(source)
      case .target: try await lab.kill(target)
      case .network: try await lab.cut(source, from: [.host(target)])
      }
      if fault == .network {
        try await Task.sleep(for: .seconds(2))
        try await lab.heal(source)
      } else {
        try await lab.start(fault == .source ? source : target)
      }
      _ = try await apply
    }
  }
}

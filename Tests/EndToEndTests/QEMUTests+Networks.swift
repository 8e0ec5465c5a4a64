import FoundationEssentials
import Glibc
import Libvirt
import TestLab
import Testing

/// Networks that change under running guests.
extension QEMUTests {
  /// Two guests on one network; what varies is written as in a spec.
  private func site(
    cidr: String = "10.126.61", dhcp: String = "100, to: 10.126.61.199", dns: String = "", nics: String = "",
    policy: String = "restart-if-needed"
  ) -> String {
    """
    virtform: 1
    stack: nets
    images:
      kernel: {source: \(Lab.guest)/vmlinuz, format: raw}
      initrd: {source: \(Lab.guest)/initrd.gz, format: raw}
    networks:
      lan: {mode: nat, cidr: \(cidr).0/24, bridge: vft-nets, dhcp: {from: \(cidr).\(dhcp)}\(dns)}
    vms:
      a:
        accel: tcg
        memory: 96MiB
        on_change: \(policy)
        kernel: kernel
        initrd: initrd
        cmdline: console=ttyS0 quiet vf.host=a vf.every=1
        nics: {lan: {ip: \(cidr).11}\(nics)}
    """
  }

  private func apply(_ lab: Lab, _ site: String, _ place: SourceLocation = #_sourceLocation) async throws
    -> String
  {
    let path = try lab.write(site, to: "site.yaml")
    let apply = try await lab.virtform("apply", path, "--auto-approve")
    #expect(apply.status == 0, "\(apply.output)\(apply.errors)", sourceLocation: place)
    try await expectQuiet(lab, path, place)
    return apply.output
  }

  private func document(_ lab: Lab, _ flags: String...) async throws -> XMLElement {
    try await #require(try await lab.connection.network(named: "lan")).xml(flags.isEmpty ? .live : .inactive)
  }

  /// What the network's DNS server says of `name`: the address, as a resolver would ask for it.
  private func lookUp(_ name: String, at server: String) throws -> String? {
    let query: [UInt8] =
      [0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]
      + name.split(separator: ".").flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) } + [0, 0, 1, 0, 1]
    let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
    defer { close(descriptor) }
    var limit = timeval(tv_sec: 2, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(53).bigEndian
    inet_pton(AF_INET, server, &address.sin_addr)
    let sent = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        sendto(descriptor, query, query.count, 0, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    #expect(sent == query.count)
    var answer = [UInt8](repeating: 0, count: 512)
    let length = recv(descriptor, &answer, answer.count, 0)
    // One answer, whose last four bytes are the address.
    guard length > query.count, answer[7] > 0 else { return nil }
    return answer[..<length].suffix(4).map(String.init).joined(separator: ".")
  }

  private func net(_ lab: Lab, _ words: String...) async throws {
    for affect in ["--live", "--config"] {
      let outcome = try await Lab.run(
        "/usr/bin/virsh", ["-q", "-c", lab.uri, "net-update", "lan"] + words + [affect], in: lab.work)
      #expect(outcome.status == 0, "\(outcome.errors)")
    }
  }

  @Test(
    "a network's ranges, reservations and names change under its guests, and what others put beside them stays"
  )
  func networkChangesLive() async throws {
    try await Lab.with { lab in
      _ = try await apply(lab, site())
      let before = try await lab.status(of: "a") { $0["eth0"]?.hasSuffix("ip=10.126.61.11") == true }

      // A person adds to it, by hand.
      try await net(
        lab, "add", "ip-dhcp-host", "<host mac='52:54:00:99:99:99' name='printer' ip='10.126.61.50'/>")
      try await net(
        lab, "add", "dns-host", "<host ip='10.126.61.60'><hostname>theirs</hostname></host>")
      try await net(lab, "add", "portgroup", "<portgroup name='blue'/>")
      let path = "\(lab.work)/site.yaml"
      try await expectQuiet(lab, path)

      // One VM's second interface, a range, a name at the address that a person uses, too: at once.
      let changed = site(
        dhcp: "150, to: 10.126.61.199",
        dns: ", dns: {hosts: {db: 10.126.61.60, log.example: 10.126.61.61}}",
        nics: ", back: {network: lan, ip: 10.126.61.12}", policy: "stage")
      let output = try await apply(lab, changed)
      #expect(
        output.contains(
          /~ dhcp +10\.126\.61\.100 – 10\.126\.61\.199 → 10\.126\.61\.150 – 10\.126\.61\.199  \(live\)/),
        "\(output)")
      #expect(output.contains(/\+ dns\.hosts\.db +10\.126\.61\.60  \(live\)/))
      #expect(output.contains(/\+ reservation +10\.126\.61\.12 for 52:54:[^ ]*  \(live\)/))
      #expect(try lookUp("db", at: "10.126.61.1") == "10.126.61.60")
      #expect(try lookUp("theirs", at: "10.126.61.1") == "10.126.61.60")
      #expect(try lookUp("log.example", at: "10.126.61.1") == "10.126.61.61")
      for document in [try await document(lab), try await document(lab, "inactive")] {
        #expect(document.all(at: "ip", "dhcp", "range").map { $0[attribute: "start"] } == ["10.126.61.150"])
        #expect(
          Set(document.all(at: "ip", "dhcp", "host").map { $0[attribute: "ip"] }) == [
            "10.126.61.11", "10.126.61.12", "10.126.61.50",
          ])
        #expect(document.first("portgroup")?[attribute: "name"] == "blue")
      }

      // A hand-made change of what is the spec's is drift.
      try await net(
        lab, "delete", "ip-dhcp-range", "<range start='10.126.61.150' end='10.126.61.199'/>")
      try await net(
        lab, "add", "ip-dhcp-range", "<range start='10.126.61.190' end='10.126.61.199'/>")
      let drift = try await lab.virtform("plan", path)
      #expect(
        drift.output.contains("10.126.61.190 – 10.126.61.199 → 10.126.61.150 – 10.126.61.199  (live)"),
        "\(drift.output)")
      _ = try await apply(lab, changed)
      #expect(try await document(lab).all(at: "ip", "dhcp", "range").count == 1)

      // What goes from the spec goes from the network; what is not the spec's does not.
      _ = try await apply(lab, site(policy: "stage"))
      #expect(try lookUp("db", at: "10.126.61.1") == nil)
      #expect(try lookUp("theirs", at: "10.126.61.1") == "10.126.61.60")
      #expect(try await lab.status(of: "a")["boot"] == before["boot"])
    }
  }

  @Test(
    "a network that must restart waits for consent, restarts under its guests, and gets back those it lost")
  func networkRestarts() async throws {
    try await Lab.with { lab in
      // Elements that virtform has no word for, in the definition that it made.
      _ = try await apply(lab, site(policy: "stage"))
      var document = try await document(lab, "inactive")
      document.mutateFirst("ip") { $0.insert(XMLElement("tftp", ["root": "/srv"]), .first) }
      document.insert(XMLElement("ip", ["address": "10.126.62.1", "prefix": "24"]), .after(["ip"]))
      document.insert(
        XMLElement("route", ["address": "10.126.63.0", "prefix": "24", "gateway": "10.126.62.9"]))
      _ = try await lab.connection.defineNetwork(document)
      let path = "\(lab.work)/site.yaml"
      try await expectQuiet(lab, path)
      let before = try await lab.status(of: "a") { $0["eth0"]?.hasSuffix("ip=10.126.61.11") == true }
      let device = try await lab.virsh("dumpxml", "a").firstMatch(of: /<address type='pci'[^>]*slot[^>]*>/)

      // Without consent it waits, and every plan says so.
      let moved = { (policy: String) in
        self.site(cidr: "10.126.64", dhcp: "100, to: 10.126.64.199", policy: policy)
      }
      _ = try await apply(lab, moved("stage"))
      let waiting = try await lab.virtform("plan", path)
      #expect(
        waiting.output.contains(
          "pending restart of the network: cidr, gateway, dhcp, reservation (in use by VM 'a'"),
        "\(waiting.output)")
      let shown = try await lab.virtform("show", path)
      #expect(shown.output.contains("active, pending restart: cidr gateway dhcp reservation (in use by a)"))
      #expect(try await lab.status(of: "a")["eth0"]?.hasSuffix("ip=10.126.61.11") == true)

      // With it, the guest is on the new block, with the same card and without a boot.
      let restart = try await apply(lab, moved("restart-if-needed"))
      #expect(restart.contains("~ network.lan  (restart)  # plugs in again: VM 'a'"), "\(restart)")
      let after = try await lab.status(of: "a") { $0["eth0"]?.hasSuffix("ip=10.126.64.11") == true }
      #expect(after["boot"] == before["boot"])
      #expect(
        try await lab.virsh("dumpxml", "a").firstMatch(of: /<address type='pci'[^>]*slot[^>]*>/)?.output
          == device?.output)
      let live = try await self.document(lab)
      #expect(live.at("ip", "tftp") != nil && live.all("ip").count == 2 && live.first("route") != nil)
      #expect(try await lab.connection.networks().map(\.name) == ["lan"])

      // Somebody restarts it under the guest, or stops it.
      for commands in [["net-destroy", "net-start"], ["net-destroy"]] {
        for command in commands { _ = try await lab.virsh(command, "lan") }
        let plan = try await lab.virtform("plan", path)
        #expect(plan.output.contains(/~ guests\.a +unplugged → plugged in +\(live\)/), "\(plan.output)")
        _ = try await apply(lab, moved("stage"))
        #expect(try await self.document(lab)[attribute: "connections"] == "1")
        #expect(try await isReachable("10.126.64.11"))
      }

      // A block that the host has already: the network runs on as it was, with its guest.
      try await ip(
        "link add vft-taken type bridge; ip addr add 10.126.65.1/24 dev vft-taken; ip link set vft-taken up")
      try lab.write(
        self.site(cidr: "10.126.65", dhcp: "100, to: 10.126.65.199", policy: "restart-if-needed"),
        to: "site.yaml")
      let refused = try await lab.virtform("apply", path, "--auto-approve")
      try await ip("link delete vft-taken")
      #expect(refused.status == 5)
      #expect(
        refused.output.contains(
          /Network is already in use by interface vft-taken .*it runs on as it was before/),
        "\(refused.output)")
      #expect(try await isReachable("10.126.64.11"))
      #expect(try await lab.connection.networks().map(\.name) == ["lan"])
      _ = try await apply(lab, moved("stage"))
      #expect(try await lab.status(of: "a")["boot"] == before["boot"])
    }
  }

  @Test("a bridge that a killed libvirt left is named, with the way to be rid of it")
  func leftBridge() async throws {
    try await Lab.with { lab in
      let site = "virtform: 1\nstack: left\nnetworks: {lan: {mode: isolated, bridge: vft-left}}\n"
      let path = try lab.write(site, to: "site.yaml")
      try await ip("link add vft-left type bridge")
      let refused = try await lab.virtform("apply", path, "--auto-approve")
      try await ip("link delete vft-left")
      #expect(refused.status == 5)
      #expect(
        refused.output.contains("if nothing uses it, delete it on the host: ip link delete vft-left"),
        "\(refused.output)")
      _ = try await apply(lab, site)
    }
  }

  private func ip(_ command: String) async throws {
    let outcome = try await Lab.run("/bin/sh", ["-ec", "ip \(command)"], in: "/")
    #expect(outcome.status == 0, "\(outcome.errors)")
  }

  private func isReachable(_ address: String) async throws -> Bool {
    for _ in 0..<20 {
      let ping = try await Lab.run(
        "/bin/bash", ["-c", "exec 3<>/dev/tcp/\(address)/80 && echo yes"], in: "/")
      if ping.output.contains("yes") { return true }
      try await Task.sleep(for: .milliseconds(500))
    }
    return false
  }
}

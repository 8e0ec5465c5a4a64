import FoundationEssentials
import Libvirt
import TestLab
import Testing

/// What is handed on of guests that run: their console, their addresses, how to log in.
extension QEMUTests {
  private var handedOn: SiteText {
    var site = SiteText("hand")
    site.networks["lan"] =
      "{mode: nat, cidr: 10.123.62.0/24, bridge: vft-hand, dhcp: {from: 10.123.62.100, to: 10.123.62.199}}"
    site.variables["motd"] = "{default: hello}"
    site.outputs = [
      "url": "\"http://${vms.web-1.nics.lan.ip}/${var.motd}\"", "where": "${vms.web-1.host}",
      "mac": "${vms.web-2.nics.lan.mac}", "later": "${vms.none.ip}",
    ]
    site.vms["web"] = SiteText.guest(
      "web",
      [
        "count": "2", "nics": "{lan: {ip: 10.123.62.11+}}", "ready": "{lease: lan, timeout: 3m}",
        "groups": "[front-end]", "disks": "{data: {size: 16MiB}}",
        "ssh": "{user: debian, key: ~/.ssh/lab, port: 2222, via: root@rack1.example.org}",
      ])
    site.vms["none"] = SiteText.guest("none", ["nics": "{lan: {}}", "state": "off"])
    return site
  }

  private func shell(_ guests: Guests, _ script: String) async throws -> Lab.Outcome {
    try await Lab.run(
      "/bin/sh", ["-c", script.replacing("virtform ", with: "\(Lab.binary) ")], in: guests.lab.work,
      environment: ["VIRTFORM_HOME": guests.lab.home])
  }

  @Test(
    "guests are handed on: outputs, inventory, SSH, one VM in full, hosts, and the console through a pipe")
  func handingOn() async throws {
    try await Guests.inLab { guests in
      let output = try await guests.apply(handedOn)
      #expect(output.contains("url   = http://10.123.62.11/hello\n"), "\(output)")
      #expect(output.contains("later = (not known yet)\n"), "\(output)")
      try await expectOutputs(guests)
      try await expectInventory(guests)
      try await expectSSH(guests)
      try await expectViews(guests)
      try await expectConsole(guests)
    }
  }

  @Test(
    "Ansible takes the inventory as a script",
    .enabled(if: Lab.hasAnsible, "needs ansible-inventory, which Debian has in ansible-core"))
  func ansible() async throws {
    try await Guests.inLab { guests in
      var site = handedOn
      site.vms["web"]?["state"] = "off"
      try await guests.apply(site)
      try guests.lab.write("#!/bin/sh\nexec \(Lab.binary) inventory \"$@\" site.yaml\n", to: "inventory")
      let list = try await shell(guests, "chmod +x inventory; ansible-inventory -i ./inventory --list")
      #expect(list.status == 0 && !list.errors.contains("WARNING"), "\(list.errors)")
      let document = try JSONDecoder().decode(Document.self, from: Data(list.output.utf8))
      #expect(document.groups["web"]?.hosts == ["web-1", "web-2"])
      #expect(document.meta.hostvars["web-2"]?.ansible_host == "10.123.62.12")
      #expect(document.meta.hostvars["none"]?.virtform_host == "local")
    }
  }

  private func expectOutputs(_ guests: Guests) async throws {
    let one = try await guests.run(["output", "url", guests.path])
    #expect(one.output == "http://10.123.62.11/hello\n", "\(one.errors)")
    let later = try await guests.run(["output", "later", guests.path])
    #expect(later.status == 1 && later.errors.contains("not known yet"))
    let slip = try await guests.run(["output", "ulr", guests.path])
    #expect(slip.status == 1 && slip.errors.contains("did you mean 'url'?"), "\(slip.errors)")
    let all = try await guests.run(["output", guests.path, "--json"])
    let values = try JSONDecoder().decode([String: String?].self, from: Data(all.output.utf8))
    #expect(values["where"] == "local" && values["later"] == .some(nil), "\(all.output)")
  }

  /// The parts of Ansible's document that it insists on.
  private struct Document: Decodable {
    struct Group: Decodable {
      let hosts: [String]?
      let children: [String]?
    }
    struct Meta: Decodable { let hostvars: [String: Variables] }
    struct Variables: Decodable {
      let ansible_host: String?
      let ansible_user: String?
      let ansible_port: Int?
      let ansible_ssh_private_key_file: String?
      let ansible_ssh_common_args: String?
      let virtform_host: String
    }
    let meta: Meta
    let groups: [String: Group]

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: Key.self)
      meta = try container.decode(Meta.self, forKey: Key(stringValue: "_meta"))
      var groups: [String: Group] = [:]
      for key in container.allKeys where key.stringValue != "_meta" {
        groups[key.stringValue] = try container.decode(Group.self, forKey: key)
      }
      self.groups = groups
    }

    struct Key: CodingKey {
      let stringValue: String
      var intValue: Int? { nil }
      init(stringValue: String) { self.stringValue = stringValue }
      init?(intValue: Int) { nil }
    }
  }

  private func expectInventory(_ guests: Guests) async throws {
    let list = try await guests.run(["inventory", guests.path, "--list"])
    #expect(try await guests.run(["inventory", guests.path]).output == list.output)
    let document = try JSONDecoder().decode(Document.self, from: Data(list.output.utf8))
    #expect(document.groups["web"]?.hosts == ["web-1", "web-2"])
    #expect(document.groups["front_end"]?.hosts == ["web-1", "web-2"])
    #expect(document.groups["host_local"]?.hosts == ["none", "web-1", "web-2"])
    #expect(document.groups["all"]?.children == ["front_end", "host_local", "ungrouped", "web"])
    let web = try #require(document.meta.hostvars["web-2"])
    #expect(web.ansible_host == "10.123.62.12" && web.ansible_user == "debian" && web.ansible_port == 2222)
    #expect(web.ansible_ssh_private_key_file == "~/.ssh/lab" && web.virtform_host == "local")
    #expect(web.ansible_ssh_common_args?.contains("-o ProxyJump=root@rack1.example.org") == true)
    let none = try #require(document.meta.hostvars["none"])
    #expect(none.ansible_host == nil)
    let one = try await guests.run(["inventory", guests.path, "--host", "web-2"])
    let variables = try JSONDecoder().decode(Document.Variables.self, from: Data(one.output.utf8))
    #expect(variables.ansible_host == "10.123.62.12")
  }

  private func expectSSH(_ guests: Guests) async throws {
    let configuration = try await guests.run(["ssh-config", guests.path])
    #expect(
      configuration.output.contains(
        """
        Host web-1
          HostName 10.123.62.11
          User debian
          Port 2222
          IdentityFile ~/.ssh/lab
          IdentitiesOnly yes
          ProxyJump root@rack1.example.org
          HostKeyAlias hand.web-1
          UserKnownHostsFile \(guests.lab.home)/known_hosts/hand
          StrictHostKeyChecking accept-new

        """), "\(configuration.output)\(configuration.errors)")
    #expect(!configuration.output.contains("Host none"))
    try guests.lab.write("#!/bin/sh\nprintf '%s\\n' \"$@\"\nexit 7\n", to: "ssh")
    let ssh = try await shell(
      guests, "chmod +x ssh; PATH=$PWD:$PATH exec virtform ssh web-1 site.yaml -- uname -a")
    #expect(ssh.status == 7, "\(ssh.errors)")
    #expect(ssh.output.hasPrefix("-o\nHostName=10.123.62.11\n-o\nUser=debian\n"), "\(ssh.output)")
    #expect(ssh.output.hasSuffix("\nweb-1\n--\nuname\n-a\n"), "\(ssh.output)")
    let none = try await guests.run(["ssh", "none", guests.path])
    #expect(none.status == 1 && none.errors.contains("no address is known of VM 'none'"), "\(none.errors)")
    let slip = try await guests.run(["ssh", "wbe-1", guests.path])
    #expect(slip.status == 1 && slip.errors.contains("did you mean 'web-1'?"), "\(slip.errors)")
  }

  private func expectViews(_ guests: Guests) async throws {
    let shown = try await guests.run(["show", "web-1", guests.path])
    #expect(shown.output.contains(/lan +\S+ +52:54:\S+ +10\.123\.62\.11/), "\(shown.output)\(shown.errors)")
    #expect(shown.output.contains(/data +vda +16 MiB +\S+ \S+ +\//), "\(shown.output)")
    #expect(shown.output.contains(/ready +lease lan; within 3m/), "\(shown.output)")
    #expect(
      shown.output.contains(/machine +\S*q35/) && shown.output.contains(/firmware +bios/), "\(shown.output)")
    struct VM: Decodable {
      struct Disk: Decodable { let size: UInt64 }
      let name: String
      let memory: UInt64
      let disks: [Disk]
    }
    let json = try await guests.run(["show", "vm.web-1", guests.path, "--json"])
    let machine = try JSONDecoder().decode(VM.self, from: Data(json.output.utf8))
    #expect(machine.name == "web-1" && machine.memory == 96 << 20 && machine.disks.map(\.size) == [16 << 20])
    let hosts = try await guests.run(["hosts", guests.path])
    #expect(
      hosts.output.contains(/local +\d+ +2 +.*2 of 3 +QEMU \d+\.\d+\.\d+ +\d+\.\d+\.\d+/), "\(hosts.output)")
    struct Host: Decodable {
      struct Memory: Decodable {
        let total: UInt64
        let available: UInt64
        let used_by_running_vms: UInt64
      }
      let memory: Memory
    }
    let list = try await guests.run(["hosts", guests.path, "--json"])
    let memory = try #require(
      try JSONDecoder().decode([Host].self, from: Data(list.output.utf8)).first?.memory)
    #expect(memory.used_by_running_vms == 192 << 20)
    #expect(memory.available > 0 && memory.available <= memory.total)
  }

  private func expectConsole(_ guests: Guests) async throws {
    let piped = try await shell(
      guests, "virtform console web-1 site.yaml </dev/null | grep -m1 -o 'virtform-guest web is up'")
    #expect(piped.output == "virtform-guest web is up\n", "\(piped.errors)")
    let left = try await shell(guests, "printf 'abc\\035' | virtform console web-1 site.yaml >/dev/null")
    #expect(left.status == 0, "\(left.errors)")
    let own = try await shell(guests, "printf 'q' | virtform console --escape q web-1 site.yaml >/dev/null")
    #expect(own.status == 0, "\(own.errors)")
    try await expectTerminal(guests)
    let domain = try #require(try await guests.lab.connection.domain(named: "web-1"))
    let held = try await domain.openConsole()
    let busy = try await guests.run(["console", "web-1", guests.path])
    #expect(busy.status == 1 && busy.errors.contains("somebody else has the console"), "\(busy.errors)")
    #expect(busy.errors.contains("--force takes it away"))
    let forced = try await shell(
      guests, "virtform console --force web-1 site.yaml </dev/null | grep -m1 -o 'virtform-guest web is up'")
    #expect(forced.output == "virtform-guest web is up\n", "\(forced.errors)")
    try? await held.abort()
    let off = try await guests.run(["console", "none", guests.path])
    #expect(off.status == 1 && off.errors.contains("VM 'none' is off"), "\(off.errors)")
  }

  /// A terminal is raw during a session, and as it was after a signal has ended it.
  private func expectTerminal(_ guests: Guests) async throws {
    try guests.lab.write(
      """
      stty -g >before
      terminal=$(tty)
      (
        until grep -q virtform-guest typescript; do sleep 0.2; done
        stty -g -F "$terminal" >during
        kill -TERM "$(cat pid)"
      ) &
      sh -c 'echo $$ >pid; exec \(Lab.binary) console web-1 site.yaml'
      stty -g >after
      """, to: "session.sh")
    let session = try await shell(
      guests,
      "timeout 60 script -q -f -c 'sh session.sh' typescript </dev/null >/dev/null; cat before during after")
    let modes = session.output.split(separator: "\n")
    try #require(modes.count == 3, "\(session.output)\(session.errors)")
    #expect(modes[0] == modes[2] && modes[0] != modes[1])
  }
}

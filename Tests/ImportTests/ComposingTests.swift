import FoundationEssentials
import Import
import Planner
import SpecModel
import Testing

/// What a person would have written of it.
@Suite("Specs that are written")
struct ComposingTests {
  private func name(_ text: String) throws -> ResourceName { try ResourceName(parsing: text) }

  private func machine(
    _ name: String, number: Int, memory: UInt64 = 2, disk: String? = nil, mac: String? = nil,
    network: String = "lan"
  ) throws -> Machine {
    var settings = MachineSettings()
    settings.accel = .kvm
    settings.cpus = VCPUs(count: 2)
    settings.memory = MemoryAmount(size: .gibibytes(memory))
    settings.machine = "pc-q35-7.2"
    settings.firmware = .uefi
    settings.console = true
    settings.randomSource = .present(RandomSource())
    settings.state = .running
    settings.autostart = true
    let tail = String(number, radix: 16)
    let uuid = UUID(
      uuidString: "00000000-0000-4000-8000-" + String(repeating: "0", count: 12 - tail.count) + tail)
    var machine = Machine(name: name, uuid: try #require(uuid), settings: settings)
    let path = "/srv/main/\(disk ?? "\(name).qcow2")"
    machine.unnamed.disks = [.init(name: "", path: path, format: .qcow2, bus: .virtio, target: "vda")]
    machine.files = [path]
    machine.unnamed.nics = [
      .init(
        name: "", link: .network(network),
        mac: try MACAddress(parsing: mac ?? "52:54:00:00:00:0\(number)"), model: "virtio")
    ]
    machine.otherNetworks = [network: 1]
    return machine
  }

  private func host(_ name: String, _ machines: [Machine]) throws -> ImportedHost {
    var capabilities = HostCapabilities(driver: .qemu, hostUUID: name, hasKVM: true)
    capabilities.machineAliases = ["q35": "pc-q35-7.2", "pc": "pc-i440fx-7.2"]
    var lan = Network(name: "lan", uuid: UUID(), mode: .nat, isActive: true)
    lan.ipv4.cidr = try CIDRBlock(parsing: "10.0.0.0/24")
    lan.ipv4.gateway = try IPv4Address(parsing: "10.0.0.1")
    lan.ipv4.ranges = [
      AddressRange(from: try IPv4Address(parsing: "10.0.0.100"), to: try IPv4Address(parsing: "10.0.0.199"))
    ]
    lan.autostart = true
    var pool = Pool(
      name: "main", uuid: UUID(), source: .directory(path: "/srv/main"), autostart: true, isActive: true)
    pool.volumes = machines.flatMap(\.unnamed.disks).map { disk in
      Volume(
        pool: "main", name: String(disk.path.dropFirst("/srv/main/".count)), path: disk.path,
        capacity: .gibibytes(4), format: .qcow2)
    }
    pool.volumes.append(
      Volume(
        pool: "main", name: "old.qcow2", path: "/srv/main/old.qcow2", capacity: .gibibytes(4), format: .qcow2)
    )
    let state = HostState(
      name: try self.name(name), capabilities: capabilities, pools: [pool], networks: [lan],
      machines: machines)
    return ImportedHost(name: state.name, uri: "qemu+ssh://\(name)/system", state: state)
  }

  @Test("VMs that differ in their number are a count; what is alike is said once; the rest has its own line")
  func factored() throws {
    let machines =
      try (1...3).map { try machine("web-\($0)", number: $0) }
      + (4...6).map { try machine(["db", "mail", "wiki"][$0 - 4], number: $0, memory: 8) }
    let found = SpecComposer.compose([try host("rack1", machines)], ImportChoice(stack: try name("shop")))
    #expect(
      found.text == """
        virtform: 1
        stack: shop

        hosts:
          rack1: {uri: qemu+ssh://rack1/system}

        pools:
          # dir, /srv/main
          # 1 volume that no definition here has: old.qcow2
          main: {external: true}

        networks:
          lan: {mode: nat, cidr: 10.0.0.0/24, dhcp: {from: 10.0.0.100, to: 10.0.0.199}}

        defaults:
          cpus: 2
          memory: 8GiB
          machine: q35
          firmware: uefi
          autostart: true

        vms:
          db: {disks: {root: {volume: db.qcow2, format: qcow2}}, nics: {lan: {mac: "52:54:00:00:00:04"}}}
          mail: {disks: {root: {volume: mail.qcow2, format: qcow2}}, nics: {lan: {mac: "52:54:00:00:00:05"}}}
          web:
            count: 3
            memory: 2GiB
            disks: {root: {volume: "web-${index}.qcow2", format: qcow2}}
            nics: {lan: {mac: "52:54:00:00:00:0${index}"}}
          wiki: {disks: {root: {volume: wiki.qcow2, format: qcow2}}, nics: {lan: {mac: "52:54:00:00:00:06"}}}
        # What is there becomes the stack's as it is. Once applied, this can go.
        adopt: [vms, networks]

        """, "\(found.text)")
  }

  @Test("what hosts have alike is described once, and what they have each in its own way is used as it is")
  func hosts() throws {
    var first = try host("rack1", [try machine("a", number: 1)])
    let second = try host("rack2", [try machine("b", number: 2), try machine("a", number: 3)])
    let same = SpecComposer.compose([first, second], ImportChoice(stack: try name("shop")))
    #expect(same.text.contains("  lan: {mode: nat, cidr: 10.0.0.0/24,"), "\(same.text)")
    #expect(
      same.text.contains("  a: {host: rack1") || same.text.contains("  a:\n    host: rack1"), "\(same.text)")
    #expect(
      same.omissions.map(\.description) == [
        "VM 'a' on rack2: one of this name is on rack1, and a spec has a name once"
      ])
    first.state.networks[0].ipv4.ranges = []
    let other = SpecComposer.compose([first, second], ImportChoice(stack: try name("shop")))
    #expect(
      other.text.contains(
        "  # It is used as it is: the hosts have it each in another way.\n  lan: {external: true}\n"),
      "\(other.text)")
    #expect(other.text.contains("adopt: [vms]\n"))
  }

  @Test("what cannot be in a spec is named, with the reason")
  func omissions() throws {
    var strange = try machine("strange name", number: 1)
    var others = try machine("others", number: 2)
    others.mark = Mark(stack: "office")
    var passing = try machine("passing", number: 3)
    passing.isTransient = true
    strange.settings.title = "x"
    let found = SpecComposer.compose(
      [try host("rack1", [strange, others, passing, try machine("web", number: 4)])],
      ImportChoice(stack: try name("shop")))
    #expect(found.machines.map(\.name.rawValue) == ["web"])
    #expect(
      found.text.hasSuffix(
        """
        adopt: [vms, networks]
        #
        # Not in this spec:
        # - VM 'others' on rack1: it belongs to stack 'office'
        # - VM 'passing' on rack1: it has no definition: once it stops, it is gone
        # - VM 'strange name' on rack1: its name has characters that a spec's names do not have: rename it first

        """), "\(found.text)")
  }

  @Test(
    "texts of any characters are read back as they were",
    arguments: [
      "plain", "", "yes", "~", "1e3", "0x1f", "1:20", "a: b", "a #b", "#a", "- a", "ä ö", "\"q\" 'r'",
      "tab\there",
      "two\nlines", "two\nlines\n", "\n leading", "trailing \nblank", "back\\slash", "${var.x}", "@at",
      "%per", "[x]",
      "{x}", "null", "2001-01-01", "1_000", "+1", ".5", "!tag", "&anchor", "*alias", "a:", "\u{85}next",
      "\u{2028}",
    ])
  func texts(text: String) throws {
    var machine = try machine("web", number: 1)
    machine.settings.description = text
    let found = SpecComposer.compose([try host("rack1", [machine])], ImportChoice(stack: try name("shop")))
    let result = SpecLoader(environment: [:]).load([SourceText(path: "spec", text: found.text)])
    let site = try #require(result.site, "\(result.rendered)\n\(found.text)")
    #expect(site.machines[0].settings.description ?? "" == text, "\(found.text)")
  }
}

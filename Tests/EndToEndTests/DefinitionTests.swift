import FoundationEssentials
import Libvirt
import Planner
import TestLab
import Testing

extension GuestChangeTests {
  /// Definitions in which a person has set what the language has no word for. Their VM is off, so that the definition is
  /// all that changes; where this machine cannot run a guest with a field, that is enough, too.
  @Suite("Definitions are edited")
  struct Definitions {
    /// Another value of a field, and what of the document belongs to it.
    private struct Row {
      /// The field as plans name it.
      let path: String
      private(set) var edit: (inout SiteText) -> Void
      /// Starts of the places that may differ; none for what only the mark has.
      var owned: [String] = []
      var needed: [String] = []
      /// The name that the change gives a device in the document, and the one it had.
      var renamed: (now: String, before: String)?

      /// Sets a field of the VM.
      init(_ path: String, _ key: String, _ value: String, _ owned: String...) {
        self.path = path
        edit = { $0.vms["a"]?[key] = value }
        self.owned = owned
      }

      /// Sets a field of one of its devices.
      init(_ device: (kind: String, name: String), _ field: String, _ text: String, _ owned: String...) {
        path = "\(device.kind).\(device.name)" + (field.isEmpty ? "" : ".\(field)")
        edit = { site in
          var devices = device.kind == "disks" ? Definitions.disks : Definitions.nics
          devices[device.name] = text
          site.vms["a"]?[device.kind] = Definitions.map(devices)
        }
        self.owned = owned
      }

      func editing(_ edit: @escaping (inout SiteText) -> Void) -> Row {
        var row = self
        row.edit = edit
        return row
      }

      /// Further fields that the change needs.
      func besides(_ paths: String...) -> Row {
        var row = self
        row.needed = paths
        return row
      }

      func renaming(_ now: String, from before: String) -> Row {
        var row = self
        row.renamed = (now, before)
        return row
      }
    }

    private static let disks = [
      "root": "{size: 8MiB, bus: virtio}", "log": "{size: 8MiB, bus: scsi, iotune: {total_iops: 90}}",
      "cd": "{cdrom: none, bus: scsi}",
    ]
    private static let nics = [
      "lan": "{mac: \"52:54:00:71:00:01\", model: virtio}", "ov": "{mac: \"52:54:00:71:00:02\", vlan: 5}",
    ]
    private static let lan = "devices/interface[52:54:00:71:00:01]"

    private static func map(_ entries: [String: String]) -> String {
      "{" + entries.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: ", ") + "}"
    }

    private static func site() -> SiteText {
      var site = SiteText("edit")
      site.firewalls = ["wall": "{in: any}"]
      site.networks = [
        "lan": "{mode: isolated, bridge: vft-edit}", "other": "{mode: isolated, bridge: vft-edit2}",
        "ov": "{mode: ovs, bridge: vft-ovs, portgroups: {web: {vlan: 9}}}",
      ]
      site.vms["a"] = SiteText.guest(
        "a",
        [
          "state": "off", "title": "A title", "description": "A text", "machine": "pc-q35-7.2", "cpu": "max",
          "cpus": "{count: 1, max: 2, shares: 512, limit: 1, pin: {0: 0-1}}",
          "memory": "{size: 96MiB, max: 128MiB}",
          "graphics": "vnc", "disks": map(disks), "nics": map(nics),
        ])
      return site
    }

    private func row(_ field: MachineField) -> Row? {
      let name = field.rawValue
      return switch field {
      case .name:
        Row(name, name, "", "name").editing { site in
          site.moved = ["vms.a": "vms.z"]
          site.vms["z"] = site.vms.removeValue(forKey: "a")
        }
      case .title: Row(name, name, "\"Another <title>\"", "title")
      case .description: Row(name, name, "Another text", "description")
      // There is no other one where KVM is missing, and without it this machine runs nothing; QEMU runs one kind of guest.
      case .accel, .virt: nil
      case .cpus: Row(name, name, "{count: 2, max: 3, shares: 512, limit: 1, pin: {0: 0-1}}", "vcpu")
      case .cpuShares:
        Row(name, "cpus", "{count: 1, max: 2, shares: 2048, limit: 1, pin: {0: 0-1}}", "cputune/shares")
      case .cpuLimit:
        Row(
          name, "cpus", "{count: 1, max: 2, shares: 512, limit: 0.5, pin: {0: 0-1}}", "cputune/global_quota")
      case .cpuPinning:
        Row(
          name, "cpus", "{count: 1, max: 2, shares: 512, limit: 1, pin: {0: \"1\", 1: \"0\"}}",
          "cputune/vcpupin")
      case .cpuTopology:
        Row(
          name, "cpus", "{count: 1, max: 2, shares: 512, limit: 1, pin: {0: 0-1}, topology: {cores: 2}}",
          "cpu/topology")
      case .memory: Row(name, name, "{size: 112MiB, max: 160MiB}", "memory", "currentMemory")
      case .memoryLimit:
        Row(name, "memory", "{size: 96MiB, max: 128MiB, limit: 1GiB}", "maxMemory", "cpu/numa")
      case .hugePages:
        Row(name, "memory", "{size: 96MiB, max: 128MiB, huge_pages: 2MiB}", "memoryBacking")
      case .numaCells:
        Row(name, "numa", "{cells: [{cpus: 0, memory: 48MiB}, {cpus: 1, memory: 80MiB}]}", "cpu/numa")
      case .numaNodes: Row(name, "numa", "{nodes: 0}", "numatune")
      case .machine: Row(name, name, "pc-q35-7.1", "os/type@machine")
      case .firmware: Row(name, name, "uefi", "os@firmware", "os/loader", "os/nvram", "os/firmware")
      case .secureBoot:
        Row(name, "firmware", "{type: uefi, secure_boot: true}", "os/firmware", "os/nvram", "os/loader")
      case .cpu: Row(name, name, "Nehalem", "cpu@", "cpu/model")
      case .kernel: Row(name, name, "initrd", "os/kernel")
      case .initrd: Row(name, name, "kernel", "os/initrd")
      case .cmdline: Row(name, name, "\"quiet a=<b>\"", "os/cmdline")
      case .ignition: Row(name, name, "{hostname: b}", "sysinfo")
      case .boot:
        // A kernel leaves nothing to choose from.
        Row(
          name, name, "[cd, log]", "devices/disk[vda]/boot", "devices/disk[sd", "os/boot", "os/kernel",
          "os/initrd", "os/cmdline"
        ).editing { site in
          for field in ["kernel", "initrd", "cmdline"] { site.vms["a"]?[field] = nil }
          site.vms["a"]?["boot"] = "[cd, log]"
        }.besides("kernel", "initrd", "cmdline")
      // libvirt adds the sound card of its own for SPICE.
      case .graphics: Row(name, name, "spice", "devices/graphics", "devices/audio")
      case .password:
        Row(name, "graphics", "{type: vnc, password: t0p-s3cr}", "devices/graphics@passwd")
      case .console: Row(name, name, "false", "devices/serial", "devices/console")
      case .consoleLog:
        Row(name, "console", "{log: /tmp/console.log}", "devices/serial/log", "devices/console/log")
      case .tpm: Row(name, name, "true", "devices/tpm")
      case .randomSource: Row(name, name, "{rate: 1KiB}", "devices/rng/rate")
      // The spec takes over the card that a person gave the VM, and takes it along.
      case .watchdog: Row(name, name, "pause", "devices/watchdog")
      case .autostart: Row(name, name, "true")
      case .shutdown: Row(name, name, "{timeout: 5s}")
      case .protect: Row(name, name, "true")
      // They are no part of the definition but for the medium of a drive.
      case .metaData, .networkConfig, .userData: nil
      // What it does is no part of its definition.
      case .state: nil
      }
    }

    private func row(_ field: DiskField) -> Row {
      switch field {
      case .attached: Row(("disks", "more"), "", "{size: 8MiB, format: raw}", "devices/disk[vdb]")
      case .bus:
        Row(
          ("disks", "root"), "bus", "{size: 8MiB, bus: scsi}", "devices/disk[vda]/target@bus",
          "devices/disk[vda]/address"
        ).renaming("sdc", from: "vda")
      case .iotune:
        Row(
          ("disks", "log"), "iotune",
          "{size: 8MiB, bus: scsi, iotune: {read_bytes: 1MiB, write_bytes: 2MiB, read_iops: 3}}",
          "devices/disk[sda]/iotune")
      case .keep: Row(("disks", "root"), "keep", "{size: 8MiB, keep: true}")
      case .protect: Row(("disks", "root"), "protect", "{size: 8MiB, protect: true}")
      }
    }

    private func row(_ field: MemoryDeviceField) -> Row {
      switch field {
      case .attached:
        Row(
          "memory.devices.more", "memory",
          "{size: 96MiB, max: 128MiB, limit: 1GiB, devices: {more: 128MiB}}", "maxMemory", "cpu/numa",
          "memory", "currentMemory", "devices/memory"
        ).besides("memory.limit")
      }
    }

    private func row(_ field: ShareField) -> Row {
      switch field {
      // What is said of memory for the share's server stays.
      case .attached:
        Row("shares.web", "shares", "{web: {path: /srv}}", "devices/filesystem", "memoryBacking")
      }
    }

    private func row(_ field: HostDeviceField, _ device: String) -> Row {
      switch field {
      case .attached:
        Row("host_devices.card", "host_devices", "{card: {pci: \"\(device)\"}}", "devices/hostdev")
      }
    }

    /// A device that the host has on PCI: `0000:00:03.0`.
    private func device(_ lab: Lab) async throws -> String {
      let names = try await lab.virsh("nodedev-list", "--cap", "pci").split(separator: "\n")
      let parts = try #require(names.first, "this host has no PCI device to put into a definition").split(
        separator: "_")
      return "\(parts[1]):\(parts[2]):\(parts[3]).\(parts[4])"
    }

    private func row(_ field: DriveField) -> Row {
      switch field {
      case .attached: Row(("disks", "cd2"), "", "{cdrom: kernel, bus: sata}", "devices/disk[sdc]")
      case .media: Row(("disks", "cd"), "media", "{cdrom: kernel, bus: scsi}", "devices/disk[sdb]/source")
      case .bus:
        Row(
          ("disks", "cd"), "bus", "{cdrom: none, bus: sata}", "devices/disk[sdb]/target@bus",
          "devices/disk[sdb]/address"
        ).renaming("sdc", from: "sdb")
      }
    }

    private func row(_ field: NICField) -> Row {
      let mac = "mac: \"52:54:00:71:00:01\""
      switch field {
      case .attached:
        return Row(
          ("nics", "more"), "", "{network: lan, mac: \"52:54:00:71:00:03\"}",
          "devices/interface[52:54:00:71:00:03]")
      case .network:
        return Row(("nics", "lan"), "network", "{network: other, \(mac)}", "\(Self.lan)/source@network")
      case .mac:
        return Row(("nics", "lan"), "mac", "{mac: \"52:54:00:71:00:04\"}").renaming(
          "52:54:00:71:00:04", from: "52:54:00:71:00:01")
      case .model: return Row(("nics", "lan"), "model", "{model: e1000e, \(mac)}", "\(Self.lan)/model@type")
      case .link: return Row(("nics", "lan"), "link", "{link: down, \(mac)}", "\(Self.lan)/link")
      case .vlan:
        return Row(
          ("nics", "ov"), "vlan", "{mac: \"52:54:00:71:00:02\", vlan: 77}",
          "devices/interface[52:54:00:71:00:02]/vlan")
      case .portgroup:
        return Row(
          ("nics", "ov"), "portgroup", "{mac: \"52:54:00:71:00:02\", vlan: 5, portgroup: web}",
          "devices/interface[52:54:00:71:00:02]/source@portgroup")
      case .firewall:
        return Row(
          ("nics", "lan"), "firewall", "{firewall: wall, \(mac)}", "\(Self.lan)/filterref")
      case .qos:
        return Row(
          ("nics", "lan"), "qos", "{qos: {inbound: {average: 1MiB}}, \(mac)}", "\(Self.lan)/bandwidth")
      }
    }

    /// What a person adds, of all kinds, none of which the language has a word for.
    private func addByHand(_ document: inout XMLElement, _ lab: Lab) throws {
      document.mutateFirst("metadata") {
        $0.insert(XMLElement("their:note", ["xmlns:their": "urn:somebody", "of": "May"], text: "keep me"))
      }
      document.mutateFirst("on_crash") { $0.setText("preserve") }
      document.mutateFirst("cpu") {
        $0.insert(XMLElement("feature", ["policy": "disable", "name": "x2apic"]))
      }
      document.mutateFirst("vcpu") { $0[attribute: "cpuset"] = "0-1" }
      document.mutateFirst("cputune") { $0.insert(XMLElement("emulatorpin", ["cpuset": "0"])) }
      document.mutateFirst("os") { $0.insert(XMLElement("bootmenu", ["enable": "yes", "timeout": "100"])) }
      document.mutateFirst("clock") { $0.insert(XMLElement("timer", ["name": "hpet", "present": "no"])) }
      document.insert(
        XMLElement("seclabel", ["type": "static", "model": "dac", "relabel": "no"]) {
          XMLElement("label", text: "+0:+0")
        })
      document.mutateFirst("devices") { devices in
        devices.mutateChildren(named: "interface") { interface in
          guard interface.first("mac")?[attribute: "address"] == "52:54:00:71:00:01" else { return }
          interface.mutateFirst("address") { $0[attribute: "bus"] = "0x0d" }
          interface.insert(XMLElement("alias", ["name": "ua-theirs"]), .after(["model"]))
        }
        devices.mutateChildren(named: "disk") { disk in
          guard disk.first("target")?[attribute: "dev"] == "vda" else { return }
          disk.mutateFirst("driver") { $0[attribute: "cache"] = "writethrough" }
          disk.insert(XMLElement("serial", text: "WD-1"), .after(["target"]))
        }
        let additions = [
          XMLElement("disk", ["type": "file", "device": "disk"]) {
            XMLElement("driver", ["name": "qemu", "type": "raw"])
            XMLElement("source", ["file": "\(lab.work)/theirs.raw"])
            XMLElement("target", ["dev": "vdm", "bus": "virtio"])
          },
          XMLElement("interface", ["type": "user"]) {
            XMLElement("mac", ["address": "00:16:3e:00:00:01"])
            XMLElement("model", ["type": "virtio"])
          },
          XMLElement("serial", ["type": "file"]) {
            XMLElement("source", ["path": "\(lab.work)/serial.log"])
            XMLElement("target", ["port": "1"])
          },
          XMLElement("channel", ["type": "unix"]) {
            XMLElement("target", ["type": "virtio", "name": "org.example.0"])
          },
          XMLElement("watchdog", ["model": "i6300esb", "action": "reset"]),
          XMLElement("rng", ["model": "virtio"]) {
            XMLElement("backend", ["model": "random"], text: "/dev/random")
          },
        ]
        for addition in additions { devices.insert(addition, .after(["disk", "controller", addition.name])) }
      }
    }

    private func renamed(_ document: XMLElement, _ names: (now: String, before: String)?) -> XMLElement {
      guard let names else { return document }
      var document = document
      document.mutateFirst("devices") { devices in
        devices.mutateChildren(named: "disk") { disk in
          disk.mutateFirst("target") {
            if $0[attribute: "dev"] == names.now { $0[attribute: "dev"] = names.before }
          }
        }
        devices.mutateChildren(named: "interface") { interface in
          interface.mutateFirst("mac") {
            if $0[attribute: "address"] == names.now { $0[attribute: "address"] = names.before }
          }
        }
      }
      return document
    }

    @Test(
      "every field changes what it owns and nothing else, there and back, in a definition that people have edited (CPU weight, QoS and VLAN: the definition only)"
    )
    func everyField() async throws {
      try await Guests.inLab { guests in
        try await guests.apply(Self.site())
        try await guests.edit("a") { try? addByHand(&$0, guests.lab) }
        try await guests.expectQuiet()
        var original = try await guests.definition("a")
        #expect(original.all(at: "devices", "serial").count == 2)
        #expect(original.first("metadata")?.elements.count == 2)

        let device = try await device(guests.lab)
        let rows =
          MachineField.allCases.compactMap(row) + MemoryDeviceField.allCases.map(row)
          + DiskField.allCases.map(row)
          + DriveField.allCases.map(row) + NICField.allCases.map(row) + ShareField.allCases.map(row)
          + HostDeviceField.allCases.map { row($0, device) }
        for row in rows {
          var site = Self.site()
          row.edit(&site)
          let changed = try await guests.apply(site)
          #expect(
            effects(changed).filter { !$0.key.hasPrefix("disk.") && !$0.key.hasPrefix("firewall.") }
              == Dictionary(uniqueKeysWithValues: ([row.path] + row.needed).map { ($0, "none") }),
            "\(row.path): \(changed)")
          let name = site.vms.keys.contains("z") ? "z" : "a"
          let document = try await guests.definition(name)
          let found = differences(original, renamed(document, row.renamed))
          let stray = found.filter { place in !row.owned.contains { place.hasPrefix($0) } }
          #expect(stray.isEmpty, "\(row.path) changes what it does not own")
          #expect(row.owned.isEmpty || !found.isEmpty, "\(row.path) changes nothing")
          if let names = row.renamed {
            #expect(try document.serialized().contains(names.now), "\(row.path)")
          }

          var back = Self.site()
          if name == "z" { back.moved = ["vms.z": "vms.a"] }
          try await guests.apply(back)
          // Whoever moved back to a bus has a new place on it.
          let now = try await guests.definition("a")
          let left = differences(original, now)
          let strayBack = left.filter { place in !row.owned.contains { place.hasPrefix($0) } }
          #expect(strayBack.isEmpty, "\(row.path) does not come back")
          // What the spec sets no more may stay as it is: `boot`.
          original = now
        }
      }
    }

    @Test(
      "a definition that libvirt refuses leaves the old one as it was, and says where the spec asks for it")
    func refused() async throws {
      try await Guests.inLab { guests in
        try await guests.apply(Self.site())
        // Its CPUs are counted twice then, and libvirt wants both to be the same.
        try await guests.edit("a") { document in
          document.mutateFirst("cpu") {
            $0.insert(XMLElement("topology", ["sockets": "1", "dies": "1", "cores": "2", "threads": "1"]))
          }
        }
        let before = try await guests.lab.virsh("dumpxml", "a", "--inactive")
        var site = Self.site()
        site.vms["a"]?["cpus"] = "{count: 1, max: 4, shares: 512, limit: 1, pin: {0: 0-1}}"
        site.vms["a"]?["title"] = "Not yet"
        try guests.write(site)
        let refused = try await guests.run("apply", "--auto-approve")
        #expect(refused.status != 0)
        #expect(
          refused.output.contains(/site\.yaml:\d+:\d+: vm\.a on local: updating: .*CPU topology/),
          "\(refused.output)\(refused.errors)")
        #expect(try await guests.lab.virsh("dumpxml", "a", "--inactive") == before)
        // Another CPU keeps the topology.
        site = Self.site()
        site.vms["a"]?["cpu"] = "Nehalem"
        try await guests.apply(site)
        let topology = try await guests.definition("a").at("cpu", "topology")
        #expect(topology?[attribute: "cores"] == "2")
        // A machine that no QEMU has.
        let now = try await guests.lab.virsh("dumpxml", "a", "--inactive")
        site.vms["a"]?["machine"] = "pc-q35-99.9"
        try guests.write(site)
        let unknown = try await guests.run("apply", "--auto-approve")
        #expect(unknown.status != 0)
        #expect(
          (unknown.output + unknown.errors).contains(/site\.yaml:\d+:\d+: .*pc-q35-99\.9/),
          "\(unknown.output)\(unknown.errors)")
        #expect(try await guests.lab.virsh("dumpxml", "a", "--inactive") == now)
      }
    }
  }
}

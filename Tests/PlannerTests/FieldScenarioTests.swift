import SpecModel
import Testing

@testable import Planner

/// Each row of the tables of fields, on each driver, with a guest that runs and with one that is off: the plan names the
/// effect, carrying it out does it, and the next plan is empty. A change that waits is taken back, or comes with a restart;
/// what leaves the spec goes, goes back or stays as its row says.
@Suite("Every field")
struct FieldScenarioTests {
  /// A row, a spec before and after a change of it, and what that does to a guest on QEMU, Xen and the test driver; nil
  /// where the driver has no such thing.
  struct Row: CustomTestStringConvertible, Sendable {
    let address: String
    let path: String
    /// Fields of the VM, or of the network, as YAML: the field with its first value, with its second, and without one.
    let before: String
    let after: String
    let without: String?
    let unset: Unset
    let effects: [HostCapabilities.Driver: Effect]

    var testDescription: String { "\(address) \(path)" }
  }

  enum Unset: Equatable, Sendable {
    case required, stays, removed
    case back(String)
  }

  private static func row<Object>(
    _ path: String, _ rule: FieldRule<Object>, of address: String = "vm.web", _ before: String,
    _ after: String, without: String? = "", qemu: Effect?, xen: Effect?, test: Effect?
  ) -> Row {
    let unset: Unset =
      switch rule.unset {
      case .required: .required
      case .stays: .stays
      case .removed: .removed
      case .back(let to, _): .back(to)
      }
    let effects: [(HostCapabilities.Driver, Effect?)] = [(.qemu, qemu), (.xen, xen), (.test, test)]
    return Row(
      address: address, path: path, before: before, after: after,
      without: unset == .required ? nil : without, unset: unset,
      effects: effects.reduce(into: [:]) { $0[$1.0] = $1.1 })
  }

  // MARK: The rows

  private static func row(_ field: MachineField) -> Row? {
    func row(
      _ before: String, _ after: String, without: String = "", _ qemu: Effect?, _ xen: Effect?,
      _ test: Effect?
    ) -> Row {
      Self.row(
        field.rawValue, field.rule, before, after, without: without, qemu: qemu, xen: xen, test: test)
    }
    return switch field {
    // It is moved, see `LettingGoTests`; and it is what the other rows are told apart by.
    case .name, .state: nil
    case .title: row("title: A", "title: B", .live, .live, .live)
    case .description: row("description: A", "description: B", .live, .live, .live)
    case .accel: row("accel: kvm", "accel: tcg", .restart, nil, nil)
    case .virt: row("virt: pv", "virt: pvh", nil, .restart, nil)
    case .cpus:
      row("cpus: {count: 1, max: 4}", "cpus: {count: 2, max: 4}", .live, .live, .live)
    case .cpuShares:
      row(
        "cpus: {count: 1, shares: 512}", "cpus: {count: 1, shares: 2048}", without: "cpus: 1", .live, .live,
        .restart)
    case .cpuLimit:
      row(
        "cpus: {count: 2, limit: 1}", "cpus: {count: 2, limit: 1.5}", without: "cpus: 2", .live, .live,
        .restart)
    case .cpuPinning:
      row(
        "cpus: {count: 1, pin: 0}", "cpus: {count: 1, pin: 0-1}", without: "cpus: 1", .live, .live, .restart)
    case .cpuTopology:
      row(
        "cpus: {count: 4, topology: {cores: 4}}", "cpus: {count: 4, topology: {cores: 2, threads: 2}}",
        without: "cpus: 4", .restart, nil, .restart)
    case .memory:
      row("memory: {size: 1GiB, max: 4GiB}", "memory: {size: 2GiB, max: 4GiB}", .live, .live, .live)
    case .memoryLimit:
      row(
        "memory: {size: 1GiB, limit: 8GiB}", "memory: {size: 1GiB, limit: 16GiB}", .restart, nil, .restart)
    case .hugePages:
      row(
        "memory: {size: 1GiB, huge_pages: true}", "memory: {size: 1GiB, huge_pages: 2MiB}",
        without: "memory: 1GiB", .restart, nil, .restart)
    case .numaCells:
      row(
        "memory: 3GiB, cpus: 2, numa: {cells: [{cpus: 0, memory: 1GiB}, {cpus: 1, memory: 2GiB}]}",
        "memory: 3GiB, cpus: 2, numa: {cells: [{cpus: 0, memory: 2GiB}, {cpus: 1, memory: 1GiB}]}",
        without: "memory: 3GiB, cpus: 2", .restart, .restart, .restart)
    case .numaNodes: row("numa: {nodes: 0}", "numa: {nodes: 0-1}", .restart, nil, .restart)
    case .machine: row("machine: q35", "machine: pc", .restart, nil, .restart)
    case .firmware: row("firmware: bios", "firmware: uefi", .restart, .restart, .restart)
    case .secureBoot:
      row(
        "firmware: {type: uefi, secure_boot: false}", "firmware: {type: uefi, secure_boot: true}",
        without: "firmware: uefi", .restart, nil, .restart)
    case .cpu: row("cpu: max", "cpu: qemu64", .restart, nil, .restart)
    case .kernel: row("kernel: linux", "kernel: debian", .restart, .restart, .restart)
    case .initrd:
      row(
        "kernel: linux, initrd: linux", "kernel: linux, initrd: debian", without: "kernel: linux", .restart,
        .restart, .restart)
    case .cmdline:
      row(
        "kernel: linux, cmdline: quiet", "kernel: linux, cmdline: debug", without: "kernel: linux", .restart,
        .restart, .restart)
    case .ignition:
      row("ignition: {hostname: a}", "ignition: {hostname: b}", .restart, nil, nil)
    case .boot: row("boot: [root, lan]", "boot: [lan]", .restart, nil, .restart)
    case .graphics: row("graphics: vnc", "graphics: spice", .restart, .restart, .restart)
    case .password:
      row(
        "graphics: {type: vnc, password: first}", "graphics: {type: vnc, password: second}",
        without: "graphics: vnc", .live, .restart, .restart)
    case .console: row("console: true", "console: false", .restart, .restart, .restart)
    case .consoleLog:
      row(
        "console: {log: /var/log/a}", "console: {log: /var/log/b}", without: "console: true", .restart, nil,
        .restart)
    case .tpm: row("tpm: false", "tpm: true", .restart, nil, .restart)
    case .randomSource: row("rng: true", "rng: false", .live, nil, .restart)
    case .watchdog: row("watchdog: reset", "watchdog: {action: pause}", .restart, nil, .restart)
    case .autostart: row("autostart: false", "autostart: true", Effect.none, Effect.none, Effect.none)
    case .shutdown:
      row("shutdown: {timeout: 10s}", "shutdown: {timeout: 20s}", Effect.none, Effect.none, Effect.none)
    case .protect: row("protect: false", "protect: true", Effect.none, Effect.none, Effect.none)
    case .metaData: row("cloud_init: {hostname: a}", "cloud_init: {hostname: b}", .live, .restart, .restart)
    case .networkConfig:
      row(
        "cloud_init: {}, nics: {lan: {address: 10.0.0.5}}",
        "cloud_init: {}, nics: {lan: {address: 10.0.0.6}}",
        without: "cloud_init: {network: none}", .live, .restart, .restart)
    case .userData: row("cloud_init: {run: [a]}", "cloud_init: {run: [b]}", .live, .restart, .restart)
    }
  }

  /// The field's own path, or that of the device: `disks.log.iotune`, `disks.log`.
  private static func path(_ device: String, _ field: String) -> String {
    field == "attached" ? device : "\(device).\(field)"
  }

  private static func row(_ field: DiskField) -> Row {
    func row(
      _ before: String?, _ after: String, _ qemu: Effect?, _ xen: Effect?, _ test: Effect?
    ) -> Row {
      func disks(_ text: String?) -> String {
        "disks: {root: {size: 4GiB}\(text.map { ", log: {size: 1GiB\($0)}" } ?? "")}"
      }
      return Self.row(
        path("disks.log", field.rawValue), field.rule, disks(before), disks(after),
        without: disks(field == .attached ? nil : ""), qemu: qemu, xen: xen, test: test)
    }
    return switch field {
    case .attached: row(nil, "", .live, .live, .restart)
    case .bus: row(", bus: virtio", ", bus: scsi", .restart, nil, .restart)
    case .iotune:
      row(", iotune: {total_iops: 100}", ", iotune: {total_iops: 200}", .live, nil, .restart)
    case .keep: row(", keep: false", ", keep: true", Effect.none, Effect.none, Effect.none)
    case .protect: row(", protect: false", ", protect: true", Effect.none, Effect.none, Effect.none)
    }
  }

  private static func row(_ field: DriveField) -> Row {
    func disks(_ text: String?) -> String {
      "disks: {root: {size: 4GiB}\(text.map { ", cd: {\($0)}" } ?? "")}"
    }
    func row(
      _ before: String?, _ after: String, without: String?, _ qemu: Effect?, _ xen: Effect?, _ test: Effect?
    ) -> Row {
      Self.row(
        path("disks.cd", field.rawValue), field.rule, disks(before), disks(after),
        without: without.map { disks($0) } ?? disks(nil), qemu: qemu, xen: xen, test: test)
    }
    return switch field {
    case .attached:
      row(nil, "cdrom: linux, bus: scsi", without: nil, .live, nil, .restart)
    case .media:
      row("cdrom: none", "cdrom: linux", without: "cdrom: linux", .live, .restart, .restart)
    case .bus:
      row(
        "cdrom: linux, bus: scsi", "cdrom: linux, bus: sata", without: "cdrom: linux", .restart, nil, .restart
      )
    }
  }

  private static func row(_ field: NICField) -> Row {
    func nics(_ text: String?) -> String {
      "nics: {lan: \(text.map { ", n: {\($0)}" } ?? "")}"
    }
    func row(
      _ before: String?, _ after: String, _ qemu: Effect?, _ xen: Effect?, _ test: Effect?
    ) -> Row {
      func others(_ text: String) -> String { text.isEmpty ? "network: lan" : text }
      return Self.row(
        path("nics.n", field.rawValue), field.rule, nics(before), nics(after),
        without: nics(
          field == .attached ? nil : [.vlan, .portgroup].contains(field) ? "network: trunk" : "network: lan"),
        qemu: qemu, xen: xen, test: test)
    }
    return switch field {
    case .attached: row(nil, "network: lan", .live, .live, .restart)
    case .network: row("network: lan", "network: back", .live, .restart, .restart)
    case .portgroup:
      row("network: trunk, portgroup: a", "network: trunk, portgroup: b", .live, .restart, .restart)
    case .mac:
      row(
        "network: lan, mac: \"52:54:00:00:00:01\"", "network: lan, mac: \"52:54:00:00:00:02\"", .restart,
        .restart, .restart)
    case .model:
      row("network: lan, model: virtio", "network: lan, model: e1000e", .restart, .restart, .restart)
    case .link: row("network: lan, link: up", "network: lan, link: down", .live, .restart, .restart)
    case .vlan: row("network: trunk, vlan: 40", "network: trunk, vlan: 41", .live, .restart, .restart)
    case .firewall: row("network: lan, firewall: a", "network: lan, firewall: b", .live, nil, nil)
    case .qos:
      row(
        "network: lan, qos: {inbound: {average: 10MiB}}", "network: lan, qos: {inbound: {average: 20MiB}}",
        .live, .restart, .restart)
    }
  }

  private static func row(_ field: MemoryDeviceField) -> Row {
    switch field {
    case .attached:
      row(
        "memory.devices.extra", field.rule, "memory: {size: 1GiB, limit: 8GiB}",
        "memory: {size: 1GiB, limit: 8GiB, devices: {extra: 1GiB}}",
        without: "memory: {size: 1GiB, limit: 8GiB}",
        qemu: .live, xen: nil, test: nil)
    }
  }

  private static func row(_ field: ShareField) -> Row {
    switch field {
    case .attached:
      row(
        "shares.web", field.rule, "shares: {web: {path: /srv/a}}", "shares: {web: {path: /srv/b, type: 9p}}",
        qemu: .restart, xen: nil, test: .restart)
    }
  }

  private static func row(_ field: HostDeviceField) -> Row {
    switch field {
    case .attached:
      row(
        "host_devices.key", field.rule, "", "host_devices: {key: {usb: \"1050:0407\"}}", qemu: .live,
        xen: .restart, test: .restart)
    }
  }

  /// On a network that a running guest uses.
  private static func row(_ field: NetworkField) -> Row? {
    func row(_ before: String, _ after: String, without: String = "cidr: 10.0.0.0/24", _ all: Effect) -> Row {
      Self.row(
        field.rawValue, field.rule, of: "network.lan", before, after, without: without, qemu: all, xen: all,
        test: all)
    }
    let block = "cidr: 10.0.0.0/24"
    return switch field {
    // It is moved, see `LettingGoTests`; and reservations are told of by their values, see `NetworkTests`.
    case .name, .reservations, .reservationsIPv6: nil
    case .mode: row("mode: nat, \(block)", "mode: routed, \(block)", .restart)
    case .cidr:
      row(
        "mode: isolated, \(block)", "mode: isolated, cidr: 10.0.4.0/24", without: "mode: isolated", .restart)
    case .gateway:
      row(
        "mode: isolated, \(block), gateway: 10.0.0.1", "mode: isolated, \(block), gateway: 10.0.0.254",
        without: "mode: isolated", .restart)
    case .dhcp:
      row(
        "\(block), dhcp: {from: 10.0.0.10, to: 10.0.0.20}",
        "\(block), dhcp: {from: 10.0.0.10, to: 10.0.0.30}",
        .live)
    case .cidrIPv6:
      row(
        "mode: isolated, ipv6: {cidr: fd00::/64}", "mode: isolated, ipv6: {cidr: fd00:4::/64}",
        without: "mode: isolated", .restart)
    case .gatewayIPv6:
      row(
        "mode: isolated, ipv6: {cidr: fd00::/64, gateway: fd00::1}",
        "mode: isolated, ipv6: {cidr: fd00::/64, gateway: fd00::254}", without: "mode: isolated", .restart)
    case .dhcpIPv6:
      row(
        "\(block), ipv6: {cidr: fd00::/64, dhcp: {from: fd00::10, to: fd00::20}}",
        "\(block), ipv6: {cidr: fd00::/64, dhcp: {from: fd00::10, to: fd00::30}}",
        without: "\(block), ipv6: {cidr: fd00::/64}", .live)
    case .natIPv6:
      row(
        "\(block), ipv6: {cidr: fd00::/64, nat: true}", "\(block), ipv6: {cidr: fd00::/64, nat: false}",
        without: "mode: routed, \(block), ipv6: {cidr: fd00::/64}", .restart)
    case .dns:
      row("\(block), dns: {domain: a.example}", "\(block), dns: {domain: b.example}", .restart)
    case .records:
      row(
        "\(block), dns: {hosts: {db: 10.0.0.5}}", "\(block), dns: {hosts: {db: 10.0.0.6}}", .live)
    case .bridge: row("\(block), bridge: br-a", "\(block), bridge: br-b", .restart)
    case .device:
      row("mode: macvtap, device: eth0", "mode: macvtap, device: eth1", without: "mode: isolated", .restart)
    case .type:
      row(
        "mode: macvtap, device: eth0, type: bridge", "mode: macvtap, device: eth0, type: private",
        without: "mode: isolated", .restart)
    case .portgroups:
      row(
        "\(block), portgroups: {a: {qos: {inbound: {average: 10MiB}}}}",
        "\(block), portgroups: {a: {qos: {inbound: {average: 20MiB}}}}", .live)
    case .mtu: row("\(block), mtu: 1400", "\(block), mtu: 9000", .restart)
    case .autostart: row("\(block), autostart: true", "\(block), autostart: false", Effect.none)
    case .protect: row("\(block), protect: false", "\(block), protect: true", Effect.none)
    }
  }

  static let machineRows: [Row] =
    MachineField.allCases.compactMap(row) + DiskField.allCases.map(row) + DriveField.allCases.map(row)
    + NICField.allCases.map(row) + MemoryDeviceField.allCases.map(row) + ShareField.allCases.map(row)
    + HostDeviceField.allCases.map(row)
  static let networkRows: [Row] = NetworkField.allCases.compactMap(row)

  // MARK: Specs

  private func spec(_ row: Row, _ fields: String, state: PowerState = .running) -> String {
    func has(_ name: String) -> Bool { fields.hasPrefix("\(name):") || fields.contains(", \(name):") }
    let isNetwork = row.address == "network.lan"
    let network = isNetwork ? (has("mode") ? "" : "mode: nat, ") + fields : "mode: nat, cidr: 10.0.0.0/24"
    var machine = isNetwork ? [] : [fields].filter { !$0.isEmpty }
    if isNetwork || !has("memory") { machine.append("memory: 1GiB") }
    if isNetwork || !has("disks") { machine.append("disks: {root: {size: 4GiB}}") }
    if isNetwork || !has("nics") { machine.append("nics: {lan: }") }
    return Scenario.header() + """
      pools: {main: {path: /srv/main}}
      images:
        debian: {source: \(Images.file), format: raw}
        linux: {source: \(Images.file), format: raw}
      networks:
        lan: {\(network)}
        trunk: {mode: ovs, bridge: ovsbr0, portgroups: {a: {vlan: 40}, b: {vlan: {trunk: [41, 50-59], native: 41}}}}
        back: {mode: isolated}
      firewalls: {a: {in: any}, b: }
      vms:
        web: {state: \(state.rawValue), \(machine.joined(separator: ", "))}

      """
  }

  private func host(_ driver: HostCapabilities.Driver) -> SimulatedFleet {
    SimulatedFleet([SimulatedHost("alpha", driver: driver)])
  }

  /// The change of the row in a plan that says nothing else of the object.
  private func change(_ row: Row, in plan: Plan, _ context: String) throws -> FieldChange {
    let change = try #require(
      plan.changes.first { "\($0.address)" == row.address }, "\(context)\n\(PlanText(plan).render())")
    return try #require(
      change.fields.first { $0.path == row.path || $0.path.hasPrefix("\(row.path).") },
      "\(context)\n\(PlanText(plan).render())")
  }

  private func isPending(_ plan: Plan) -> Bool { plan.notes.contains { $0.text.contains("pending restart") } }

  private func boots(_ scenario: Scenario) -> [Int] { Array(scenario.fleet["alpha"].boots.values) }

  // MARK: Tests

  private static let drivers: [HostCapabilities.Driver] = [.qemu, .xen, .test]

  @Test("of a VM that runs", arguments: machineRows, drivers)
  func running(row: Row, driver: HostCapabilities.Driver) throws {
    guard let effect = row.effects[driver] else { return }
    let (before, after) = (spec(row, row.before), spec(row, row.after))
    var scenario = try Scenario.applied(before, on: host(driver))
    let boots = boots(scenario)
    let plan = try scenario.apply(after)
    let change = try change(row, in: plan, "\(driver)")
    #expect(change.effect == effect && change.cause == .change, "\(PlanText(plan).render())")
    #expect(self.boots(scenario) == boots)
    let second = try scenario.plan(after)
    #expect(second.isEmpty, "\(PlanText(second).render())")
    guard effect == .restart else {
      #expect(second.notes.isEmpty, "\(second.notes)")
      return
    }
    #expect(second.notes.contains { $0.text.contains(row.path) } && isPending(second), "\(second.notes)")
    // Taken back, it is no longer pending, and nothing has happened to the guest.
    var reverted = scenario
    try reverted.apply(before)
    let quiet = try reverted.plan(before)
    #expect(quiet.isEmpty && !isPending(quiet), "\(PlanText(quiet).render())")
    #expect(self.boots(reverted) == boots)
    // With consent, the guest restarts once.
    let restart = try scenario.apply(after, restarts: true)
    #expect(restart.summary.restarts == 1, "\(PlanText(restart).render())")
    #expect(self.boots(scenario) == boots.map { $0 + 1 })
    let done = try scenario.plan(after)
    #expect(done.isEmpty && done.notes.isEmpty, "\(PlanText(done).render())")
  }

  @Test("of a VM that is off", arguments: machineRows, drivers)
  func off(row: Row, driver: HostCapabilities.Driver) throws {
    guard row.effects[driver] != nil else { return }
    var scenario = try Scenario.applied(spec(row, row.before, state: .off), on: host(driver))
    let after = spec(row, row.after, state: .off)
    let plan = try scenario.apply(after)
    let change = try change(row, in: plan, "\(driver)")
    #expect(change.effect == .none && change.cause == .change, "\(PlanText(plan).render())")
    let second = try scenario.plan(after)
    #expect(second.isEmpty && second.notes.isEmpty, "\(PlanText(second).render())")
    #expect(boots(scenario).allSatisfy { $0 == 0 })
  }

  @Test("of a network that a guest uses", arguments: networkRows, drivers)
  func network(row: Row, driver: HostCapabilities.Driver) throws {
    let effect = try #require(row.effects[driver])
    var scenario = try Scenario.applied(spec(row, row.before), on: host(driver))
    let boots = boots(scenario)
    let after = spec(row, row.after)
    let plan = try scenario.apply(after)
    let change = try change(row, in: plan, "\(driver)")
    #expect(change.effect == effect, "\(PlanText(plan).render())")
    let second = try scenario.plan(after)
    #expect(second.isEmpty, "\(PlanText(second).render())")
    let isPending = second.notes.contains {
      $0.text.contains("pending restart") && $0.text.contains(row.path)
    }
    #expect(isPending == (effect == .restart), "\(second.notes)")
    #expect(self.boots(scenario) == boots)
  }

  @Test(
    "that leaves the spec, and what a person does with it then is no drift",
    arguments: machineRows + networkRows)
  func unset(row: Row) throws {
    guard let text = row.without else { return }
    let without = spec(row, text, state: .off)
    var scenario = try Scenario.applied(
      spec(row, row.after, state: .off),
      on: host(row.effects[.qemu] == nil ? .xen : .qemu))
    let plan = try scenario.apply(without)
    let fields = plan.changes.first { "\($0.address)" == row.address }?.fields ?? []
    let change = fields.first { $0.path == row.path || $0.path.hasPrefix("\(row.path).") }
    let told = PlanText(plan).render()
    switch row.unset {
    case .required: break
    case .stays: #expect(change == nil || change?.effect == Effect.none && change?.to == nil, "\(told)")
    case .removed: #expect(change != nil && change?.to == nil, "\(told)")
    case .back(let value): #expect(change?.to == value, "\(told)")
    }
    let second = try scenario.plan(without)
    #expect(second.isEmpty, "\(PlanText(second).render())")
    let mark =
      row.address == "vm.web"
      ? scenario.fleet[].state.machines.first?.mark
      : scenario.fleet[].state.networks.first { $0.name == "lan" }?.mark
    if row.unset != .stays {
      #expect(mark?.applied.keys.contains { $0 == row.path } == false, "\(mark?.applied ?? [:])")
    }
  }
}

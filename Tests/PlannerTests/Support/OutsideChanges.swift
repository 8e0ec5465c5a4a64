import SpecModel
import Testing

@testable import Planner

/// What people do to a stack's VMs and networks beside virtform.
struct OutsideChanges {
  var random: SeededNumbers
  /// What was done, for whoever reads of a failure.
  private(set) var story: [String] = []

  init(random: SeededNumbers) { self.random = random }

  mutating func makeSome(on fleet: inout SimulatedFleet) throws {
    for name in fleet.hosts.keys.sorted() {
      var host = fleet[name]
      let own = host.state.machines.filter { $0.mark?.stack == "shop" }
      for machine in own where random.chance(40) {
        for _ in 0..<random.number(1..<3) { try change(machine.name, on: &host) }
      }
      fleet[name] = host
    }
  }

  private mutating func change(_ name: String, on host: inout SimulatedHost) throws {
    let isRunning = host.guests[try host.machine(name).uuid] != nil
    switch random.number(0..<10) {
    case 0: try changePower(name, isRunning, on: &host)
    case 1: addForeignDevices(try host.machine(name), on: &host)
    default:
      let edit = edit(on: host)
      // In the definition, in the guest, or in both.
      let place = isRunning && edit.isLive ? random.number(0..<3) : 0
      story.append("\(edit.title) of \(name) in \(["the definition", "the guest", "both"][place])")
      if place != 1 { try host.change(name, edit.body) }
      if place != 0 { try host.changeGuest(name, edit.body) }
    }
  }

  private mutating func changePower(_ name: String, _ isRunning: Bool, on host: inout SimulatedHost) throws {
    story.append("power of \(name)")
    switch random.number(0..<4) {
    case 3:
      // One that runs with what is defined: what is staged would wait longer than a round.
      let machine = try host.machine(name)
      guard let guest = host.guests[machine.uuid], guest.values == machine.values, guest.mark == machine.mark
      else { return }
      story.append("managed save of \(name)")
      try host.save(name)
    case 0 where isRunning: try host.stop(name)
    case 1 where isRunning: try host.changeGuest(name) { $0.settings.state = .paused }
    case 2 where isRunning: try host.changeGuest(name) { $0.settings.state = .running }
    default: if host.canStart(try host.machine(name)) { try host.start(name) }
    }
  }

  private mutating func addForeignDevices(_ machine: Machine, on host: inout SimulatedHost) {
    story.append("devices of others for \(machine.name)")
    host.otherFiles[machine.uuid, default: []].insert("/var/lib/libvirt/images/backup.img")
    guard let index = host.state.machines.firstIndex(where: { $0.uuid == machine.uuid }) else { return }
    host.state.machines[index].otherNetworks["default", default: 0] += 1
    host.guests[machine.uuid]?.otherNetworks["default", default: 0] += 1
  }

  /// A change of one document.
  private struct Edit {
    let title: String
    /// Whether a guest of the host can have it without its definition.
    var isLive = false
    let body: (inout Machine) -> Void
  }

  private mutating func edit(on host: SimulatedHost) -> Edit {
    let isQEMU = host.state.capabilities.driver == .qemu
    let number = random.number(1..<5)
    let networks = host.state.networks.filter(\.isActive).map(\.name)
    let network = random.any(of: networks) ?? "default"
    let edits: [Edit] = [
      Edit(title: "title", isLive: true) { $0.settings.title = "Mine \(number)" },
      Edit(title: "description", isLive: true) { $0.settings.description = nil },
      Edit(title: "memory", isLive: true) { machine in
        let max = machine.settings.memory?.max ?? .gibibytes(4)
        machine.settings.memory = MemoryAmount(size: min(.gibibytes(UInt64(number)), max), max: max)
      },
      Edit(title: "most memory") {
        $0.settings.memory = MemoryAmount(size: .gibibytes(1), max: .gibibytes(UInt64(number)))
      },
      Edit(title: "vCPUs", isLive: true) { machine in
        let max = machine.settings.cpus?.max ?? 1
        machine.settings.cpus = VCPUs(count: min(number, max), max: max)
      },
      Edit(title: "most vCPUs") { $0.settings.cpus = VCPUs(count: 1, max: number) },
      Edit(title: "shares", isLive: true) { $0.settings.cpuShares = 100 * number },
      Edit(title: "limit", isLive: true) { $0.settings.cpuLimit = CPULimit(percent: 50 * number) },
      Edit(title: "pinning", isLive: true) {
        $0.settings.cpuPinning = VCPUPinning(all: CPUSet([0]), count: 1)
      },
      Edit(title: "command line") { $0.settings.cmdline = $0.kernel == nil ? nil : "debug" },
      Edit(title: "screen") { $0.settings.graphics = number < 3 ? .vnc : Graphics.none },
      Edit(title: "console") { $0.settings.console = number < 3 },
      Edit(title: "TPM") { $0.settings.tpm = number < 3 ? .absent : .present(.tis) },
      Edit(title: "watchdog") { $0.settings.watchdog = .absent },
      Edit(title: "random numbers", isLive: isQEMU) {
        $0.settings.randomSource = number < 3 ? .absent : .present(RandomSource(rate: .kibibytes(4)))
      },
      Edit(title: "shares") { $0.shares.removeAll() },
      Edit(title: "devices of the host") { $0.hostDevices.removeAll() },
      Edit(title: "autostart") { $0.settings.autostart = number < 3 },
      Edit(title: "machine") { $0.settings.machine = number < 3 ? "pc-q35-7.2" : "pc-i440fx-7.2" },
      Edit(title: "boot order") { $0.boot?.reverse() },
      Edit(title: "cable", isLive: isQEMU) { machine in
        for index in machine.nics.indices { machine.nics[index].linkState = number < 3 ? .up : .down }
      },
      Edit(title: "plug", isLive: isQEMU) { machine in
        for index in machine.nics.indices { machine.nics[index].link = .network(network) }
      },
      Edit(title: "card") { machine in
        for index in machine.nics.indices { machine.nics[index].model = "rtl8139" }
      },
      Edit(title: "traffic", isLive: isQEMU) { machine in
        for index in machine.nics.indices { machine.nics[index].qos = nil }
      },
      Edit(title: "throughput", isLive: isQEMU) { machine in
        for index in machine.disks.indices { machine.disks[index].ioTune = nil }
      },
      Edit(title: "media", isLive: isQEMU) { machine in
        for index in machine.drives.indices { machine.drives[index].media = nil }
      },
      Edit(title: "a disk", isLive: isQEMU) { machine in
        guard let disk = machine.disks.last(where: { $0.bus != .sata }) else { return }
        machine.disks.removeAll { $0.name == disk.name }
        machine.boot?.removeAll { $0 == disk.name }
      },
      Edit(title: "a NIC", isLive: isQEMU) { machine in
        guard let nic = machine.nics.popLast() else { return }
        machine.boot?.removeAll { $0 == nic.name }
      },
    ]
    return random.pick(edits)
  }
}

extension SimulatedHost {
  /// True if nothing that runs is in the way of `machine`, and all that it needs is there.
  func canStart(_ machine: Machine) -> Bool {
    let others = guests.values.filter { $0.uuid != machine.uuid }
    return others.allSatisfy { Set($0.disks.map(\.path)).isDisjoint(with: machine.disks.map(\.path)) }
      && others.allSatisfy { Set($0.nics.compactMap(\.mac)).isDisjoint(with: machine.nics.compactMap(\.mac)) }
      && files(of: machine).subtracting(otherFiles[machine.uuid] ?? []).isSubset(of: volumes.map(\.path))
      && Self.networks(of: machine).allSatisfy { name in
        state.networks.contains { $0.name == name && $0.isActive }
      }
  }
}

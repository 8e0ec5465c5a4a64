import FoundationEssentials

/// What the running VMs of a host take from it, whoever made them, before a plan and after it.
///
/// A guest counts with its definition: what that says is what it has after its next start at the latest.
package struct HostLoad {
  package let before: UInt64
  package let after: UInt64
  /// The VMs that take more after the plan, sorted.
  let raisers: [Address]

  /// vCPUs.
  package static func cpus(_ host: HostState, plan: Plan?) -> HostLoad {
    HostLoad(plan, host) { UInt64($0.settings.cpus?.count ?? 1) }
  }

  /// Bytes of memory: what VMs boot with, and what is plugged in; and what Xen's dom0 has.
  package static func memory(_ host: HostState, plan: Plan?) -> HostLoad {
    HostLoad(plan, host, beside: host.dom0Memory.rawValue) { $0.totalMemory ?? 0 }
  }

  /// - Parameters:
  ///   - plan: nil where nothing is to change.
  ///   - others: what is taken by what is no VM.
  ///   - demand: what a VM takes while it runs.
  private init(
    _ plan: Plan?, _ host: HostState, beside others: UInt64 = 0, _ demand: (Machine) -> UInt64
  ) {
    var machines = Dictionary(host.machines.map { ($0.uuid, $0) }, uniquingKeysWith: { first, _ in first })
    var running = Set(host.machines.filter(\.isActive).map(\.uuid))
    func demands() -> [UUID: UInt64] {
      Dictionary(
        running.compactMap { uuid in machines[uuid].map { (uuid, demand($0)) } },
        uniquingKeysWith: { first, _ in first })
    }
    let earlier = demands()
    var addresses: [UUID: Address] = [:]
    for step in plan?.steps ?? [] {
      if case .migrateMachine(let migration) = step.operation, migration.from == host.name {
        running.remove(migration.uuid)
      }
      guard step.address.host == host.name else { continue }
      switch step.operation {
      case .migrateMachine(let migration):
        machines[migration.uuid] = migration.machine
        addresses[migration.uuid] = step.address
        if migration.machine.isActive { running.insert(migration.uuid) }
      case .defineMachine(let machine):
        machines[machine.uuid] = machine
        addresses[machine.uuid] = step.address
      case .updateMachine(let update):
        machines[update.wanted.uuid]?.take(update)
        addresses[update.wanted.uuid] = step.address
      case .startMachine(let uuid, _):
        running.insert(uuid)
        addresses[uuid] = step.address
      case .stopMachine(let uuid, _), .powerOffMachine(let uuid, _), .undefineMachine(let uuid, _):
        running.remove(uuid)
      default: continue
      }
    }
    let later = demands()
    before = earlier.values.reduce(others, +)
    after = later.values.reduce(others, +)
    raisers = later.filter { $0.value > earlier[$0.key] ?? 0 }.compactMap { addresses[$0.key] }.sorted()
  }
}

extension Machine {
  /// Bytes that it has once it runs: what it boots with, and what is plugged in; nil where nobody knows.
  package var totalMemory: UInt64? {
    settings.memory.map { memory in
      memoryDevices.reduce(memory.size.rawValue) { $0 + $1.size.rawValue }
    }
  }

  /// The size that `update` gives it.
  fileprivate mutating func take(_ update: MachineUpdate) {
    if update.fields.contains(.cpus) { settings.cpus = update.wanted.settings.cpus }
    if update.fields.contains(.memory) { settings.memory = update.wanted.settings.memory }
    let changed = Set(update.setMemory.map(\.name) + update.removeMemory)
    memoryDevices = memoryDevices.filter { !changed.contains($0.name) } + update.setMemory
  }
}

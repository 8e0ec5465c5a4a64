import FoundationEssentials
import SpecModel
import Testing

@testable import Planner

/// The law that everything rests on, for specs that nobody thought of.
@Suite("Convergence")
struct ConvergenceTests {
  /// `VIRTFORM_TEST_SEEDS=5000` looks further than every run has to; `VIRTFORM_TEST_SEED=7` looks at one.
  static let seeds: [UInt64] = {
    let environment = ProcessInfo.processInfo.environment
    if let seed = environment["VIRTFORM_TEST_SEED"].flatMap(UInt64.init) { return [seed] }
    return Array(1...(environment["VIRTFORM_TEST_SEEDS"].flatMap(UInt64.init) ?? 150))
  }()

  @Test(
    "random specs, successors, options and outside changes converge, from wherever a run is cut off",
    arguments: seeds)
  func converges(seed: UInt64) throws {
    var run = try RandomRun(seed: seed)
    for round in 0..<4 { try run.round(round) }
    try run.destroy()
  }

  @Test("the random specs lead to every kind of step, of device change and of live field")
  func coverage() throws {
    var kinds: Set<String> = []
    func name(_ value: Any) -> String { String("\(value)".prefix { $0 != "(" }) }
    for seed in 1...600 as ClosedRange<UInt64> {
      var generator = SpecGenerator(seed: seed)
      var scenario = Scenario(RandomRun.hosts(for: generator))
      for _ in 0..<6 {
        // What was refused is refused again until the spec has changed once more.
        let plan = try? scenario.plan(generator.text, allowsDataLoss: seed % 2 == 0)
        if let plan { scenario.fleet.run(plan) }
        scenario.fleet.expectNoViolations(
          "seed \(seed)\n\(generator.text)\(plan.map { PlanText($0).render() } ?? "")")
        for step in plan?.steps ?? [] {
          kinds.insert(name(step.operation))
          switch step.operation {
          case .updateMachine(let update):
            kinds.formUnion(update.liveFields.map { "live \($0.rawValue)" } + update.devices.map(name))
          case .changeDevices(_, let changes): kinds.formUnion(changes.map(name))
          default: continue
          }
        }
        generator.advance()
      }
    }
    expectAll(
      [
        "ensurePool", "setPoolAutostart", "removePool", "uploadImage", "uploadSeed", "uploadIgnition",
        "createVolume", "copyImage",
        "growVolume",
        "deleteVolume", "noteVolume", "ensureNetwork", "updateNetwork", "restartNetwork", "defineFirewall",
        "removeFirewall",
        "setNetworkAutostart", "removeNetwork", "defineMachine", "updateMachine", "changeDevices",
        "renameMachine", "startMachine", "awaitReady", "suspendMachine", "resumeMachine", "stopMachine",
        "powerOffMachine",
        "undefineMachine", "forgetMachine", "forgetNetwork", "attachDisk", "detachDisk", "throttleDisk",
        "attachDrive",
        "detachDrive", "changeMedia", "attachNIC", "detachNIC", "updateNIC", "attachMemory", "live title",
        "live description", "live memory", "live cpus", "live cpus.shares", "live cpus.limit",
        "live cpus.pin",
        "live graphics.password",
      ], in: kinds)
  }

  private func expectAll(_ wanted: Set<String>, in kinds: Set<String>) {
    #expect(wanted.subtracting(kinds).isEmpty, "no random spec leads to \(wanted.subtracting(kinds))")
  }
}

extension Plan {
  func deletes(_ path: String) -> Bool {
    steps.contains { step in
      if case .deleteVolume(_, let name) = step.operation { path.hasSuffix("/\(name)") } else { false }
    }
  }
}

extension SimulatedFleet {
  /// What is on the hosts, without what depends on the number of runs that it took.
  var inventory: [HostInventory] { hosts.sorted { $0.key < $1.key }.map { HostInventory($0.value) } }

  /// What is otherwise than on `other`, in words.
  func difference(from other: SimulatedFleet) -> String? {
    for (mine, theirs) in zip(inventory, other.inventory) where mine != theirs {
      let differences: [String] = [
        "pools \(mine.pools.symmetricDifference(theirs.pools))",
        "networks \(mine.networks.symmetricDifference(theirs.networks))",
        "VMs \(mine.machines.symmetricDifference(theirs.machines))",
        "guests \(mine.guests.symmetricDifference(theirs.guests))",
      ]
      return differences.filter { !$0.hasSuffix(" []") }.joined(separator: "; ")
    }
    return nil
  }

  struct HostInventory: Equatable {
    let pools: Set<Pool>
    let networks: Set<Network>
    let machines: Set<Machine>
    let guests: Set<UUID>

    init(_ host: SimulatedHost) {
      pools = Set(
        host.state.pools.map { pool in
          var pool = pool
          pool.volumes.sort { $0.name < $1.name }
          return pool
        })
      networks = Set(
        host.state.networks.map { network in
          var network = network
          network.bridge = nil
          return network
        })
      machines = Set(
        host.state.machines.map { machine in
          var machine = machine
          machine.mark?.staged = []
          // A change of power alone leaves the mark as it is.
          machine.mark?.applied[MachineField.state.rawValue] = nil
          machine.mark?.disks.sort { $0.name < $1.name }
          machine.mark?.nics.sort { $0.name < $1.name }
          for index in machine.disks.indices { machine.disks[index].target = nil }
          let disks = machine.disks
          machine.mark?.disks = disks.map { .init(name: $0.name, target: "", keep: $0.keep) }
          machine.disks.sort { $0.name < $1.name }
          machine.nics.sort { $0.name < $1.name }
          return machine
        })
      guests = Set(host.guests.keys)
    }
  }
}

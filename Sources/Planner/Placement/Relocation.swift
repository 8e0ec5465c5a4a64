import FoundationEssentials
import SpecModel

/// Where VMs are, where they are wanted, and what hosts have once those that move have arrived.
struct Relocation {
  /// The spec with a host for each VM.
  private(set) var site: Site
  /// What hosts have, as the planner of each host is to see it: with the VMs that arrive, without those that leave.
  private(set) var hosts: [HostState]
  private(set) var moves: [Move] = []
  private(set) var remains: [MoveRemains] = []
  private(set) var unknown: [Plan.UnknownHost] = []
  private(set) var notes: [Plan.Note] = []
  /// VMs whose steps wait for those of others, since there is no room for both on the way.
  private(set) var waits: [ResourceName: Set<ResourceName>] = [:]
  /// How many problems say what could be done and is not.
  private(set) var refusals = 0
  /// The failures of hosts that VMs would not survive although the policy says so.
  private(set) var gaps: [String] = []
  /// Why VMs are where they are chosen to be.
  private(set) var reasons: [ResourceName: String] = [:]
  /// VMs that make way on hosts where they are not wanted, and go on from there in the next run.
  private var detours: Set<ResourceName> = []
  /// False if VMs have no place, or no way to it: then they are where they were, and what is said of that counts alone.
  private(set) var isPlaced = true

  /// The hosts that somebody has made sure run nothing any more.
  let abandoned: [ResourceName]

  private let identity: Identity
  private let options: SitePlanner.Options
  private let diagnostics: Diagnostics
  private let unreachable: [UnreachableHost]
  private let indices: [ResourceName: HostIndex]
  private let renames: Renames
  /// The hosts that have VMs of the stack, by the names that these have there, sorted.
  private let hostsByMachine: [String: [ResourceName]]

  init(
    _ site: Site, hosts: [HostState], unreachable: [UnreachableHost], options: SitePlanner.Options,
    diagnostics: Diagnostics
  ) {
    self.site = site
    self.options = options
    self.diagnostics = diagnostics
    identity = Identity(stack: site.stack)
    let hosts = SharedPools.united(hosts, of: site)
    self.hosts = hosts
    let former = site.formerHosts(in: hosts)
    self.unreachable =
      (unreachable
      + former.map {
        UnreachableHost(name: $0, reason: "the spec has it no more, and VMs of the stack may be on it")
      }).sorted { $0.name < $1.name }
    abandoned = self.unreachable.map(\.name).filter(options.fenced.contains)
    let mayMove = options.goal == .converge && site.hosts.count + former.count > 1
    indices = Dictionary(
      (mayMove ? hosts : []).map {
        ($0.name, HostIndex($0, identity: Identity(stack: site.stack), moved: site.moved))
      },
      uniquingKeysWith: { first, _ in first })
    renames = Renames(site.moved)
    hostsByMachine = indices.sorted { $0.key < $1.key }.reduce(into: [:]) { hosts, item in
      for machine in item.value.state.machines where item.value.owns(machine) {
        hosts[machine.name, default: []].append(item.key)
      }
    }
    if mayMove {
      if diagnostics.hasErrors { isPlaced = false } else { place() }
    }
    if options.goal == .destroy { unknown = self.unreachable.map { unknownHost($0) } }
    let away = Set(self.unreachable.map(\.name))
    self.hosts = SharedPools(self.site, unreachable: away).views(of: self.hosts)
  }

  // MARK: Places

  private mutating func place() {
    var locations: [ResourceName: ResourceName] = [:]
    for machine in site.machines {
      if let host = location(of: machine) { locations[machine.name] = host }
    }
    let left = LostMachines(
      of: site, besides: locations, unreachable: unreachable.map(\.name), fenced: options.fenced,
      isCutOff: isCutOff)
    let lost = left.hosts
    notes += left.notes
    for (name, host) in lost.sorted(by: { $0.key < $1.key }) where options.destinations[name] != nil {
      diagnostics.error(
        "VM '\(name)' may be on host '\(host)', which does not answer, and is not moved",
        at: site.machine(name).flatMap { site.origins.location(of: $0.path) })
    }
    locations.merge(lost) { found, _ in found }
    var placement = SitePlacement(
      site, states: hosts, locations: locations, unreachable: Set(unreachable.map(\.name)),
      drained: options.drained, destinations: options.destinations, disksLeft: disksLeft(besides: locations))
    placement.solve(survives: site.survivedFailures)
    if let obstacle = placement.obstacle, isInTheWay(obstacle, of: locations) {
      refusals += 1
      isPlaced = false
      placement.report(obstacle) { message, path, help in
        diagnostics.error(message, at: path.flatMap { site.origins.location(of: $0) }, help: help)
      }
      site = site.placing(locations)
      unknown = unreachable.map { unknownHost($0) }
      return applyRemains()
    }
    // What nobody knows stays where it may be.
    site = site.placing(placement.hosts.merging(lost) { _, lost in lost })
    waits = placement.waits
    judgeFailures(placement)
    reasons = placement.reasons
    detours = placement.detours
    let isStuck = placement.obstacle != nil
    for name in placement.postponed.sorted() {
      guard let host = placement.hosts[name] else { continue }
      notes.append(
        Plan.Note(
          Address(.vm, name.rawValue, on: host),
          isStuck
            ? "stays for now: it and others wait for each other's room"
            : "moves in the next run, once others have made room"))
    }
    noteStaying(locations)
    unknown = unreachable.map { unknownHost($0) }
    applyRemains()
    for machine in site.machines {
      guard let from = locations[machine.name], lost[machine.name] == nil, from != machine.host,
        indices[machine.host] != nil
      else { continue }
      plan(machine, from: from)
    }
  }

  private func unknownHost(_ host: UnreachableHost) -> Plan.UnknownHost {
    Plan.UnknownHost(
      host: host.name, reason: host.reason,
      machines: site.machines(on: host.name).map(\.name))
  }

  /// The host that has the VM; of several, the one where it runs, or has run.
  private mutating func location(of spec: MachineSpec) -> ResourceName? {
    let name = spec.name.rawValue
    let former = renames.formerName(ofMachine: name).flatMap { hostsByMachine[$0] } ?? []
    let all = Set((hostsByMachine[name] ?? []) + former).sorted().compactMap { host in
      indices[host]?.ownMachine(named: name).map { (host: host, machine: $0) }
    }
    guard all.count > 1 else { return all.first?.host }
    // What a host has that was lost, and has come back, counts no more.
    let lost = all.filter { isLost($0.machine, on: $0.host) && !$0.machine.isActive }
    let places =
      lost.count < all.count ? all.filter { place in !lost.contains { $0.host == place.host } } : all
    let running = places.filter { $0.machine.settings.state == .running }
    let paused = places.filter { $0.machine.settings.state == .paused }
    let words = places.map { "'\($0.host)' (\($0.machine.settings.state?.rawValue ?? "off"))" }.joined(
      separator: " and ")
    if running.count > 1 || running.isEmpty && paused.count > 1 {
      diagnostics.error(
        "VM '\(spec.name)' is on hosts \(words), and which one counts nobody can tell",
        at: site.origins.location(of: spec.path),
        help: running.isEmpty
          ? "a move that is under way, or was cut off just now, is settled by the hosts within a minute: plan again; if both stay, look at them, power one off and undefine it: virsh destroy, virsh undefine"
          : "look at both, power one of them off and undefine it: virsh destroy, virsh undefine")
      return nil
    }
    let place = running.first ?? paused.first ?? places.first { $0.host == spec.host } ?? places[0]
    for other in all where other.host != place.host {
      remains.append(
        MoveRemains(
          name: spec.name, host: other.host, machine: other.machine, place: place.host,
          isLost: lost.contains { $0.host == other.host }))
    }
    return place.host
  }

  /// True if the VM was started elsewhere when this host was lost, as its disks say.
  private func isLost(_ machine: Machine, on host: ResourceName) -> Bool {
    machine.disks.contains { disk in
      let stem = Identity.stem(ofPath: disk.path)
      return indices[host]?.state.pools.contains { pool in
        pool.volumeNames.contains { Identity.lostStem(of: $0, on: host) == stem }
      } ?? false
    }
  }

  /// True if no host has the VM, and disks of it were being copied to one when a move was cut off.
  private func isCutOff(_ machine: MachineSpec) -> Bool {
    indices.values.contains { index in
      index.state.pools.contains { pool in
        pool.volumeNames.contains { note in
          guard let stem = Identity.movedStem(of: note),
            let disk = identity.volume(named: "\(stem).\(DiskFormat.qcow2.rawValue)"),
            disk.kind == .machineDisk
          else { return false }
          return machine.disks.contains { "\(machine.name).\($0.name)" == disk.base }
        }
      }
    }
  }

  /// Whether nothing is planned for it. VMs that nobody asks to move now may go on waiting for each other.
  private func isInTheWay(_ obstacle: SitePlacement.Obstacle, of locations: [ResourceName: ResourceName])
    -> Bool
  {
    switch obstacle {
    case .noPlace: return true
    case .deadlock(let machines, _):
      return !options.isOnlyMoves || machines.contains { options.asks(for: $0, on: locations[$0]) }
    }
  }

  /// Where disks lie of VMs that are nowhere.
  private func disksLeft(besides locations: [ResourceName: ResourceName]) -> [ResourceName: DisksLeft] {
    var found: [ResourceName: DisksLeft] = [:]
    for machine in site.machines where machine.placement.isChosen && locations[machine.name] == nil {
      for host in machine.placement.hosts {
        guard let disks = indices[host]?.disksLeft(by: machine, of: site), let first = disks.first,
          disks.count > found[machine.name]?.count ?? 0
        else { continue }
        found[machine.name] = DisksLeft(host: host, disk: first, count: disks.count)
      }
    }
    return found
  }

  /// A failure that has happened is one of those that the policy wants survived: what else would not be is told then, and
  /// refuses nothing.
  private mutating func judgeFailures(_ placement: SitePlacement) {
    let failures = site.survivedFailures
    let away = Set(unreachable.map(\.name).filter { site.host($0) != nil })
    gaps = placement.gaps(after: max(0, failures - away.count)).filter { away.isDisjoint(with: $0.hosts) }
      .map(\.text)
    guard !away.isEmpty else { return }
    let hosts = away.sorted().map { "'\($0)'" }.joined(separator: " and ")
    for gap in placement.gaps(after: failures) where !gaps.contains(gap.text) {
      guard let failure = gap.without(away)?.failure else { continue }
      for machine in site.machines where gap.machines.contains(machine.name.rawValue) {
        notes.append(
          Plan.Note(
            Address(.vm, machine.name.rawValue, on: placement.hosts[machine.name] ?? machine.host),
            "has no place if \(failure), too\(gap.cause): what the policy wants survived is that of \(hosts)")
        )
      }
    }
  }

  /// Whose host the spec names does not leave it, drained or not.
  private mutating func noteStaying(_ locations: [ResourceName: ResourceName]) {
    let away = Set(unreachable.map(\.name))
    for machine in site.machines where !machine.placement.isChosen && !away.contains(machine.host) {
      guard let host = site.host(machine.host),
        locations[machine.name] == host.name || locations[machine.name] == nil,
        host.state == .drained || options.drained.contains(host.name)
      else { continue }
      let address = Address(.vm, machine.name.rawValue, on: host.name)
      if options.drained.contains(host.name) {
        refusals += 1
        diagnostics.error(
          "VM '\(machine.name)' cannot leave host '\(host.name)': the spec has it there",
          at: site.origins.location(of: machine.path + "host"),
          help: "allow other hosts, such as host: any, or name another one")
      } else {
        notes.append(Plan.Note(address, "stays on the drained host: the spec has it there"))
      }
    }
  }

  // MARK: Moves

  private mutating func plan(_ spec: MachineSpec, from: ResourceName) {
    guard let old = indices[from], let new = indices[spec.host],
      let machine = old.ownMachine(named: spec.name.rawValue),
      let source = hosts.firstIndex(where: { $0.name == from }),
      let target = hosts.firstIndex(where: { $0.name == spec.host })
    else { return }
    let copies = machine.disks.compactMap { disk -> Move.Copy? in
      guard let volume = old.volume(at: disk.path), !isShared(volume.pool, between: from, spec.host) else {
        return nil
      }
      return Move.Copy(disk: disk, volume: volume, obstacle: obstacle(at: volume, on: new))
    }
    let choice = spec.placement.isChosen || detours.contains(spec.name) ? reasons[spec.name] : nil
    moves.append(
      Move(
        name: spec.name, from: from, to: spec.host, machine: machine, guest: old.guest(of: machine),
        reason: choice ?? "the spec has it on host '\(spec.host)'", copies: copies,
        snapshots: snapshots(of: machine, old),
        obstacle: obstacle(to: spec, machine, copies, old, new),
        obstacleToLive: obstacleToLive(spec, machine, old, new)))
    // From here on, each host is planned as if it had arrived.
    let uuid = machine.uuid
    guard let moved = hosts[source].machines.first(where: { $0.uuid == uuid }) else { return }
    hosts[target].machines.append(moved)
    hosts[target].guests[uuid] = hosts[source].guests[uuid]
    hosts[source].machines.removeAll { $0.uuid == uuid }
    hosts[source].guests[uuid] = nil
    for copy in copies { take(copy.volume, from: source, to: target) }
  }

  /// The volume, and what is remembered beside it, is in the pool of another host from now on.
  private mutating func take(_ volume: Volume, from source: Int, to target: Int) {
    guard let old = hosts[source].pools.firstIndex(where: { $0.name == volume.pool }),
      let new = hosts[target].pools.firstIndex(where: { $0.name == volume.pool })
    else { return }
    let notes = hosts[source].pools[old].volumeNames.filter { Identity.isNote($0, about: volume.name) }
    hosts[source].pools[old].volumes.removeAll { $0.path == volume.path }
    hosts[source].pools[old].volumeNames.subtract(notes)
    hosts[target].pools[new].volumes.removeAll { $0.path == volume.path }
    hosts[target].pools[new].volumes.append(volume)
    hosts[target].pools[new].volumeNames.formUnion(notes)
  }

  func isShared(_ pool: String, between hosts: ResourceName...) -> Bool {
    site.pools.contains { spec in
      spec.name.rawValue == pool && spec.isShared && hosts.allSatisfy(spec.hosts.contains)
    }
  }

  private func obstacle(at volume: Volume, on host: HostIndex) -> Move.Obstacle? {
    let names = host.pool(named: volume.pool)?.volumeNames ?? []
    guard names.contains(volume.name) else { return nil }
    return host.isMoving(volume) ? .unfinishedCopy : .file
  }

  /// Why the VM cannot be moved, whatever it is about to be given.
  private func obstacle(
    to spec: MachineSpec, _ machine: Machine, _ copies: [Move.Copy], _ old: HostIndex, _ new: HostIndex
  ) -> String? {
    let drivers = (old.state.capabilities.driver, new.state.capabilities.driver)
    if drivers.0 != drivers.1 || !drivers.0.can(.moving) {
      return "between these hypervisors virtform moves no VM"
    }
    if machine.hasSavedState { return "it has a saved state, which stays on its host: start it first" }
    if let other = new.machine(machine.uuid) ?? new.machine(named: machine.name),
      !remains.contains(where: { $0.host == new.state.name && $0.machine.uuid == other.uuid })
    {
      return "host '\(new.state.name)' has a VM '\(other.name)'"
    }
    let guest = old.guest(of: machine)
    let running = guest ?? machine
    if machine.settings.state == .paused, running.transit == .paused {
      return
        "it was moved while it was paused, and QEMU before 10.0 crashes if it moves again before it has run: "
        + "state: running first"
    }
    for disk in machine.disks {
      if let overlay = disk.overlay, !isShared(overlay.path, old, new) {
        return "somebody has put a file over its disk '\(disk.name)'; take that back first"
      }
      guard old.volume(at: disk.path) != nil else {
        return "its disk '\(disk.name)' lies in no active pool of the spec (\(disk.path))"
      }
    }
    let known = Set(machine.disks.map(\.path) + machine.imageFiles + running.imageFiles)
    let other = machine.files.union(running.files).subtracting(known).sorted()
    if let file = other.first(where: {
      old.volume(at: $0) == nil && !isBacking($0, old) && !isShared($0, old, new)
    }) {
      return "it uses \(file), which lies in no pool of the spec"
    }
    if let obstacle = obstacle(toSnapshotsOf: machine, copies, old, new) { return obstacle }
    if let copy = copies.first(where: { $0.volume.type != .file }) {
      return "its disk '\(copy.disk.name)' is no file and lies on its host alone"
    }
    if let copy = copies.first(where: { if case .file = $0.obstacle { true } else { false } }) {
      return
        "host '\(new.state.name)' has a file \(copy.volume.path), and nobody says that it is worth nothing: "
        + "delete or rename it there first; in a run in which the VM does not move, --allow-data-loss-of "
        + "\(new.state.name)/disk.\(spec.name).\(copy.disk.name) deletes it"
    }
    if !copies.isEmpty, !running.hostDevices.isEmpty || !running.shares.isEmpty {
      return "it has devices or directories of its host, and disks that lie there alone"
    }
    return nil
  }

  /// Why the VM cannot move while its guest runs.
  private func obstacleToLive(
    _ spec: MachineSpec, _ machine: Machine, _ old: HostIndex, _ new: HostIndex
  ) -> String? {
    guard machine.isActive, let running = old.guest(of: machine) else { return nil }
    if !running.hostDevices.isEmpty { return "it has devices of its host" }
    if !running.shares.isEmpty { return "it shares directories with its host" }
    let cpus = (old.state.capabilities.cpu, new.state.capabilities.cpu)
    if running.settings.cpu == "host-passthrough", running.settings.accel != .tcg, cpus.0 != cpus.1 {
      return "it has the CPU of its host (host-passthrough), and host '\(new.state.name)' has another"
    }
    return nil
  }

  private func isBacking(_ path: String, _ host: HostIndex) -> Bool {
    host.state.pools.contains { pool in pool.volumes.contains { $0.backingPath == path } }
  }

  // MARK: Remains

  private mutating func applyRemains() {
    for remain in remains {
      guard let index = hosts.firstIndex(where: { $0.name == remain.host }) else { continue }
      hosts[index].machines.removeAll { $0.uuid == remain.machine.uuid }
      hosts[index].guests[remain.machine.uuid] = nil
    }
  }
}

import SpecModel

/// VMs that no host has which answers, and that may be on one which does not.
struct LostMachines {
  /// The host that each may be on.
  private(set) var hosts: [ResourceName: ResourceName] = [:]
  /// Why VMs of hosts that run nothing any more are started nowhere else.
  private(set) var notes: [Plan.Note] = []

  /// Whatever host the spec has for a VM now, it may have had another one before, and a second guest on the same disks would
  /// ruin them.
  ///
  /// - Parameters:
  ///   - unreachable: the hosts that do not answer, sorted.
  ///   - fenced: those of them that somebody has made sure run nothing any more.
  ///   - isCutOff: whether what lies of a VM on a host that answers has not all arrived there.
  init(
    of site: Site, besides locations: [ResourceName: ResourceName], unreachable: [ResourceName],
    fenced: Set<ResourceName>, isCutOff: (MachineSpec) -> Bool
  ) {
    guard !unreachable.isEmpty else { return }
    let alive = unreachable.filter { !fenced.contains($0) }
    for machine in site.machines where locations[machine.name] == nil {
      let candidates = machine.placement.isChosen ? machine.placement.hosts : [machine.host]
      if let host = alive.first(where: candidates.contains) ?? alive.first {
        hosts[machine.name] = host
      } else if let host = unreachable.first(where: candidates.contains) {
        // What is gone with its host is not made anew as if it had never been.
        if !machine.placement.isChosen {
          leaveOut(machine, on: host, "the spec has it on host '\(host)'")
        } else if !site.isOnSharedStorage(machine) {
          leaveOut(machine, on: host, "its disks may lie on host '\(host)' alone")
        } else if isCutOff(machine) {
          leaveOut(machine, on: host, Self.cutOff)
        }
      } else if let host = unreachable.first, isCutOff(machine) {
        // It was about to leave its host, whatever the spec says of it now.
        leaveOut(machine, on: host, Self.cutOff)
      }
    }
    leaveOutCompany(of: site, besides: locations)
  }

  private static let cutOff = "a move was cut off, and what has arrived of its disks is not whole"

  private mutating func leaveOut(_ machine: MachineSpec, on host: ResourceName, _ reason: String) {
    hosts[machine.name] = host
    notes.append(
      Plan.Note(Address(.vm, machine.name.rawValue, on: host), "is started nowhere else: \(reason)"))
  }

  /// What is kept together is left out together.
  private mutating func leaveOutCompany(
    of site: Site, besides locations: [ResourceName: ResourceName]
  ) {
    guard !hosts.isEmpty else { return }
    let machines = Dictionary(
      site.machines.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    var company: [ResourceName: Set<ResourceName>] = [:]
    for machine in site.machines {
      for other in machine.placement.keepWith {
        company[machine.name, default: []].insert(other)
        company[other, default: []].insert(machine.name)
      }
    }
    var open = hosts.keys.sorted()
    while let name = open.popLast() {
      guard let host = hosts[name] else { continue }
      for other in company[name, default: []].sorted()
      where hosts[other] == nil && locations[other] == nil {
        guard let machine = machines[other] else { continue }
        leaveOut(machine, on: host, "it is kept with VM '\(name)'")
        open.append(other)
      }
    }
  }
}

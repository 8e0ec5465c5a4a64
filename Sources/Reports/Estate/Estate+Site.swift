public import Planner
public import SpecModel

extension Estate {
  /// What the spec describes.
  ///
  /// - Parameter plan: what is to become of it, which objects are marked with; those that the plan removes are not in it.
  public init(_ site: Site, plan: Plan? = nil) {
    let marks = plan.map(Marks.init)
    hosts = site.hosts.map { host in
      Host(
        name: host.name.rawValue, uri: Self.uri(host),
        networks: site.networks.filter { $0.hosts.contains(host.name) }.map { network in
          Network(
            name: network.name.rawValue, mode: network.mode.rawValue,
            blocks: [network.ipv4?.cidr.description, network.ipv6?.cidr.description].compactMap { $0 },
            mark: marks?[.network, network.name.rawValue, host.name])
        },
        machines: site.machines(on: host.name).map { machine in
          Machine(machine, of: site, mark: marks?[.vm, machine.name.rawValue, host.name])
        })
    }
  }

  /// The hosts of the spec alone.
  public init(hostsOf site: Site) {
    hosts = site.hosts.map { Host(name: $0.name.rawValue, uri: Self.uri($0), networks: [], machines: []) }
  }

  private static func uri(_ host: SpecModel.Host) -> String {
    switch host.connection {
    case .embedded: "embedded"
    case .uri(let uri): uri.description
    }
  }
}

extension Estate.Machine {
  fileprivate init(_ spec: MachineSpec, of site: Site, mark: Estate.Mark?) {
    let devices = spec.memoryDevices.map(\.size.rawValue).reduce(0, +)
    var seen: Set<ResourceName> = []
    self.init(
      name: spec.name.rawValue, state: (spec.settings.state ?? .running).rawValue,
      cpus: spec.settings.cpus?.count ?? 1,
      memory: spec.settings.memory.map { $0.size.rawValue + devices },
      disks: spec.disks.map { Estate.Disk($0, of: site) },
      networks: spec.nics.map(\.network).filter { seen.insert($0).inserted }.map(\.rawValue),
      mark: mark)
  }
}

extension Estate.Disk {
  fileprivate init(_ spec: DiskSpec, of site: Site) {
    switch spec.source {
    case .own(let size, _, _, _): self.init(name: spec.name.rawValue, kind: .own, size: size?.rawValue)
    case .existing, .path: self.init(name: spec.name.rawValue, kind: .existing, size: nil)
    case .shared(let name):
      self.init(name: name.rawValue, kind: .shared, size: site.disk(name)?.size.rawValue)
    case .cdrom, .hostMedium: self.init(name: spec.name.rawValue, kind: .cdrom, size: nil)
    }
  }
}

/// What a plan does to objects, by their addresses. A VM is marked with what is done to its disks, too.
struct Marks {
  private var byAddress: [Address: Estate.Mark] = [:]

  init(_ plan: Plan) {
    for change in plan.changes {
      byAddress[change.address] = Estate.Mark(action: change.action, effect: change.effect)
    }
    for change in plan.changes where change.address.kind == .disk {
      // `web-1.root` is a disk of the VM; a shared disk has no dot.
      guard let dot = change.address.name.firstIndex(of: ".") else { continue }
      let machine = Address(.vm, String(change.address.name[..<dot]), on: change.address.host)
      let mark = byAddress[machine]
      guard mark == nil || mark?.action == .update else { continue }
      byAddress[machine] = Estate.Mark(action: .update, effect: max(mark?.effect ?? .none, change.effect))
    }
  }

  subscript(_ kind: Address.Kind, _ name: String, _ host: ResourceName) -> Estate.Mark? {
    byAddress[Address(kind, name, on: host)]
  }
}

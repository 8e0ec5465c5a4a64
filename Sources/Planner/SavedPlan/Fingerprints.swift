import SpecModel

/// What is known of the objects that a plan changes, condensed.
struct Fingerprints {
  private let objects: [Address: Object]
  private let wanted: [Address: [String: String]]

  init(_ plan: Plan, _ states: [HostState], of site: Site) {
    let identity = Identity(stack: site.stack)
    // What a plan does not change is not looked up.
    let indices = (plan.changes.isEmpty ? [] : states).map {
      HostIndex($0, identity: identity, moved: site.moved)
    }
    objects = indices.reduce(into: [:]) { Self.add($1, identity, to: &$0) }
    wanted = plan.steps.reduce(into: [:]) { wanted, step in
      if let values = step.operation.wantedValues { wanted[step.address] = values }
    }
  }

  /// The objects of the stack on a host, by the addresses that plans give them.
  private static func add(_ index: HostIndex, _ identity: Identity, to objects: inout [Address: Object]) {
    let state = index.state
    func address(_ kind: Address.Kind, _ name: String) -> Address { Address(kind, name, on: state.name) }
    for pool in state.pools { objects[address(.pool, pool.name)] = .pool(pool) }
    for firewall in state.firewalls ?? [] {
      objects[address(.firewall, firewall.specName)] = .firewall(firewall)
    }
    for network in state.networks {
      objects[address(.network, index.specName(ofNetwork: network.name))] = .network(
        network, live: state.liveNetworks[network.uuid])
    }
    for volume in state.pools.flatMap(\.volumes) {
      guard let tagged = identity.volume(named: volume.name) else { continue }
      if tagged.kind.isCopy {
        objects[address(.image, tagged.base)] = .volume(volume)
        // An image that is wanted goes by its name, without the start of its digest.
        let name = tagged.base.lastIndex(of: "-").map { String(tagged.base[..<$0]) } ?? tagged.base
        objects[address(.image, name)] = .volume(volume)
      } else {
        objects[address(.disk, index.specName(of: tagged, in: volume.pool))] = .volume(volume)
      }
    }
    for machine in state.machines where index.owns(machine) {
      let name = index.specName(of: machine)
      objects[address(.vm, name)] = .machine(machine, guest: index.guest(of: machine))
      // The file of a disk keeps the name that it was made with.
      for disk in machine.disks {
        if let volume = index.volume(at: disk.path) {
          objects[address(.disk, "\(name).\(disk.name)")] = .volume(volume)
        }
      }
    }
  }

  /// All that was read of the object; nil if it is not there.
  func before(_ address: Address) -> String? {
    switch objects[address] {
    case .machine(let machine, let guest): CanonicalText.digest([machine, guest])
    case .network(let network, let live): CanonicalText.digest([network, live])
    // What is in it are objects of their own, and its free space is nobody's.
    case .pool(let pool):
      CanonicalText.digest(
        [pool.name, pool.uuid.uuidString, "\(pool.isActive)"] + pool.values.map { "\($0)=\($1)" }.sorted())
    case .volume(let volume): CanonicalText.digest(volume)
    case .firewall(let firewall): CanonicalText.digest(firewall.values)
    case nil: nil
    }
  }

  /// What the plan makes of the object; nil if it goes.
  func after(_ address: Address) -> String? { wanted[address].map { CanonicalText.digest($0) } }

  /// What the plan makes of the object, by path.
  func wantedValues(_ address: Address) -> [String: String] { wanted[address] ?? [:] }

  /// What the object has, by path.
  func values(_ address: Address) -> [String: String] {
    switch objects[address] {
    case .machine(let machine, _): machine.values
    case .network(let network, _): network.values
    case .pool(let pool): pool.values.merging(["active": "\(pool.isActive)"]) { $1 }
    case .firewall(let firewall): firewall.values
    case .volume(let volume): ["size": "\(volume.capacity)", "path": volume.path]
    case nil: [:]
    }
  }

  private enum Object {
    case machine(Machine, guest: Machine?)
    case network(Network, live: Network?)
    case pool(Pool)
    case volume(Volume)
    case firewall(Firewall)
  }
}

extension Pool {
  /// What it is, by path.
  var values: [String: String] {
    var values: [String: String] = [:]
    for field in [PoolField.type, .source, .path] { values[field.rawValue] = field.rule.value(self) }
    return values
  }
}

extension Firewall {
  /// All that it lets pass, and what it does not.
  var values: [String: String] {
    [
      "rules": rules.sorted().map { "\($0.direction.rawValue) \($0.priority) \($0)" }.joined(separator: ", "),
      "include": includes.sorted().joined(separator: ", "),
    ]
  }
}

extension Network {
  /// All values that the table of fields knows, by path, and the reservations.
  var values: [String: String] {
    var values: [String: String] = [:]
    for field in NetworkField.allCases { values[field.rawValue] = field.value(of: self) }
    for reservation in ipv4.reservations { values["reservation.\(reservation.ip)"] = "\(reservation)" }
    for reservation in ipv6.reservations { values["reservation.\(reservation.ip)"] = "\(reservation)" }
    return values
  }
}

extension Operation {
  /// What an operation makes of its object, by path; nil for one that says nothing of that.
  fileprivate var wantedValues: [String: String]? {
    switch self {
    case .defineMachine(let machine): machine.values
    case .updateMachine(let update): update.wanted.values
    case .ensurePool(let pool): pool.values
    case .uploadImage(_, let content, let volume, _): ["path": volume.path, "sha256": content.sha256]
    // Its name has the digest.
    case .uploadSeed(_, let volume, _), .uploadIgnition(_, let volume, _): ["path": volume.path]
    case .copyImage(let content, _, _, let volume):
      ["path": volume.path, "size": "\(volume.capacity)", "sha256": content.sha256]
    case .createVolume(let volume, _), .growVolume(let volume, _):
      ["path": volume.path, "size": "\(volume.capacity)"]
    case .ensureNetwork(let network, _): network.values
    case .updateNetwork(let update): update.wanted.values
    case .defineFirewall(let firewall): firewall.values
    default: nil
    }
  }
}

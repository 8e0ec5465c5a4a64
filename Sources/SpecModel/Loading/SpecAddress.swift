/// What an entry of `moved:` or `removed:` names: `vms.web`, `vms.web.disks.data`, `vms.web.nics.lan`,
/// `networks.lan` or `disks.data`.
enum SpecAddress: Hashable, CustomStringConvertible {
  case machine(ResourceName)
  case disk(ResourceName, of: ResourceName)
  case nic(ResourceName, of: ResourceName)
  case network(ResourceName)
  case sharedDisk(ResourceName)

  /// Names may have dots in them, so that the first `.disks.` or `.nics.` ends the VM's.
  init(parsing text: String) throws(ValueError) {
    let section = text.prefix { $0 != "." }
    let rest = text.dropFirst(section.count + 1)
    switch section {
    case "vms":
      if let (machine, disk) = Self.split(rest, at: ".disks.") {
        self = .disk(try ResourceName(parsing: disk), of: try ResourceName(parsing: machine))
      } else if let (machine, nic) = Self.split(rest, at: ".nics.") {
        self = .nic(try ResourceName(parsing: nic), of: try ResourceName(parsing: machine))
      } else {
        self = .machine(try ResourceName(parsing: String(rest)))
      }
    case "networks":
      self = .network(try ResourceName(parsing: String(rest)))
    case "disks":
      self = .sharedDisk(try ResourceName(parsing: String(rest)))
    default:
      let near = nearest(to: String(section), in: ["vms", "networks", "disks"]).map {
        "did you mean '\($0).…'? "
      }
      throw ValueError(
        "'\(text)' is no VM, disk, NIC or network",
        help: (near ?? "")
          + "write vms.VM, vms.VM.disks.DISK, vms.VM.nics.NIC, networks.NETWORK or disks.DISK")
    }
  }

  private static func split(_ text: Substring, at mark: String) -> (String, String)? {
    text.firstRange(of: mark).map { (String(text[..<$0.lowerBound]), String(text[$0.upperBound...])) }
  }

  /// What a person calls it in an error.
  var kind: String {
    switch self {
    case .machine: "a VM"
    case .disk: "a disk of a VM"
    case .nic: "a NIC"
    case .network: "a network"
    case .sharedDisk: "a disk"
    }
  }

  /// The VM that it is a part of.
  var owner: ResourceName? {
    switch self {
    case .disk(_, let machine), .nic(_, let machine): machine
    case .machine, .network, .sharedDisk: nil
    }
  }

  /// The same part of another VM; what is no part stays what it is.
  func moved(to machine: ResourceName) -> SpecAddress {
    switch self {
    case .disk(let name, _): .disk(name, of: machine)
    case .nic(let name, _): .nic(name, of: machine)
    case .machine, .network, .sharedDisk: self
    }
  }

  /// As it is written: `vms.web.disks.data`.
  var description: String {
    switch self {
    case .machine(let name): "vms.\(name)"
    case .disk(let name, let machine): "vms.\(machine).disks.\(name)"
    case .nic(let name, let machine): "vms.\(machine).nics.\(name)"
    case .network(let name): "networks.\(name)"
    case .sharedDisk(let name): "disks.\(name)"
    }
  }
}

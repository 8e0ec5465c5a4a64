public import Planner
import SpecModel

/// The hosts of a stack with their VMs, disks and networks: what pictures and reports show, as the spec wants it or as the
/// hosts have it.
public struct Estate: Sendable {
  public struct Host: Sendable {
    public let name: String
    /// How it is reached, without a password; nil where that is not asked.
    public let uri: String?
    /// Sorted by name.
    public internal(set) var networks: [Network]
    /// In their natural order.
    public internal(set) var machines: [Machine]
    /// What it has, and what of it is used.
    public internal(set) var gauges: [Gauge] = []
  }

  public struct Network: Sendable {
    public let name: String
    public let mode: String?
    /// Its blocks of addresses, in CIDR notation.
    public let blocks: [String]
    public var mark: Mark?
  }

  public struct Machine: Sendable {
    public let name: String
    /// `running`, `paused`, `off`; nil where the spec does not say.
    public let state: String?
    public let cpus: Int?
    /// Bytes.
    public let memory: UInt64?
    public let disks: [Disk]
    /// The names of the networks that its NICs are on, once each, in the order of the NICs.
    public let networks: [String]
    /// True if it is on the host without being the stack's.
    public var isForeign = false
    public var mark: Mark?
    /// What a count of alike VMs is folded into: their names; empty for a VM by itself.
    public internal(set) var members: [String] = []
  }

  public struct Disk: Sendable, Hashable {
    public enum Kind: String, Sendable { case own, shared, existing, cdrom }

    public let name: String
    public let kind: Kind
    /// Bytes; nil where nobody knows, and for media.
    public let size: UInt64?
  }

  /// What a plan does to an object.
  public struct Mark: Sendable, Hashable {
    public let action: Change.Action
    public let effect: Effect
  }

  /// Something that a host has a certain amount of.
  public struct Gauge: Sendable, Hashable {
    public enum Unit: Sendable { case count, bytes }

    /// `vCPUs`, `memory`, `pool default`
    public let name: String
    public let unit: Unit
    /// How much there is; nil where nobody knows.
    public let total: UInt64?
    /// How much of it is used now.
    public let before: UInt64
    /// How much is used once the plan is carried out; the same without one.
    public let after: UInt64
  }

  /// Sorted by name.
  public internal(set) var hosts: [Host]

  public init(hosts: [Host]) { self.hosts = hosts }
}

extension Estate {
  /// The same with alike VMs of a count as one: those whose names differ in a number alone.
  public var folded: Estate {
    var estate = self
    for index in estate.hosts.indices {
      estate.hosts[index].machines = Self.folded(estate.hosts[index].machines)
    }
    return estate
  }

  /// Fewer than this are shown one by one, as in a plan.
  private static let smallestFold = 4

  private static func folded(_ machines: [Machine]) -> [Machine] {
    struct Key: Hashable {
      let stem: String
      let state: String?
      let cpus: Int?
      let memory: UInt64?
      let disks: [Disk]
      let networks: [String]
      let isForeign: Bool
      let mark: Mark?

      init(_ machine: Machine) {
        stem = machine.name.replacing(#/[0-9]+/#, with: "#")
        state = machine.state
        cpus = machine.cpus
        memory = machine.memory
        disks = machine.disks
        networks = machine.networks
        isForeign = machine.isForeign
        mark = machine.mark
      }
    }
    let groups = Dictionary(grouping: machines, by: Key.init)
    var done: Set<Key> = []
    return machines.compactMap { machine in
      let key = Key(machine)
      guard let group = groups[key], group.count >= smallestFold else { return machine }
      guard done.insert(key).inserted else { return nil }
      var folded = machine
      folded.members = group.map(\.name)
      return folded
    }
  }
}

extension Estate.Machine {
  /// `web-1`, or `web-1 … web-40 (40 alike)`
  public var title: String {
    guard let first = members.first, let last = members.last else { return name }
    return "\(first) … \(last) (\(members.count) alike)"
  }

  /// `2 vCPUs, 4 GiB, running`
  public var details: String {
    [
      cpus.map { $0 == 1 ? "1 vCPU" : "\($0) vCPUs" }, memory.map { ByteCount(rawValue: $0).rounded },
      state, isForeign ? "not of this stack" : nil,
    ].compactMap { $0 }.joined(separator: ", ")
  }
}

extension Estate.Disk {
  /// `root 10 GiB`, `cd (medium)`
  public var title: String {
    let size = size.map { " " + ByteCount(rawValue: $0).rounded } ?? ""
    switch kind {
    case .own: return name + size
    case .shared: return "\(name)\(size) (shared)"
    case .existing: return "\(name)\(size) (existing)"
    case .cdrom: return "\(name) (CD)"
    }
  }
}

extension Estate.Network {
  /// `lan`, `lan 10.0.0.0/24, nat`
  public var details: String { (blocks + [mode].compactMap { $0 }).joined(separator: ", ") }
}

extension Estate.Gauge {
  /// Whole percents of what there is, rounded; nil where nobody knows how much that is.
  public func percent(_ amount: UInt64) -> Int? {
    guard let total, total > 0 else { return nil }
    return Int((Double(amount) / Double(total) * 100).rounded())
  }

  /// An amount in the gauge's unit.
  public func text(_ amount: UInt64) -> String {
    unit == .count ? "\(amount)" : ByteCount(rawValue: amount).rounded
  }
}

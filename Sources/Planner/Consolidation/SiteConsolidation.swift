public import SpecModel

/// The fewest hosts that hold the VMs of a site, as far as they were found, and the way there.
public struct SiteConsolidation: Sendable {
  /// Where VMs are, and what hosts have.
  public enum Basis: String, CaseIterable, Sendable {
    /// As the hosts report it.
    case hosts
    /// As the spec says it, without asking anybody.
    case spec
  }

  public struct Options: Sendable {
    public var basis: Basis
    public var headroom = Headroom()
    /// The size of the VMs that are counted to tell what still fits; nil for the median of the VMs.
    public var reference: MachineSize?
    /// Whether VMs of others may move, too.
    public var movesOthers = false
    /// What VMs were seen to take of CPUs, which then counts instead of their vCPUs.
    public var load: MeasuredLoad?

    public init(basis: Basis = .hosts) { self.basis = basis }
  }

  /// What was seen of a VM, beside what it has.
  public struct Measurement: Hashable, Sendable {
    public let name: String
    public let vCPUs: Int
    /// Bytes that it has.
    public let memory: UInt64
    public let peak: MeasuredLoad.Peak
  }

  /// How much of a resource is taken of a host: bytes of memory; vCPUs, or, where they are measured, hundredths of CPUs.
  public struct Use: Hashable, Sendable {
    /// What VMs may take: without the reserve, with overcommit; nil of a host that nobody knows the size of.
    public let capacity: UInt64?
    public let before: UInt64
    public let after: UInt64

    /// Whole percents, rounded; of nothing, nothing is 0 and anything 100. nil where nobody knows.
    public func percent(_ amount: UInt64) -> Int? {
      guard let capacity else { return nil }
      return capacity == 0
        ? (amount == 0 ? 0 : 100) : Int((Double(amount) / Double(capacity) * 100).rounded())
    }
  }

  /// A host that is in use before or after.
  public struct HostUse: Hashable, Sendable {
    public let name: ResourceName
    /// VMs on it, whoever made them.
    public let machinesBefore: Int
    public let machinesAfter: Int
    /// In the order of the resources.
    public let uses: [Use]
    /// The resource that is fullest afterwards; nil on a host that is empty then, or of unknown size.
    public let fullest: PlacementResource?
    public let isEmptied: Bool

    public subscript(resource: PlacementResource) -> Use { uses[resource.rawValue] }
  }

  /// What a move does to a VM.
  public enum MoveEffect: String, Sendable {
    /// It goes on running; its memory is copied.
    case live
    /// It is off.
    case off
    /// It is nowhere yet.
    case new
  }

  /// A VM that goes to another host, or is new on one.
  public struct Move: Hashable, Sendable {
    public let name: String
    public let from: ResourceName?
    public let to: ResourceName
    public let effect: MoveEffect
    /// Bytes that are copied of its memory.
    public let memory: UInt64
    /// Bytes that are copied of disks which the new host does not see, as far as their sizes are known.
    public let disks: UInt64
    public let reason: String
    /// The VMs that have to have moved before.
    public let waitsFor: [String]
    /// True if it goes on to another host later.
    public let isDetour: Bool
  }

  /// How many more VMs of a size the hosts in use would take.
  public struct Room: Hashable, Sendable {
    public let size: MachineSize
    /// True if the size is the median of the VMs.
    public let isMedian: Bool
    /// With the headroom left free.
    public let count: Int
    /// With nothing left free.
    public let countWithoutHeadroom: Int
  }

  public let stack: ResourceName
  public let options: Options
  /// VMs that were looked at, and how many VMs of others besides stay where they are.
  public let machineCount: Int
  public let otherCount: Int
  /// The hosts in use, sorted by name.
  public let hostsBefore: [ResourceName]
  public let hostsAfter: [ResourceName]
  /// No choice of hosts needs fewer.
  public let lowerBound: Int
  /// The hosts in use before or after, sorted by name.
  public let usage: [HostUse]
  /// In an order in which they can be made.
  public let moves: [Move]
  /// VMs that cannot move, since each waits for others of them, and the one that had to be stopped for that.
  public let stuck: [String]
  public let stopping: String?
  public let room: Room?
  /// Sorted by name; empty where nothing was measured.
  public let measurements: [Measurement]
  /// The failures of hosts that VMs would not survive although the policy says so.
  public let gaps: [String]
  /// The host of each VM of the spec.
  let placement: [ResourceName: ResourceName]

  /// How many hundredths of CPUs, or vCPUs, stand for one.
  public var cpuUnit: UInt64 { options.load == nil ? 1 : 100 }

  /// Hundredths of CPUs as a number of CPUs: `3`, `0.25`.
  static func cpus(_ hundredths: UInt64) -> String {
    let (whole, rest) = hundredths.quotientAndRemainder(dividingBy: 100)
    return rest == 0 ? "\(whole)" : "\(whole).\(rest < 10 ? "0" : "")\(rest)"
  }

  public var emptied: [ResourceName] { hostsBefore.filter { !hostsAfter.contains($0) } }
  /// How many hosts fewer might be enough.
  public var gap: Int { hostsAfter.count - lowerBound }
}

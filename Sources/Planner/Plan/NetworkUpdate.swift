public import SpecModel

/// An edit of a network: of its definition, and of what it has while it is active.
public struct NetworkUpdate: Sendable {
  /// The network as its definition is to be, with the mark that is to be remembered.
  public let wanted: Network
  public let definition: NetworkEdit
  /// What the active network is to have at once.
  public let live: NetworkEdit

  public init(wanted: Network, definition: NetworkEdit, live: NetworkEdit) {
    self.wanted = wanted
    self.definition = definition
    self.live = live
  }
}

/// What changes in one of a network's two documents. It says what goes and what comes, never how the whole is to be:
/// what others put beside it stays.
public struct NetworkEdit: Hashable, Sendable {
  /// Fields of one value, to be written as the wanted network has them.
  public var fields: Set<NetworkField> = []
  public var removedRanges: [AddressRange] = []
  public var addedRanges: [AddressRange] = []
  public var removedReservations: [Network.Reservation] = []
  public var addedReservations: [Network.Reservation] = []
  public var removedRecords: Set<String> = []
  /// Records to add or to change.
  public var setRecords: [String: IPv4Address] = [:]

  public init() {}

  /// What takes `network` to `target`, as far as `fields` go.
  init(from network: Network, to target: Network, _ fields: Set<NetworkField>) {
    self.fields = fields.subtracting([.dhcp, .reservations, .records])
    if fields.contains(.dhcp) {
      removedRanges = network.ranges.filter { !target.ranges.contains($0) }
      addedRanges = target.ranges.filter { !network.ranges.contains($0) }
    }
    if fields.contains(.reservations) {
      removedReservations = network.reservations.subtracting(target.reservations).sorted()
      addedReservations = target.reservations.subtracting(network.reservations).sorted()
    }
    if fields.contains(.records) {
      removedRecords = Set(network.records.keys).subtracting(target.records.keys)
      setRecords = target.records.filter { network.records[$0.key] != $0.value }
    }
  }

  public var isEmpty: Bool { self == NetworkEdit() }
}

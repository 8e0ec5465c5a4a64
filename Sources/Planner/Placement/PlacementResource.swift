import SpecModel

/// What hosts share out among VMs, in the order of a placement problem's resources.
public enum PlacementResource: Int, CaseIterable, Sendable {
  case memory, cpus

  /// `memory`, `vCPUs`
  public var title: String { self == .memory ? "memory" : "vCPUs" }

  /// - Parameter roundsUp: whether it is said to be rather more than less.
  func text(_ amount: UInt64, roundsUp: Bool = false) -> String {
    let size = ByteCount(rawValue: amount)
    return self == .memory
      ? roundsUp ? size.roundedUp : size.rounded : "\(amount) \(amount == 1 ? "vCPU" : "vCPUs")"
  }
}

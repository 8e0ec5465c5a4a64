import SpecModel

/// What hosts share out among VMs, in the order of a placement problem's resources.
public enum PlacementResource: Int, CaseIterable, Sendable {
  case memory, cpus

  /// `memory`, `vCPUs`
  public var title: String { self == .memory ? "memory" : "vCPUs" }

  func text(_ amount: UInt64) -> String {
    self == .memory
      ? "\(ByteCount(rawValue: amount))" : "\(amount) \(amount == 1 ? "vCPU" : "vCPUs")"
  }
}

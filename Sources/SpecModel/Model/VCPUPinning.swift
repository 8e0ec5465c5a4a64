/// Which of the host's CPUs each virtual one may run on
/// (<https://libvirt.org/formatdomain.html#cpu-tuning>). A vCPU that is not named may run on all.
public struct VCPUPinning: Hashable, Sendable, CustomStringConvertible {
  /// By the number of the vCPU, from 0.
  public let sets: [Int: CPUSet]

  public init(_ sets: [Int: CPUSet]) { self.sets = sets }

  /// Each of `count` vCPUs on the same set.
  public init(all set: CPUSet, count: Int) {
    self.init(Dictionary(uniqueKeysWithValues: (0..<count).map { ($0, set) }))
  }

  /// `0: 0-1, 1: 2-3`
  public var description: String {
    sets.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: ", ")
  }
}

public import FoundationEssentials
public import SpecModel

/// What running VMs were seen to take, from several looks at them.
public struct MeasuredLoad: Hashable, Sendable {
  /// One look at a VM.
  public struct Sample: Hashable, Sendable {
    /// Nanoseconds of CPU since it started.
    public let cpuTime: UInt64
    /// Bytes that the guest uses; nil where nobody knows.
    public let usedMemory: UInt64?

    public init(cpuTime: UInt64, usedMemory: UInt64?) {
      self.cpuTime = cpuTime
      self.usedMemory = usedMemory
    }
  }

  /// The most that was seen of a VM.
  public struct Peak: Hashable, Sendable {
    /// In hundredths of a CPU, rounded up.
    public var cpus: UInt64
    /// Bytes; nil where nobody knows.
    public var usedMemory: UInt64?
  }

  public private(set) var peaks: [UUID: Peak] = [:]
  /// How much of a CPU there has to be for each that was seen in use.
  public let factor: Ratio
  private var last: [UUID: Look] = [:]

  private struct Look: Hashable {
    let sample: Sample
    /// Nanoseconds.
    let time: UInt64
  }

  public init(factor: Ratio) { self.factor = factor }

  /// Takes in a look at the VMs of a host.
  ///
  /// - Parameter time: nanoseconds on any clock that only goes forward.
  public mutating func add(_ samples: [UUID: Sample], at time: UInt64) {
    for (uuid, sample) in samples {
      defer { last[uuid] = Look(sample: sample, time: time) }
      // A VM that has started anew counts from 0 again.
      guard let earlier = last[uuid], time > earlier.time, sample.cpuTime >= earlier.sample.cpuTime else {
        continue
      }
      let before = earlier.sample
      let (used, span) = (sample.cpuTime - before.cpuTime, time - earlier.time)
      let cpus = UInt64((Double(used) / Double(span) * 100).rounded(.up))
      let memory = [peaks[uuid]?.usedMemory, before.usedMemory, sample.usedMemory].compactMap { $0 }.max()
      peaks[uuid] = Peak(cpus: max(cpus, peaks[uuid]?.cpus ?? 0), usedMemory: memory)
    }
  }

  /// What is set aside for a VM, in hundredths of a CPU; nil if it was not measured.
  func demand(of uuid: UUID) -> UInt64? { peaks[uuid].map { factor.of($0.cpus) } }
}

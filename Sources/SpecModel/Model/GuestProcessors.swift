/// How a guest's vCPUs are arranged (<https://libvirt.org/formatdomain.html#cpu-model-and-topology>).
public struct CPUTopology: Hashable, Sendable, CustomStringConvertible {
  public let sockets: Int
  /// In each socket.
  public let cores: Int
  /// In each core.
  public let threads: Int

  public init(sockets: Int = 1, cores: Int = 1, threads: Int = 1) {
    self.sockets = sockets
    self.cores = cores
    self.threads = threads
  }

  /// `sockets: 1, cores: 2, threads: 2`
  public var description: String { "sockets: \(sockets), cores: \(cores), threads: \(threads)" }
}

/// A NUMA cell of a guest, numbered from 0 by its place among the others
/// (<https://libvirt.org/formatdomain.html#guest-numa-topology>).
public struct NUMACell: Hashable, Sendable, CustomStringConvertible {
  /// The numbers of its vCPUs.
  public let cpus: CPUSet
  public let memory: ByteCount

  public init(cpus: CPUSet, memory: ByteCount) {
    self.cpus = cpus
    self.memory = memory
  }

  /// `vCPU 0-1 and 1 GiB`
  public var description: String { "vCPU \(cpus) and \(memory)" }
}

/// The size of the host's pages that a guest's memory is made of
/// (<https://libvirt.org/formatdomain.html#memory-backing>).
public enum HugePages: Hashable, Sendable, CustomStringConvertible {
  /// The host's usual size of huge pages.
  case standard
  case size(ByteCount)

  public var description: String {
    switch self {
    case .standard: "the host's size"
    case .size(let size): "\(size)"
    }
  }
}

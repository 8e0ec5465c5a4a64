internal import CLibvirt

extension Domain {
  /// Sets limits of a disk's throughput, following `virDomainSetBlockIoTune`.
  ///
  /// - Parameters:
  ///   - disk: the disk's target, `vda`.
  ///   - limits: bytes and operations a second by libvirt's names, such as `read_bytes_sec`; 0 is no limit.
  public func setBlockIOTune(_ disk: String, limits: [String: UInt64], affecting affect: Affect) async throws
  {
    let parameters = limits.sorted { $0.key < $1.key }.map { TypedParameter($0.key, $0.value) }
    try await call("virDomainSetBlockIoTune", .changes) { call, domain in
      try call.withParameters(parameters) { list, count in
        _ = try call.check(virDomainSetBlockIoTune(domain, disk, list, count, affect.rawValue))
      }
    }
  }

  /// Sets parameters of the host's scheduler for the domain, following `virDomainSetSchedulerParametersFlags`.
  ///
  /// - Parameter parameters: by libvirt's names, such as `cpu_shares`.
  public func setSchedulerParameters(_ parameters: [String: UInt64], affecting affect: Affect) async throws {
    let parameters = parameters.sorted { $0.key < $1.key }.map { TypedParameter($0.key, $0.value) }
    try await call("virDomainSetSchedulerParametersFlags", .changes) { call, domain in
      try call.withParameters(parameters) { list, count in
        _ = try call.check(virDomainSetSchedulerParametersFlags(domain, list, count, affect.rawValue))
      }
    }
  }

  /// Says which CPUs of the host a vCPU may run on, following `virDomainPinVcpuFlags`.
  ///
  /// - Parameters:
  ///   - vcpu: its number, from 0.
  ///   - cpus: the numbers of the host's CPUs; those that the host does not have are left out by libvirt.
  public func pinVCPU(_ vcpu: Int, to cpus: [Int], affecting affect: Affect) async throws {
    var map = [UInt8](repeating: 0, count: (cpus.max() ?? 0) / 8 + 1)
    for cpu in cpus where cpu >= 0 { map[cpu / 8] |= 1 << UInt8(cpu % 8) }
    try await call("virDomainPinVcpuFlags", .changes) { [map] call, domain in
      var map = map
      _ = try call.check(
        virDomainPinVcpuFlags(
          domain, UInt32(clamping: vcpu), &map, Int32(clamping: map.count), affect.rawValue))
    }
  }

  /// Gives the domain, which has to be shut off, another name; follows `virDomainRename`.
  public func rename(to name: String) async throws {
    try await call("virDomainRename", .changes) { _ = try $0.check(virDomainRename($1, name, 0)) }
  }
}

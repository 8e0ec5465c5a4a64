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
  /// - Parameters:
  ///   - parameters: by libvirt's names and types, such as `cpu_shares`, an unsigned long. What a driver has is in
  ///     <https://libvirt.org/manpages/virsh.html#schedinfo>.
  ///   - affect: empty for the domain as it is, which is all that the driver for Xen knows.
  public func setSchedulerParameters(_ parameters: [TypedParameter], affecting affect: Affect) async throws {
    try await call("virDomainSetSchedulerParametersFlags", .changes) { call, domain in
      try call.withParameters(parameters) { list, count in
        _ = try call.check(virDomainSetSchedulerParametersFlags(domain, list, count, affect.rawValue))
      }
    }
  }

  /// The unsigned parameters of the host's scheduler for the running domain, by libvirt's names; follows
  /// `virDomainGetSchedulerParameters`.
  public func schedulerParameters() async throws -> [String: UInt32] {
    try await call("virDomainGetSchedulerParameters") { call, domain in
      var count: Int32 = 0
      // It tells how many there are; its name says nothing more.
      _ = try call.string(virDomainGetSchedulerType(domain, &count))
      var list = [virTypedParameter](repeating: virTypedParameter(), count: Int(count))
      try call.check(virDomainGetSchedulerParameters(domain, &list, &count))
      defer { virTypedParamsClear(&list, count) }
      return list.prefix(Int(count)).reduce(into: [:]) { values, parameter in
        guard parameter.type == Int32(VIR_TYPED_PARAM_UINT.rawValue) else { return }
        let name = withUnsafeBytes(of: parameter.field) { bytes in
          String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        values[name] = parameter.value.ui
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

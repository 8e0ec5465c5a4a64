internal import CLibvirt

extension Connection {
  /// The version of the libvirt that this process uses, following `virGetVersion`; 0.0.0 if it does not say.
  public static var clientVersion: Version {
    var number: UInt = 0
    return virGetVersion(&number, nil, nil) < 0 ? Version(0, 0, 0) : Version(number: number)
  }

  /// The URI as the host's libvirt writes it, following `virConnectGetURI`.
  public func canonicalURI() async throws -> String {
    try await call("virConnectGetURI") { try $0.string(virConnectGetURI($0.connection)) }
  }

  /// The name of the driver: `QEMU`, `Xen`, `TEST`; follows `virConnectGetType`.
  public func driver() async throws -> String {
    try await call("virConnectGetType") { call in
      guard let name = virConnectGetType(call.connection) else { throw call.lastError() }
      return String(cString: name)
    }
  }

  /// The version of the host's libvirt, following `virConnectGetLibVersion`.
  public func libvirtVersion() async throws -> Version {
    try await call("virConnectGetLibVersion") { call in
      var number: UInt = 0
      try call.check(virConnectGetLibVersion(call.connection, &number))
      return Version(number: number)
    }
  }

  /// The version of the hypervisor, following `virConnectGetVersion`.
  public func hypervisorVersion() async throws -> Version {
    try await call("virConnectGetVersion") { call in
      var number: UInt = 0
      try call.check(virConnectGetVersion(call.connection, &number))
      return Version(number: number)
    }
  }

  /// The host's name for itself, following `virConnectGetHostname`.
  public func hostname() async throws -> String {
    try await call("virConnectGetHostname") { try $0.string(virConnectGetHostname($0.connection)) }
  }

  /// What the host is and can run, following `virConnectGetCapabilities`; the root is `<capabilities>`.
  public func capabilities() async throws -> XMLElement {
    try await call("virConnectGetCapabilities") { try $0.document(virConnectGetCapabilities($0.connection)) }
  }

  /// What a domain of some kind can have, following `virConnectGetDomainCapabilities`; the host chooses for
  /// what is `nil`. The root is `<domainCapabilities>`.
  public func domainCapabilities(
    arch: String? = nil, machine: String? = nil, virtType: String? = nil
  ) async throws -> XMLElement {
    try await call("virConnectGetDomainCapabilities") { call in
      try call.document(
        virConnectGetDomainCapabilities(call.connection, nil, arch, machine, virtType, 0))
    }
  }

  /// The host's memory in KiB, and its logical processors; follows `virNodeGetInfo`.
  public func nodeInfo() async throws -> NodeInfo {
    try await call("virNodeGetInfo") { call in
      var info = virNodeInfo()
      try call.check(virNodeGetInfo(call.connection, &info))
      return NodeInfo(memoryKibibytes: UInt64(info.memory), cpus: Int(info.cpus))
    }
  }

  /// The bytes of memory that nobody has, following `virNodeGetFreeMemory`.
  public func freeMemory() async throws -> UInt64 {
    try await call("virNodeGetFreeMemory") { call in
      let bytes = virNodeGetFreeMemory(call.connection)
      if bytes == 0 { throw call.lastError() }
      return bytes
    }
  }

  /// How the host's memory is used, following `virNodeGetMemoryStats`.
  public func nodeMemory() async throws -> NodeMemory {
    try await call("virNodeGetMemoryStats") { call in
      var count: Int32 = 0
      try call.check(
        virNodeGetMemoryStats(
          call.connection, Int32(VIR_NODE_MEMORY_STATS_ALL_CELLS.rawValue), nil, &count, 0))
      var stats = [virNodeMemoryStats](repeating: virNodeMemoryStats(), count: Int(count))
      try call.check(
        virNodeGetMemoryStats(
          call.connection, Int32(VIR_NODE_MEMORY_STATS_ALL_CELLS.rawValue), &stats, &count, 0))
      var values: [String: UInt64] = [:]
      for stat in stats.prefix(Int(count)) {
        let name = withUnsafeBytes(of: stat.field) { bytes in
          String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        values[name] = stat.value
      }
      return NodeMemory(
        total: values["total"] ?? 0, free: values["free"] ?? 0,
        cached: (values["cached"] ?? 0) + (values["buffers"] ?? 0))
    }
  }
}

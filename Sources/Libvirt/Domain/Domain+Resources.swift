internal import CLibvirt

extension Domain {
  /// Sets the memory that the guest may use now, in KiB, up to its maximum; follows
  /// `virDomainSetMemoryFlags`.
  public func setMemory(kibibytes: UInt64, affecting affect: Affect) async throws {
    try await setMemory(kibibytes, flags: affect.rawValue)
  }

  /// Sets the maximum of the guest's memory, in KiB; follows `virDomainSetMemoryFlags`. Most hypervisors take
  /// it for the definition only.
  public func setMaxMemory(kibibytes: UInt64, affecting affect: Affect) async throws {
    try await setMemory(kibibytes, flags: affect.rawValue | VIR_DOMAIN_MEM_MAXIMUM.rawValue)
  }

  private func setMemory(_ kibibytes: UInt64, flags: UInt32) async throws {
    try await call("virDomainSetMemoryFlags", .changes) { call, domain in
      _ = try call.check(virDomainSetMemoryFlags(domain, UInt(kibibytes), flags))
    }
  }

  /// Sets the number of virtual processors, following `virDomainSetVcpusFlags`.
  ///
  /// - Parameter maximum: Sets the number that the guest may be given later; for the definition only.
  public func setVCPUs(_ count: Int, affecting affect: Affect, maximum: Bool = false) async throws {
    let flags = affect.rawValue | (maximum ? VIR_DOMAIN_VCPU_MAXIMUM.rawValue : 0)
    try await call("virDomainSetVcpusFlags", .changes) { call, domain in
      _ = try call.check(virDomainSetVcpusFlags(domain, UInt32(clamping: count), flags))
    }
  }

  /// Resizes a disk of the running guest, following `virDomainBlockResize`. A smaller size cuts the disk off.
  ///
  /// - Parameter path: The disk's source or its target, `vda`.
  public func resizeBlock(path: String, bytes: UInt64) async throws {
    try await call("virDomainBlockResize", .changes) { call, domain in
      _ = try call.check(virDomainBlockResize(domain, path, bytes, VIR_DOMAIN_BLOCK_RESIZE_BYTES.rawValue))
    }
  }

  /// The guest's interfaces and their addresses, following `virDomainInterfaceAddresses`.
  public func interfaceAddresses(source: InterfaceAddressSource) async throws -> [InterfaceAddresses] {
    try await call("virDomainInterfaceAddresses") { call, domain in
      var array: UnsafeMutablePointer<virDomainInterfacePtr?>?
      let count = try call.check(virDomainInterfaceAddresses(domain, &array, source.number, 0))
      let interfaces = UnsafeMutableBufferPointer(start: array, count: Int(count))
      defer {
        for interface in interfaces { virDomainInterfaceFree(interface) }
        array?.freeFromC()
      }
      return interfaces.compactMap { $0.map { InterfaceAddresses($0.pointee) } }
    }
  }
}

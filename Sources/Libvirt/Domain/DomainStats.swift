internal import CLibvirt
public import FoundationEssentials

/// What a running domain has used so far. What its driver does not tell is nil.
public struct DomainStats: Sendable, Hashable {
  public let uuid: UUID
  /// Nanoseconds of CPU since it started.
  public var cpuTime: UInt64?
  /// KiB that it may use at this moment.
  public var memory: UInt64?
  /// KiB that the guest does not use at all; known where it has a balloon driver.
  public var unusedMemory: UInt64?
}

extension Connection {
  /// CPU time and memory of all running domains, sorted by UUID; follows `virConnectGetAllDomainStats`.
  public func domainStats() async throws -> [DomainStats] {
    try await call("virConnectGetAllDomainStats") { call in
      var records: UnsafeMutablePointer<virDomainStatsRecordPtr?>?
      let kinds = VIR_DOMAIN_STATS_CPU_TOTAL.rawValue | VIR_DOMAIN_STATS_BALLOON.rawValue
      let count = try call.check(
        virConnectGetAllDomainStats(
          call.connection, kinds, &records, VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE.rawValue))
      defer { virDomainStatsRecordListFree(records) }
      return UnsafeBufferPointer(start: records, count: Int(count)).compactMap { record in
        record.map { DomainStats(reading: $0.pointee) }
      }.sorted { $0.uuid.uuidString < $1.uuid.uuidString }
    }
  }
}

extension DomainStats {
  fileprivate init(reading record: virDomainStatsRecord) {
    func number(_ name: String) -> UInt64? {
      var value: UInt64 = 0
      return virTypedParamsGetULLong(record.params, record.nparams, name, &value) > 0 ? value : nil
    }
    uuid = UUID { virDomainGetUUID(record.dom, $0) }
    cpuTime = number("cpu.time")
    memory = number("balloon.current")
    unusedMemory = number("balloon.unused")
  }
}

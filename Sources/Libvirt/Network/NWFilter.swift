internal import CLibvirt
public import FoundationEssentials

/// A set of rules for the traffic of interfaces (<https://libvirt.org/formatnwfilter.html>). Keeps its connection.
public final class NWFilter: Sendable {
  public let name: String
  public let uuid: UUID
  public let connection: Connection

  /// Owned.
  private let handle: Handle

  /// Takes over a reference of the caller's.
  init(adopting pointer: OpaquePointer, of connection: Connection) {
    self.connection = connection
    handle = Handle(pointer)
    name = virNWFilterGetName(pointer).map { String(cString: $0) } ?? ""
    uuid = UUID { virNWFilterGetUUID(pointer, $0) }
  }

  deinit {
    connection.release(handle, virNWFilterFree)
  }

  /// The filter's document, following `virNWFilterGetXMLDesc`.
  public func xml() async throws -> XMLElement {
    try await connection.call("virNWFilterGetXMLDesc") { [handle] call in
      try call.document(virNWFilterGetXMLDesc(handle.pointer, 0))
    }
  }

  /// Removes the filter, following `virNWFilterUndefine`; fails while an interface of a running guest has it.
  public func undefine() async throws {
    try await connection.call("virNWFilterUndefine", .changes) { [handle] call in
      _ = try call.check(virNWFilterUndefine(handle.pointer))
    }
  }
}

extension Connection {
  /// The filters of the host, sorted by name; follows `virConnectListAllNWFilters`. Fails with `noSupport` where the
  /// driver has none.
  public func networkFilters() async throws -> [NWFilter] {
    try await call("virConnectListAllNWFilters") { call in
      try call.list({ virConnectListAllNWFilters(call.connection, $0, 0) }) {
        NWFilter(adopting: $0, of: self)
      }
      .sorted { $0.name < $1.name }
    }
  }

  /// The filter with that UUID, following `virNWFilterLookupByUUID`; `nil` only if the host says that it has none.
  public func networkFilter(uuid: UUID) async throws -> NWFilter? {
    try await call("virNWFilterLookupByUUID") { call in
      try call.found(uuid.withBytes { virNWFilterLookupByUUID(call.connection, $0) }, unless: .noNWFilter).map
      {
        NWFilter(adopting: $0, of: self)
      }
    }
  }

  /// Makes a filter, or replaces the rules of the one with the same name and UUID, at once for all interfaces that have
  /// it; follows `virNWFilterDefineXML`.
  public func defineNetworkFilter(_ xml: XMLElement) async throws -> NWFilter {
    let text = try xml.serialized(indented: false)
    return try await call("virNWFilterDefineXML", .changes) { call in
      NWFilter(adopting: try call.check(virNWFilterDefineXML(call.connection, text)), of: self)
    }
  }
}

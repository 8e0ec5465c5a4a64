internal import CLibvirt
public import FoundationEssentials

extension Connection {
  /// The networks of the host, sorted by name; follows `virConnectListAllNetworks`.
  public func networks(_ filter: NetworkFilter = []) async throws -> [VirtualNetwork] {
    try await call("virConnectListAllNetworks") { call in
      try call.list({ virConnectListAllNetworks(call.connection, $0, filter.rawValue) }) {
        VirtualNetwork(adopting: $0, of: self)
      }
      .sorted { $0.name < $1.name }
    }
  }

  /// The network of that name, following `virNetworkLookupByName`; `nil` only if the host says that it has
  /// none.
  public func network(named name: String) async throws -> VirtualNetwork? {
    try await call("virNetworkLookupByName") { call in
      try call.found(virNetworkLookupByName(call.connection, name), unless: .noNetwork).map {
        VirtualNetwork(adopting: $0, of: self)
      }
    }
  }

  /// The network with that UUID, following `virNetworkLookupByUUID`; `nil` only if the host says that it has
  /// none.
  public func network(uuid: UUID) async throws -> VirtualNetwork? {
    try await call("virNetworkLookupByUUID") { call in
      try call.found(uuid.withBytes { virNetworkLookupByUUID(call.connection, $0) }, unless: .noNetwork).map {
        VirtualNetwork(adopting: $0, of: self)
      }
    }
  }

  /// Makes and starts a network without a definition, which is gone when it is stopped; follows `virNetworkCreateXML`.
  public func createNetwork(_ xml: XMLElement) async throws -> VirtualNetwork {
    let text = try xml.serialized(indented: false)
    return try await call("virNetworkCreateXML", .changes) { call in
      VirtualNetwork(adopting: try call.check(virNetworkCreateXML(call.connection, text)), of: self)
    }
  }

  /// Makes a persistent definition, or replaces the one with the same name and UUID; follows
  /// `virNetworkDefineXML`. A running network keeps what it has until its next start.
  public func defineNetwork(_ xml: XMLElement) async throws -> VirtualNetwork {
    let text = try xml.serialized(indented: false)
    return try await call("virNetworkDefineXML", .changes) { call in
      VirtualNetwork(adopting: try call.check(virNetworkDefineXML(call.connection, text)), of: self)
    }
  }
}

internal import CLibvirt
public import FoundationEssentials

/// A virtual network of a host. Keeps its connection.
public final class VirtualNetwork: Sendable {
  public let name: String
  public let uuid: UUID
  public let connection: Connection

  /// Owned.
  private let handle: Handle

  /// Takes over a reference of the caller's.
  init(adopting pointer: OpaquePointer, of connection: Connection) {
    self.connection = connection
    handle = Handle(pointer)
    name = virNetworkGetName(pointer).map { String(cString: $0) } ?? ""
    uuid = UUID { virNetworkGetUUID(pointer, $0) }
  }

  deinit {
    connection.release(handle, virNetworkFree)
  }

  /// Runs and counts a call that gets the network; the network lives until it has returned.
  private func call<Value: Sendable>(
    _ function: String, _ effect: CallEffect = .reads,
    _ body: @escaping @Sendable (Call, OpaquePointer) throws -> Value
  ) async throws -> Value {
    try await connection.call(function, effect) { [self] in try body($0, handle.pointer) }
  }

  /// The network's document, following `virNetworkGetXMLDesc`.
  public func xml(_ view: XMLView) async throws -> XMLElement {
    try await call("virNetworkGetXMLDesc") { call, network in
      switch view {
      case .live:
        try call.document(virNetworkGetXMLDesc(network, 0))
      case .inactive:
        try call.inactiveDocument(flag: VIR_NETWORK_XML_INACTIVE.rawValue) {
          virNetworkGetXMLDesc(network, $0)
        }
      }
    }
  }

  /// Whether the network is started, following `virNetworkIsActive`.
  public func isActive() async throws -> Bool {
    try await call("virNetworkIsActive") { try $0.check(virNetworkIsActive($1)) == 1 }
  }

  /// Starts the network, following `virNetworkCreate`.
  public func start() async throws {
    try await call("virNetworkCreate", .changes) { _ = try $0.check(virNetworkCreate($1)) }
  }

  /// Stops the network, following `virNetworkDestroy`: guests on it lose their link.
  public func stop() async throws {
    try await call("virNetworkDestroy", .changes) { _ = try $0.check(virNetworkDestroy($1)) }
  }

  /// Removes the definition, following `virNetworkUndefine`. A started network becomes transient.
  public func undefine() async throws {
    try await call("virNetworkUndefine", .changes) { _ = try $0.check(virNetworkUndefine($1)) }
  }

  /// Whether the network starts with its host, following `virNetworkGetAutostart`.
  public func autostart() async throws -> Bool {
    try await call("virNetworkGetAutostart") { call, network in
      var autostart: Int32 = 0
      try call.check(virNetworkGetAutostart(network, &autostart))
      return autostart == 1
    }
  }

  /// Says whether the network is to start with its host, following `virNetworkSetAutostart`.
  public func setAutostart(_ autostart: Bool) async throws {
    try await call("virNetworkSetAutostart", .changes) { call, network in
      _ = try call.check(virNetworkSetAutostart(network, autostart ? 1 : 0))
    }
  }

  /// The name of the network's bridge, following `virNetworkGetBridgeName`.
  public func bridgeName() async throws -> String {
    try await call("virNetworkGetBridgeName") { try $0.string(virNetworkGetBridgeName($1)) }
  }

  /// Changes one element of the network in place, following `virNetworkUpdate`.
  ///
  /// - Parameters:
  ///   - parentIndex: Which `<ip>` or other parent the element is in, from 0; −1 for the only, or fitting, one.
  ///   - xml: The element. To delete one, what identifies it is enough.
  public func update(
    command: NetworkUpdateCommand, section: NetworkUpdateSection, parentIndex: Int = -1, xml: XMLElement,
    affecting affect: Affect
  ) async throws {
    let text = try xml.serialized(indented: false)
    try await call("virNetworkUpdate", .changes) { call, network in
      _ = try call.check(
        virNetworkUpdate(
          network, command.number, section.number, Int32(clamping: parentIndex), text, affect.rawValue))
    }
  }

  /// What is plugged into the active network, following `virNetworkListAllPorts`: an interface names its port as
  /// `portid` in its domain's live document.
  public func ports() async throws -> Set<UUID> {
    try await call("virNetworkListAllPorts") { call, network in
      let ports = try call.list({ virNetworkListAllPorts(network, $0, 0) }) { port in
        defer { virNetworkPortFree(port) }
        return UUID { virNetworkPortGetUUID(port, $0) }
      }
      return Set(ports)
    }
  }

  /// The leases of the network's DHCP server, following `virNetworkGetDHCPLeases`. One MAC may have several.
  public func leases() async throws -> [DHCPLease] {
    try await call("virNetworkGetDHCPLeases") { call, network in
      var array: UnsafeMutablePointer<virNetworkDHCPLeasePtr?>?
      let count = try call.check(virNetworkGetDHCPLeases(network, nil, &array, 0))
      let leases = UnsafeMutableBufferPointer(start: array, count: Int(count))
      defer {
        for lease in leases { virNetworkDHCPLeaseFree(lease) }
        array?.freeFromC()
      }
      return leases.compactMap { $0.map { DHCPLease($0.pointee) } }
    }
  }
}

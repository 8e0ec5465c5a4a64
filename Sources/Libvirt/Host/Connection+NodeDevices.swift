internal import CLibvirt

extension Connection {
  /// The devices on the host's PCI and USB buses, as documents (<https://libvirt.org/formatnode.html>) in no order; follows
  /// `virConnectListAllNodeDevices`. Fails with `noSupport` where the driver knows none.
  public func busDevices() async throws -> [XMLElement] {
    let buses =
      VIR_CONNECT_LIST_NODE_DEVICES_CAP_PCI_DEV.rawValue | VIR_CONNECT_LIST_NODE_DEVICES_CAP_USB_DEV.rawValue
    return try await call("virConnectListAllNodeDevices") { [self] call in
      var array: UnsafeMutablePointer<virNodeDevicePtr?>?
      let found = try call.check(virConnectListAllNodeDevices(call.connection, &array, buses))
      let devices = UnsafeMutableBufferPointer(start: array, count: Int(found))
      defer {
        for device in devices { if let device { virNodeDeviceFree(device) } }
        array?.freeFromC()
      }
      return try devices.compactMap { $0 }.map { device in
        count("virNodeDeviceGetXMLDesc", .reads)
        return try call.document(virNodeDeviceGetXMLDesc(device, 0))
      }
    }
  }
}

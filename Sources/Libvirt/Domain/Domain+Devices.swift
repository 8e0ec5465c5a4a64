internal import CLibvirt

extension Domain {
  /// Adds a device, following `virDomainAttachDeviceFlags`. The document is the device's element.
  public func attachDevice(_ device: XMLElement, affecting affect: Affect) async throws {
    let text = try device.serialized(indented: false)
    try await call("virDomainAttachDeviceFlags", .changes) { call, domain in
      _ = try call.check(virDomainAttachDeviceFlags(domain, text, affect.rawValue))
    }
  }

  /// Removes a device, following `virDomainDetachDeviceFlags`. A running guest may take its time: the device
  /// is gone when the live document lacks it.
  public func detachDevice(_ device: XMLElement, affecting affect: Affect) async throws {
    let text = try device.serialized(indented: false)
    try await call("virDomainDetachDeviceFlags", .changes) { call, domain in
      _ = try call.check(virDomainDetachDeviceFlags(domain, text, affect.rawValue))
    }
  }

  /// Changes a device, following `virDomainUpdateDeviceFlags`. The document is the whole element as it is to
  /// be.
  ///
  /// - Parameter force: Opens a locked drive to change its medium.
  public func updateDevice(_ device: XMLElement, affecting affect: Affect, force: Bool = false) async throws {
    let text = try device.serialized(indented: false)
    let flags = affect.rawValue | (force ? VIR_DOMAIN_DEVICE_MODIFY_FORCE.rawValue : 0)
    try await call("virDomainUpdateDeviceFlags", .changes) { call, domain in
      _ = try call.check(virDomainUpdateDeviceFlags(domain, text, flags))
    }
  }
}

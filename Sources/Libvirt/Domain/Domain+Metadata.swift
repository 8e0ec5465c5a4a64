internal import CLibvirt

extension Domain {
  /// Sets the one element that a namespace has in the domain's metadata, following `virDomainSetMetadata`.
  ///
  /// - Parameters:
  ///   - element: Without prefix and declaration, which libvirt adds; `nil` removes what is there.
  ///   - prefix: The prefix that libvirt writes.
  ///   - uri: The namespace.
  public func setMetadata(
    element: XMLElement?, prefix: String, uri: String, affecting affect: Affect
  ) async throws {
    try await setMetadata(
      VIR_DOMAIN_METADATA_ELEMENT, try element?.serialized(indented: false), prefix: prefix, uri: uri, affect)
  }

  /// Sets the title, one line; `nil` removes it. Follows `virDomainSetMetadata`.
  public func setTitle(_ title: String?, affecting affect: Affect) async throws {
    try await setMetadata(VIR_DOMAIN_METADATA_TITLE, title ?? "", prefix: nil, uri: nil, affect)
  }

  /// Sets the description; `nil` removes it. Follows `virDomainSetMetadata`.
  public func setDescription(_ description: String?, affecting affect: Affect) async throws {
    try await setMetadata(VIR_DOMAIN_METADATA_DESCRIPTION, description ?? "", prefix: nil, uri: nil, affect)
  }

  private func setMetadata(
    _ type: virDomainMetadataType, _ text: String?, prefix: String?, uri: String?, _ affect: Affect
  ) async throws {
    let type = Int32(bitPattern: type.rawValue)
    try await call("virDomainSetMetadata", .changes) { call, domain in
      _ = try call.check(virDomainSetMetadata(domain, type, text, prefix, uri, affect.rawValue))
    }
  }
}

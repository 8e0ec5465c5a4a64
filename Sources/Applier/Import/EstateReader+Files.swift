import FoundationEssentials
public import Libvirt
public import Planner
public import SpecModel

/// Documents of libvirt's that no host has reported: files, or what other tools' descriptions were converted into.
public struct EstateDocuments: Sendable {
  public struct Domain: Sendable {
    public var document: XMLElement
    public var autostart: Bool?
    public var isRunning: Bool?

    public init(_ document: XMLElement, autostart: Bool? = nil, isRunning: Bool? = nil) {
      self.document = document
      self.autostart = autostart
      self.isRunning = isRunning
    }
  }

  public var domains: [Domain] = []
  public var networks: [XMLElement] = []
  public var pools: [XMLElement] = []
  public var volumes: [Volume] = []
  /// The disks that are to be made of images, by the names of domains and their targets: the document says where they were.
  public var imaged: [String: Set<String>] = [:]

  public init() {}
}

extension EstateReader {
  /// What a host would have that the documents are of.
  public static func read(_ documents: EstateDocuments, host: ResourceName) -> Estate {
    let isXen = documents.domains.contains { $0.document[attribute: "type"] == "xen" }
    let architecture = documents.domains.lazy.compactMap { $0.document.at("os", "type")?[attribute: "arch"] }
      .first
    var capabilities = HostCapabilities(
      driver: isXen ? .xen : .qemu, hostUUID: "", architecture: architecture ?? "x86_64", hasKVM: true)
    if isXen { capabilities.virtualizations = Set(Virtualization.allCases) }
    var state = HostState(name: host, capabilities: capabilities)
    var definitions: [String: XMLElement] = [:]
    var addresses: Set<MACAddress> = []
    for domain in documents.domains {
      var document = Self.plain(domain.document)
      let invented = Self.completeAddresses(in: &document)
      addresses.formUnion(invented)
      let name = document.first("name")?.text ?? ""
      var machine = DomainDocument.read(document, name: name, uuid: identity(of: document))
      machine.settings.autostart = domain.autostart
      machine.settings.state = domain.isRunning == false ? .off : .running
      state.machines.append(machine)
      // What is not as it will be says nothing beside the spec.
      let targets = documents.imaged[name] ?? []
      document.mutateFirst("devices") { devices in
        devices.removeChildren { device in
          device.name == "disk" && targets.contains(DomainDocument.target(of: device) ?? "")
            || device.name == "interface" && Self.address(of: device).map(invented.contains) == true
        }
      }
      // Which hypervisor runs it is up to its host.
      if !isXen { document[attribute: "type"] = nil }
      definitions[name] = document
    }
    for document in documents.networks {
      state.networks.append(
        NetworkDocument.read(
          document, name: document.first("name")?.text ?? "", uuid: identity(of: document), isActive: true))
    }
    for document in documents.pools {
      let name = document.first("name")?.text ?? ""
      var pool = Pool(
        name: name, uuid: identity(of: document), source: PoolDocument.readSource(document), autostart: nil,
        isActive: true)
      pool.volumes = documents.volumes.filter { $0.pool == name }
      pool.volumeNames = Set(pool.volumes.map(\.name))
      state.pools.append(pool)
    }
    return Estate(state: state, definitions: definitions, inventedAddresses: addresses)
  }

  /// Bytes in libvirt's units (<https://libvirt.org/formatdomain.html#memory-allocation>).
  private static let units: [String: UInt64] = [
    "b": 1, "bytes": 1, "KB": 1000, "k": 1 << 10, "KiB": 1 << 10,
    "MB": 1_000_000, "M": 1 << 20, "MiB": 1 << 20,
    "GB": 1_000_000_000, "G": 1 << 30, "GiB": 1 << 30, "TB": 1_000_000_000_000, "T": 1 << 40, "TiB": 1 << 40,
  ]

  /// The amount in KiB, as libvirt writes it whatever was asked for.
  private static func inKibibytes(_ element: inout XMLElement) {
    guard let unit = units[element[attribute: "unit"] ?? "KiB"],
      let amount = UInt64(element.text.filter(\.isNumber)),
      !amount.multipliedReportingOverflow(by: unit).overflow
    else { return }
    element[attribute: "unit"] = "KiB"
    element.setText("\((amount * unit + 1023) >> 10)")
  }

  /// The document in KiB, and with networks in the place of bridges that no host of Linux has, such as `VM Network`.
  private static func plain(_ document: XMLElement) -> XMLElement {
    var document = document
    for name in ["memory", "currentMemory", "maxMemory"] { document.mutateChildren(named: name, inKibibytes) }
    guard document.first("devices") != nil else { return document }
    document.mutateFirst("devices") { devices in
      devices.mutateChildren(named: "memory") { device in
        device.mutateChildren(named: "target") { $0.mutateChildren(named: "size", inKibibytes) }
      }
      devices.mutateChildren(named: "interface") { interface in
        if interface[attribute: "type"] == "network",
          let network = interface.first("source")?[attribute: "network"],
          (try? ResourceName(parsing: network)) == nil
        {
          interface.setChild(XMLElement("source", ["network": plainName(network)]))
          return
        }
        guard interface[attribute: "type"] == "bridge",
          let bridge = interface.first("source")?[attribute: "bridge"],
          (try? ResourceName(parsing: bridge)) == nil || bridge.utf8.count > 15
        else { return }
        interface[attribute: "type"] = "network"
        interface.setChild(XMLElement("source", ["network": plainName(bridge)]))
      }
    }
    return document
  }

  private static func plainName(_ text: String) -> String {
    let plain = text.map { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) ? $0 : "-" }
    return String(plain.prefix(60))
  }

  /// Gives interfaces without an address one, by which they are told apart until they get their own.
  private static func completeAddresses(in document: inout XMLElement) -> Set<MACAddress> {
    var invented: Set<MACAddress> = []
    guard document.first("devices") != nil else { return [] }
    document.mutateFirst("devices") { devices in
      devices.mutateChildren(named: "interface") { interface in
        guard address(of: interface) == nil else { return }
        let bytes =
          [2, 0, 0, 0] + [
            UInt8(truncatingIfNeeded: invented.count >> 8), UInt8(truncatingIfNeeded: invented.count),
          ]
        guard let mac = MACAddress(bytes: bytes) else { return }
        invented.insert(mac)
        interface.setChild(XMLElement("mac", ["address": "\(mac)"]), otherwise: .first)
      }
    }
    return invented
  }

  private static func address(of interface: XMLElement) -> MACAddress? {
    DomainDocument.macAddress(of: interface).flatMap { try? MACAddress(parsing: $0) }
  }

  private static func identity(of document: XMLElement) -> UUID {
    document.first("uuid").flatMap { UUID(uuidString: $0.text) } ?? UUID()
  }
}

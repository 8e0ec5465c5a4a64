import Libvirt

/// The resources of terraform-provider-libvirt, of all versions since 0.6: those before 0.9 have a form of their own, and
/// those since follow libvirt's documents (<https://registry.terraform.io/providers/dmacvicar/libvirt/latest/docs>).
final class TerraformEstate {
  /// A volume as resources refer to it.
  struct KnownVolume {
    var pool: String?
    var name: String
    var path: String?
    var format: String?
    /// In the estate.
    var index: Int
  }

  let estate: EstateBuilder
  private let resources: [TerraformResource]
  private var volumes: [String: KnownVolume] = [:]
  private var volumesByName: [String: KnownVolume] = [:]
  private var networks: [String: String] = [:]
  private var poolPaths: [String: String] = [:]
  /// Paths of generated disks, by id.
  private var seeds: [String: KnownVolume] = [:]
  /// What lies under volumes, by their index.
  private var backings: [Int: String] = [:]

  init(_ resources: [TerraformResource], in estate: EstateBuilder) {
    self.resources = resources
    self.estate = estate
  }

  func convert() {
    for resource in all("libvirt_pool") { addPool(resource) }
    for resource in all("libvirt_cloudinit_disk") { addSeed(resource, "cloud-init") }
    for resource in all("libvirt_ignition") { addSeed(resource, "Ignition") }
    for resource in all("libvirt_volume") { addVolume(resource) }
    for (index, backing) in backings.sorted(by: { $0.key < $1.key }) {
      let known = volume(backing)
      estate.setBacking(
        known.map { $0.path ?? "\($0.pool ?? "default")/\($0.name)" } ?? backing, ofVolumeAt: index)
    }
    for resource in all("libvirt_network") {
      TerraformNetwork(resource, in: self).convert()
    }
    for resource in all("libvirt_domain") {
      let node = resource.attributes
      // Both have a type.
      let isNew = ["devices", "os", "memory_unit", "unit", "features"].contains {
        node.keys.contains($0)
      }
      if isNew {
        TerraformDomain(resource, in: self).convert()
      } else {
        TerraformOldDomain(resource, in: self).convert()
      }
    }
    addImages()
  }

  private func all(_ type: String) -> [TerraformResource] { resources.filter { $0.type == type } }

  /// Tells what of a resource was not read.
  func noteUnread(_ resource: TerraformResource, of subject: String) {
    resource.attributes.ignore(["timeouts"])
    estate.noteUnread(
      resource.attributes, of: subject, address: resource.address, defaults: resource.isFilledIn)
  }

  // MARK: Look-ups

  /// By its id, its path, or an id with something behind a semicolon.
  func volume(_ id: String) -> KnownVolume? { volumes[id] ?? seed(id) }

  func volume(pool: String, name: String) -> KnownVolume? { volumesByName["\(pool)/\(name)"] }

  func seed(_ id: String) -> KnownVolume? { seeds[id] ?? seeds[Self.key(id)] }

  /// Ids of generated disks are `PATH;UUID`.
  static func key(_ id: String) -> String { String(id.prefix { $0 != ";" }) }

  func network(_ id: String) -> String? { networks[id] }

  func know(network name: String, by id: String) { networks[id] = name }

  /// Tells that a disk is the volume.
  func use(_ volume: KnownVolume, domain: String, target: String) {
    estate.use(volumeAt: volume.index, by: .init(domain: domain, target: target))
  }

  // MARK: Pools

  private func addPool(_ resource: TerraformResource) {
    let node = resource.attributes
    let name = resource.name(estate)
    let type = node["type"]?.word ?? "dir"
    let path = node.at("target", "path")?.word ?? node["path"]?.word
    let uuid = node["uuid"]?.word?.canonicalUUID ?? node["id"]?.word?.canonicalUUID
    _ = node["id"]?.text
    let source = node["source"]
    let group = source?.items.first?["name"]?.word
    let directory = source?.items.first?["dir"]?.items.first.flatMap { $0["path"]?.word ?? $0.word }
    let devices = (source?.items.first?["device"]?.items ?? []).compactMap { $0["path"]?.word }
    let hosts = (source?.items.first?["host"]?.items ?? []).compactMap { $0["name"]?.word }
    let format = source?.items.first?["format"]?.items.first.flatMap { $0["type"]?.word ?? $0.word }
    node.ignore(["capacity", "allocation", "available", "create", "destroy"])
    if let path, type == "dir" || type == "fs" || type == "netfs" { poolPaths[name] = path }
    estate.add(
      pool: XMLElement("pool", ["type": type]) {
        XMLElement("name", text: name)
        uuid.map { XMLElement("uuid", text: $0) }
        group == nil && directory == nil && devices.isEmpty && hosts.isEmpty
          ? nil
          : XMLElement("source") {
            hosts.map { XMLElement("host", ["name": $0]) }
            devices.map { XMLElement("device", ["path": $0]) }
            directory.map { XMLElement("dir", ["path": $0]) }
            group.map { XMLElement("name", text: $0) }
            format.map { XMLElement("format", ["type": $0]) }
          }
        path.map { path in XMLElement("target") { XMLElement("path", text: path) } }
      })
    noteUnread(resource, of: "pool \(name)")
  }

  // MARK: Volumes

  private func addVolume(_ resource: TerraformResource) {
    let node = resource.attributes
    let name = resource.name(estate)
    let pool = node["pool"]?.word ?? "default"
    let id = node["id"]?.word
    let known = id.flatMap { $0.hasPrefix("/") ? $0 : nil }
    let path =
      node["path"]?.word ?? node.at("target", "path")?.word ?? known
      ?? poolPaths[pool].map { "\($0)/\(name)" }
    let unit = node["capacity_unit"]?.word ?? "bytes"
    var capacity = node["size"]?.bytes(1)
    if let stated = node["capacity"], let factor = Amount.unit(unit) {
      capacity = stated.bytes(factor) ?? capacity
    }
    var format = node["format"]?.word ?? node.at("target", "format", "type")?.word
    let index = estate.estate.volumes.count
    let content = node["source"]?.word ?? node.at("create", "content", "url")?.word
    if let base = node.at("backing_store", "path")?.word ?? node["base_volume_id"]?.word {
      backings[index] = base
    } else if let base = node["base_volume_name"]?.word {
      backings[index] = "\(node["base_volume_pool"]?.word ?? pool)/\(base)"
    }
    node.ignore([
      "base_volume_pool", "base_volume_name", "key", "allocation", "allocation_unit", "physical",
      "physical_unit", "type",
    ])
    node["backing_store"]?.items.first?["format"]?.ignore()
    node["target"]?.items.first?.ignore(["timestamps", "path"])
    let isOld = !["target", "create", "backing_store", "capacity"].contains { node.keys.contains($0) }
    if format == nil, isOld { format = Self.defaultFormat(of: content) }
    let volume = KnownVolume(pool: pool, name: name, path: path, format: format, index: index)
    for key in [id, path, "\(pool)/\(name)"].compactMap({ $0 }) { volumes[key] = volume }
    volumesByName["\(pool)/\(name)"] = volume
    var image = content.map { imageSource($0) }
    if let content, seed(content) != nil {
      // The disk of a generated seed, uploaded.
      image = nil
    }
    estate.add(
      ConvertedEstate.Volume(
        pool: pool, name: name, path: path, capacity: capacity, format: format, image: image))
    noteUnread(resource, of: "volume \(name)")
  }

  /// What the provider before 0.9 makes unless it is told otherwise; nil where only the image tells.
  private static func defaultFormat(of content: String?) -> String? {
    guard let content else { return "qcow2" }
    switch content.pathExtension {
    case "qcow2": return "qcow2"
    case "iso", "raw": return "raw"
    default: return nil
    }
  }

  private func imageSource(_ text: String) -> ConvertedEstate.ImageSource {
    if text.hasPrefix("file://") { return .path(String(text.dropFirst("file://".count))) }
    return text.contains("://") ? .url(text) : .path(estate.resolve(text))
  }

  /// A disk that cloud-init or Ignition reads. What is on it has passwords, and is never quoted.
  private func addSeed(_ resource: TerraformResource, _ reader: String) {
    let node = resource.attributes
    let name = resource.name(estate)
    let pool = node["pool"]?.word
    let id = node["id"]?.word ?? ""
    let key = Self.key(id)
    let path =
      node["path"]?.word
      ?? (key.hasPrefix("/") ? key : pool.flatMap { poolPaths[$0] }.map { "\($0)/\(name)" })
    let parts = ["user_data", "meta_data", "network_config", "content"].filter { node[$0]?.word != nil }
    estate.note(
      "volume \(name)", at: resource.address,
      "what \(reader) reads (\(parts.joined(separator: ", "))) is not carried: write it as cloud_init or ignition"
    )
    node.ignore(["size"])
    let volume = KnownVolume(
      pool: pool, name: name, path: path, format: "raw", index: estate.estate.volumes.count)
    for key in [id, key, path].compactMap({ $0 }) where !key.isEmpty { seeds[key] = volume }
    estate.add(ConvertedEstate.Volume(pool: pool, name: name, path: path, format: "raw"))
    noteUnread(resource, of: "volume \(name)")
  }

  /// What volumes were made of, used by whatever lies over them.
  private func addImages() {
    var users: [Int: [ConvertedEstate.Use]] = [:]
    let all = estate.estate.volumes
    for (index, volume) in all.enumerated() where !volume.usedBy.isEmpty {
      var current = index
      var seen: Set<Int> = []
      while seen.insert(current).inserted {
        users[current, default: []] += volume.usedBy
        guard let backing = backings[current].flatMap({ self.volume($0) }) else { break }
        current = backing.index
      }
    }
    for (index, volume) in all.enumerated() {
      guard let source = volume.image else { continue }
      estate.add(
        ConvertedEstate.Image(
          name: volume.name.stem, source: source, format: volume.format, usedBy: users[index] ?? []))
    }
  }
}

import Libvirt
import Planner
import SpecModel

/// A pool as XML, after <https://libvirt.org/formatstorage.html>.
enum PoolDocument {
  static func definition(of pool: Pool) -> XMLElement {
    XMLElement("pool", ["type": pool.source?.type.rawValue]) {
      XMLElement("name", text: pool.name)
      XMLElement("uuid", text: pool.uuid.uuidString.lowercased())
      if let source = pool.source {
        element(of: source)
        // A pool of Ceph has no place on its host.
        target(of: source).map { path in XMLElement("target") { XMLElement("path", text: path) } }
      }
    }
  }

  private static func target(of source: PoolSource) -> String? {
    switch source {
    case .directory, .fileSystem, .networkFileSystem, .logical, .disk, .zfs: source.root
    // Names that say which logical unit it is, after every start.
    case .iscsi: "/dev/disk/by-path"
    case .rbd: nil
    }
  }

  private static func element(of source: PoolSource) -> XMLElement? {
    switch source {
    case .directory: nil
    case .fileSystem(let device, let format, _):
      XMLElement("source") {
        XMLElement("device", ["path": device])
        format.map { XMLElement("format", ["type": $0.rawValue]) }
      }
    case .networkFileSystem(let host, let directory, let format, _):
      XMLElement("source") {
        XMLElement("host", ["name": host])
        XMLElement("dir", ["path": directory])
        format.map { XMLElement("format", ["type": $0.rawValue]) }
      }
    case .logical(let group, let devices):
      XMLElement("source") {
        devices.map { XMLElement("device", ["path": $0]) }
        XMLElement("name", text: group)
        XMLElement("format", ["type": "lvm2"])
      }
    case .zfs(let dataset, let devices):
      XMLElement("source") {
        devices.map { XMLElement("device", ["path": $0]) }
        XMLElement("name", text: dataset)
      }
    case .disk(let device, let format):
      XMLElement("source") {
        XMLElement("device", ["path": device])
        format.map { XMLElement("format", ["type": $0.rawValue]) }
      }
    case .iscsi(let target):
      XMLElement("source") {
        XMLElement("host", ["name": target.host, "port": "\(target.port)"])
        XMLElement("device", ["path": target.name])
        target.login.map { element(of: $0, type: "chap") }
      }
    case .rbd(let pool):
      XMLElement("source") {
        pool.monitors.map { XMLElement("host", ["name": $0.host, "port": $0.port.map(String.init)]) }
        XMLElement("name", text: pool.name)
        pool.login.map { element(of: $0, type: "ceph") }
      }
    }
  }

  private static func element(of login: PoolLogin, type: String) -> XMLElement {
    XMLElement("auth", ["type": type, "username": login.user]) {
      XMLElement("secret", ["usage": login.secret])
    }
  }

  // MARK: Reading

  /// What the pool is made of; nil for a type, or a form of it, that the language has no word for.
  static func readSource(_ document: XMLElement) -> PoolSource? {
    guard let type = document[attribute: "type"].flatMap(PoolType.init) else { return nil }
    let source = document.first("source")
    let path = document.at("target", "path")?.text
    let device = source?.first("device")?[attribute: "path"]
    let format = source?.first("format")?[attribute: "type"]
    let host = source?.first("host")?[attribute: "name"]
    let name = source?.first("name")?.text
    let devices = source?.all("device").compactMap { $0[attribute: "path"] } ?? []
    switch type {
    case .dir: return path.map { .directory(path: $0) }
    case .fs:
      guard let device, let path else { return nil }
      return .fileSystem(device: device, format: format.flatMap(FileSystemFormat.init), path: path)
    case .netfs:
      guard let host, let directory = source?.first("dir")?[attribute: "path"], let path else { return nil }
      let known = format.flatMap(NetworkFileSystemFormat.init)
      return .networkFileSystem(host: host, directory: directory, format: known, path: path)
    case .logical:
      // The volumes of another path have other names than the device nodes that LVM makes.
      guard let group = name ?? document.first("name")?.text, path == nil || path == "/dev/\(group)" else {
        return nil
      }
      return .logical(group: group, devices: devices)
    case .zfs: return (name ?? document.first("name")?.text).map { .zfs(dataset: $0, devices: devices) }
    case .disk:
      guard let device, path == nil || path == "/dev" else { return nil }
      return .disk(device: device, format: format.flatMap(PartitionTableFormat.init))
    case .iscsi:
      guard let host, let device else { return nil }
      let port = source?.first("host")?[attribute: "port"].flatMap { Int($0) } ?? ISCSITarget.defaultPort
      return .iscsi(.init(host: host, port: port, name: device, login: login(in: source)))
    case .rbd:
      guard let name else { return nil }
      let monitors = source?.all("host").compactMap { element in
        element[attribute: "name"].map {
          RBDPool.Monitor(host: $0, port: element[attribute: "port"].flatMap { Int($0) })
        }
      }
      return .rbd(.init(monitors: monitors ?? [], name: name, login: login(in: source)))
    }
  }

  private static func login(in source: XMLElement?) -> PoolLogin? {
    guard let auth = source?.first("auth"), let user = auth[attribute: "username"],
      let secret = auth.first("secret")
    else { return nil }
    return PoolLogin(user: user, secret: secret[attribute: "usage"] ?? secret[attribute: "uuid"] ?? "")
  }
}

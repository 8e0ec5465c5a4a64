import Planner
import SpecModel

extension SpecComposer {
  /// The pools that VMs have disks in. They are used as they are: a spec that made them would have to say who else uses them.
  mutating func poolSection(used machines: [TakenMachine]) -> SpecMap {
    var section = SpecMap()
    var found: [ResourceName: (hosts: [ResourceName], comments: [String])] = [:]
    for host in hosts {
      for pool in host.state.pools.sorted(by: { $0.name < $1.name }) where pool.isActive {
        guard let name = try? ResourceName(parsing: pool.name), let source = pool.source else { continue }
        let files = Set(machines.filter { $0.host.name == host.name }.flatMap { $0.machine.files })
        let used = pool.volumes.filter { files.contains($0.path) }
        guard !used.isEmpty else { continue }
        found[name, default: ([], [])].hosts.append(host.name)
        found[name]?.comments += comments(on: pool, source, files, host)
      }
    }
    for (name, pool) in found.sorted(by: { $0.key < $1.key }) {
      var entry = SpecMap(["external": true])
      if pool.hosts.count < hosts.count { entry["hosts"] = .list(pool.hosts.map { .text($0.rawValue) }) }
      section.add(name.rawValue, .map(entry), comments: pool.comments)
    }
    usedPools = Set(found.keys)
    return section
  }

  private func comments(
    on pool: Pool, _ source: PoolSource, _ files: Set<String>, _ host: ImportedHost
  ) -> [String] {
    let place = hosts.count > 1 ? "On \(host.name): " : ""
    let below = Set(pool.volumes.filter { files.contains($0.path) }.compactMap(\.backingPath))
    let idle = pool.volumes.filter { !files.contains($0.path) && !below.contains($0.path) }.map(\.name)
    var lines = ["\(place)\(source.type.rawValue)" + (source.root.map { ", \($0)" } ?? "")]
    if !idle.isEmpty {
      let some = idle.sorted().prefix(8).joined(separator: ", ")
      let volumes = idle.count == 1 ? "1 volume" : "\(idle.count) volumes"
      lines.append("\(volumes) that no VM has: \(some)\(idle.count > 8 ? " …" : "")")
    }
    return lines
  }

  // MARK: Disks

  /// What a disk of a VM is; nil for what the language cannot say.
  func disk(_ disk: Machine.Disk, on host: ImportedHost) -> SpecMap? {
    guard let format = disk.format, !disk.path.isEmpty else { return nil }
    var entry = SpecMap()
    if let (pool, volume, holdsFiles) = volume(at: disk.path, on: host) {
      entry["volume"] = .text(volume)
      if holdsFiles { entry["format"] = .text(format.rawValue) } else if format != .raw { return nil }
      if usedPools.count > 1 { entry["pool"] = .text(pool.rawValue) }
    } else {
      guard disk.path.hasPrefix("/"), isPlainPath(disk.path) else { return nil }
      entry["path"] = .text(disk.path)
      entry["format"] = .text(format.rawValue)
    }
    guard let bus = disk.bus ?? (host.state.capabilities.driver == .xen ? .virtio : nil) else { return nil }
    if bus != .virtio { entry["bus"] = .text(bus.rawValue) }
    if let limits = disk.ioTune { entry["iotune"] = limits.spec }
    return entry
  }

  /// The volume at `path` in a pool that the spec has.
  private func volume(at path: String, on host: ImportedHost) -> (
    pool: ResourceName, volume: String, holdsFiles: Bool
  )? {
    for pool in host.state.pools.sorted(by: { $0.name < $1.name }) where pool.isActive {
      guard let name = try? ResourceName(parsing: pool.name), usedPools.contains(name),
        let type = pool.source?.type, let volume = pool.volumes.first(where: { $0.path == path }),
        isWord(volume.name)
      else { continue }
      return (name, volume.name, type.holdsFiles)
    }
    return nil
  }

  private func isWord(_ text: String) -> Bool {
    text.first != "-" && text != "." && text != ".."
      && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "+_.:-".contains($0)) }
  }

  func isPlainPath(_ path: String) -> Bool {
    let parts = path.split(separator: "/")
    return path == "/" + parts.joined(separator: "/") && !parts.contains(".") && !parts.contains("..")
      && !path.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7f }
  }
}

extension IOTune {
  fileprivate var spec: SpecValue? {
    SpecMap([
      "total_bytes": totalBytes?.spec, "read_bytes": readBytes?.spec, "write_bytes": writeBytes?.spec,
      "total_iops": totalIOPS.map { .number($0) }, "read_iops": readIOPS.map { .number($0) },
      "write_iops": writeIOPS.map { .number($0) },
    ]).value
  }
}

extension ByteCount {
  /// Without the space that is for people: `4GiB`.
  var spec: SpecValue { .text(description.filter { $0 != " " }) }
}

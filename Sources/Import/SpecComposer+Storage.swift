import Planner
import SpecModel

extension SpecComposer {
  /// The pools that VMs have disks in. They are used as they are: a spec that made them would have to say who else uses them.
  mutating func poolSection(used machines: [TakenMachine]) -> SpecMap {
    var section = SpecMap()
    var found: [ResourceName: (hosts: [ResourceName], comments: [String], path: String?)] = [:]
    for host in hosts {
      for pool in host.state.pools.sorted(by: { $0.name < $1.name }) where pool.isActive {
        guard let name = try? ResourceName(parsing: pool.name), let source = pool.source else { continue }
        let files = Set(machines.filter { $0.host.name == host.name }.flatMap { $0.machine.files })
        let used = pool.volumes.filter {
          files.contains($0.path) || files.contains("\(pool.name)/\($0.name)")
        }
        guard !used.isEmpty else { continue }
        found[name, default: ([], [], nil)].hosts.append(host.name)
        // Where there is no host yet, there is no pool either.
        if host.uri == nil, case .directory(let path) = source {
          found[name]?.path = path
        } else {
          found[name]?.comments += comments(on: pool, source, host)
        }
      }
    }
    // Disks that are to be made name pools, too. One alone, `default`, virtform's own libvirt has without a word.
    for host in hosts where host.uri == nil {
      let made = machines.flatMap { machine in
        machine.machine.unnamed.disks.filter { isMade($0, of: machine.machine, on: host) }
      }
      let names = Set(made.compactMap(pool(ofMade:)))
      guard names.map(\.rawValue) != ["default"] || !found.isEmpty else { continue }
      for name in names where found[name] == nil {
        let there = host.state.pools.first { $0.name == name.rawValue }?.source
        var path: String?
        if case .directory(let directory) = there { path = directory }
        found[name] = (
          [host.name],
          path == nil
            ? ["Nobody says where it is: the host has to have a pool of this name, or describe it here."]
            : [],
          path
        )
      }
    }
    for (name, pool) in found.sorted(by: { $0.key < $1.key }) {
      var entry = pool.path.map { SpecMap(["path": .text($0)]) } ?? SpecMap(["external": true])
      if pool.hosts.count < hosts.count { entry["hosts"] = .list(pool.hosts.map { .text($0.rawValue) }) }
      section.add(name.rawValue, .map(entry), comments: pool.comments)
    }
    usedPools = Set(found.keys)
    return section
  }

  private func comments(on pool: Pool, _ source: PoolSource, _ host: ImportedHost) -> [String] {
    let place = hosts.count > 1 ? "On \(host.name): " : ""
    // Of all definitions, whoever made them, with what lies below.
    let files = Set(host.state.machines.flatMap { $0.files.union($0.unnamed.drives.compactMap(\.media)) })
    let volumes = host.state.pools.flatMap(\.volumes)
    var used = files.union(volumes.filter { files.contains("\($0.pool)/\($0.name)") }.map(\.path))
    var open = Array(used)
    while let path = open.popLast() {
      for below in volumes.filter({ $0.path == path }).compactMap(\.backingPath)
      where used.insert(below).inserted {
        open.append(below)
      }
    }
    let idle = pool.volumes.filter { !used.contains($0.path) }.map(\.name)
    var lines = ["\(place)\(source.type.rawValue)" + (source.root.map { ", \($0)" } ?? "")]
    if !idle.isEmpty {
      let some = idle.sorted().prefix(8).joined(separator: ", ")
      let volumes = idle.count == 1 ? "1 volume" : "\(idle.count) volumes"
      lines.append("\(volumes) that no definition here has: \(some)\(idle.count > 8 ? " …" : "")")
    }
    return lines
  }

  // MARK: Disks

  /// What a disk of a VM is; nil for what the language cannot say.
  func disk(_ disk: Machine.Disk, of machine: Machine, on host: ImportedHost) -> SpecMap? {
    let image = image(of: disk, of: machine, on: host)
    let size = disk.target.flatMap { host.sizes[.init(domain: machine.domainName, target: $0)] }
    if image != nil || size != nil {
      var entry = SpecMap(["size": size?.spec, "image": image.map { .text($0.name.rawValue) }])
      // A disk that was on IDE is on what came after it.
      let bus = disk.bus ?? (host.state.capabilities.driver == .xen ? .virtio : .sata)
      if bus != .virtio { entry["bus"] = .text(bus.rawValue) }
      if image == nil, disk.format == .raw { entry["format"] = "raw" }
      if let pool = pool(ofMade: disk), usedPools.contains(pool), usedPools.count > 1 {
        entry["pool"] = .text(pool.rawValue)
      }
      return entry
    }
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

  /// The pool that a disk is to be made in, where the files say so.
  private func pool(ofMade disk: Machine.Disk) -> ResourceName? {
    let parts = disk.path.split(separator: "/", omittingEmptySubsequences: false)
    return parts.count == 2 ? try? ResourceName(parsing: String(parts[0])) : nil
  }

  /// True for a disk that nobody has yet.
  func isMade(_ disk: Machine.Disk, of machine: Machine, on host: ImportedHost) -> Bool {
    image(of: disk, of: machine, on: host) != nil
      || disk.target.map { host.sizes[.init(domain: machine.domainName, target: $0)] != nil } == true
  }

  func image(of disk: Machine.Disk, of machine: Machine, on host: ImportedHost) -> ImportedImage? {
    guard let target = disk.target else { return nil }
    let use = ImportedImage.Use(domain: machine.domainName, target: target)
    return host.images.first { $0.uses.contains(use) }
  }

  /// The volume at `path` in a pool that the spec has.
  private func volume(at path: String, on host: ImportedHost) -> (
    pool: ResourceName, volume: String, holdsFiles: Bool
  )? {
    for pool in host.state.pools.sorted(by: { $0.name < $1.name }) where pool.isActive {
      guard let name = try? ResourceName(parsing: pool.name), usedPools.contains(name),
        let type = pool.source?.type,
        let volume = pool.volumes.first(where: { $0.path == path || "\(pool.name)/\($0.name)" == path }),
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

extension SiteDecoder {
  static let rootDisk = "root"
  /// What `cdrom:` says of an empty drive.
  private static let noMedium = "none"
  /// Bytes or operations a second: QEMU's own bound (`THROTTLE_VALUE_MAX`).
  static let maximumThroughput = 1_000_000_000_000_000

  /// - Parameter clone: how the VM's disks are made from images unless they say so themselves.
  func decodeDisks(
    _ reader: MappingReader, _ instance: Instance, image: ResourceName?, clone: CloneKind?,
    host: ResourceName?, pool: ResourceName?
  ) -> [DiskSpec] {
    let entries = reader.namedEntries("disks")
    var disks = entries.compactMap { name, entry -> DiskSpec? in
      reader.nested(entry.value, "disks", name.rawValue).flatMap { disk in
        defer { disk.finish() }
        if name.rawValue == SeedDrive.name, reader.has("cloud_init") {
          diagnostics.error(
            "the drive of cloud_init is called 'seed'", at: entry.keyLocation,
            help: "give this disk another name"
          )
        }
        let image = name.rawValue == Self.rootDisk ? image : nil
        if disk.has("cdrom") {
          return decodeCDROM(name, disk, instance, image: image, host: host, pool: pool)
        }
        if disk.has("disk") { return decodeSharedDisk(name, disk, image: image, host: host) }
        if disk.has("volume") || disk.has("path") {
          return decodeExistingDisk(name, disk, instance, image: image, host: host, pool: pool)
        }
        return decodeOwnDisk(name, disk, instance, image: image, clone: clone, host: host, pool: pool)
      }
    }
    if let image, !entries.contains(where: { $0.name.rawValue == Self.rootDisk }), let pool,
      let root = try? ResourceName(parsing: Self.rootDisk)
    {
      checkDisk(nil, size: nil, image: image, clone: clone, in: pool, reader)
      let source = DiskSpec.Source.own(size: nil, image: image, format: nil, pool: pool)
      disks.insert(
        DiskSpec(
          name: root, source: source, bus: nil, keep: false, isProtected: false, ioTune: nil,
          path: reader.path + "image", clone: clone), at: 0)
    }
    return disks
  }

  private func decodeSharedDisk(
    _ name: ResourceName, _ disk: MappingReader, image: ResourceName?, host: ResourceName?
  ) -> DiskSpec? {
    let bus = disk.choice("bus", DiskBus.self)
    let ioTune = decodeIOTune(disk)
    disk.refuse(
      ["volume", "path", "size", "pool", "image", "clone", "format", "keep", "protect"],
      help: "a shared disk is described under disks:"
    ) { "'\($0)' does not go with 'disk'" }
    guard let shared = reference(disk, "disk", to: .disks) else { return nil }
    if let image {
      disk.error(
        "the VM's image '\(image)' would make this disk, but it is the shared disk '\(shared)'", at: "disk",
        help: "leave out the VM's 'image', or give the shared disk another name here")
    }
    if let declared = sharedDisks[shared], let host, declared.host != host,
      pools[declared.pool]?.isShared != true
    {
      disk.error("disk '\(shared)' is on host '\(declared.host)', this VM on '\(host)'", at: "disk")
    }
    return DiskSpec(
      name: name, source: .shared(shared), bus: bus, keep: true, isProtected: false, ioTune: ioTune,
      path: disk.path)
  }

  /// `cdrom: IMAGE` is a drive with an image of the spec in it, `cdrom: /PATH` one with a file of the host, `cdrom: none` an
  /// empty one.
  private func decodeCDROM(
    _ name: ResourceName, _ disk: MappingReader, _ instance: Instance, image inherited: ResourceName?,
    host: ResourceName?, pool vmPool: ResourceName?
  ) -> DiskSpec? {
    let bus = disk.choice("bus", DiskBus.self)
    if bus == .virtio {
      disk.error(
        "a CD-ROM drive cannot be on the bus virtio", at: "bus", help: "it is one of: scsi, sata")
    }
    disk.refuse(["disk", "volume", "path", "image", "clone", "size", "format", "keep", "protect", "iotune"]) {
      "'\($0)' does not go with 'cdrom'"
    }
    if let inherited {
      disk.error(
        "the VM's image '\(inherited)' would make this disk, but it is a CD-ROM drive", at: "cdrom",
        help: "leave out the VM's 'image', or give the drive another name")
    }
    if disk.node("cdrom")?.scalar?.text.hasPrefix("/") == true {
      disk.refuse(["pool"]) { "'\($0)' does not go with a path of the host" }
      let medium = disk.value("cdrom", Self.hostFile)
      guard !instance.isTemplate else { return nil }
      return medium.map { path in
        DiskSpec(
          name: name, source: .hostMedium(path), bus: bus, keep: false, isProtected: false, ioTune: nil,
          path: disk.path)
      }
    }
    let isEmpty = disk.name("cdrom")?.rawValue == Self.noMedium
    if isEmpty, declared[.images]?.contains(where: { $0.rawValue == Self.noMedium }) == true {
      disk.error(
        "'none' is an empty drive, but an image has this name, too", at: "cdrom",
        help: "give the image another name")
    }
    let medium = isEmpty ? nil : reference(disk, "cdrom", to: .images)
    if let medium, let image = images[medium], image.format != .raw {
      disk.error(
        "image '\(medium)' is \(image.format.rawValue), but a CD-ROM is raw", at: "cdrom",
        help: "an *.iso file is raw")
    }
    guard !instance.isTemplate, medium != nil else {
      _ = reference(disk, "pool", to: .pools)
      guard isEmpty, !instance.isTemplate else { return nil }
      return drive(name, medium: nil, pool: nil, bus, disk)
    }
    guard let pool = self.pool(disk, on: host, inherited: vmPool) else { return nil }
    if let refusal = pools[pool]?.source?.type.refusal(ofFile: "the image of a CD-ROM drive", pool: pool) {
      disk.error(refusal.message, at: "cdrom", help: refusal.help)
    }
    return drive(name, medium: medium, pool: pool, bus, disk)
  }

  private func drive(
    _ name: ResourceName, medium: ResourceName?, pool: ResourceName?, _ bus: DiskBus?, _ disk: MappingReader
  ) -> DiskSpec {
    DiskSpec(
      name: name, source: .cdrom(medium, pool: pool), bus: bus, keep: false, isProtected: false, ioTune: nil,
      path: disk.path)
  }

  private func decodeOwnDisk(
    _ name: ResourceName, _ disk: MappingReader, _ instance: Instance, image inherited: ResourceName?,
    clone vmClone: CloneKind?, host: ResourceName?, pool vmPool: ResourceName?
  ) -> DiskSpec? {
    for key in ["disk", "cdrom", "volume", "path"] { _ = disk.node(key) }
    let bus = disk.choice("bus", DiskBus.self)
    let keep = disk.bool("keep") ?? false
    let isProtected = disk.bool("protect") ?? false
    let ioTune = decodeIOTune(disk)
    let size = diskSize(disk)
    let image = reference(disk, "image", to: .images) ?? inherited
    let ownClone = disk.choice("clone", CloneKind.self)
    let format = disk.choice("format", DiskFormat.self)
    guard !instance.isTemplate else {
      _ = reference(disk, "pool", to: .pools)
      return nil
    }
    let pool = self.pool(disk, on: host, inherited: vmPool)
    let clone = disk.has("clone") ? ownClone : vmClone
    if let image {
      checkClone(of: image, size: size, format, clone, in: pool, disk)
    } else if !disk.has("image") {
      disk.missing("size", help: "such as size: 20GiB")
      if disk.has("clone") { disk.error("'clone' goes with an 'image', and there is none", at: "clone") }
    }
    guard let pool, size != nil || image != nil else { return nil }
    checkDisk(format, size: size, image: image, clone: clone, in: pool, disk)
    return DiskSpec(
      name: name, source: .own(size: size, image: image, format: format, pool: pool), bus: bus, keep: keep,
      isProtected: isProtected, ioTune: ioTune, path: disk.path, clone: image == nil ? nil : clone)
  }

  /// `volume: NAME` is a volume that is there already, `path: /PATH` a file or a device that is in no pool of the spec's.
  private func decodeExistingDisk(
    _ name: ResourceName, _ disk: MappingReader, _ instance: Instance, image: ResourceName?,
    host: ResourceName?,
    pool vmPool: ResourceName?
  ) -> DiskSpec? {
    let bus = disk.choice("bus", DiskBus.self)
    let ioTune = decodeIOTune(disk)
    let key = disk.has("volume") ? "volume" : "path"
    disk.refuse(
      ["image", "clone", "size", "keep", "protect"] + (key == "volume" ? ["path"] : ["pool"]),
      help: "what is there already is used as it is"
    ) { "'\($0)' does not go with '\(key)'" }
    if let image {
      disk.error(
        "the VM's image '\(image)' would make this disk, but it is the \(key) that is there", at: key,
        help: "leave out the VM's 'image', or give the disk another name")
    }
    let format = disk.choice("format", DiskFormat.self)
    func spec(_ source: DiskSpec.Source) -> DiskSpec {
      DiskSpec(
        name: name, source: source, bus: bus, keep: true, isProtected: false, ioTune: ioTune, path: disk.path)
    }
    if key == "path" {
      let path = disk.value("path", Self.hostFile)
      // libvirt would tell the format by the content, which may be what a guest has written.
      disk.missing("format", help: "of a device it is raw")
      guard !instance.isTemplate else { return nil }
      return path.flatMap { path in format.map { spec(.path(path, format: $0)) } }
    }
    let volume = disk.value("volume") { text throws(ValueError) in try Self.word(text, "a volume") }
    guard !instance.isTemplate else {
      _ = reference(disk, "pool", to: .pools)
      return nil
    }
    guard let pool = self.pool(disk, on: host, inherited: vmPool), let volume else { return nil }
    if let type = pools[pool]?.source?.type, let refusal = type.refusal(ofUseIn: pool, as: format) {
      disk.error(refusal.message, at: "volume", help: refusal.help)
    }
    return spec(.existing(volume: volume, pool: pool, format: format))
  }

  private func decodeIOTune(_ disk: MappingReader) -> IOTune? {
    let help = "write a limit, such as iotune: {total_bytes: 50MiB} or {total_iops: 500}, or leave it out"
    guard let limits = disk.nonEmpty("iotune", help: help) else { return nil }
    defer { limits.finish() }
    var tune = IOTune()
    tune.totalBytes = limits.value("total_bytes", Self.throughput)
    tune.readBytes = limits.value("read_bytes", Self.throughput)
    tune.writeBytes = limits.value("write_bytes", Self.throughput)
    tune.totalIOPS = limits.int("total_iops", in: 1...Self.maximumThroughput)
    tune.readIOPS = limits.int("read_iops", in: 1...Self.maximumThroughput)
    tune.writeIOPS = limits.int("write_iops", in: 1...Self.maximumThroughput)
    for kind in ["bytes", "iops"] where limits.has("total_\(kind)") {
      let parts = ["read_\(kind)", "write_\(kind)"]
      limits.refuse(parts, help: "limit the total, or reading and writing each") {
        "'\($0)' does not go with 'total_\(kind)'"
      }
    }
    return tune
  }

  private static func throughput(_ text: String) throws(ValueError) -> ByteCount {
    let rate = try ByteCount(parsing: text)
    guard rate.rawValue > 0 else {
      throw ValueError("a limit of 0 B would be none", help: "leave it out for no limit")
    }
    guard rate.rawValue <= maximumThroughput else {
      throw ValueError("a limit of \(rate) a second is too much", help: "at most 1000000GB")
    }
    return rate
  }

  private func checkClone(
    of image: ResourceName, size: ByteCount?, _ format: DiskFormat?, _ clone: CloneKind?,
    in pool: ResourceName?, _ disk: MappingReader
  ) {
    if format == .raw, (clone ?? pool.flatMap { pools[$0]?.defaultClone }) == .linked {
      disk.error(
        "a linked clone of an image cannot be raw", at: "format",
        help:
          "leave out 'format': it is a qcow2 file that refers to its image; or copy the image: clone: full")
    }
    if let size, let virtualSize = images[image]?.virtualSize, size < virtualSize {
      disk.error(
        "a disk of \(size) is smaller than its image '\(image)', which has \(virtualSize)", at: "size",
        help: "a smaller disk would cut off the end of the image; leave out 'size' to have the image's")
    }
  }
}

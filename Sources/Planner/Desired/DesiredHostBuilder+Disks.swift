import SpecModel

/// The disks of VMs: their volumes, and the images that these are made from.
extension DesiredHostBuilder {
  mutating func wantedVolume(_ disk: DiskSpec, of spec: MachineSpec, _ actual: Machine?) -> Int? {
    switch disk.source {
    case .cdrom, .hostMedium, .existing, .path: return nil
    case .shared(let name):
      return volumesByAddress[Address(.disk, name.rawValue, on: host.name)]
    case .own(let size, let imageName, let format, let pool):
      let base = "\(spec.name).\(disk.name)"
      let image = imageName.flatMap { self.image($0, in: pool) }
      let capacity = size ?? imageName.flatMap { images[$0]?.virtualSize } ?? ByteCount(rawValue: 0)
      let clone = disk.clone ?? desired.sources[pool]?.type.defaultClone ?? .linked
      guard
        isTaken(format, size: capacity, image: imageName, clone: disk.clone, by: pool, at: disk.path),
        var volume = volume(
          .machineDisk, base: base, format: format, capacity: capacity, pool: pool,
          backing: clone == .linked ? image?.volume.path : nil)
      else { return nil }
      let there =
        actual?.disks.first { $0.name == disk.name.rawValue }?.path
        ?? index.detachedFile(ofDisk: disk.name.rawValue, of: spec.name.rawValue, in: volume.pool)
      if let there, let name = nameOfFile(at: there, like: volume, .machineDisk) {
        // The file of a disk, or of a VM, that was renamed keeps the name that it was made with.
        (volume.name, volume.path) = (name, there)
      }
      volume.isProtected = spec.protects(disk)
      var wanted = DesiredHost.WantedVolume(
        address: Address(.disk, base, on: host.name), volume: volume, hasSize: size != nil, source: image,
        path: disk.path)
      (wanted.clone, wanted.keep) = (disk.clone, disk.keep)
      wanted.imageChange = imageChange(of: disk, wanted, spec, actual)
      // The image counts only while the clone has to be made: afterwards it is what it is.
      wanted.isMade =
        !index.isThere(volume) || index.isCutOff(volume) || isReplaced(disk, of: spec)
        || wanted.imageChange?.outcome == .replaces
      if wanted.isMade, let image { checkSize(of: volume, clonedFrom: image, at: disk.path) }
      return append(wanted)
    }
  }

  /// `debian-4c1f37e0a2b9`: an image with the start of its digest.
  private func contentName(of image: DesiredHost.WantedImage) -> String? {
    identity.volume(named: image.volume.name)?.base
  }

  /// `4c1f37e0a2b9`: what is in the image, whatever the spec calls it.
  private static func digest(in contentName: String) -> Substring? { contentName.split(separator: "-").last }

  /// The size of an image that was downloaded or converted is not known before.
  private func checkSize(of volume: Volume, clonedFrom image: DesiredHost.WantedImage, at path: SpecPath) {
    let isKnown = site.images.first { $0.name.rawValue == image.name }?.virtualSize != nil
    guard !isKnown, volume.capacity < image.volume.capacity else { return }
    report(
      "a disk of \(volume.capacity) is smaller than its image '\(image.name)', which has \(image.volume.capacity)",
      at: path + "size",
      help: "a smaller disk would cut off the end of the image; leave out 'size' to have the image's")
  }

  /// True if the disk is made anew in this run, with its VM.
  private func isReplaced(_ disk: DiskSpec, of spec: MachineSpec) -> Bool {
    isReplaced(spec) && !disk.keep && !disk.isProtected
  }

  // MARK: Another image

  /// What becomes of a disk that is there and was made from another image than the spec names now; nil if it was not, or
  /// if nothing may ever make it anew.
  private func imageChange(
    of disk: DiskSpec, _ wanted: DesiredHost.WantedVolume, _ spec: MachineSpec, _ actual: Machine?
  ) -> DesiredHost.ImageChange? {
    guard !disk.keep, !disk.isProtected, !isReplaced(spec), let image = wanted.source,
      let there = index.volume(at: wanted.volume.path), !index.isCutOff(there),
      let from = index.image(of: there),
      let to = contentName(of: image), Self.digest(in: from) != Self.digest(in: to)
    else { return nil }
    return .init(from: from, to: to, outcome: outcome(for: wanted.address, there, spec, actual))
  }

  private func outcome(
    for address: Address, _ there: Volume, _ spec: MachineSpec, _ actual: Machine?
  ) -> DesiredHost.ImageChange.Outcome {
    guard spec.onImageChange == .replace else {
      return .stays("--replace vm.\(spec.name) makes the VM anew from it")
    }
    if spec.isProtected || actual?.isProtected == true { return .stays("the VM is protected") }
    let isRemembered = actual?.disks.contains { $0.path == there.path && $0.isProtected } == true
    if isRemembered || index.tagged(there).map({ index.isProtected($0, in: there.pool) }) == true {
      return .stays("it was protected until now, and the next plan makes it anew")
    }
    let others = index.users(of: there.path).filter { $0.uuid != actual?.uuid }
    if let other = others.first { return .stays("VM '\(other.name)' uses it, too") }
    if options.dataLoss.covers(address) { return .replaces }
    let isMeant =
      !options.dataLoss.isGiven && isInScope([address, Address(.vm, spec.name.rawValue, on: host.name)])
    return isMeant ? .lacksConsent : .stays("--allow-data-loss-of \(address) makes the disk anew from it")
  }

  private func isInScope(_ addresses: [Address]) -> Bool {
    let scope = options.scope
    func names(_ patterns: [AddressPattern]) -> Bool {
      patterns.contains { pattern in addresses.contains(where: pattern.matches) }
    }
    return !names(scope.excluded) && (scope.targets.isEmpty || names(scope.targets))
  }
}

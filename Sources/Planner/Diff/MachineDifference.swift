import SpecModel

/// What has to change so that a VM of the stack becomes as wanted, without starting, stopping or removing anything.
struct MachineDifference {
  /// For people, in the order of the tables.
  private(set) var changes: [FieldChange] = []
  /// Fields to write into the definition, and those of them that the guest is to have at once.
  private(set) var fields: Set<MachineField> = []
  private(set) var liveFields: Set<MachineField> = []
  private(set) var setDisks: [Machine.Disk] = []
  private(set) var removedDisks: [Machine.Disk] = []
  private(set) var setDrives: [Machine.Drive] = []
  private(set) var removedDrives: [Machine.Drive] = []
  private(set) var setMemory: [MemoryDevice] = []
  private(set) var removedMemory: [String] = []
  private(set) var setNICs: [Machine.NIC] = []
  private(set) var removedNICs: [Machine.NIC] = []
  /// What is done to the devices of the guest.
  private(set) var devices: [DeviceChange] = []
  /// Fields that will wait for a restart once the changes are made.
  private(set) var pending: [String] = []
  /// Disks whose definition names another file than is wanted, which nothing can mend.
  private(set) var misplacedDisks: [(there: Machine.Disk, wanted: Machine.Disk)] = []

  /// What was compared: what is wanted, in the host's words.
  let wanted: Machine

  private let comparison: Comparison
  private let definition: Machine
  private let guest: Machine?

  /// - Parameters:
  ///   - staysUp: whether the guest runs and is to run on.
  ///   - renamedDevices: new paths of devices by their old ones.
  init(
    from definition: Machine, guest: Machine?, to wanted: Machine, on host: HostCapabilities, staysUp: Bool,
    renamedDevices: [String: String]
  ) {
    let pendingBefore = guest.map { definition.pendingRestart(of: $0) } ?? []
    comparison = Comparison(
      driver: host.driver, staysUp: staysUp, applied: definition.mark?.applied ?? [:],
      staged: Set(pendingBefore), unfinished: Set(definition.mark?.unfinished ?? []),
      startedWith: guest?.mark?.applied ?? [:])
    self.definition = definition
    self.guest = staysUp ? guest : nil
    var wanted = Self.normalForm(of: wanted, beside: definition, self.guest, on: host)
    if let guest = self.guest { wanted.takeBack(Set(pendingBefore), from: guest) }
    self.wanted = wanted
    compareFields(wanted)
    compareMemory(wanted)
    compareDisks(wanted)
    compareDrives(wanted)
    compareNICs(wanted)
    // libvirt gives each new device a place in the order; where the spec has a word on that, it is said again.
    if wanted.boot != nil, !setDisks.isEmpty || !setDrives.isEmpty || !setNICs.isEmpty {
      fields.insert(.boot)
    }
    changes += renamedDevices.sorted { $0.key < $1.key }.map {
      FieldChange($0.value, from: $0.key, to: $0.value, effect: .none)
    }
    guard staysUp else {
      pending = []
      return
    }
    let changed = Set(changes.map(\.path))
    pending += pendingBefore.filter { !changed.contains($0) }
    pending += changes.filter { $0.effect == .restart }.map(\.path)
    pending = Set(pending).sorted()
  }

  /// `wanted` with names replaced by what the host calls the same thing.
  private static func normalForm(
    of wanted: Machine, beside definition: Machine, _ guest: Machine?, on host: HostCapabilities
  ) -> Machine {
    var wanted = wanted
    guard let name = wanted.settings.machine else { return wanted }
    // A VM keeps the version of the machine that it was made with: an update of QEMU is no change of the VM.
    let versions = [definition.settings.machine, guest?.settings.machine].compactMap { $0 }
    wanted.settings.machine =
      versions.first { host.machineAliases[name] == $0 || isVersion($0, ofAlias: name) } ?? name
    return wanted
  }

  /// `pc-q35-7.2` is a version of `q35`, `pc-i440fx-7.2` of `pc`.
  private static func isVersion(_ name: String, ofAlias alias: String) -> Bool {
    let families = ["q35": "pc-q35-", "pc": "pc-i440fx-"]
    return name.hasPrefix(families[alias] ?? "\(alias)-")
  }

  // MARK: Fields

  private mutating func compareFields(_ wanted: Machine) {
    for field in MachineField.allCases where field != .state {
      if field == .name {
        compareName(wanted)
        continue
      }
      if comparison.isPending(
        field.rule, at: field.rawValue, definition: definition, guest: guest, wanted: wanted)
      {
        pending.append(field.rawValue)
      }
      guard
        let change = comparison.difference(
          field.rule, at: field.rawValue, from: definition, guest: guest, to: wanted)
      else { continue }
      changes.append(change)
      fields.insert(field)
      if change.effect == .live { liveFields.insert(field) }
    }
  }

  /// A running guest keeps libvirt's name; its mark has the new one until it is off.
  private mutating func compareName(_ wanted: Machine) {
    guard definition.domainName != wanted.name else { return }
    if comparison.staysUp, definition.mark?.name == wanted.name {
      pending.append(MachineField.name.rawValue)
      return
    }
    changes.append(
      FieldChange(
        MachineField.name.rawValue,
        from: definition.name == wanted.name ? definition.domainName : definition.name,
        to: wanted.name, effect: comparison.staysUp ? .restart : .none))
  }

  // MARK: Memory devices

  private mutating func compareMemory(_ wanted: Machine) {
    let rule = MemoryDeviceField.attached.rule
    for device in wanted.memoryDevices {
      let path = MemoryDeviceField.attached.path(of: device.name)
      let there = definition.memoryDevices.first { $0.name == device.name }
      let live = guest?.memoryDevices.first { $0.name == device.name }
      if there == device {
        if live == nil, retryAttach(rule, device, at: path, to: "\(device.size)") {
          devices.append(.attachMemory(device))
        }
        continue
      }
      setMemory.append(device)
      guard let there else {
        // Room for devices is made at the start of a guest, and one of that name may still be plugged in.
        let hasRoom = live == nil && guest?.settings.memoryLimit == wanted.settings.memoryLimit
        let isKnown = definition.mark?.applied[path] != nil
        let effect: Effect =
          guest == nil || live == device
          ? .none : hasRoom && rule.isLive(from: device, to: device, on: comparison.driver) ? .live : .restart
        changes.append(
          FieldChange(
            path, from: nil, to: "\(device.size)", effect: effect, cause: isKnown ? .drift : .change))
        if effect == .live { devices.append(.attachMemory(device)) }
        continue
      }
      changes.append(
        FieldChange(
          path, from: "\(there.size)", to: "\(device.size)",
          effect: guest == nil || live == device ? .none : .restart,
          cause: .of(wanted: "\(device.size)", applied: definition.mark?.applied[path])))
    }
    let names = Set(wanted.memoryDevices.map(\.name))
    for device in definition.memoryDevices where !names.contains(device.name) {
      let isInGuest = guest?.memoryDevices.contains { $0.name == device.name } ?? false
      removedMemory.append(device.name)
      changes.append(
        FieldChange(
          MemoryDeviceField.attached.path(of: device.name), from: "\(device.size)", to: nil,
          effect: isInGuest ? .restart : .none))
    }
  }

  // MARK: Disks

  private mutating func compareDisks(_ wanted: Machine) {
    for disk in wanted.disks {
      let path = DiskField.attached.path(of: disk.name)
      let live = guest.flatMap { $0.disks.first { $0.name == disk.name } }
      let isInGuest = live != nil || guest?.files.contains(disk.path) == true
      guard let there = definition.disks.first(where: { $0.name == disk.name }) else {
        let isKnown = definition.mark?.disks.contains { $0.name == disk.name } ?? false
        let effect = attach(
          DiskField.attached.rule, disk, isInGuest: isInGuest, at: path, to: disk.path, isKnown)
        if effect == .live { devices.append(.attachDisk(disk)) }
        setDisks.append(disk)
        continue
      }
      if there.path != disk.path {
        misplacedDisks.append((there, disk))
        continue
      }
      var disk = disk
      var isSet = false
      for field in DiskField.allCases where field != .attached {
        guard
          let change = comparison.difference(
            field.rule, at: field.path(of: disk.name), from: there, guest: live, to: disk)
        else { continue }
        changes.append(change)
        isSet = true
        guard field == .iotune else { continue }
        if change.to == nil { disk.ioTune = IOTune() }
        if change.effect == .live { devices.append(.throttleDisk(disk)) }
      }
      if !isInGuest, retryAttach(DiskField.attached.rule, there, at: path, to: disk.path) {
        devices.append(.attachDisk(disk))
      }
      if isSet { setDisks.append(disk) }
    }
    let wantedNames = Set(wanted.disks.map(\.name))
    let definedNames = Set(definition.disks.map(\.name))
    for live in guest?.disks ?? [] where !wantedNames.contains(live.name) && !definedNames.contains(live.name)
    {
      if unplug(DiskField.attached.rule, live, at: DiskField.attached.path(of: live.name), from: live.path) {
        devices.append(.detachDisk(live))
      }
    }
    for disk in definition.disks where !wantedNames.contains(disk.name) {
      removedDisks.append(disk)
      let live = guest.flatMap { $0.disks.first { $0.name == disk.name } }
      let effect = detach(
        DiskField.attached.rule, live, at: DiskField.attached.path(of: disk.name), from: disk.path)
      if effect == .live, let live { devices.append(.detachDisk(live)) }
    }
  }

  // MARK: CD-ROM drives

  private mutating func compareDrives(_ wanted: Machine) {
    for drive in wanted.drives {
      let path = DriveField.attached.path(of: drive.name)
      let live = guest.flatMap { $0.drives.first { $0.name == drive.name } }
      guard let there = definition.drives.first(where: { $0.name == drive.name }) else {
        let isKnown = definition.mark?.disks.contains { $0.name == drive.name } ?? false
        let to = DriveField.attached.rule.value(drive) ?? ""
        let effect = attach(
          DriveField.attached.rule, drive, isInGuest: live != nil, at: path, to: to, isKnown,
          // QEMU takes no empty drive while the guest runs.
          canPlugIn: drive.media != nil)
        if effect == .live { devices.append(.attachDrive(drive)) }
        setDrives.append(drive)
        continue
      }
      var isSet = false
      for field in DriveField.allCases where field != .attached {
        guard
          let change = comparison.difference(
            field.rule, at: field.path(of: drive.name), from: there, guest: live, to: drive)
        else { continue }
        changes.append(change)
        isSet = true
        if field == .media, change.effect == .live { devices.append(.changeMedia(drive)) }
      }
      // A guest without the drive is as good as one with an empty one.
      if live == nil, let media = drive.media,
        retryAttach(DriveField.attached.rule, there, at: path, to: media)
      {
        devices.append(.attachDrive(drive))
      }
      if isSet { setDrives.append(drive) }
    }
    let wantedNames = Set(wanted.drives.map(\.name))
    let definedNames = Set(definition.drives.map(\.name))
    for live in guest?.drives ?? []
    where !wantedNames.contains(live.name) && !definedNames.contains(live.name) {
      let path = DriveField.attached.path(of: live.name)
      if unplug(DriveField.attached.rule, live, at: path, from: live.media ?? "empty") {
        devices.append(.detachDrive(live))
      }
    }
    for drive in definition.drives where !wantedNames.contains(drive.name) {
      removedDrives.append(drive)
      let live = guest.flatMap { $0.drives.first { $0.name == drive.name } }
      let from = DriveField.attached.rule.value(drive) ?? ""
      let effect = detach(
        DriveField.attached.rule, live, at: DriveField.attached.path(of: drive.name), from: from)
      if effect == .live, let live { devices.append(.detachDrive(live)) }
    }
  }

  // MARK: Network interfaces

  private mutating func compareNICs(_ wanted: Machine) {
    for nic in wanted.nics {
      let path = NICField.attached.path(of: nic.name)
      let live = guest.flatMap { $0.nics.first { $0.name == nic.name } }
      guard let there = definition.nics.first(where: { $0.name == nic.name }) else {
        let isKnown = definition.mark?.nics.contains { $0.name == nic.name } ?? false
        let isInGuest = live != nil || nic.mac.map { guest?.macs.contains($0) == true } ?? false
        let effect = attach(
          NICField.attached.rule, nic, isInGuest: isInGuest, at: path, to: "\(nic.link)", isKnown)
        if effect == .live { devices.append(.attachNIC(nic)) }
        setNICs.append(nic)
        continue
      }
      compare(nic, there, live, at: path)
    }
    let wantedNames = Set(wanted.nics.map(\.name))
    let definedNames = Set(definition.nics.map(\.name))
    for live in guest?.nics ?? [] where !wantedNames.contains(live.name) && !definedNames.contains(live.name)
    {
      if unplug(NICField.attached.rule, live, at: NICField.attached.path(of: live.name), from: "\(live.link)")
      {
        devices.append(.detachNIC(live))
      }
    }
    for nic in definition.nics where !wantedNames.contains(nic.name) {
      removedNICs.append(nic)
      let live = guest.flatMap { $0.nics.first { $0.name == nic.name } }
      let effect = detach(
        NICField.attached.rule, live, at: NICField.attached.path(of: nic.name), from: "\(nic.link)")
      if effect == .live, let live { devices.append(.detachNIC(live)) }
    }
  }

  private mutating func compare(
    _ wanted: Machine.NIC, _ there: Machine.NIC, _ live: Machine.NIC?, at path: String
  ) {
    var nic = wanted
    var own: [FieldChange] = []
    for field in NICField.allCases where field != .attached {
      guard
        let change = comparison.difference(
          field.rule, at: field.path(of: nic.name), from: there, guest: live, to: wanted)
      else { continue }
      own.append(change)
      if change.to == nil, field == .portgroup { nic.portgroup = .init(name: "") }
      if change.to == nil, field == .vlan { nic.vlan = VLAN.none }
      if change.to == nil, field == .qos { nic.qos = QoS() }
      if change.to == nil, field == .firewall { nic.firewall = "" }
    }
    changes += own
    // A redefinition without the address would give the interface a new one.
    nic.mac = nic.mac ?? there.mac
    nic.model = nic.model ?? there.model
    if own.contains(where: { $0.effect == .live }) {
      // What waits for a restart is not asked of the guest: libvirt would refuse all of it.
      var update = nic
      if let live {
        (update.mac, update.model) = (live.mac, live.model)
        let link = own.first { $0.path == NICField.network.path(of: nic.name) }
        if link?.effect == .restart {
          (update.link, update.portgroup, update.vlan) = (live.link, live.portgroup, live.vlan)
        }
      }
      devices.append(.updateNIC(update))
    }
    if live == nil, retryAttach(NICField.attached.rule, there, at: path, to: "\(nic.link)") {
      devices.append(.attachNIC(nic))
    }
    if !own.isEmpty { setNICs.append(nic) }
  }

  // MARK: Devices

  /// Notes that a device is added to the definition. Returns what that does to the guest.
  private mutating func attach<Device>(
    _ rule: FieldRule<Device>, _ device: Device, isInGuest: Bool, at path: String, to: String,
    _ isKnown: Bool,
    canPlugIn: Bool = true
  ) -> Effect {
    let effect: Effect =
      guest == nil || isInGuest
      ? .none : canPlugIn && rule.isLive(from: device, to: device, on: comparison.driver) ? .live : .restart
    changes.append(FieldChange(path, from: nil, to: to, effect: effect, cause: isKnown ? .drift : .change))
    return effect
  }

  /// True if a device that the definition has, and the guest has not, is to be plugged in now. One that the guest
  /// cannot take while it runs is pending.
  private mutating func retryAttach<Device>(
    _ rule: FieldRule<Device>, _ device: Device, at path: String, to: String
  ) -> Bool {
    guard guest != nil, !comparison.staged.contains(path) else { return false }
    guard rule.isLive(from: device, to: device, on: comparison.driver) else {
      pending.append(path)
      return false
    }
    changes.append(FieldChange(path, from: nil, to: to, effect: .live, cause: .drift))
    return true
  }

  /// True if a device that only the guest has is to be unplugged now: a run was cut off after it was plugged in, or before
  /// it was unplugged. One that the guest keeps until its restart is pending already.
  private mutating func unplug<Device>(
    _ rule: FieldRule<Device>, _ live: Device, at path: String, from: String
  ) -> Bool {
    guard !comparison.staged.contains(path), rule.isLive(from: live, to: live, on: comparison.driver) else {
      return false
    }
    changes.append(FieldChange(path, from: from, to: nil, effect: .live))
    return true
  }

  /// Notes that a device is taken out of the definition. Returns what that does to the guest.
  private mutating func detach<Device>(
    _ rule: FieldRule<Device>, _ live: Device?, at path: String, from: String
  )
    -> Effect
  {
    let effect: Effect =
      live.map { rule.isLive(from: $0, to: $0, on: comparison.driver) ? .live : .restart } ?? .none
    changes.append(FieldChange(path, from: from, to: nil, effect: effect))
    return effect
  }
}

extension Machine {
  /// Sets what waits for a restart, and is not the spec's any more, back to what the guest runs with: a change that is
  /// taken back before it was in effect never was.
  fileprivate mutating func takeBack(_ staged: Set<String>, from guest: Machine) {
    for index in disks.indices
    where disks[index].bus == nil && staged.contains(DiskField.bus.path(of: disks[index].name)) {
      disks[index].bus = guest.disks.first { $0.name == disks[index].name }?.bus
    }
    for index in drives.indices
    where drives[index].bus == nil && staged.contains(DriveField.bus.path(of: drives[index].name)) {
      drives[index].bus = guest.drives.first { $0.name == drives[index].name }?.bus
    }
    for index in nics.indices {
      let there = guest.nics.first { $0.name == nics[index].name }
      if nics[index].model == nil, staged.contains(NICField.model.path(of: nics[index].name)) {
        nics[index].model = there?.model
      }
      if nics[index].mac == nil, staged.contains(NICField.mac.path(of: nics[index].name)) {
        nics[index].mac = there?.mac
      }
    }
    for field in MachineField.allCases where staged.contains(field.rawValue) && field.value(of: self) == nil {
      switch field {
      case .accel: settings.accel = guest.settings.accel
      case .machine: settings.machine = guest.settings.machine
      case .firmware: settings.firmware = guest.settings.firmware
      case .cpu: settings.cpu = guest.settings.cpu
      case .boot: boot = guest.boot
      // They go, or go back to what a new VM has.
      case .name, .title, .description, .cpus, .cpuShares, .cpuPinning, .memory, .memoryLimit, .kernel,
        .initrd,
        .cmdline, .ignition, .graphics, .password, .console, .autostart, .shutdown, .protect, .metaData,
        .networkConfig,
        .userData, .state:
        continue
      }
    }
  }
}

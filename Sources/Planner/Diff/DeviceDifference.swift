/// What has to change so that a VM's devices of one kind become as wanted.
struct DeviceDifference<Device: NamedDevice> {
  private typealias Field = Device.Field

  /// For people, in the order of the spec.
  private(set) var changes: [FieldChange] = []
  /// Devices to add to the definition or to change in it.
  private(set) var set: [Device] = []
  /// Devices to take out of the definition.
  private(set) var removed: [Device] = []
  /// What is done to the devices of the guest.
  private(set) var plugs: [DeviceChange] = []
  /// Devices that wait for a restart, although the definition has them.
  private(set) var pending: [String] = []
  /// Devices whose definition can never become what is wanted.
  private(set) var misplaced: [(there: Device, wanted: Device)] = []

  private let comparison: Comparison
  private let wanted: Machine
  private let guest: Machine?
  private let running: [Device]

  /// - Parameter guest: what runs and is to run on.
  init(from definition: Machine, guest: Machine?, to wanted: Machine, _ comparison: Comparison) {
    self.comparison = comparison
    self.wanted = wanted
    self.guest = guest
    running = guest.map(Device.all) ?? []
    let defined = Device.all(of: definition)
    let devices = Device.all(of: wanted)
    for device in devices { compare(device, defined.first { $0.name == device.name }) }
    let names = Set(devices.map(\.name))
    for live in running
    where !names.contains(live.name) && !defined.contains(where: { $0.name == live.name }) && !live.isCovered
    {
      unplug(live)
    }
    for device in defined where !names.contains(device.name) && !device.isCovered { remove(device) }
  }

  private func path(_ device: Device) -> String { Field.attached.path(of: device.name) }
  private func value(_ device: Device) -> String { Field.attached.rule.value(device) ?? "" }
  private func live(_ device: Device) -> Device? { running.first { $0.name == device.name } }

  /// What has no fields of its own is exchanged as a whole.
  private static var isWhole: Bool { Field.allCases.count == 1 }

  private func isInGuest(_ device: Device) -> Bool {
    guard let guest else { return false }
    return Self.isWhole ? live(device) == device : live(device) != nil || device.isAttached(to: guest)
  }

  private func canPlugIn(_ device: Device) -> Bool {
    guard let guest, live(device) == nil, device.attachment != nil else { return false }
    return device.canPlugIn(to: guest, of: wanted)
      && Field.attached.rule.isLive(from: device, to: device, on: comparison.driver)
  }

  private mutating func compare(_ device: Device, _ there: Device?) {
    guard let there else { return add(device) }
    guard device.canReplace(there) else {
      misplaced.append((there, device))
      return
    }
    if Self.isWhole, value(there) != value(device) { return exchange(there, by: device) }
    let own = Field.allCases.filter { $0 != .attached }.compactMap { field in
      comparison.difference(
        field.rule, at: field.path(of: device.name), from: there, guest: live(device), to: device
      ).map { (field: field, change: $0) }
    }
    var device = device
    changes += own.map(\.change)
    for (field, change) in own where change.to == nil { device.clear(field) }
    device.inherit(from: there)
    plugs += device.adjustments(of: live(device), for: own)
    if !isInGuest(device), device.isMissed { plugIn(device, there) }
    if !own.isEmpty { set.append(device) }
  }

  /// A device that the definition does not have.
  private mutating func add(_ device: Device) {
    let effect: Effect = guest == nil || isInGuest(device) ? .none : canPlugIn(device) ? .live : .restart
    let isKnown = comparison.applied[path(device)] != nil
    changes.append(
      FieldChange(
        path(device), from: nil, to: value(device), effect: effect, cause: isKnown ? .drift : .change))
    if effect == .live, let attachment = device.attachment { plugs.append(attachment) }
    set.append(device)
  }

  private mutating func exchange(_ there: Device, by device: Device) {
    changes.append(
      FieldChange(
        path(device), from: value(there), to: value(device),
        effect: guest == nil || isInGuest(device) ? .none : .restart,
        cause: .of(wanted: value(device), applied: comparison.applied[path(device)])))
    set.append(device)
  }

  /// A device that the definition has, and the guest has not. One that the guest cannot take while it runs is pending.
  private mutating func plugIn(_ device: Device, _ there: Device) {
    guard guest != nil, live(device) == nil, !comparison.staged.contains(path(device)) else { return }
    guard canPlugIn(there), let attachment = device.attachment else {
      pending.append(path(device))
      return
    }
    changes.append(FieldChange(path(device), from: nil, to: value(device), effect: .live, cause: .drift))
    plugs.append(attachment)
  }

  /// A device that only the guest has: a run was cut off after it was plugged in, or before it was unplugged. One that
  /// the guest keeps until its restart is pending already.
  private mutating func unplug(_ live: Device) {
    guard !comparison.staged.contains(path(live)), let detachment = self.detachment(of: live) else { return }
    changes.append(FieldChange(path(live), from: value(live), to: nil, effect: .live))
    plugs.append(detachment)
  }

  /// A device that the definition has and the spec has not.
  private mutating func remove(_ device: Device) {
    removed.append(device)
    let live = live(device)
    let detachment = live.flatMap { self.detachment(of: $0) }
    let effect: Effect = live == nil ? .none : detachment == nil ? .restart : .live
    changes.append(FieldChange(path(device), from: value(device), to: nil, effect: effect))
    if let detachment { plugs.append(detachment) }
  }

  private func detachment(of live: Device) -> DeviceChange? {
    let isLive =
      !comparison.isPaused && Field.attached.rule.isLive(from: live, to: live, on: comparison.driver)
    return isLive ? live.detachment : nil
  }
}

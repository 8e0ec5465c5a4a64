/// What changing a field does, in words, as its rule in the tables says.
public struct FieldEffect: Hashable, Sendable {
  /// `live`, `restart`, `live if it grows, else restart`
  public let qemu: String
  public let xen: String
  let test: String
  /// What becomes of a field that the spec sets no more: `goes`, `stays`, `back to 1`.
  public let unset: String

  init<Object>(_ rule: FieldRule<Object>) {
    qemu = Self.effect(rule, on: .qemu)
    xen = Self.effect(rule, on: .xen)
    test = Self.effect(rule, on: .test)
    unset =
      switch rule.unset {
      case .required: "has to be set"
      case .stays: "stays"
      case .removed: "goes"
      case .back(let value, _): "back to \(value)"
      }
  }

  private static func effect<Object>(_ rule: FieldRule<Object>, on driver: HostCapabilities.Driver) -> String
  {
    if rule.lacking.contains(driver) { return "refused" }
    switch rule.scope {
    case .definition: return "–"
    case .power: return "live or stop"
    case .creation: return "counts when it is made"
    case .fixed: return "refused"
    case .idle:
      guard rule.live.drivers.contains(driver) else { return "while no guest that has it runs, else refused" }
      return rule.live.condition.map { "live if \($0), else refused" } ?? "live"
    case .content: return "data loss, only with consent"
    case .guest, .request, .secret:
      guard rule.live.drivers.contains(driver) else { return "restart" }
      return rule.live.condition.map { "live if \($0), else restart" } ?? "live"
    }
  }
}

extension FieldEffect {
  /// The effect of the field of a spec at `keys`, the path without names: `vms`, `disks`, `size`. nil for what no table
  /// has a row for.
  public init?(of keys: [String]) {
    let rest = keys.dropFirst()
    let effect =
      switch keys.first {
      case "vms", "defaults", "profiles": Self.machine(rest)
      case "networks": Self.longest(rest) { NetworkField(rawValue: $0).map { FieldEffect($0.rule) } }
      case "pools": Self.longest(rest) { PoolField(rawValue: $0).map { FieldEffect($0.rule) } }
      case "disks": Self.longest(rest) { VolumeField(rawValue: $0).map { FieldEffect($0.rule) } }
      default: nil as FieldEffect?
      }
    guard let effect else { return nil }
    self = effect
  }

  /// The row of `keys`, or else of the field that they are a part of.
  private static func longest(_ keys: ArraySlice<String>, _ row: (String) -> FieldEffect?) -> FieldEffect? {
    var keys = keys
    while !keys.isEmpty {
      if let effect = row(keys.joined(separator: ".")) { return effect }
      keys.removeLast()
    }
    return nil
  }

  private static func machine(_ keys: ArraySlice<String>) -> FieldEffect? {
    let part = keys.dropFirst().first
    switch (keys.first, part) {
    case ("disks", _): return disk(part)
    case ("nics", _): return nic(part)
    case ("shares", _): return FieldEffect(ShareField.attached.rule)
    case ("host_devices", _): return FieldEffect(HostDeviceField.attached.rule)
    case ("memory", "devices"): return FieldEffect(MemoryDeviceField.attached.rule)
    case ("image", _): return FieldEffect(VolumeField.image.rule)
    case ("clone", _): return FieldEffect(VolumeField.clone.rule)
    case ("cloud_init", "hostname"), ("cloud_init", "instance"), ("cloud_init", "meta_data"):
      return FieldEffect(MachineField.metaData.rule)
    case ("cloud_init", "network"): return FieldEffect(MachineField.networkConfig.rule)
    case ("cloud_init", _): return FieldEffect(MachineField.userData.rule)
    default: return longest(keys) { MachineField(rawValue: $0).map { FieldEffect($0.rule) } }
    }
  }

  private static func disk(_ key: String?) -> FieldEffect? {
    switch key {
    case nil, "disk", "volume": FieldEffect(DiskField.attached.rule)
    case "cdrom": FieldEffect(DriveField.media.rule)
    case let key?:
      DiskField(rawValue: key).map { FieldEffect($0.rule) }
        ?? VolumeField(rawValue: key).map { FieldEffect($0.rule) }
    }
  }

  private static func nic(_ key: String?) -> FieldEffect? {
    switch key {
    case nil: FieldEffect(NICField.attached.rule)
    case "ip": FieldEffect(NetworkField.reservations.rule)
    case "address", "gateway", "nameservers": FieldEffect(MachineField.networkConfig.rule)
    case let key?: NICField(rawValue: key).map { FieldEffect($0.rule) }
    }
  }
}

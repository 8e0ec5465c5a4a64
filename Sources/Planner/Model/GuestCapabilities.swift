import SpecModel

/// What a host gives guests of one kind, as its libvirt says (<https://libvirt.org/formatcaps.html>).
public struct GuestCapabilities: Hashable, Sendable {
  public var hasFirmware: Bool
  /// Whether they can have devices of the host.
  public var hasHostDevices: Bool

  public init(hasFirmware: Bool, hasHostDevices: Bool) {
    self.hasFirmware = hasFirmware
    self.hasHostDevices = hasHostDevices
  }
}

extension HostCapabilities {
  /// The fields of a VM that the host does not give guests of its kind, and that kind; none where the host does not say.
  func fieldsNotGiven(
    to settings: MachineSettings, hasKernel: Bool, _ devices: [HostDevice]
  ) -> (kind: Virtualization, paths: [String]) {
    let kind = settings.virt ?? virtualization(hasKernel: hasKernel)
    guard let given = guests[kind] else { return (kind, []) }
    let firmware = !given.hasFirmware && settings.firmware == .uefi ? [MachineField.firmware.rawValue] : []
    return (
      kind,
      firmware + (given.hasHostDevices ? [] : devices.map { HostDeviceField.attached.path(of: $0.name) })
    )
  }
}

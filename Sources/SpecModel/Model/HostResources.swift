/// A directory of the host that a guest can mount (<https://libvirt.org/formatdomain.html#filesystems>).
public struct HostShare: Hashable, Sendable, CustomStringConvertible {
  public enum Kind: String, CaseIterable, Sendable {
    case virtiofs
    case plan9 = "9p"

    /// The most bytes of a name that the guest gets to see.
    var longestName: Int { self == .virtiofs ? 36 : 31 }
  }

  /// What the guest mounts it by.
  public let name: String
  /// Absolute path on the host.
  public let path: String
  public let kind: Kind
  public let isReadOnly: Bool

  public init(name: String, path: String, kind: Kind, isReadOnly: Bool = false) {
    self.name = name
    self.path = path
    self.kind = kind
    self.isReadOnly = isReadOnly
  }

  /// `/srv/web by virtiofs, read-only`
  public var description: String { "\(path) by \(kind.rawValue)" + (isReadOnly ? ", read-only" : "") }
}

/// A device of the host that a guest has for itself
/// (<https://libvirt.org/formatdomain.html#usb-pci-scsi-devices>).
public struct HostDevice: Hashable, Sendable {
  /// What a device is found by. Neither changes when the host restarts.
  public enum ID: Hashable, Sendable, CustomStringConvertible {
    case pci(PCIAddress)
    case usb(USBProduct)

    /// `pci 0000:03:00.0`
    public var description: String {
      switch self {
      case .pci(let address): "pci \(address)"
      case .usb(let product): "usb \(product)"
      }
    }
  }

  public let name: String
  public let id: ID

  public init(name: String, id: ID) {
    self.name = name
    self.id = id
  }
}

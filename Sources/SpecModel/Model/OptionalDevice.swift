/// A device that a VM has or has not, such as a TPM. Where a spec does not speak of it, there is none of these.
public enum OptionalDevice<Kind: Hashable & Sendable>: Hashable, Sendable, CustomStringConvertible {
  case absent
  case present(Kind)

  /// nil if it is absent.
  public var kind: Kind? { if case .present(let kind) = self { kind } else { nil } }

  public var description: String {
    switch self {
    case .absent: "none"
    case .present(let kind): "\(kind)"
    }
  }
}

/// How the guest talks to an emulated TPM 2.0 (<https://libvirt.org/formatdomain.html#tpm-device>).
public enum TPMModel: String, CaseIterable, Sendable, CustomStringConvertible {
  case crb, tis

  public var description: String { rawValue }
}

/// What feeds the guest's random numbers from those of the host
/// (<https://libvirt.org/formatdomain.html#random-number-generator-device>).
public struct RandomSource: Hashable, Sendable, CustomStringConvertible {
  /// The most bytes a second; nil is no limit.
  public let rate: ByteCount?

  public init(rate: ByteCount? = nil) { self.rate = rate }

  /// `1 KiB/s`
  public var description: String { rate.map { "\($0)/s" } ?? "unlimited" }
}

/// What acts when the guest stops giving signs of life (<https://libvirt.org/formatdomain.html#watchdog-devices>).
public struct Watchdog: Hashable, Sendable, CustomStringConvertible {
  public enum Model: String, CaseIterable, Sendable {
    /// A PCI card that every PC takes.
    case i6300esb
    /// A card for the ISA bus of old PCs.
    case ib700
    /// The one in the chipset of q35.
    case itco
  }

  public enum Action: String, CaseIterable, Sendable {
    case reset, shutdown, poweroff, pause, none, dump
    case injectNMI = "inject-nmi"
  }

  public let model: Model
  public let action: Action

  public init(model: Model = .i6300esb, action: Action = .reset) {
    self.model = model
    self.action = action
  }

  /// `reset by i6300esb`
  public var description: String { "\(action.rawValue) by \(model.rawValue)" }
}

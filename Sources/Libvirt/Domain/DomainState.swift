internal import CLibvirt

/// What a domain is doing (`virDomainState`).
public enum DomainState: String, Hashable, Sendable, CaseIterable {
  /// The hypervisor does not say.
  case noState
  case running
  /// Waiting for a resource; a kind of running.
  case blocked
  case paused
  /// Being shut down.
  case shutdown
  case shutoff
  case crashed
  /// Suspended by the guest's own power management.
  case suspended

  /// Numbers of a later libvirt count as ``noState``.
  init(number: Int32) {
    self =
      switch virDomainState(rawValue: UInt32(bitPattern: number)) {
      case VIR_DOMAIN_RUNNING: .running
      case VIR_DOMAIN_BLOCKED: .blocked
      case VIR_DOMAIN_PAUSED: .paused
      case VIR_DOMAIN_SHUTDOWN: .shutdown
      case VIR_DOMAIN_SHUTOFF: .shutoff
      case VIR_DOMAIN_CRASHED: .crashed
      case VIR_DOMAIN_PMSUSPENDED: .suspended
      default: .noState
      }
  }
}

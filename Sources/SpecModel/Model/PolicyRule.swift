/// A limit on what a plan may do, and where it is written. A plan that breaks one of a site's rules is not carried out.
public struct PolicyRule: Hashable, Sendable {
  /// What is limited.
  public enum Limit: Hashable, Sendable {
    /// No disk and no TPM loses its content, whatever consents to it.
    case noDataLoss
    /// Objects that are added, changed, replaced, removed or let go.
    case changes(atMost: Int)
    /// Objects that are removed.
    case removals(atMost: Int)
    /// VMs that are removed and made anew.
    case replacements(atMost: Int)
    /// Guests that restart.
    case restarts(atMost: Int)
    /// Guests restart within one of these, and at no other time.
    case restartWindows([RestartWindow])
    /// vCPUs of running VMs for each CPU of their host.
    case cpuOvercommit(Ratio)
    /// Memory of running VMs, relative to that of their host.
    case memoryOvercommit(Ratio)
    /// So many hosts may fail at once, and their VMs find a place on the others.
    case survival(ofHosts: Int)
    /// VMs that a plan makes or changes have these labels.
    case labels([ResourceName])
    /// VMs that a plan makes or changes say this of themselves.
    case fields([PolicyField])
  }

  public let limit: Limit
  /// The rule's word in the spec: `overcommit.cpus`.
  public let name: String
  public let location: SourceLocation

  public init(_ limit: Limit, name: String, at location: SourceLocation) {
    self.limit = limit
    self.name = name
    self.location = location
  }
}

/// What a policy may want every VM to say.
public enum PolicyField: String, CaseIterable, Sendable {
  case title, description, groups, protect, ready, autostart
}

/// What a plan may do to the content of disks and TPMs.
public enum DataLossPolicy: String, CaseIterable, Sendable {
  case forbid
  /// As far as the run has consent, as without any policy.
  case consent
}

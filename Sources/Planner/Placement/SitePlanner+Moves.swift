import SpecModel

extension SitePlanner.Options {
  /// What moves VMs, for people: `--drain rack1`.
  var moveWords: [String] {
    drained.sorted().map { "drain \($0)" }
      + destinations.sorted { $0.key < $1.key }.map { "migrate \($0) \($1)" }
  }

  /// True if somebody wants the VM to leave `host`, where it is.
  func asks(for machine: ResourceName, on host: ResourceName?) -> Bool {
    destinations[machine] != nil || host.map(drained.contains) ?? false
  }
}

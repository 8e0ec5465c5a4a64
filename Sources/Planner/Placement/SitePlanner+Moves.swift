extension SitePlanner.Options {
  /// What moves VMs, for people: `--drain rack1`.
  var moveWords: [String] {
    drained.sorted().map { "drain \($0)" }
      + destinations.sorted { $0.key < $1.key }.map { "migrate \($0) \($1)" }
  }
}

extension SavedPlan {
  /// Why the plan may not be applied any more, given what would be planned now; empty if it may.
  public func staleness(comparedWith now: SavedPlan) -> [String] {
    guard self != now else { return [] }
    var reasons: [String] = []
    if virtformVersion != now.virtformVersion {
      reasons.append("it was made by virtform \(virtformVersion), and this is \(now.virtformVersion)")
    }
    if stack != now.stack { reasons.append("it is for stack '\(stack)', and the spec is of '\(now.stack)'") }
    if spec.digest != now.spec.digest { reasons.append("the spec has changed") }
    for name in Set(hosts.keys).union(now.hosts.keys).sorted() where hosts[name] != now.hosts[name] {
      reasons.append(
        now.hosts[name] == nil
          ? "host '\(name)' is not in the spec"
          : hosts[name] == nil ? "host '\(name)' is new in the spec" : "host '\(name)' is another machine")
    }
    for key in Set(objects.keys).union(now.objects.keys).sorted() where objects[key] != now.objects[key] {
      reasons.append(reason(key, now))
    }
    if reasons.isEmpty { reasons.append("other steps would be needed now") }
    if now.changes.isEmpty, !changes.isEmpty {
      reasons.append("nothing is left to do: the plan was applied already, or somebody did the same")
    }
    return reasons
  }

  private func reason(_ key: String, _ now: SavedPlan) -> String {
    guard let then = objects[key] else { return "\(key) would change, too" }
    guard let current = now.objects[key] else { return "\(key) needs no change any more" }
    if then.before == nil { return "\(key) is there now" }
    if current.before == nil { return "\(key) is gone" }
    let fields = Set(then.values.keys).union(current.values.keys).sorted().filter {
      then.values[$0] != current.values[$0]
    }
    .map { "\($0) was \(then.values[$0] ?? "not set") and is \(current.values[$0] ?? "not set")" }
    return "\(key) has changed" + (fields.isEmpty ? "" : ": " + fields.joined(separator: ", "))
  }
}

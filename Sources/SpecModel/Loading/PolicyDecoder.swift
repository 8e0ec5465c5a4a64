/// Decodes the words of `policy:`, which a policy file has at its top.
struct PolicyDecoder {
  let diagnostics: Diagnostics
  let zones: ZoneDatabase

  /// The rules of the spec's own policy; none if it has none.
  func decode(in spec: MappingReader) -> [PolicyRule] {
    guard let policy = spec.nonEmpty("policy", help: Self.example) else { return [] }
    return decode(policy)
  }

  /// The rules of a policy file.
  func decode(file root: YAMLNode) -> [PolicyRule] {
    guard !root.isNull, root.mapping?.isEmpty != true else {
      diagnostics.error("the policy is empty", at: root.location, help: Self.example)
      return []
    }
    guard
      let policy = MappingReader(
        root, at: SpecPath("policy"), diagnostics, title: "the policy", nestedPrefix: "")
    else { return [] }
    policy.unknown("policy") { _ in "a policy file has its words at its top" }
    return decode(policy)
  }

  private static let example = "such as max_restarts: 3"
  /// What a number of changes may be limited to.
  static let anyCount = 0...1_000_000

  private func decode(_ policy: MappingReader) -> [PolicyRule] {
    defer { policy.finish() }
    var rules: [PolicyRule] = []
    func add(_ key: String, _ limit: PolicyRule.Limit?) {
      guard let limit else { return }
      rules.append(PolicyRule(limit, name: key, at: policy.keyLocation(of: key)))
    }
    add("data_loss", policy.choice("data_loss", DataLossPolicy.self) == .forbid ? .noDataLoss : nil)
    add("max_changes", policy.int("max_changes", in: Self.anyCount).map { .changes(atMost: $0) })
    add("max_removals", policy.int("max_removals", in: Self.anyCount).map { .removals(atMost: $0) })
    add(
      "max_replacements", policy.int("max_replacements", in: Self.anyCount).map { .replacements(atMost: $0) })
    add("max_restarts", policy.int("max_restarts", in: Self.anyCount).map { .restarts(atMost: $0) })
    add("restart_window", windows(policy).map { .restartWindows($0) })
    rules += overcommit(policy)
    add("survive", policy.value("survive", Self.failures).map { .survival(ofHosts: $0) })
    add("required_labels", names("required_labels", in: policy).map { .labels($0) })
    add("required_fields", fields(policy).map { .fields($0) })
    return rules
  }

  /// Reads `1 host` or `2 hosts`.
  private static func failures(_ text: String) throws(ValueError) -> Int {
    switch text {
    case "1 host": 1
    case "2 hosts": 2
    default: throw ValueError("no policy knows to survive '\(text)'", help: "write 1 host or 2 hosts")
    }
  }

  // MARK: Windows

  /// `restart_window: {…}`, or a list of them; nil if there is none, or none without a fault.
  private func windows(_ policy: MappingReader) -> [RestartWindow]? {
    guard let node = policy.node("restart_window"), !node.isUnresolved else { return nil }
    let help = #"such as {days: [sat, sun], from: "22:00", to: "05:00", zone: Europe/Berlin}"#
    let items: [YAMLNode] = if case .sequence(let items) = node.content { items } else { [node] }
    if items.isEmpty || node.isNull {
      policy.error(
        node.isNull ? "'restart_window' has no value" : "'restart_window' is an empty list",
        at: "restart_window",
        help: help)
      return nil
    }
    let windows = items.compactMap { policy.nested($0, "restart_window").flatMap(window) }
    return windows.count == items.count ? windows : nil
  }

  private func window(_ reader: MappingReader) -> RestartWindow? {
    let reportsBefore = diagnostics.reportCount
    let days = days(reader)
    let from = reader.value("from") { text throws(ValueError) in try ClockTime(parsing: text) }
    let to = reader.value("to") { text throws(ValueError) in try ClockTime(parsing: text) }
    let zone = reader.value("zone") { text throws(ValueError) in try zones.zone(text) }
    for (key, other) in [("from", "to"), ("to", "from")] where reader.has(other) {
      reader.missing(key, help: "or leave out both for whole days")
    }
    if let from, from == to || from == .endOfDay {
      reader.error(
        "the window from \(from) to \(to ?? from) is empty", at: "from", help: "leave out both for whole days"
      )
    }
    reader.finish()
    guard diagnostics.reportCount == reportsBefore else { return nil }
    return RestartWindow(days: days, from: from ?? .midnight, to: to ?? .endOfDay, zone: zone ?? .utc)
  }

  /// The days in the list at `days`, all if it is not there.
  private func days(_ reader: MappingReader) -> Set<Weekday> {
    guard reader.has("days") else { return Set(Weekday.allCases) }
    let words = Weekday.allCases.map(\.rawValue).joined(separator: ", ")
    let days = reader.values("days", help: "leave it out for every day") { text throws(ValueError) in
      guard let day = Weekday(rawValue: text) else {
        throw ValueError("'\(text)' is not a day of the week", help: "days are \(words)")
      }
      return day
    }
    return Set(days.map(\.value))
  }

  // MARK: Hosts and VMs

  private func overcommit(_ policy: MappingReader) -> [PolicyRule] {
    guard let reader = policy.nonEmpty("overcommit", help: "such as {cpus: 4, memory: 1}") else { return [] }
    defer { reader.finish() }
    func rule(_ key: String, _ limit: (Ratio) -> PolicyRule.Limit) -> PolicyRule? {
      reader.value(key) { text throws(ValueError) in try Ratio(parsing: text) }.map {
        PolicyRule(limit($0), name: "overcommit.\(key)", at: reader.keyLocation(of: key))
      }
    }
    return [rule("cpus") { .cpuOvercommit($0) }, rule("memory") { .memoryOvercommit($0) }].compactMap { $0 }
  }

  private func names(_ key: String, in policy: MappingReader) -> [ResourceName]? {
    guard let names = policy.names(key) else { return nil }
    if names.isEmpty { policy.error("'\(key)' is an empty list", at: key, help: "such as [owner, tier]") }
    return names.map(\.name).sorted()
  }

  private func fields(_ policy: MappingReader) -> [PolicyField]? {
    guard policy.has("required_fields") else { return nil }
    let words = PolicyField.allCases.map(\.rawValue)
    let fields = policy.values("required_fields", help: "such as [description]") { text throws(ValueError) in
      guard let field = PolicyField(rawValue: text) else {
        let near = diagnostics.nearest(to: text, in: words).map { "did you mean '\($0)'? " } ?? ""
        throw ValueError(
          "no policy can require '\(text)'", help: near + "it is one of: " + words.joined(separator: ", "))
      }
      return field
    }
    return PolicyField.allCases.filter { field in fields.contains { $0.value == field } }
  }
}

import SpecModel

/// A VM of the spec, or several of a count.
struct MachineEntry {
  var name: ResourceName
  let host: ResourceName
  var fields: SpecMap
  var comments: [String]
  /// The name of the entry; of a count, that of its VMs without the number.
  var key: String

  init(name: ResourceName, host: ResourceName, fields: SpecMap, comments: [String]) {
    self.name = name
    self.host = host
    self.fields = fields
    self.comments = comments
    key = name.rawValue
  }
}

/// Takes out of VMs what they have in common: VMs that differ in their number alone become one entry with a count, what all
/// have goes to the defaults, and what several have into a profile.
struct Factoring {
  private(set) var defaults = SpecMap()
  private(set) var profiles = SpecMap()

  /// Fields that are a VM's own, whatever others have.
  private static let own: Set = ["host", "title", "description", "disks", "nics", "boot", "count", "shares"]
  /// How many VMs a profile is worth while for.
  private static let fewest = 3

  static func factor(_ entries: inout [MachineEntry], hosts: Int) -> Factoring {
    var factoring = Factoring()
    entries = counted(entries)
    factoring.takeDefaults(&entries)
    factoring.takeProfiles(&entries)
    return factoring
  }

  // MARK: Counts

  /// The entries with VMs `web-1`, `web-2` … as one where nothing but the number tells them apart.
  private static func counted(_ entries: [MachineEntry]) -> [MachineEntry] {
    var groups: [String: [Int: Int]] = [:]
    for (index, entry) in entries.enumerated() {
      let parts = entry.key.split(separator: "-", omittingEmptySubsequences: false)
      guard parts.count > 1, let last = parts.last, let number = Int(last), String(number) == last, number > 0
      else { continue }
      groups[parts.dropLast().joined(separator: "-"), default: [:]][number] = index
    }
    let keys = Set(entries.map(\.key))
    var gone: Set<Int> = []
    var result = entries
    for (stem, members) in groups.sorted(by: { $0.key < $1.key }) {
      let count = members.count
      let indices = (1...max(count, 1)).compactMap { members[$0] }
      guard count > 1, indices.count == count, !keys.contains(stem),
        (try? ResourceName(parsing: stem)) != nil,
        let fields = template(of: indices.map { entries[$0].fields })
      else { continue }
      result[indices[0]].key = stem
      result[indices[0]].fields = fields
      result[indices[0]].fields.insertFirst("count", .number(count))
      result[indices[0]].comments = []
      gone.formUnion(indices.dropFirst())
    }
    return result.enumerated().filter { !gone.contains($0.offset) }.map(\.element)
  }

  /// One text for the fields of VMs 1, 2 …, with `${index}` where their number stands; nil if there is none.
  private static func template(of maps: [SpecMap]) -> SpecMap? {
    let texts = maps.map { SpecValue.map($0).texts }
    guard let first = texts.first, texts.allSatisfy({ $0.count == first.count }) else { return nil }
    var templates: [SpecValue] = []
    for position in first.indices {
      let values = texts.map { $0[position] }
      guard let template = template(of: values) else { return nil }
      templates.append(template)
    }
    func filled(_ map: SpecMap, _ texts: [SpecValue]) -> SpecMap {
      var rest = texts[...]
      return map.mapTexts { _ in rest.removeFirst() }
    }
    let results = maps.map { filled($0, templates) }
    return results.allSatisfy { $0 == results[0] } ? results[0] : nil
  }

  private static func template(of values: [String]) -> SpecValue? {
    if values.allSatisfy({ $0 == values[0] }) { return .text(values[0]) }
    // What has references in it is none that virtform wrote, and in texts of several lines they are no references.
    guard !values.contains(where: { $0.contains("${") || $0.contains("\n") }) else { return nil }
    let parts = values[0].split(separator: "1", omittingEmptySubsequences: false)
    func joined(_ places: Set<Int>, _ number: String) -> String {
      parts.indices.map { index in
        index == 0 ? String(parts[0]) : (places.contains(index) ? number : "1") + parts[index]
      }.joined()
    }
    let all = Set(parts.indices.dropFirst())
    let candidates = [all] + all.sorted().map { [$0] }
    return candidates.first { places in
      values.enumerated().allSatisfy { $0.element == joined(places, "\($0.offset + 1)") }
    }.map { .template(joined($0, "${index}")) }
  }

  // MARK: Defaults and profiles

  /// A value that most have goes to the defaults, if all have one: it would be the others', too.
  private mutating func takeDefaults(_ entries: inout [MachineEntry]) {
    guard entries.count > 1 else { return }
    let keys = entries[0].fields.keys.filter { key in
      !Self.own.contains(key) && entries.allSatisfy { $0.fields[key]?.isReplaced == true }
    }
    for key in keys {
      let (value, count) = Self.commonest(entries.compactMap { $0.fields[key] })
      guard let value, count > 1, count * 2 > entries.count else { continue }
      defaults[key] = value
      for index in entries.indices where entries[index].fields[key] == value {
        entries[index].fields[key] = nil
      }
    }
  }

  private mutating func takeProfiles(_ entries: inout [MachineEntry]) {
    var groups: [SpecMap: [Int]] = [:]
    for (index, entry) in entries.enumerated() {
      let shared = entry.fields.entries.filter { !Self.own.contains($0.key) }
      var map = SpecMap()
      for field in shared { map[field.key] = field.value }
      groups[map, default: []].append(index)
    }
    let worthwhile = groups.filter { $0.value.count >= Self.fewest && $0.key.entries.count > 1 }
    for (map, members) in worthwhile.sorted(by: { $0.value[0] < $1.value[0] }) {
      let name = name(of: map)
      profiles[name] = .map(map)
      for index in members {
        for key in map.keys { entries[index].fields[key] = nil }
        let isCounted = entries[index].fields.keys.first == "count"
        let count = entries[index].fields["count"]
        if isCounted { entries[index].fields["count"] = nil }
        entries[index].fields.insertFirst("profile", .text(name))
        if let count, isCounted { entries[index].fields.insertFirst("count", count) }
      }
    }
  }

  /// `2cpu-4GiB`, as far as it says so.
  private func name(of map: SpecMap) -> String {
    func text(_ value: SpecValue?) -> String? {
      switch value {
      case .text(let text): text
      case .number(let number): "\(number)"
      case .map(let map): text(map["count"] ?? map["size"])
      case .flag, .list, .template, nil: nil
      }
    }
    let cpus = text(map["cpus"] ?? defaults["cpus"]).map { "\($0)cpu" }
    let parts = [cpus, text(map["memory"] ?? defaults["memory"])].compactMap { $0 }
    let wish = parts.isEmpty ? "common" : parts.joined(separator: "-")
    return ([wish] + (2...).prefix(10_000).map { "\(wish)-\($0)" }).first { profiles[$0] == nil } ?? wish
  }

  private static func commonest(_ values: [SpecValue]) -> (SpecValue?, count: Int) {
    var counts: [SpecValue: Int] = [:]
    for value in values { counts[value, default: 0] += 1 }
    let best = counts.values.max() ?? 0
    return (values.first { counts[$0] == best }, best)
  }
}

extension SpecValue {
  /// True if a VM's own value takes the place of the default as a whole: maps merge.
  fileprivate var isReplaced: Bool { if case .map = self { false } else { true } }
}

import SpecModel

/// Hosts that may not fail together, since VMs of theirs would have no place.
struct SiteGap {
  let hosts: [ResourceName]
  /// By name, sorted.
  let machines: [String]
  /// What is missing most on the other hosts; nil where rules are in the way.
  let resource: PlacementResource?

  /// `if 'rack1' fails, there is no place for 'web-1' (memory)`
  var text: String {
    let names = machines.prefix(5).map { "'\($0)'" }.joined(separator: ", ")
    let rest = machines.count > 5 ? " and \(machines.count - 5) others" : ""
    return "if \(failure), there is no place for \(names)\(rest)\(cause)"
  }

  /// The same, had the failures of `away` happened; nil if there is no other.
  func without(_ away: Set<ResourceName>) -> SiteGap? {
    let rest = hosts.filter { !away.contains($0) }
    return rest.isEmpty ? nil : SiteGap(hosts: rest, machines: machines, resource: resource)
  }

  /// `'rack1' and 'rack2' fail`
  var failure: String {
    hosts.map { "'\($0)'" }.joined(separator: " and ") + (hosts.count == 1 ? " fails" : " fail")
  }

  var cause: String { resource.map { " (\($0.title))" } ?? "" }
}

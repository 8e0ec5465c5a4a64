public import SpecModel

/// That a plan does what a rule of the policy forbids.
public struct PolicyBreach: Hashable, Sendable {
  public let rule: PolicyRule
  /// What the plan does, and what it may, in one clause without a full stop.
  public let message: String
  /// The objects that break the rule, sorted.
  public let addresses: [Address]

  public init(_ rule: PolicyRule, _ message: String, by addresses: [Address]) {
    self.rule = rule
    self.message = message
    self.addresses = addresses.sorted()
  }

  /// `max_restarts (site.yaml:4:3): 3 guests restart, and 1 may at most`
  public var text: String { "\(rule.name) (\(rule.location)): \(message)" }

  /// `vm.web-1 … vm.web-3 on rack1, vm.db on rack2`
  public var places: String {
    var groups: [[Address]] = []
    for address in addresses {
      if let last = groups.last?.last, last.host == address.host, last.kind == address.kind {
        groups[groups.count - 1].append(address)
      } else {
        groups.append([address])
      }
    }
    return groups.map { group in
      "\(ChangeGroup.ranges(group.map(\.name), kind: group[0].kind)) on \(group[0].host)"
    }.joined(separator: ", ")
  }

  func mapTexts(_ transform: (String) -> String) -> PolicyBreach {
    PolicyBreach(rule, transform(message), by: addresses)
  }
}

extension [PolicyBreach] {
  /// `max_restarts (site.yaml:4:3), data_loss (site.yaml:3:3)`: each rule once.
  public var rules: String {
    var seen: Set<PolicyRule> = []
    return map(\.rule).filter { seen.insert($0).inserted }.map { "\($0.name) (\($0.location))" }
      .joined(separator: ", ")
  }
}

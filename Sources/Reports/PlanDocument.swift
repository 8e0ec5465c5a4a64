public import Planner
public import SpecModel

/// A plan for machines: what `virtform plan --json` prints. `docs/schemas/plan.schema.json` describes it.
///
/// `resource_changes` has the shape that Terraform's plans have, so that policies written for those need little change.
public struct PlanDocument {
  /// Its first number is raised when a reader of an older document would misread one, its second when something is added.
  public static let formatVersion = "1.2"

  private let plan: Plan
  private let site: Site
  /// SHA-256 that `apply --approve` takes.
  private let digest: String
  private let version: String

  public init(_ plan: Plan, of site: Site, digest: String, version: String) {
    self.plan = plan
    self.site = site
    self.digest = digest
    self.version = version
  }

  public var json: StructuredValue {
    var members: [String: StructuredValue] = [
      "format_version": .string(Self.formatVersion), "virtform_version": .string(version),
      "stack": .string(plan.stack.rawValue),
      "goal": .string(plan.goal == .destroy ? "destroy" : "converge"), "digest": .string(digest),
      "has_changes": .bool(!plan.isEmpty), "summary": Self.summary(plan.summary),
      "resource_changes": .list(plan.changes.map(change)), "resource_drift": .list(drift),
      "notes": .list(
        plan.notes.map { note in
          [
            "address": .string("\(note.address)"), "host": .string(note.address.host.rawValue),
            "text": .string(note.text),
          ]
        }),
    ]
    if !site.policy.isEmpty { members["policy"] = policy }
    if !plan.unknown.isEmpty {
      members["unknown_hosts"] = .list(
        plan.unknown.map { unknown in
          [
            "host": .string(unknown.host.rawValue), "reason": .string(unknown.reason),
            "vms": .list(unknown.machines.map { .string($0.rawValue) }),
          ]
        })
    }
    if let partial = plan.partial {
      members["partial"] = [
        "options": StructuredValue(partial.words), "omitted_changes": StructuredValue(partial.omitted),
      ]
    }
    return .map(members)
  }

  /// The rules that count, and those of them that forbid the plan.
  private var policy: StructuredValue {
    func head(_ rule: PolicyRule) -> [String: StructuredValue] {
      ["rule": .string(rule.name), "location": StructuredValue(rule.location)]
    }
    return [
      "rules": .list(site.policy.map { .map(head($0)) }),
      "breaches": .list(
        plan.breaches.map { breach in
          let addresses = breach.addresses.map { address -> StructuredValue in
            ["address": .string("\(address)"), "host": .string(address.host.rawValue)]
          }
          return .map(
            head(breach.rule).merging(
              ["message": .string(breach.message), "objects": .list(addresses)]) { $1 })
        }),
    ]
  }

  static func summary(_ counts: Plan.Summary) -> StructuredValue {
    [
      "add": StructuredValue(counts.add), "change": StructuredValue(counts.change),
      "move": StructuredValue(counts.moves),
      "remove": StructuredValue(counts.remove),
      "replace": StructuredValue(counts.replacements), "forget": StructuredValue(counts.forgotten),
      "adopt": StructuredValue(counts.adopted),
      "restart": StructuredValue(counts.restarts), "data_loss": StructuredValue(counts.dataLosses),
    ]
  }

  private var drift: [StructuredValue] {
    plan.changes.compactMap { change in
      let drifted = change.fields.filter { $0.cause == .drift }
      guard !drifted.isEmpty else { return nil }
      return .map(Self.head(change.address).merging(["fields": Self.fields(drifted)]) { $1 })
    }
  }

  private func change(_ change: Change) -> StructuredValue {
    var members = Self.head(change.address)
    let fields = change.fields
    func values(_ value: (FieldChange) -> String?) -> StructuredValue {
      .map(
        Dictionary(
          fields.compactMap { field in value(field).map { (field.path, .string($0)) } },
          uniquingKeysWith: { first, _ in first }))
    }
    members["change"] = [
      "actions": StructuredValue(change.action.words),
      "before": change.action == .create ? .null : values(\.from),
      "after": change.action == .delete ? .null : values(\.to),
    ]
    members["effect"] = .string(change.effect.identifier)
    members["fields"] = Self.fields(fields)
    if let reason = change.reason { members["action_reason"] = .string(reason) }
    if let labels = labels(of: change.address) { members["labels"] = labels }
    if let path = change.path {
      members["spec_path"] = .string("\(path)")
      if let location = site.origins.location(of: path) { members["location"] = StructuredValue(location) }
    }
    return .map(members)
  }

  /// What the spec says of a VM; nil for what is no VM of the spec.
  private func labels(of address: Address) -> StructuredValue? {
    guard address.kind == .vm, let machine = site.machine(named: address.name)
    else { return nil }
    let labels = machine.labels.map { ($0.rawValue, StructuredValue.string($1)) }
    return .map(Dictionary(labels, uniquingKeysWith: { first, _ in first }))
  }

  private static func head(_ address: Address) -> [String: StructuredValue] {
    [
      "address": .string("\(address)"), "host": .string(address.host.rawValue),
      "type": .string(address.kind.rawValue), "name": .string(address.name),
    ]
  }

  private static func fields(_ fields: [FieldChange]) -> StructuredValue {
    .list(
      fields.map { field in
        [
          "path": .string(field.path), "before": StructuredValue(field.from),
          "after": StructuredValue(field.to),
          "effect": .string(field.effect.identifier), "cause": .string(field.cause.rawValue),
        ]
      })
  }
}

extension Effect {
  /// The word for machines: `data_loss`.
  public var identifier: String { word.replacing(" ", with: "_") }
}

extension Change.Action {
  /// Terraform's words for it.
  var words: [String] { self == .replace ? ["delete", "create"] : [rawValue] }
}

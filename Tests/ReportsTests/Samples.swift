import FoundationEssentials
import SpecModel

@testable import Planner

/// Plans to render.
enum Samples {
  static let rack = site.hosts[0].name

  static func plan(
    _ changes: [Change], notes: [Plan.Note] = [], steps: [Step] = [], partial: Plan.Partial? = nil
  ) -> Plan {
    Plan(
      stack: site.stack, goal: .converge, changes: changes, steps: steps,
      notes: notes,
      partial: partial)
  }

  static func vm(_ name: String) -> Address { Address(.vm, name, on: rack) }

  static let memory = Change(
    vm("db"), .update,
    fields: [
      FieldChange("memory", from: "2 GiB", to: "4 GiB", effect: .restart),
      FieldChange("title", from: "Mine", to: "Yours", effect: .live, cause: .drift),
    ], effect: .restart, path: SpecPath("vms.db"))

  static let loss = Change(
    Address(.disk, "db.tmp", on: rack), .delete,
    fields: [FieldChange("content", from: "1 GiB at /srv/db.tmp", to: nil, effect: .dataLoss)],
    effect: .dataLoss, reason: "the spec no longer has it")

  /// Memory of `count` VMs from 2 to 4 GiB, live.
  static func fleet(_ count: Int) -> [Change] {
    (1...count).map {
      Change(
        vm("web-\($0)"), .update,
        fields: [FieldChange("memory", from: "2 GiB", to: "4 GiB", effect: .live)], effect: .live)
    }
  }

  /// A plan that breaks a rule of its site's policy.
  static let policed = plan([memory]).checked(
    against: policedSite, hosts: [], at: Date(timeIntervalSince1970: 0))

  static let policedSite = SpecLoader(environment: [:]).load([
    SourceText(
      path: "site.yaml",
      text:
        "virtform: 1\nstack: shop\nhosts: {rack1: {uri: qemu+tls://a/system}}\nvms: {db: {memory: 4GiB, labels: {owner: ann}}}\npolicy: {max_changes: 0, max_restarts: 0}\n"
    )
  ]).site!

  /// A spec whose places are known.
  static let site = site(
    "virtform: 1\nstack: shop\nhosts: {rack1: {uri: qemu+tls://a/system}}\nvms:\n  db: {memory: 4GiB}\n")

  static func site(_ text: String) -> Site {
    SpecLoader(environment: [:]).load([SourceText(path: "site.yaml", text: text)]).site!
  }
}

import FoundationEssentials
import SpecModel
import Testing

@testable import Planner

/// What holds for every plan, whatever it is for.
enum PlanLaws {
  static func check(_ plan: Plan) {
    for (index, step) in plan.steps.enumerated() {
      #expect(step.id == index)
      #expect(step.dependsOn.allSatisfy { $0 < index }, "step \(index) depends on a later one")
    }
    #expect(plan.isEmpty == plan.steps.isEmpty, "changes without steps, or steps without changes")
    let changed = Set(plan.changes.map(\.address))
    for step in plan.steps {
      #expect(
        changed.contains(step.address), "nothing tells of \(step.operation.verb.present) \(step.address)")
    }
    let stepped = Set(plan.steps.map(\.address))
    for change in plan.changes {
      #expect(stepped.contains(change.address), "nothing is done for the change of \(change.address)")
      let worst = change.fields.map(\.effect).max() ?? .none
      #expect(change.effect >= worst, "\(change.address) hides an effect of its fields")
    }
    #expect(plan.changes.map(\.address) == plan.changes.map(\.address).sorted())
    checkOrder(plan)
  }

  private static func checkOrder(_ plan: Plan) {
    let before = ancestors(of: plan)
    for step in plan.steps {
      let earlier = plan.steps.filter { before[step.id].contains($0.id) }
      let others = plan.steps.filter { $0.address.host == step.address.host }
      switch step.operation {
      case .defineMachine(let machine):
        let paths = Set(
          machine.disks.map(\.path) + [machine.kernel, machine.initrd, machine.ignition].compactMap { $0 })
        expect(others.filter { $0.makes.map(paths.contains) ?? false }, areIn: earlier, of: step)
      case .createVolume(let volume, let source):
        expect(
          others.filter { $0.makes != nil && $0.makes == volume.backingPath ?? source?.path }, areIn: earlier,
          of: step)
      case .undefineMachine(let uuid, _):
        expect(others.filter { $0.stops(uuid) }, areIn: earlier, of: step)
      case .removePool:
        let deletions = others.filter {
          if case .deleteVolume(step.address.name, _) = $0.operation { true } else { false }
        }
        expect(deletions, areIn: earlier, of: step)
      default: continue
      }
    }
  }

  private static func expect(_ steps: [Step], areIn earlier: [Step], of step: Step) {
    for needed in steps {
      #expect(
        earlier.contains { $0.id == needed.id },
        "\(step.operation.verb.present) \(step.address) does not wait for \(needed.address)")
    }
  }

  /// For each step all that is done before it.
  static func ancestors(of plan: Plan) -> [Set<Int>] {
    plan.steps.reduce(into: []) { all, step in
      all.append(step.dependsOn.reduce(into: Set(step.dependsOn)) { $0.formUnion(all[$1]) })
    }
  }
}

extension Step {
  /// The path of the file that the step makes.
  fileprivate var makes: String? {
    switch operation {
    case .uploadImage(_, _, let volume, _), .uploadSeed(_, let volume, _),
      .uploadIgnition(_, let volume, _), .createVolume(let volume, _),
      .copyImage(_, _, _, let volume):
      volume.path
    default: nil
    }
  }

  fileprivate func stops(_ machine: UUID) -> Bool {
    switch operation {
    case .stopMachine(let uuid, _), .powerOffMachine(let uuid, _): uuid == machine
    default: false
    }
  }
}

import FoundationEssentials
import SpecModel
import Testing

@testable import Planner

/// What `start_after` and `ready` promise of every plan.
enum OrderLaws {
  static func check(_ plan: Plan, _ site: Site) {
    let before = PlanLaws.ancestors(of: plan)
    let power = Dictionary(grouping: plan.steps.filter { $0.address.kind == .vm }, by: \.address.name)
    for machine in site.machines {
      let own = power[machine.name.rawValue] ?? []
      checkWait(of: machine, own)
      for name in machine.startAfter {
        let others = power[name.rawValue] ?? []
        for start in own where start.isStart {
          for up in others where up.isStart || up.operation.isWait || up.isResume {
            #expect(before[start.id].contains(up.id), "\(machine.name) does not wait for \(name)")
          }
        }
        for (stop, other) in zip(own.filter(\.isStop), others.filter(\.isStop)) {
          #expect(
            before[other.id].contains(stop.id) || before[stop.id].contains(other.id),
            "\(name) stops without regard to \(machine.name)")
        }
      }
    }
  }

  /// Whoever starts and says when it is ready is waited for, and nobody else.
  private static func checkWait(of machine: MachineSpec, _ steps: [Step]) {
    let start = steps.first(where: \.isStart)
    let wait = steps.first { $0.operation.isWait }
    let isWanted = start != nil && machine.readiness != nil && machine.settings.state != .paused
    #expect((wait != nil) == isWanted, "\(machine.name) \(wait == nil ? "is not" : "is") waited for")
    if let wait, let start { #expect(wait.dependsOn == [start.id]) }
  }
}

extension Step {
  fileprivate var isStart: Bool { if case .startMachine = operation { true } else { false } }
  fileprivate var isResume: Bool { if case .resumeMachine = operation { true } else { false } }
  fileprivate var isStop: Bool { operation.stopped != nil }
}

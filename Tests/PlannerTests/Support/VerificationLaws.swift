import SpecModel
import Testing

@testable import Planner

/// What verification may say of hosts where a plan has nothing left to do.
enum VerificationLaws {
  /// Nothing is for the next apply, which would do nothing, and nothing is left that `--fix` would take away.
  ///
  /// - Parameter wasCutOff: whether a run was that ended between a disk and the notes about it, which it takes away last.
  static func check(
    _ fleet: SimulatedFleet, _ site: Site, wasCutOff: Bool = false, _ context: String
  ) {
    let states = fleet.states(for: site)
    let verification = Verification(of: site.located(in: states), hosts: states)
    let wrong = verification.findings.filter { finding in
      switch finding.remedy {
      case .fix: !(wasCutOff && finding.kind == .noteAlone)
      // What the spec no longer has stays as long as something uses it.
      case .apply(_, nil): finding.kind != .notInSpec
      case .apply, .person: false
      }
    }
    if !wrong.isEmpty {
      Issue.record("\(context)\nverification says:\n\(VerificationText(verification).render())")
    }
  }
}

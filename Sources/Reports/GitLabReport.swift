public import Planner
public import SpecModel

/// The counts that GitLab shows in a merge request, as its `artifacts:reports:terraform` takes them.
/// <https://docs.gitlab.com/user/infrastructure/iac/mr_integration/>
public enum GitLabReport {
  public static func json(_ plan: Plan) -> StructuredValue {
    let counts = plan.summary
    return [
      "create": StructuredValue(counts.add + counts.replacements),
      "update": StructuredValue(plan.changes.count { $0.action == .update || $0.action == .adopt }),
      "delete": StructuredValue(counts.remove + counts.replacements),
    ]
  }
}

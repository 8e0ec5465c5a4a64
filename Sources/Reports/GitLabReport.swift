public import Planner

/// The counts that GitLab shows in a merge request, as its `artifacts:reports:terraform` takes them.
/// <https://docs.gitlab.com/user/infrastructure/iac/mr_integration/>
public enum GitLabReport {
  public static func json(_ plan: Plan) -> JSONValue {
    let counts = plan.summary
    return [
      "create": JSONValue(counts.add + counts.replacements), "update": JSONValue(counts.change),
      "delete": JSONValue(counts.remove + counts.replacements),
    ]
  }
}

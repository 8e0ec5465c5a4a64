import FoundationEssentials
import Planner
import SpecModel
import Testing

@testable import Reports

@Suite("Plans for programs and pull requests")
struct PlanReportTests {
  private static let plan = Samples.plan(
    [Samples.loss, Samples.memory], notes: [.init(Samples.vm("db"), "pending restart: *memory* <b>")])

  private static func document(_ plan: Plan) -> StructuredValue {
    PlanDocument(plan, of: Samples.site, digest: "abc", version: "0.0.0").json
  }

  @Test("the document has Terraform's actions, our effects, and the place in the spec")
  func document() throws {
    let json = Self.document(Self.plan)
    #expect(json["has_changes"] == true)
    #expect(json["summary"]?["data_loss"] == 1)
    guard case .list(let changes)? = json["resource_changes"] else { throw Failure.noChanges }
    #expect(changes.map { $0["change"]?["actions"] } == [["delete"], ["update"]])
    #expect(changes.map { $0["effect"] } == ["data_loss", "restart"])
    #expect(changes[1]["change"]?["before"] == ["memory": "2 GiB", "title": "Mine"])
    #expect(changes[0]["change"]?["after"] == .null)
    #expect(changes[1]["location"] == ["file": "site.yaml", "line": 5, "column": 3])
    guard case .list(let drift)? = json["resource_drift"] else { throw Failure.noChanges }
    #expect(drift.count == 1 && drift[0]["address"] == "vm.db")
  }

  private enum Failure: Error { case noChanges }

  @Test("a document and an event are as their schemas say")
  func schemas() async throws {
    let plans = [
      Samples.plan([]), Self.plan,
      Samples.plan(Samples.fleet(3), partial: .init(words: ["--target x"], omitted: 2)),
    ]
    for plan in plans {
      try await SchemaCheck.expect(Self.document(plan), toFollow: "plan.schema.json")
    }
    let policed = PlanDocument(Samples.policed, of: Samples.policedSite, digest: "abc", version: "0.0.0").json
    try await SchemaCheck.expect(policed, toFollow: "plan.schema.json")
    await #expect(throws: SchemaCheck.Failure.self) {
      try await SchemaCheck.expect(
        ["format_version": "1.0"], toFollow: "plan.schema.json")
    }
    let events = [
      EventDocument.version("1"), .plan(Self.document(Self.plan)), .lock("x"),
      .diagnostic(Diagnostic(.error, "x", at: SourceLocation(path: "a", line: 1, column: 1), help: "y")),
      .interrupted("SIGINT", []), .aborted([]), .outputs(["a": "b"]),
    ]
    for event in events {
      try await SchemaCheck.expect(
        event.json(at: Date(timeIntervalSince1970: 0)), toFollow: "event.schema.json"
      )
    }
  }

  @Test("the document has the rules of the policy, those that the plan breaks, and the labels of VMs")
  func policy() throws {
    let json = PlanDocument(Samples.policed, of: Samples.policedSite, digest: "abc", version: "0.0.0").json
    let place: StructuredValue = ["file": "site.yaml", "line": 5, "column": 10]
    #expect(
      json["policy"] == [
        "rules": [
          ["rule": "max_changes", "location": place],
          ["rule": "max_restarts", "location": ["file": "site.yaml", "line": 5, "column": 26]],
        ],
        "breaches": [
          [
            "rule": "max_changes", "location": place, "message": "1 object changes, and none may",
            "objects": [["address": "vm.db", "host": "rack1"]],
          ]
        ],
      ])
    guard case .list(let changes)? = json["resource_changes"] else { throw Failure.noChanges }
    #expect(changes[0]["labels"] == ["owner": "ann"])
    #expect(Self.document(Samples.policed)["policy"] == nil)
  }

  @Test("Markdown has what the policy refuses before anything else")
  func refusedMarkdown() {
    #expect(
      PlanMarkdown(Samples.policed, digest: "abc").render().contains(
        """
        > [!CAUTION]
        > **Refused by the policy**
        > - `max_changes` (site.yaml:5:10): 1 object changes, and none may: vm.db on rack1

        <details open>
        """))
  }

  @Test("GitLab counts a replacement as one that comes and one that goes")
  func gitlab() {
    let replaced = Change(Samples.vm("db"), .replace, effect: .replace)
    #expect(
      GitLabReport.json(Samples.plan([replaced, Samples.memory])) == ["create": 1, "update": 1, "delete": 1])
  }

  @Test("Markdown says the sums and the losses first, and shows changes as a diff")
  func markdown() {
    #expect(
      PlanMarkdown(Self.plan, digest: "abc").render() == """
        ### virtform plan: stack `shop`

        | add | change | replace | remove | guests restart | lose data |
        |---:|---:|---:|---:|---:|---:|
        | 0 | **1** | 0 | **1** | 0 | **1** |

        > [!CAUTION]
        > **Data loss**: `disk.db.tmp` on `rack1`

        <details open><summary><b>rack1</b>: 2 changes, data loss</summary>

        ```diff
        - disk.db.tmp  (data loss)  # the spec no longer has it
        -     content  1 GiB at /srv/db.tmp  (data loss)
        ! vm.db  (restart)
        !     memory  2 GiB → 4 GiB  (restart)
        !     title   Mine → Yours  (live)  # not as it was last applied
        ```

        </details>

        <details><summary>Notes (1)</summary>

        - `vm.db on rack1`: pending restart: \\*memory\\* \\<b\\>

        </details>

        Digest of this plan: `abc`

        """)
  }

  @Test("Markdown of a huge plan stays below the limit of a comment, and says what it leaves out")
  func cut() {
    let changes = (0..<3000).map { index in
      Change(
        Samples.vm("vm-\(index * 2)"), .update,
        fields: [FieldChange("title", from: "a\(index)", to: "b\(index)\n```", effect: .live)], effect: .live)
    }
    let text = PlanMarkdown(Samples.plan(changes), digest: "abc").render()
    #expect(text.count < PlanMarkdown.limit)
    #expect(text.contains(#/\*\*[0-9]+ more changes do not fit here/#))
    #expect(text.hasSuffix("Digest of this plan: `abc`\n"))
    // Two fences, whatever the values hold.
    #expect(text.split(separator: "```", omittingEmptySubsequences: false).count == 3)
    #expect(PlanMarkdown(Samples.plan([]), digest: "abc").render().contains("**No changes.**"))
  }

  @Test("equal changes of hundreds of VMs are one line")
  func folded() {
    let text = PlanMarkdown(Samples.plan(Samples.fleet(500)), digest: "abc").render()
    #expect(text.contains("! vm.web-1 … vm.web-500 (500 alike)\n!     memory  2 GiB → 4 GiB  (live)\n"))
    #expect(text.count < 600)
  }
}

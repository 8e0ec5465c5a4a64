import FoundationEssentials
import Testing

@testable import SpecModel

@Suite("Policies")
struct PolicyTests {
  private static let example = """
    policy:
      data_loss: forbid
      max_changes: 20
      max_removals: 2
      max_replacements: 0
      max_restarts: 3
      restart_window: {days: [sat, sun], from: "22:00", to: "05:00", zone: Europe/Berlin}
      overcommit: {cpus: 4, memory: 1.5}
      required_labels: [tier, owner]
      required_fields: [groups, description]
    """

  @Test("each word is a rule that knows where it is written")
  func words() throws {
    let rules = try site(Self.example).policy
    #expect(
      rules.map { "\($0.name) \($0.location)" } == [
        "data_loss site.yaml:4:3", "max_changes site.yaml:5:3", "max_removals site.yaml:6:3",
        "max_replacements site.yaml:7:3", "max_restarts site.yaml:8:3", "restart_window site.yaml:9:3",
        "overcommit.cpus site.yaml:10:16", "overcommit.memory site.yaml:10:25",
        "required_labels site.yaml:11:3",
        "required_fields site.yaml:12:3",
      ])
    let berlin = try ZoneDatabase(environment: [:]).zone("Europe/Berlin")
    let window = RestartWindow(
      days: [.sat, .sun], from: try ClockTime(parsing: "22:00"), to: try ClockTime(parsing: "05:00"),
      zone: berlin)
    #expect(
      rules.map(\.limit) == [
        .noDataLoss, .changes(atMost: 20), .removals(atMost: 2), .replacements(atMost: 0),
        .restarts(atMost: 3),
        .restartWindows([window]), .cpuOvercommit(try Ratio(parsing: "4")),
        .memoryOvercommit(try Ratio(parsing: "1.5")),
        .labels([try ResourceName(parsing: "owner"), try ResourceName(parsing: "tier")]),
        .fields([.description, .groups]),
      ])
  }

  @Test("a spec without a policy, and one that leaves data loss to consent, have no rules")
  func none() throws {
    #expect(try site("").policy == [])
    #expect(try site("policy: {data_loss: consent}\n").policy == [])
  }

  @Test(
    "what is wrong in a policy is an error at its place",
    arguments: [
      (
        "policy: {1️⃣max_restart: 1}",
        "1️⃣ unknown key 'max_restart' | help: did you mean 'max_restarts'?"
      ),
      ("policy: 1️⃣{}", "1️⃣ 'policy' is empty | help: such as max_restarts: 3"),
      ("policy: 1️⃣strict", "1️⃣ 'policy' must be a map, not strict"),
      (
        "policy: {data_loss: 1️⃣forbidden}",
        "1️⃣ 'data_loss' cannot be 'forbidden' | help: did you mean 'forbid'? it is one of: forbid, consent"
      ),
      (
        "policy: {max_restarts: 1️⃣-1}",
        "1️⃣ 'max_restarts' is -1, but must be from 0 to 1000000"
      ),
      (
        "policy: {overcommit: {cpus: 1️⃣many}}",
        "1️⃣ 'many' is not a ratio | help: write a number such as 4 or 1.5"
      ),
      (
        "policy: {overcommit: {memory: 1️⃣0}}",
        "1️⃣ the ratio '0' must be above 0 and at most 1000"
      ),
      (
        "policy: {restart_window: {days: [1️⃣saturday]}}",
        "1️⃣ 'saturday' is not a day of the week | help: days are mon, tue, wed, thu, fri, sat, sun"
      ),
      (
        "policy: {restart_window: {from: 1️⃣10pm, to: 05:00}}",
        "1️⃣ '10pm' is not a time of day | help: write it as 22:00 or 05:30"
      ),
      (
        "policy: {restart_window: 1️⃣{from: 22:00}}",
        "1️⃣ 'to' is missing in policy.restart_window | help: or leave out both for whole days"
      ),
      (
        "policy: {restart_window: {from: 1️⃣05:00, to: 05:00}}",
        "1️⃣ the window from 05:00 to 05:00 is empty | help: leave out both for whole days"
      ),
      (
        "policy: {restart_window: {zone: 1️⃣Europe/Berln}}",
        "1️⃣ this machine knows no time zone 'Europe/Berln' | help: write UTC, an offset such as +01:00, or a name such as Europe/Berlin"
      ),
      (
        "policy: {restart_window: {zone: 1️⃣../../etc/passwd}}",
        "1️⃣ '../../etc/passwd' is not a time zone | help: write UTC, an offset such as +01:00, or a name such as Europe/Berlin"
      ),
      (
        "policy: {restart_window: 1️⃣[]}",
        "1️⃣ 'restart_window' is an empty list | help: such as {days: [sat, sun], from: \"22:00\", to: \"05:00\", zone: Europe/Berlin}"
      ),
      (
        "policy: {required_fields: [1️⃣descripton]}",
        "1️⃣ no policy can require 'descripton' | help: did you mean 'description'? it is one of: title, description, groups, protect, ready, autostart"
      ),
      (
        "policy: {required_labels: 1️⃣[]}", "1️⃣ 'required_labels' is an empty list | help: such as [owner, tier]"
      ),
      (
        "vms: {web: {memory: 1GiB, labels: {tier: 1️⃣1}}}",
        "1️⃣ 'tier' must be a string, not 1 | help: quote it: \"1\""
      ),
    ])
  func mistakes(body: String, finding: String) {
    #expect(findings(in: body) == [finding])
  }

  @Test("files of a run count beside the spec's policy, and their faults are shown in them")
  func files() throws {
    let directory = try TemporaryDirectory(texts: [
      "site.yaml": header + "policy: {max_restarts: 5}\n", "strict.yaml": "max_restarts: 1\n",
      "wrong.yaml": "policy: {max_restarts: 1}\n", "empty.yaml": "# nothing\n",
    ])
    func load(_ policies: String...) -> SpecLoader.Result {
      SpecLoader(environment: [:], policies: policies.map { "\(directory.path)/\($0)" })
        .load(directory.path + "/site.yaml")
    }
    let rules = try #require(load("strict.yaml").site).policy
    #expect(rules.map(\.limit) == [.restarts(atMost: 5), .restarts(atMost: 1)])
    #expect(rules.map { $0.location.path.hasSuffix("strict.yaml") } == [false, true])
    let wrong = load("wrong.yaml")
    #expect(wrong.site == nil)
    #expect(
      wrong.rendered.map { $0.replacing(directory.path + "/", with: "") } == [
        """
        wrong.yaml:1:1: error: unknown key 'policy'
          1 | policy: {max_restarts: 1}
            | ^
          help: a policy file has its words at its top
        """
      ])
    #expect(load("empty.yaml").diagnostics.map(\.message) == ["the policy is empty"])
    #expect(load("gone.yaml").diagnostics.map(\.message) == ["cannot read '\(directory.path)/gone.yaml'"])
  }

  @Test("labels of defaults, profile and VM merge")
  func labels() throws {
    let machine = try site(
      """
      defaults: {labels: {owner: ops, tier: web}}
      vms: {db: {memory: 1GiB, labels: {tier: data}}}
      """
    ).machine("db")
    #expect(
      machine.labels == [
        try ResourceName(parsing: "owner"): "ops", try ResourceName(parsing: "tier"): "data",
      ])
  }

  @Test(
    "a ratio is exact", arguments: [("4", 32, 128), ("1.5", 3, 4), ("0.125", 8, 1), ("1000", 7, 7000)])
  func ratios(text: String, count: UInt64, expected: UInt64) throws {
    let ratio = try Ratio(parsing: text)
    #expect(ratio.of(count) == expected)
    #expect(ratio.description == text)
  }

  @Test(
    "what is no ratio is refused", arguments: ["", "-1", "1.", ".5", "1.2345", "1e3", "nan", "1001", "0.000"])
  func noRatio(text: String) {
    #expect(throws: ValueError.self) { try Ratio(parsing: text) }
  }
}

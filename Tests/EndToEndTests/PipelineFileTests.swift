import FoundationEssentials
import TestLab
import Testing

/// The pipelines of `examples/ci`: what their jobs do, run as their runners run it.
@Suite("Pipelines to copy", .timeLimit(.minutes(5)), .enabled(if: Lab.hasLibvirt, "needs libvirtd and virsh"))
struct PipelineFileTests {
  private func spec(_ lab: Lab, memory: String) -> String {
    """
    virtform: 1
    stack: shop
    hosts: {sim: {uri: "\(lab.uri(driver: "test"))"}}
    vms:
      web: {count: 2, memory: \(memory)}

    """
  }

  /// Runs a job in the work directory and returns what it said, with the variables that its runner sets.
  private func run(
    _ job: String, of file: String, _ lab: Lab, _ environment: [String: String] = [:], status: Int32 = 0
  ) async throws -> String {
    let steps = try await Lab.run(
      "/usr/bin/python3",
      ["\(Lab.repository)/Lab/ci-steps.py", "\(Lab.repository)/examples/ci/\(file)", job], in: lab.work)
    try #require(steps.status == 0, "\(steps.errors)")
    let variables = [
      "VIRTFORM_HOME": lab.home, "PATH": "\(lab.work)/bin:/usr/bin:/bin",
      "GITHUB_STEP_SUMMARY": "\(lab.work)/summary.md", "GITHUB_OUTPUT": "\(lab.work)/outputs",
    ].merging(environment) { $1 }
    let outcome = try await Lab.run(
      "/bin/bash", ["-e", "-o", "pipefail", "-c", steps.output], in: lab.work, environment: variables)
    #expect(outcome.status == status, "\(job): \(outcome.output)\(outcome.errors)")
    return outcome.output
  }

  /// A work directory as after a checkout, with `virtform` and a `gh` that writes down what it is asked.
  private func prepare(_ lab: Lab) throws {
    let files = FileManager.default
    for name in ["bin", "spec"] {
      try files.createDirectory(atPath: "\(lab.work)/\(name)", withIntermediateDirectories: true)
    }
    try files.createSymbolicLink(atPath: "\(lab.work)/bin/virtform", withDestinationPath: Lab.binary)
    try lab.write("#!/bin/sh\necho \"$@\" >gh.said\n", to: "bin/gh")
    try files.setAttributes([.posixPermissions: 0o755], ofItemAtPath: "\(lab.work)/bin/gh")
    try lab.write(spec(lab, memory: "64MiB"), to: "spec/site.yaml")
  }

  private func text(_ lab: Lab, _ file: String) -> String {
    FileManager.default.contents(atPath: "\(lab.work)/\(file)").map { String(decoding: $0, as: UTF8.self) }
      ?? ""
  }

  /// The variables that a job hands on, `NAME=VALUE` a line.
  private func handedOn(_ lab: Lab, _ file: String) -> [String: String] {
    let pairs = text(lab, file).split(separator: "\n").map {
      $0.split(separator: "=", maxSplits: 1).map(String.init)
    }
    return Dictionary(pairs.filter { $0.count == 2 }.map { ($0[0], $0[1]) }, uniquingKeysWith: { $1 })
  }

  @Test("both files are as those who run them want them")
  func syntax() async throws {
    let outcome = try await Lab.run(
      "/bin/bash", ["\(Lab.repository)/Lab/check-ci-files.sh", "\(Lab.repository)/.lab"], in: "/")
    #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
  }

  @Test("GitHub: a pull request shows the plan, a merge is approved and applied, nothing drifts")
  func gitHub() async throws {
    try await Lab.with(driver: "test") { lab in
      try prepare(lab)
      _ = try await run("plan", of: "github.yml", lab, ["NUMBER": "7"])
      #expect(text(lab, "gh.said").hasPrefix("pr comment 7 --body-file plan.md"))
      #expect(text(lab, "summary.md").contains("vm.web-1") && text(lab, "plan.html").contains("<svg"))

      _ = try await run("review", of: "github.yml", lab)
      let outputs = handedOn(lab, "outputs")
      #expect(outputs["changes"] == "true")
      let digest = try #require(outputs["digest"])
      // What was approved is not what came in between.
      try lab.write(spec(lab, memory: "96MiB"), to: "spec/site.yaml")
      _ = try await run("apply", of: "github.yml", lab, ["DIGEST": digest], status: 4)
      try lab.write(spec(lab, memory: "64MiB"), to: "spec/site.yaml")
      _ = try await run("apply", of: "github.yml", lab, ["DIGEST": digest])
      #expect(
        text(lab, "apply.xml").contains("<testsuite ") && text(lab, "apply.jsonl").contains("step_done"))
      _ = try await run("drift", of: "github.yml", lab)
      _ = try await run("review", of: "github.yml", lab)
      #expect(handedOn(lab, "outputs")["changes"] == "false")

      try lab.write(spec(lab, memory: "64MB").replacing("vms:", with: "vms: # x"), to: "spec/site.yaml")
      try lab.write("virtform:   1\n", to: "spec/more.yaml")
      #expect(try await run("plan", of: "github.yml", lab, status: 2).contains("spec/more.yaml"))
    }
  }

  @Test("GitLab: the same")
  func gitLab() async throws {
    try await Lab.with(driver: "test") { lab in
      try prepare(lab)
      _ = try await run("plan", of: "gitlab.yml", lab)
      #expect(text(lab, "gitlab.json").contains("\"create\""))
      let digest = try #require(handedOn(lab, "plan.env")["DIGEST"])
      _ = try await run("apply", of: "gitlab.yml", lab, ["DIGEST": digest])
      #expect(text(lab, "apply.xml").contains("<testsuite "))
      _ = try await run("drift", of: "gitlab.yml", lab)
    }
  }
}

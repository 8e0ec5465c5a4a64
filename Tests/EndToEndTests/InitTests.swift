import FoundationEssentials
import TestLab
import Testing

/// What a new user starts from.
@Suite("virtform init", .timeLimit(.minutes(5)), .enabled(if: Lab.hasLibvirt, "needs libvirtd and virsh"))
struct InitTests {
  @Test("a spec that is valid and laid out, for a libvirt of one's own and for a host with what it has")
  func specs() async throws {
    try await Lab.with(driver: "test") { lab in
      func run(_ arguments: String..., status: Int32 = 0) async throws -> Lab.Outcome {
        let outcome = try await lab.virtform(arguments)
        #expect(outcome.status == status, "\(arguments): \(outcome.output)\(outcome.errors)")
        return outcome
      }
      let first = try await run("init", "Shop")
      #expect(first.output.contains("Wrote Shop/site.yaml") && first.output.contains("virtform plan Shop"))
      let valid = try await run("validate", "Shop").output
      #expect(valid.contains("stack shop, 1 host, 1 pool, 1 network, 1 VM"), "\(valid)")
      _ = try await run("fmt", "--check", "Shop")

      // Nothing is written over.
      let again = try await run("init", "Shop", status: 1)
      #expect(again.errors.contains("'Shop/site.yaml' is there already"))
      _ = try await run("init", "other", "--stack", "no name", status: 1)
      _ = try await run("init", "other", "--host", "http://x", status: 1)
      #expect(!FileManager.default.fileExists(atPath: "\(lab.work)/other"))

      _ = try await run("init", "there", "--host", lab.uri(driver: "test"), "--stack", "mine")
      let text = try String(contentsOfFile: "\(lab.work)/there/site.yaml", encoding: .utf8)
      #expect(text.contains("stack: mine") && text.contains("default: {external: true}"), "\(text)")
      #expect(text.contains("has 1 VM that virtform leaves alone"), "\(text)")
      _ = try await run("fmt", "--check", "there")
      #expect(try await run("plan", "there").output.contains("+ vm.web"))
    }
  }
}

import FoundationEssentials
import SpecModel
import TestLab
import Testing

@testable import Reports

@Suite("Policies of other programs")
struct PolicyExampleTests {
  private static let jq = "/usr/bin/jq"

  /// The expression that docs/policy.md has for jq.
  private static func expression() throws -> String {
    let text = try String(contentsOfFile: "\(Lab.repository)/docs/policy.md", encoding: .utf8)
    let match = try #require(text.firstMatch(of: #/jq -e '([^']+)' plan\.json/#))
    return String(match.output.1)
  }

  @Test(
    "the example for jq finds the VMs of others in a plan",
    .enabled(if: FileManager.default.isExecutableFile(atPath: jq), "needs jq"),
    arguments: [("ann", Int32(0)), ("bob", 1)])
  func vmsOfOthers(owner: String, status: Int32) async throws {
    let json = PlanDocument(Samples.policed, of: Samples.policedSite, digest: "abc", version: "0.0.0").json
    let path = FileManager.default.temporaryDirectory.path + "/virtform-plan-\(UUID().uuidString).json"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try json.text.write(toFile: path, atomically: true, encoding: .utf8)
    let expression = try Self.expression().replacing("\"ann\"", with: "\"\(owner)\"")
    let outcome = try await Lab.run(Self.jq, ["-e", expression, path], in: "/tmp")
    #expect(outcome.status == status, "\(outcome.output)\(outcome.errors)")
  }
}

import FoundationEssentials
import TestLab
import Testing

/// What a new user gets wrong: one clear error, at its place, with the right exit code, and nothing half-made.
@Suite("Mistakes of a new user", .serialized, .enabled(if: Lab.hasLibvirt, "needs libvirtd and virsh"))
struct MistakeTests {
  private static let head = "virtform: 1\nstack: oops\n"

  private func run(_ text: String, _ command: String = "validate") async throws -> (Lab.Outcome, [String]) {
    let lab = try await Lab(driver: "test")
    let site = try lab.write(Self.head + text, to: "site.yaml")
    let outcome: Lab.Outcome
    do {
      outcome = command == "validate"
        ? try await lab.virtform("validate", site) : try await lab.virtform(command, site, "--auto-approve")
    } catch {
      await lab.close()
      throw error
    }
    await lab.close()
    let errors = outcome.errors.split(separator: "\n").map(String.init).filter { $0.contains("error: ") }
    return (outcome, errors.map { $0.replacing(lab.work + "/", with: "") })
  }

  @Test(
    "a fault of the spec ends with 3 and one error at its place",
    arguments: [
      ("vms:\n  web: {memroy: 1GiB, memory: 1GiB}\n", "site.yaml:4:9: error: unknown key 'memroy' in vms.web"),
      ("vms:\n  web: {memory: 4}\n", "site.yaml:4:17: error: the size '4' has no unit"),
      ("vms:\n\tweb: {memory: 1GiB}\n", "site.yaml:4:1: error: a tab cannot indent YAML"),
      ("images:\n  debian: {source: ./debian.qcow2}\n", "site.yaml:4:20: error: no image file at 'debian.qcow2'"),
      ("networks:\n  lan: {mode: bridge}\n", "site.yaml:4:8: error: 'bridge' is missing in networks.lan"),
      (
        "vms:\n  ../x: {memory: 1GiB}\n", "site.yaml:4:3: error: the name '../x' has the character '/'"
      ),
    ])
  func spec(text: String, expected: String) async throws {
    let (outcome, errors) = try await run(text)
    #expect(outcome.status == 3)
    #expect(errors.count == 1, "\(outcome.errors)")
    #expect(errors.first?.replacing("'" + "/tmp", with: "'").contains(expected) == true || errors.first == expected, "\(outcome.errors)")
    #expect(outcome.output.isEmpty)
  }

  @Test("an unreachable host is named with its URI and ends with 1")
  func unreachable() async throws {
    let (outcome, errors) = try await run(
      "hosts:\n  rack1: {uri: \"qemu+unix:///system?socket=/nowhere/sock\"}\nvms:\n  web: {memory: 1GiB}\n", "apply")
    #expect(outcome.status == 1)
    #expect(errors.count == 1)
    #expect(
      errors.first?.hasPrefix(
        "site.yaml:4:16: error: host 'rack1' (qemu+unix:///system?socket=/nowhere/sock): cannot connect: ") == true)
    #expect(errors.first?.contains("/nowhere/sock") == true)
  }

  @Test("no terminal and no --auto-approve: nothing is done, and it ends with 7")
  func consent() async throws {
    let lab = try await Lab(driver: "test")
    let site = try lab.write(
      Self.head + "hosts:\n  sim: {uri: \"\(lab.uri(driver: "test"))\"}\nvms:\n  web: {memory: 64MiB}\n", to: "site.yaml")
    let outcome = try await lab.virtform("apply", site)
    let domains = try await lab.connection.domains().map(\.name)
    await lab.close()
    #expect(outcome.status == 7)
    #expect(outcome.errors.contains("--auto-approve"))
    #expect(outcome.output.contains("1 to add"))
    #expect(domains == ["test"])
  }

  @Test("wrong arguments end with 1 and the usage")
  func arguments() async throws {
    let lab = try await Lab(driver: "test")
    let unknown = try await lab.virtform("aply")
    let help = try await lab.virtform("--help")
    await lab.close()
    #expect(unknown.status == 1)
    #expect(unknown.errors.contains("aply"))
    #expect(help.status == 0)
    #expect(help.output.contains("apply"))
  }
}

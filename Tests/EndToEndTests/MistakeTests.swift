import FoundationEssentials
import TestLab
import Testing

/// Faults that only show with a host: one clear error, at its place, with the right exit code.
@Suite("Mistakes about hosts", .serialized, .enabled(if: Lab.hasLibvirt, "needs libvirtd and virsh"))
struct MistakeTests {
  private static let head = "virtform: 1\nstack: oops\n"

  @Test("an unreachable host is named with its URI and ends with 1")
  func unreachable() async throws {
    let lab = try await Lab(driver: "test")
    try lab.write(
      Self.head
        + "hosts:\n  rack1: {uri: \"qemu+unix:///system?socket=/nowhere/sock\"}\nvms:\n  web: {memory: 1GiB}\n",
      to: "site.yaml")
    let outcome = try await lab.virtform("apply", "site.yaml", "--auto-approve")
    await lab.close()
    let errors = outcome.errors.split(separator: "\n").filter { $0.contains("error: ") }
    #expect(outcome.status == 1)
    #expect(errors.count == 1)
    #expect(
      errors.first?.hasPrefix(
        "site.yaml:4:16: error: host 'rack1' (qemu+unix:///system?socket=/nowhere/sock): cannot connect: ")
        == true)
    #expect(errors.first?.contains("/nowhere/sock") == true)
  }

  @Test("no terminal and no --auto-approve: nothing is done, and it ends with 7")
  func consent() async throws {
    let lab = try await Lab(driver: "test")
    let site = try lab.write(
      Self.head + "hosts:\n  sim: {uri: \"\(lab.uri(driver: "test"))\"}\nvms:\n  web: {memory: 64MiB}\n",
      to: "site.yaml")
    let outcome = try await lab.virtform("apply", site)
    let domains = try await lab.connection.domains().map(\.name)
    await lab.close()
    #expect(outcome.status == 7)
    #expect(outcome.errors.contains("--auto-approve"))
    #expect(outcome.output.contains("1 to add"))
    #expect(domains == ["test"])
  }
}

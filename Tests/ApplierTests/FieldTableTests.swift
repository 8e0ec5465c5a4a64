import FoundationEssentials
import Libvirt
import Planner
import SpecModel
import Testing

@testable import Applier

/// Each row of the table of a VM's fields, on libvirt's test driver: the plan names the effect, the apply does it, the plan
/// is then empty, and the definition differs in nothing that the row does not own.
@Suite("Fields on the test driver")
struct FieldTableTests {
  /// How a field is changed, and what of the definition that may touch.
  private struct Row {
    let before: String
    let after: String
    let effect: Effect
    let owned: Set<String>

    init(_ before: String, _ after: String, _ effect: Effect, owns owned: String...) {
      (self.before, self.after, self.effect) = (before, after, effect)
      // The mark remembers every change.
      self.owned = Set(owned).union(["metadata"])
    }
  }

  /// nil for what this driver cannot be asked: it has one accelerator, keeps no files, and names are moved, not set.
  private func row(_ field: MachineField) -> Row? {
    switch field {
    case .name, .accel, .virt, .kernel, .initrd, .cmdline, .ignition: nil
    case .title: Row("title: A", "title: B", .live, owns: "title")
    case .description: Row("description: A", "description: B", .live, owns: "description")
    case .cpus: Row("cpus: {count: 1, max: 4}", "cpus: {count: 3, max: 4}", .live, owns: "vcpu")
    case .cpuShares:
      Row("cpus: {count: 1, shares: 512}", "cpus: {count: 1, shares: 1024}", .restart, owns: "cputune")
    case .cpuLimit:
      Row("cpus: {count: 1, limit: 0.5}", "cpus: {count: 1, limit: 0.75}", .restart, owns: "cputune")
    case .cpuPinning: Row("cpus: {count: 1, pin: 0}", "cpus: {count: 1, pin: 1}", .restart, owns: "cputune")
    case .cpuTopology:
      Row(
        "cpus: {count: 2, topology: {cores: 2}}", "cpus: {count: 2, topology: {sockets: 2}}", .restart,
        owns: "cpu")
    case .memory:
      Row(
        "memory: {size: 64MiB, max: 128MiB}", "memory: {size: 96MiB, max: 128MiB}", .live, owns: "memory",
        "currentMemory")
    case .memoryLimit:
      Row("memory: {size: 64MiB}", "memory: {size: 64MiB, limit: 1GiB}", .restart, owns: "maxMemory", "cpu")
    case .hugePages:
      Row(
        "memory: {size: 64MiB, huge_pages: true}", "memory: {size: 64MiB, huge_pages: 2MiB}", .restart,
        owns: "memoryBacking")
    case .numaCells:
      Row(
        "memory: 96MiB, cpus: 2, numa: {cells: [{cpus: 0, memory: 32MiB}, {cpus: 1, memory: 64MiB}]}",
        "memory: 96MiB, cpus: 2, numa: {cells: [{cpus: 0, memory: 64MiB}, {cpus: 1, memory: 32MiB}]}",
        .restart,
        owns: "cpu")
    case .numaNodes: Row("numa: {nodes: 0}", "numa: {nodes: 0-1}", .restart, owns: "numatune")
    case .machine: Row("machine: alpha", "machine: beta", .restart, owns: "os")
    case .firmware: Row("firmware: bios", "firmware: uefi", .restart, owns: "os")
    case .secureBoot:
      Row(
        "firmware: {type: uefi, secure_boot: true}", "firmware: {type: uefi, secure_boot: false}", .restart,
        owns: "os")
    case .cpu: Row("cpu: core2duo", "cpu: Penryn", .restart, owns: "cpu")
    case .boot: Row("boot: [a, b]", "boot: [b, a]", .restart, owns: "devices", "os")
    case .graphics: Row("graphics: none", "graphics: vnc", .restart, owns: "devices")
    case .password:
      Row(
        "graphics: {type: vnc, password: first}", "graphics: {type: vnc, password: second}", .restart,
        owns: "devices")
    case .console: Row("console: true", "console: false", .restart, owns: "devices")
    case .consoleLog:
      Row(
        "console: {log: /var/log/a}", "console: {log: /var/log/b}", .restart, owns: "devices")
    case .tpm: Row("tpm: true", "tpm: {model: tis}", .restart, owns: "devices")
    case .randomSource: Row("rng: {rate: 1KiB}", "rng: {rate: 2KiB}", .restart, owns: "devices")
    case .watchdog: Row("watchdog: reset", "watchdog: pause", .restart, owns: "devices")
    case .autostart: Row("autostart: false", "autostart: true", .none)
    case .shutdown: Row("shutdown: {timeout: 10s}", "shutdown: {timeout: 20s}", .none)
    case .protect: Row("protect: false", "protect: true", .none)
    // They come with another volume and another medium, see `SeedTests`.
    case .metaData, .networkConfig, .userData: nil
    case .state: Row("state: running", "state: paused", .stop)
    }
  }

  @Test("a change of each field does what the table says", arguments: MachineField.allCases)
  func field(_ field: MachineField) async throws {
    guard let row = row(field) else { return }
    let lab = try await TestDriverHost()
    func spec(_ line: String) -> String {
      let memory = line.hasPrefix("memory") ? "" : "memory: 64MiB, "
      return "vms:\n  one: {\(memory)disks: {a: {size: 1MiB}, b: {size: 1MiB}}, \(line)}\n"
    }
    #expect(try await lab.converge(spec(row.before)).report.succeeded)
    #expect(try await lab.converge(spec(row.before)).plan.isEmpty)
    let domain = try #require(try await lab.connection.domain(named: "one"))
    let before = try await domain.xml(.inactive)
    let changed = try await lab.converge(spec(row.after))
    #expect(changed.report.succeeded, "\(changed.report.results)")
    #expect(changed.plan.changes.map { "\($0.address)" } == ["vm.one"])
    #expect(changed.plan.changes.first?.fields.map(\.path) == [field.rawValue])
    #expect(changed.plan.changes.first?.fields.map(\.effect) == [row.effect])
    #expect(try await lab.converge(spec(row.after)).plan.isEmpty)
    let after = try await domain.xml(.inactive)
    #expect(
      after.elements.map(\.name).filter { !row.owned.contains($0) }
        == before.elements.map(\.name).filter { !row.owned.contains($0) })
    for element in before.elements where !row.owned.contains(element.name) {
      #expect(after.first(element.name)?.isEquivalent(to: element) == true, "\(element.name) has changed")
    }
    if row.effect == .restart {
      let plan = try await lab.converge(spec(row.after)).plan
      #expect(
        plan.notes.contains { $0.text.hasPrefix("pending restart: \(field.rawValue)") }, "\(plan.notes)")
      let restarted = try await lab.converge(spec(row.after), restarts: true)
      #expect(
        restarted.plan.summary.restarts == 1 && restarted.report.succeeded, "\(restarted.report.results)")
      #expect(try await lab.converge(spec(row.after)).plan.notes.isEmpty)
    }
  }
}

import FoundationEssentials
import SpecModel
import Testing

@testable import Planner

/// What lies beside the files of disks says what VMs call them, whatever becomes of their definitions.
@Suite("Notes beside disks")
struct DiskNoteTests {
  private static let spec = Specs.stopped
  private static let renamedDisk =
    spec.with("root: {size", "store: {size") + "moved: {vms.web.disks.root: vms.web.disks.store}\n"
  private static let renamed =
    spec.with("  web:\n", "  front:\n").with("root: {size", "store: {size")
    + "moved: {vms.web: vms.front, vms.front.disks.root: vms.front.disks.store}\n"
  private static let none = spec.without("web:").with("vms:", "vms: {}")

  private func named(_ pattern: String) throws -> SitePlanner.Options {
    var options = SitePlanner.Options()
    options.dataLoss = .only([try AddressPattern(parsing: pattern)])
    return options
  }

  @Test(
    "a disk and a VM that were renamed keep their file when the definition is gone and the moves are, too")
  func undefined() throws {
    var scenario = try Scenario.applied(Self.spec)
    let files = try scenario.fleet["alpha"].machine("web").disks.map(\.path)
    try scenario.apply(Self.renamed)
    #expect(scenario.fleet["alpha"].notes["main"] == ["web.root-c5743a42~front.store.renamed"])
    scenario.fleet["alpha"].state.machines = []
    let text = try scenario.text(Self.renamed.without("moved:"))
    #expect(!text.contains("+ disk."), "\(text)")
    #expect(try scenario.fleet["alpha"].machine("front").disks.map(\.path) == files)
  }

  @Test("a mark of old, as a snapshot brings it back, does not swap a renamed disk for an empty one")
  func oldMark() throws {
    var scenario = try Scenario.applied(Self.spec)
    let before = try scenario.fleet["alpha"].machine("web")
    try scenario.apply(Self.renamedDisk)
    try scenario.fleet["alpha"].change("web") { $0 = before }
    let text = try scenario.text(Self.renamedDisk.without("moved:"))
    #expect(text.contains("~ disks.store  disks.root → disks.store"), "\(text)")
    #expect(!text.contains("+ disk.") && !text.contains("data loss)"), "\(text)")
    #expect(try scenario.fleet["alpha"].machine("web").disks.map(\.path) == before.disks.map(\.path))
  }

  @Test("a disk that gets its first name back needs no note, and its pool has none")
  func back() throws {
    var scenario = try Scenario.applied(Self.spec)
    try scenario.apply(Self.renamedDisk)
    let text = try scenario.text(Self.spec + "moved: {vms.web.disks.store: vms.web.disks.root}\n")
    #expect(!text.contains("+ disk."), "\(text)")
    #expect(scenario.fleet["alpha"].notes["main"] == [])
    #expect(try scenario.plan(Self.spec).isEmpty)
  }

  @Test(
    "a name that is taken back without a word on it is the disk's again, and a running guest keeps the disk")
  func takenBack() throws {
    let spec = Specs.web
    var scenario = try Scenario.applied(spec)
    try scenario.apply(
      spec.with("root: {size", "store: {size") + "moved: {vms.web.disks.root: vms.web.disks.store}\n")
    let before = try scenario.fleet["alpha"].guest("web").disks.map(\.path)
    let text = try scenario.text(spec)
    #expect(text.contains("~ disks.root  disks.store → disks.root"), "\(text)")
    #expect(!text.contains("+ disk") && !text.contains("- disk") && !text.contains("(live)"), "\(text)")
    #expect(try scenario.fleet["alpha"].guest("web").disks.map(\.path) == before)
    #expect(scenario.fleet["alpha"].notes["main"] == [])
    #expect(try scenario.plan(spec).isEmpty)

    // So is that of a disk whose mark is older than what lies beside its file.
    let old = try scenario.fleet["alpha"].machine("web")
    try scenario.apply(
      spec.with("root: {size", "store: {size") + "moved: {vms.web.disks.root: vms.web.disks.store}\n")
    try scenario.fleet["alpha"].change("web") { $0 = old }
    let again = try scenario.text(spec)
    #expect(!again.contains("- disk") && !again.contains("+ disk"), "\(again)")
    #expect(try scenario.plan(spec).isEmpty)
  }

  @Test("a disk that was renamed is deleted under its new name, with its note")
  func deleted() throws {
    var scenario = try Scenario.applied(Self.spec)
    try scenario.apply(Self.renamed)
    try scenario.apply(Self.none)
    let plan = try scenario.plan(Self.none, named("disk.front.store"))
    #expect(plan.summary.dataLosses == 1)
    scenario.fleet.run(plan)
    #expect(scenario.fleet["alpha"].volumes.isEmpty)
    #expect(scenario.fleet["alpha"].notes["main"] == [])
  }

  @Test("a host of an earlier version is told the names of disks that were renamed")
  func untold() throws {
    var scenario = try Scenario.applied(Self.spec)
    try scenario.apply(Self.renamedDisk)
    scenario.fleet["alpha"].notes = [:]
    let text = try scenario.text(Self.renamedDisk)
    #expect(text.contains("~ disks.store.name  web.root → web.store"), "\(text)")
    #expect(scenario.fleet["alpha"].notes["main"] == ["web.root-c5743a42~web.store.renamed"])
  }

  // MARK: Names that are taken

  @Test("a disk is not renamed to the name of a file that another one has left")
  func spent() throws {
    let two = Self.spec.with("root: {size: 4GiB}", "root: {size: 4GiB}, logs: {size: 1GiB}")
    let logs = Self.spec.with("root: {size: 4GiB}", "logs: {size: 1GiB}")
    var scenario = try Scenario.applied(two)
    try scenario.apply(logs)
    let moved = Self.spec + "moved: {vms.web.disks.logs: vms.web.disks.root}\n"
    let refusal = try scenario.refusal(moved)
    #expect(
      refusal.contains(
        "disk 'root' of VM 'web' cannot be renamed: the name 'web.root' is spent on host 'alpha', where "
          + "/srv/main/web.root-c5743a42.qcow2 has it"), "\(refusal)")
    scenario.fleet.run(try scenario.plan(logs, named("disk.web.root")))
    #expect(try scenario.text(moved.with("4GiB", "1GiB")).contains("disks.logs → disks.root"))
  }

  @Test("a VM is not renamed to one that has left its disk")
  func spentByVM() throws {
    let two = Self.spec + "  db: {memory: 1GiB, state: off, disks: {root: {size: 1GiB}}}\n"
    var scenario = try Scenario.applied(two)
    try scenario.apply(Self.spec)
    let refusal = try scenario.refusal(
      Self.spec.with("  web:\n", "  db:\n") + "moved: {vms.web: vms.db}\n")
    #expect(refusal.contains("cannot be renamed: the name 'db.root' is spent on host 'alpha'"), "\(refusal)")
  }

  @Test("consent that names one disk deletes none where two files are called so")
  func twoFiles() throws {
    let two = Self.spec.with("root: {size: 4GiB}", "root: {size: 4GiB}, logs: {size: 1GiB}")
    var scenario = try Scenario.applied(two)
    try scenario.apply(Self.none)
    scenario.fleet["alpha"].notes["main"] = ["web.logs-\(try tag("web.logs"))~web.root.renamed"]
    let plan = try scenario.plan(Self.none, named("disk.web.root"))
    #expect(plan.isEmpty)
    #expect(plan.notes.contains { $0.text.contains("which of the two is meant nobody can tell") })
  }

  private func tag(_ base: String) throws -> String {
    let identity = Identity(stack: try ResourceName(parsing: "shop"))
    return String(
      identity.volumeName(.machineDisk, base: base, format: .raw).dropFirst(base.count + 1).dropLast(4))
  }

  @Test("a device is not renamed to one that is there, and says so")
  func inTheWay() throws {
    let two = Self.spec.with("root: {size: 4GiB}", "root: {size: 4GiB}, logs: {size: 1GiB}")
    let scenario = try Scenario.applied(two)
    let refusal = try scenario.refusal(Self.spec + "moved: {vms.web.disks.logs: vms.web.disks.root}\n")
    #expect(
      refusal.contains("disk 'logs' of VM 'web' cannot be renamed: the VM still has a disk 'root'"),
      "\(refusal)")
    #expect(refusal.contains("site.yaml:"), "\(refusal)")
  }

  // MARK: Words that stay

  @Test("what is protected or kept is so still when a person has removed the definition")
  func words() throws {
    let words = Self.spec.with("{size: 4GiB}", "{size: 4GiB, protect: true}")
    var scenario = try Scenario.applied(words)
    scenario.fleet["alpha"].state.machines = []
    #expect(try scenario.plan(Self.none, named("disk.web.root")).summary.dataLosses == 0)
    #expect(try scenario.destroyPlan(Self.none, allowsDataLoss: true).summary.dataLosses == 0)
  }

  @Test("a disk that is kept outlives its stack unless a consent names it")
  func kept() throws {
    let kept = Self.spec.with("{size: 4GiB}", "{size: 4GiB, keep: true}")
    var scenario = try Scenario.applied(kept)
    try scenario.apply(Self.none)
    let destroy = try scenario.destroyPlan(Self.none, allowsDataLoss: true)
    #expect(destroy.summary.dataLosses == 0)
    #expect(destroy.notes.contains { $0.text.hasSuffix("(keep: true)") }, "\(destroy.notes)")
    scenario.fleet.run(try scenario.plan(Self.none, named("disk.web.root")))
    #expect(scenario.fleet["alpha"].volumes.isEmpty && scenario.fleet["alpha"].notes["main"] == [])
  }

  @Test("a disk that is kept no longer goes as any other")
  func keptNoLonger() throws {
    var scenario = try Scenario.applied(Self.spec.with("{size: 4GiB}", "{size: 4GiB, keep: true}"))
    #expect(scenario.fleet["alpha"].notes["main"] == ["web.root-c5743a42.kept"])
    _ = try scenario.text(Self.spec)
    #expect(scenario.fleet["alpha"].notes["main"] == [])
  }

  // MARK: Files that are gone

  @Test("a disk whose file is gone is not taken for a new one")
  func missing() throws {
    var scenario = try Scenario.applied(Self.spec)
    try scenario.fleet["alpha"].changePool("main") { $0.volumes = [] }
    let text = try scenario.text(Self.spec)
    #expect(
      text.contains("+ disk.web.root  # the file that VM 'web' had is gone: this one is empty"), "\(text)")
  }

  @Test("an image that was deleted under its clones is sent again, or told of where the spec has another")
  func lostImage() throws {
    var scenario = try Scenario.applied(Specs.imaged)
    try scenario.fleet["alpha"].changePool("main") { $0.volumes.removeAll { $0.name.hasPrefix("debian-") } }
    var other = scenario
    #expect(try scenario.text(Specs.imaged).contains("+ image.debian"))
    other.imageVersions["debian"] = 2
    let notes = try other.plan(Specs.imaged).notes.map(\.text)
    #expect(
      notes.contains { $0.hasPrefix("lacks the image that it was made from, /srv/main/debian-") }, "\(notes)")
  }

  @Test("a guest that restarts anyway is not asked to let go of a disk")
  func unpluggedByRestart() throws {
    let two = Specs.web.with("root: {size: 4GiB}", "root: {size: 4GiB}, logs: {size: 1GiB}")
    var scenario = try Scenario.applied(two)
    let plan = try scenario.apply(Specs.web.with("2GiB", "8GiB"), restarts: true)
    #expect(plan.summary.restarts == 1)
    #expect(!plan.steps.contains { if case .changeDevices = $0.operation { true } else { false } })
    #expect(try scenario.plan(Specs.web.with("2GiB", "8GiB")).isEmpty)
  }

  @Test("unplugging a disk whose file was deleted loses its content, and takes consent")
  func unplugged() throws {
    let two = Specs.web.with("root: {size: 4GiB}", "root: {size: 4GiB}, logs: {size: 1GiB}")
    var scenario = try Scenario.applied(two)
    try scenario.fleet["alpha"].changePool("main") { $0.volumes.removeAll { $0.name.hasPrefix("web.logs") } }
    let refusal = try scenario.refusal(Specs.web)
    #expect(
      refusal.contains("unplugging disk 'logs' of VM 'web' destroys its content: the file was deleted"),
      "\(refusal)")
    let plan = try scenario.plan(Specs.web, named("disk.web.logs"))
    #expect(PlanText(plan).render().contains("- disks.logs"))
    #expect(plan.changes.map(\.effect).max() == .dataLoss)
  }
}

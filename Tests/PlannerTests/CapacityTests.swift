import SpecModel
import Testing

@testable import Planner

/// What does not fit into a pool is refused; what may come to more than there is, is told.
@Suite("Capacity")
struct CapacityTests {
  private static let logical = Specs.web.with("main: {path: /srv/main}", "main: {type: logical, source: vg0}")

  private func scenario(_ spec: String, capacity: ByteCount, available: ByteCount?) throws -> Scenario {
    var scenario = try Scenario.applied(spec)
    try scenario.fleet[].changePool("main") { ($0.capacity, $0.available) = (capacity, available) }
    return scenario
  }

  private func failure(_ scenario: Scenario, _ spec: String) throws -> SitePlanner.Failure? {
    do {
      _ = try scenario.plan(spec)
      return nil
    } catch let failure as SitePlanner.Failure {
      return failure
    }
  }

  @Test("logical volumes that a volume group has no room for are refused, with figures")
  func thickVolumes() throws {
    let two = Self.logical.with("root: {size: 4GiB}", "root: {size: 4GiB}, a: {size: 1GiB}, b: {size: 2GiB}")
    let scenario = try scenario(Self.logical, capacity: .mebibytes(8188), available: .mebibytes(2044))
    expect(
      try scenario.refusal(two),
      is: """
        site.yaml:12:53: error: disk.web.b does not fit into pool 'main' on host 'alpha': the plan needs 3 GiB there, and 1.9 GiB of 7.9 GiB are free
          12 |     disks: {root: {size: 4GiB}, a: {size: 1GiB}, b: {size: 2GiB}}
             |                                                     ^
          help: virsh pool-refresh main reads anew what is free

        """)
    #expect(try failure(scenario, two)?.isRefusal == true)
    #expect(try failure(scenario, two.with("b: {size: 2GiB}", "b: {size: 1020MiB}")) == nil)
    // Beside a mistake it is no longer a refusal only.
    #expect(try failure(scenario, two.with("root: {size: 4GiB}", "root: {size: 3GiB}"))?.isRefusal == false)
  }

  @Test("of a pool that is not active, and of one that tells nothing, nobody knows")
  func unknown() throws {
    let more = Self.logical.with("root: {size: 4GiB}", "root: {size: 4GiB}, a: {size: 1GiB}")
    var scenario = try scenario(Self.logical, capacity: .gibibytes(8), available: nil)
    #expect(try failure(scenario, more) == nil)
    try scenario.fleet[].changePool("main") { ($0.available, $0.isActive) = (.mebibytes(1), false) }
    #expect(try failure(scenario, more) == nil)
  }

  @Test("what replaces a volume gets its room; what is deleted otherwise gives none back before")
  func replacement() throws {
    let scenario = try scenario(Self.logical, capacity: .gibibytes(4), available: .gibibytes(0))
    var options = SitePlanner.Options(allowsDataLoss: true)
    options.replaced = [try AddressPattern(parsing: "vm.web")]
    _ = try scenario.plan(Self.logical, options)
    #expect(try failure(scenario, Self.logical.with("root:", "other:"))?.isRefusal == true)
  }

  @Test("an image that a pool has no room for is refused")
  func image() throws {
    let spec = Specs.imaged.with("vms:", "vms:\n  new: {image: debian, memory: 1GiB}")
    let scenario = try scenario(Specs.web, capacity: .gibibytes(10), available: .mebibytes(1))
    let text = try scenario.refusal(spec)
    #expect(
      text.contains(
        "image.debian does not fit into pool 'main' on host 'alpha': the plan needs 2 MiB there, and 1 MiB of 10 GiB are free"
      ), "\(text)")
  }

  @Test("disks that grow as they are written to are not refused; that they may come to more is told once")
  func overcommit() throws {
    var scenario = try scenario(Specs.web, capacity: .gibibytes(10), available: .gibibytes(9))
    let more = Specs.web.with("root: {size: 4GiB}", "root: {size: 5GiB}, a: {size: 6GiB}")
    let plan = try scenario.plan(more)
    #expect(
      plan.notes.map { "\($0.address): \($0.text)" } == [
        "pool.main: its disks may come to 11 GiB, more than the 10 GiB that it has"
      ])
    _ = try scenario.text(more)
    #expect(try scenario.plan(more).notes.isEmpty)
    // Growth counts by its difference.
    #expect(
      try scenario.plan(more.with("5GiB", "6GiB")).notes.map(\.text) == [
        "its disks may come to 12 GiB, more than the 10 GiB that it has"
      ])
    let fitting = try self.scenario(Specs.web, capacity: .gibibytes(10), available: .gibibytes(9))
    #expect(try fitting.plan(Specs.web.with("4GiB", "10GiB")).notes.isEmpty)
  }
}

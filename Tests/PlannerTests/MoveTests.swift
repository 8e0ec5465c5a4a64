import SpecModel
import Testing

@testable import Planner

/// VMs that are wanted on another host than they are on.
@Suite("Moves")
struct MoveTests {
  private static let local = """
    virtform: 1
    stack: shop
    hosts:
      alpha: {uri: qemu+tls://alpha/system}
      beta: {uri: qemu+tls://beta/system}
    pools:
      main: {path: /srv/main}
    images:
      debian: {source: \(Images.file), format: raw}
    networks:
      lan: {mode: nat, cidr: 10.0.0.0/24, dhcp: {from: 10.0.0.100, to: 10.0.0.199}}
    vms:
      web:
        host: alpha
        memory: 2GiB
        disks: {root: {size: 4GiB, image: debian}, data: {size: 1GiB}}
        nics: {lan: {ip: 10.0.0.11}}

    """
  private static let shared = local.with("path: /srv/main", "path: /srv/main, shared: true")

  private static func fleet() -> SimulatedFleet {
    var fleet = SimulatedFleet([SimulatedHost("alpha"), SimulatedHost("beta")])
    fleet.sharedPools = ["shared"]
    return fleet
  }

  @Test("a VM with disks of its host's own takes them along, and its old host is left clean")
  func copies() throws {
    var scenario = try Scenario.applied(Self.local, on: Self.fleet())
    let uuid = try scenario.fleet["alpha"].machine("web").uuid
    let text = try scenario.text(Self.local.with("host: alpha", "host: beta"))
    expect(
      text,
      is: """
        alpha
          - image.debian-111111111111  # nothing uses it any more
          ~ network.lan
              - reservation  10.0.0.11 for web (52:54:f5:bc:31:56)  (live)

        beta
          + image.debian
              pool    main
              source  debian.raw
              length  2 MiB
          ~ network.lan
              + reservation  10.0.0.11 for web (52:54:f5:bc:31:56)  (live)
          > vm.web  # the spec has it on host 'beta'
              ~ host        alpha → beta, live  (live)
              ~ disks.root  /srv/main/web.root-c5743a42.qcow2 on alpha → copied, 4 GiB
              ~ disks.data  /srv/main/web.data-457833e6.qcow2 on alpha → copied, 1 GiB

        Plan: 1 to add, 2 to change, 1 to move, 1 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
    #expect(scenario.fleet["beta"].boots[uuid] == 1)
    #expect(scenario.fleet["alpha"].state.machines.isEmpty)
    #expect(scenario.fleet["alpha"].state.pools.flatMap(\.volumes).map(\.name) == [])
    #expect(scenario.fleet["alpha"].notes["main"] ?? [] == [])
    #expect(scenario.fleet["beta"].notes["main"] ?? [] == [])
  }

  @Test("a network gives up what it keeps for a VM once that has left, whichever way others go")
  func reservations() throws {
    let two = Self.local.with("vms:", "vms:\n  db: {host: beta, memory: 1GiB, nics: {lan: {ip: 10.0.0.12}}}")
    var scenario = try Scenario.applied(two, on: Self.fleet())
    let swapped = two.with("host: alpha", "host: gamma").with("host: beta", "host: alpha").with(
      "host: gamma", "host: beta")
    let plan = try scenario.apply(swapped)
    let one = try Scenario.applied(Self.local, on: Self.fleet()).plan(
      Self.local.with("host: alpha", "host: beta"), .init())
    let move = try #require(
      one.steps.first { if case .migrateMachine = $0.operation { true } else { false } })
    let update = try #require(
      one.steps.first {
        if case .updateNetwork = $0.operation { $0.address.host.rawValue == "alpha" } else { false }
      })
    #expect(update.dependsOn.contains(move.id))
    #expect(plan.summary.moves == 2)
    #expect(try scenario.plan(swapped).isEmpty)
  }

  @Test("what a host remembers of disks goes along with them")
  func notes() throws {
    let spec = Self.local.with("data: {size: 1GiB}", "data: {size: 1GiB, protect: true}")
    var scenario = try Scenario.applied(spec, on: Self.fleet())
    let notes = try #require(scenario.fleet["alpha"].notes["main"])
    #expect(notes == ["web.data-457833e6.protected"])
    try scenario.apply(spec.with("host: alpha", "host: beta"))
    #expect(try scenario.plan(spec.with("host: alpha", "host: beta")).isEmpty)
    #expect(scenario.fleet["alpha"].notes["main"] == [] && scenario.fleet["beta"].notes["main"] == notes)
  }

  @Test("of disks that both hosts see nothing is copied")
  func sharedStorage() throws {
    var fleet = Self.fleet()
    fleet.sharedPools = ["main"]
    var scenario = try Scenario.applied(Self.shared, on: fleet)
    let plan = try scenario.apply(Self.shared.with("host: alpha", "host: beta"))
    #expect(plan.changes.filter { $0.address.kind == .disk || $0.address.kind == .image } == [])
    #expect(plan.summary.moves == 1)
    #expect(try scenario.plan(Self.shared.with("host: alpha", "host: beta")).isEmpty)
  }

  @Test("what a VM is given beside comes after its move")
  func andMore() throws {
    var scenario = try Scenario.applied(Self.local, on: Self.fleet())
    let spec = Self.local.with("host: alpha", "host: beta").with("size: 1GiB", "size: 2GiB")
      .with("memory: 2GiB", "memory: 2GiB\n    title: Web")
    let plan = try scenario.apply(spec)
    #expect(try scenario.plan(spec).isEmpty)
    let move = try #require(plan.changes.first { $0.action == .move })
    #expect(move.fields.map(\.path) == ["host", "disks.root", "disks.data", "title"])
    #expect(plan.changes.contains { $0.address.name == "web.data" && $0.action == .update })
  }

  @Test("a VM that is off moves without being started, and one with local disks with its processors stopped")
  func off() throws {
    let off = Self.local.with("memory: 2GiB", "memory: 2GiB\n    state: off")
    var scenario = try Scenario.applied(off, on: Self.fleet())
    let plan = try scenario.apply(off.with("host: alpha", "host: beta"))
    #expect(Self.modes(plan) == [.withoutRunning])
    #expect(plan.changes.first { $0.action == .move }?.effect == Effect.none)
    var fleet = Self.fleet()
    fleet.sharedPools = ["main"]
    let sharedOff = Self.shared.with("memory: 2GiB", "memory: 2GiB\n    state: off")
    var other = try Scenario.applied(sharedOff, on: fleet)
    #expect(Self.modes(try other.apply(sharedOff.with("host: alpha", "host: beta"))) == [.offline])
  }

  private static func modes(_ plan: Plan) -> [Migration.Mode] {
    plan.steps.compactMap {
      if case .migrateMachine(let migration) = $0.operation { migration.mode } else { nil }
    }
  }

  @Test("wherever a move is cut off, the next run goes on, and nothing is left", arguments: [local, shared])
  func cuts(spec: String) throws {
    var fleet = Self.fleet()
    if spec == Self.shared { fleet.sharedPools = ["main"] }
    let start = try Scenario.applied(spec, on: fleet)
    let moved = spec.with("host: alpha", "host: beta")
    let plan = try start.plan(moved, .init())
    for count in 0...plan.steps.count {
      var scenario = start
      scenario.fleet.run(plan, first: count)
      try scenario.apply(moved)
      let second = try scenario.plan(moved)
      #expect(second.isEmpty, "after \(count) steps:\n\(PlanText(second).render())")
      #expect(scenario.fleet["alpha"].state.machines.isEmpty)
      #expect(scenario.fleet["beta"].state.machines.map(\.name) == ["web"])
      let boots = scenario.fleet["beta"].boots.values.reduce(0, +)
      #expect(boots == 1, "after \(count) steps")
      let files = scenario.fleet["alpha"].state.pools.flatMap(\.volumes).map(\.name)
      if spec == Self.local { #expect(files == [], "after \(count) steps") }
      let notes = scenario.fleet["alpha"].notes["main"] ?? []
      #expect(
        spec == Self.local ? notes.isEmpty : notes.count == 1 && notes.allSatisfy { $0.hasPrefix("beta-") })
    }
  }

  @Test("a move that is taken back in the middle leaves nothing, either")
  func takenBack() throws {
    let start = try Scenario.applied(Self.local, on: Self.fleet())
    let plan = try start.plan(Self.local.with("host: alpha", "host: beta"), .init())
    for count in 0...plan.steps.count {
      var scenario = start
      scenario.fleet.run(plan, first: count)
      try scenario.apply(Self.local)
      let second = try scenario.plan(Self.local)
      #expect(second.isEmpty, "after \(count) steps:\n\(PlanText(second).render())")
      #expect(scenario.fleet["beta"].state.machines.isEmpty)
      #expect(scenario.fleet["beta"].notes["main"] ?? [] == [], "after \(count) steps")
      let files = scenario.fleet["beta"].state.pools.flatMap(\.volumes).map(\.name)
      #expect(files == [], "after \(count) steps")
    }
  }

  @Test("what a move has left of a VM that runs elsewhere is taken away")
  func remains() throws {
    var scenario = try Scenario.applied(Self.local.with("host: alpha", "host: beta"), on: Self.fleet())
    // The definition that the old host was about to forget.
    let machine = try scenario.fleet["beta"].machine("web")
    scenario.fleet["alpha"].state.machines.append(machine)
    let spec = Self.local.with("host: alpha", "host: beta")
    expect(
      try scenario.text(spec),
      is: """
        alpha
          - vm.web  # a move left it: the VM is on host 'beta'

        Plan: 0 to add, 0 to change, 1 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
    #expect(scenario.fleet["alpha"].state.machines.isEmpty)
  }

  /// The state in which a move is cut off: both hosts have the note, and the new one a part of the disk.
  private static func cutOff() throws -> (Scenario, [Volume]) {
    var scenario = try Scenario.applied(local, on: fleet())
    let volumes = try #require(scenario.fleet["alpha"].state.pools.first).volumes.filter {
      $0.name.hasPrefix("web.")
    }
    let notes = Set(volumes.map { Identity.movingName(of: $0.name) })
    scenario.fleet["alpha"].notes["main"] = notes
    scenario.fleet["beta"].notes["main"] = notes
    try scenario.fleet["beta"].changePool("main") { $0.volumes += volumes }
    return (scenario, volumes)
  }

  @Test("a copy that was cut off is made again, or goes if the VM stays")
  func unfinishedCopies() throws {
    var (scenario, _) = try Self.cutOff()
    let moved = Self.local.with("host: alpha", "host: beta")
    let plan = try scenario.apply(moved)
    let copies = plan.steps.flatMap { step -> [Migration.Copy] in
      if case .migrateMachine(let migration) = step.operation { migration.copies } else { [] }
    }
    #expect(copies.count == 2 && copies.allSatisfy(\.replaces))
    #expect(try scenario.plan(moved).isEmpty)
    #expect(scenario.fleet["alpha"].notes["main"] == [] && scenario.fleet["beta"].notes["main"] == [])

    (scenario, _) = try Self.cutOff()
    let text = try scenario.text(Self.local)
    #expect(text.contains("- disk.web.root  # a move left it: the disk is on host 'alpha'"), "\(text)")
    #expect(scenario.fleet["alpha"].notes["main"] == [] && scenario.fleet["beta"].notes["main"] == [])
    #expect(scenario.fleet["beta"].state.pools.flatMap(\.volumes) == [])
    #expect(scenario.fleet["alpha"].state.pools.flatMap(\.volumes).count == 3)
  }

  @Test("what a VM that has arrived has left behind goes without any consent")
  func sourceOfMove() throws {
    let moved = Self.local.with("host: alpha", "host: beta")
    var scenario = try Scenario.applied(Self.local, on: Self.fleet())
    let volumes = try #require(scenario.fleet["alpha"].state.pools.first).volumes.filter {
      $0.name.hasPrefix("web.")
    }
    try scenario.apply(moved)
    let notes = Set(volumes.map { Identity.movingName(of: $0.name) })
    try scenario.fleet["alpha"].changePool("main") { $0.volumes += volumes }
    scenario.fleet["alpha"].notes["main"] = notes
    scenario.fleet["beta"].notes["main"] = notes
    let text = try scenario.text(moved)
    #expect(text.contains("- disk.web.root  # a move left it: the disk is on host 'beta'"), "\(text)")
    #expect(text.contains("no data loss"))
    #expect(scenario.fleet["alpha"].state.pools.flatMap(\.volumes) == [])
    #expect(scenario.fleet["beta"].state.pools.flatMap(\.volumes).count == 3)
    #expect(scenario.fleet["alpha"].notes["main"] == [] && scenario.fleet["beta"].notes["main"] == [])
  }

  @Test("a VM that runs on two hosts is nobody's to decide")
  func twice() throws {
    var scenario = try Scenario.applied(Self.local, on: Self.fleet())
    let machine = try scenario.fleet["alpha"].machine("web")
    scenario.fleet["beta"].state.machines.append(machine)
    scenario.fleet["beta"].guests[machine.uuid] = scenario.fleet["alpha"].guests[machine.uuid]
    #expect(
      try scenario.refusal(Self.local).contains(
        "VM 'web' is on hosts 'alpha' (running) and 'beta' (running), and which one counts nobody can tell"))
  }

  @Test("what cannot move is refused, with the reason")
  func refused() throws {
    let moved = Self.local.with("host: alpha", "host: beta")
    var scenario = try Scenario.applied(Self.local, on: Self.fleet())
    let machine = try scenario.fleet["alpha"].machine("web")
    var idle = scenario.fleet["alpha"].guests[machine.uuid]
    idle?.settings.state = .paused
    idle?.transit = .paused
    scenario.fleet["alpha"].guests[machine.uuid] = idle
    #expect(try scenario.refusal(moved).contains("cannot move to 'beta': it was moved while it was paused"))
    scenario.fleet["alpha"].saved[machine.uuid] = scenario.fleet["alpha"].guests.removeValue(
      forKey: machine.uuid)
    #expect(try scenario.refusal(moved).contains("cannot move to 'beta': it has a saved state"))
    var other = try Scenario.applied(Self.local, on: Self.fleet())
    let volume = try #require(
      other.fleet["alpha"].state.pools[0].volumes.first { $0.name.hasPrefix("web.data") })
    try other.fleet["beta"].changePool("main") { $0.volumes.append(volume) }
    #expect(
      try other.refusal(moved).contains(
        "cannot move to 'beta': host 'beta' has a file /srv/main/web.data-"))
    #expect(
      try other.refusal(Self.local.with("host: alpha", "host: beta")).contains(
        "nobody says that it is worth nothing"))
  }

  @Test("what cannot move while it runs moves by a restart, if that is allowed")
  func cold() throws {
    var fleet = Self.fleet()
    fleet.sharedPools = ["main"]
    let spec = Self.shared.with("memory: 2GiB", "memory: 2GiB\n    host_devices: {key: {usb: \"1050:0407\"}}")
    let moved = spec.with("host: alpha", "host: beta")
    for name in ["alpha", "beta"] { fleet[name].state.devices = [.usb(try USBProduct(parsing: "1050:0407"))] }
    var scenario = try Scenario.applied(spec, on: fleet)
    #expect(
      try scenario.refusal(moved).contains(
        "VM 'web' cannot move to host 'beta' while it runs: it has devices of its host"))
    let plan = try scenario.apply(moved, restarts: true)
    #expect(Self.modes(plan) == [.cold] && plan.summary.restarts == 1)
    #expect(try scenario.plan(moved).isEmpty)
    #expect(scenario.fleet["beta"].boots.values.reduce(0, +) == 2)
  }

  // MARK: Shared pools

  @Test("a host deletes nothing in a shared pool that another one has")
  func division() throws {
    var fleet = Self.fleet()
    fleet.sharedPools = ["main"]
    let two = Self.shared.with(
      "vms:", "vms:\n  db: {host: beta, memory: 1GiB, disks: {root: {size: 1GiB, image: debian}}}")
    var scenario = try Scenario.applied(two, on: fleet)
    #expect(try scenario.plan(two, allowsDataLoss: true).isEmpty)
    let plan = try scenario.apply(two.without("db:"), allowsDataLoss: true)
    #expect(
      plan.changes.map { "\($0.address) on \($0.address.host)" } == [
        "pool.main on beta", "disk.db.root on beta", "vm.db on beta",
      ])
    #expect(try scenario.plan(two.without("db:"), allowsDataLoss: true).isEmpty)
    // The last user of the image is gone, and so is the image.
    try scenario.apply(two.without("db:").without("web:"), allowsDataLoss: true)
    #expect(try scenario.plan(two.without("db:").without("web:"), allowsDataLoss: true).isEmpty)
    #expect(scenario.fleet["alpha"].state.pools.flatMap(\.volumes).map(\.name) == [])
  }

  @Test("two hosts that need the same image bring it to their shared pool once")
  func oneUpload() throws {
    var fleet = Self.fleet()
    fleet.sharedPools = ["main"]
    let two = Self.shared.with(
      "vms:", "vms:\n  db: {host: beta, memory: 1GiB, disks: {root: {size: 1GiB, image: debian}}}")
    let scenario = Scenario(fleet)
    let plan = try scenario.plan(two)
    let uploads = plan.steps.filter { if case .uploadImage = $0.operation { true } else { false } }
    #expect(uploads.count == 1)
  }

  // MARK: Hosts that do not answer

  @Test("what is on a host that does not answer is unknown and left alone")
  func unknown() throws {
    let two = Self.local.with(
      "vms:", "vms:\n  db: {host: beta, memory: 1GiB, disks: {root: {size: 1GiB, image: debian}}}")
    let scenario = try Scenario.applied(two, on: Self.fleet())
    let plan = try scenario.plan(two, .init(), lost: ["beta"])
    expect(
      PlanText(plan).render(),
      is: """
        UNKNOWN: host beta (no route to it): VM 'db' may be there and is left out.

        No changes. The hosts that answer are as the spec says.

        """)
    let changed = try scenario.plan(
      two.with("memory: 2GiB", "memory: 3GiB").with("memory: 1GiB", "memory: 2GiB"), .init(), lost: ["beta"])
    #expect(changed.changes.map(\.address.name) == ["web"])
    #expect(Set(changed.steps.map(\.address.host.rawValue)) == ["alpha"])
  }

  @Test("while a host of a shared pool does not answer, nothing in it is deleted")
  func unwatched() throws {
    var fleet = Self.fleet()
    fleet.sharedPools = ["main"]
    let two = Self.shared.with(
      "vms:", "vms:\n  db: {host: beta, memory: 1GiB, disks: {root: {size: 1GiB, image: debian}}}")
    let scenario = try Scenario.applied(two, on: fleet)
    let plan = try scenario.plan(two.without("db:"), .init(allowsDataLoss: true), lost: ["beta"])
    #expect(plan.isEmpty, "\(PlanText(plan).render())")
    // Nor is it taken for new where the spec has it now: its disk says that it has been somewhere.
    let moved = try scenario.plan(two.with("host: beta", "host: alpha"), .init(), lost: ["beta"])
    #expect(moved.isEmpty)
    #expect(moved.unknown.first?.machines.map(\.rawValue) == ["db"])
  }
}

import FoundationEssentials
import SpecModel
import Testing

@testable import Planner

@Suite("Removal")
struct RemovalTests {
  @Test("a pool stays for the disks in it that a later run may be allowed to delete")
  func disksInOwnPool() throws {
    var scenario = try Scenario.applied(Specs.web)
    scenario.fleet.run(try scenario.destroyPlan(Specs.web))
    expect(
      PlanText(try scenario.destroyPlan(Specs.web)).render(),
      is: """
        No changes. What is left of the stack stays, as the notes say.
        Notes:
          pool.main on alpha: stays, so that --allow-data-loss finds the disks in it (web.root-c5743a42.qcow2)
          disk.web.root on alpha: stays at /srv/main/web.root-c5743a42.qcow2, 4 GiB (--allow-data-loss deletes it)

        """)
    scenario.fleet.run(try scenario.destroyPlan(Specs.web, allowsDataLoss: true))
    #expect(scenario.fleet["alpha"].state.pools.isEmpty && scenario.fleet["alpha"].volumes.isEmpty)
  }

  @Test("a VM that leaves the spec keeps its disks unless data loss is allowed")
  func machine() throws {
    let two = Specs.web.with(
      "vms:", "vms:\n  db: {memory: 1GiB, disks: {root: {size: 1GiB}, old: {size: 2GiB, keep: true}}}")
    let base = try Scenario.applied(two)
    var scenario = base
    expect(
      try scenario.text(Specs.web),
      is: """
        alpha
          - vm.db  (stop)  # the spec no longer has it; loses its power if it has not shut down within 1m

        Notes:
          disk.db.old on alpha: stays at /srv/main/db.old-55387de9.qcow2, 2 GiB (keep: true)
          disk.db.root on alpha: stays at /srv/main/db.root-dd1b78b3.qcow2, 1 GiB (--allow-data-loss deletes it)

        Plan: 0 to add, 0 to change, 1 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
    scenario = base
    expect(
      try scenario.text(Specs.web, allowsDataLoss: true),
      is: """
        alpha
          - disk.db.root  (data loss)
              - content  1 GiB at /srv/main/db.root-dd1b78b3.qcow2  (data loss)
          - vm.db  (stop)  # the spec no longer has it; loses its power if it has not shut down within 1m

        Notes:
          disk.db.old on alpha: stays at /srv/main/db.old-55387de9.qcow2, 2 GiB (keep: true)

        Plan: 0 to add, 0 to change, 2 to remove. 0 guests restart, 0 replacements, DATA LOSS on 1 disk.

        """)
  }

  @Test("a disk that a VM of others uses stays, whatever the run allows")
  func usedByOthers() throws {
    var scenario = try Scenario.applied(Specs.stopped)
    let path = try #require(try scenario.fleet[].machine("web").disks.first?.path)
    scenario.fleet[].addForeignMachine("other", files: [path], isRunning: false)
    expect(
      try scenario.text(Specs.stopped.without("vms:"), allowsDataLoss: true),
      is: """
        alpha
          ~ network.lan
              - reservation  10.0.0.11 for web (52:54:f5:bc:31:56)  (live)
          - vm.web  # the spec no longer has it

        Notes:
          disk.web.root on alpha: stays at /srv/main/web.root-c5743a42.qcow2, 4 GiB (in use by VM 'other')

        Plan: 0 to add, 1 to change, 1 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
  }

  @Test("a network and a pool leave the spec")
  func networkAndPool() throws {
    let spec = Specs.web.with("networks:", "  fast: {path: /srv/fast}\nnetworks:").with(
      "vms:", "  dmz: {mode: isolated}\nvms:"
    )
    .with("4GiB", "4GiB, pool: main")
    var scenario = try Scenario.applied(spec)
    scenario.fleet[].otherVolumes["fast"] = ["mine.img"]
    expect(
      try scenario.text(Specs.web),
      is: """
        alpha
          - pool.fast  # the spec no longer has it
          - network.dmz  # the spec no longer has it

        Notes:
          pool.fast on alpha: its directory /srv/fast keeps 1 file

        Plan: 0 to add, 0 to change, 2 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
  }

  @Test("a network that VMs of others are on stays")
  func networkOfOthers() throws {
    let spec = Specs.web.with("vms:", "  dmz: {mode: isolated}\nvms:")
    var scenario = try Scenario.applied(spec)
    scenario.fleet[].addForeignMachine("other", network: "dmz", isRunning: false)
    expect(
      try scenario.text(Specs.web),
      is: """
        No changes. The hosts are as the spec says.
        Notes:
          network.dmz on alpha: stays: it is in use by VM 'other'

        """)
  }

  @Test("a copy of a VM, which carries its mark, belongs to whoever made it")
  func copiedMachine() throws {
    var scenario = try Scenario.applied(Specs.web)
    let mark = try scenario.fleet[].machine("web").mark
    scenario.fleet[].addForeignMachine("web-clone", mark: mark)
    #expect(try scenario.plan(Specs.web, allowsDataLoss: true).isEmpty)
    #expect(!(try scenario.destroyPlan(Specs.web).changes.contains { $0.address.name == "web-clone" }))
  }

  @Test("a VM whose pool is not read is removed, and its disk is told of")
  func unreadPool() throws {
    let spec =
      Scenario.header()
      + "pools:\n  images: {external: true}\nvms:\n  web: {memory: 1GiB, disks: {root: {size: 1GiB}}}\n"
    var host = SimulatedHost("alpha")
    host.addForeignPool("images", directory: "/var/lib/libvirt/images")
    var scenario = try Scenario.applied(spec, on: SimulatedFleet([host]))
    try scenario.fleet[].changePool("images") { $0.volumes = [] }
    expect(
      try scenario.text(spec.without("vms:").without("pools:"), allowsDataLoss: true),
      is: """
        alpha
          - vm.web  (stop)  # the spec no longer has it; loses its power if it has not shut down within 1m

        Notes:
          disk.web.root on alpha: stays at /var/lib/libvirt/images/web.root-c5743a42.qcow2, in no active pool of the spec

        Plan: 0 to add, 0 to change, 1 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
  }

  @Test("a disk in an external pool goes with its VM, and the pool stays")
  func externalPool() throws {
    let spec =
      Scenario.header()
      + "pools:\n  images: {external: true}\nvms:\n  web: {memory: 1GiB, disks: {root: {size: 1GiB}}}\n"
    var host = SimulatedHost("alpha")
    host.addForeignPool("images", directory: "/var/lib/libvirt/images")
    var scenario = try Scenario.applied(spec, on: SimulatedFleet([host]))
    expect(
      try scenario.text(spec.without("vms:"), allowsDataLoss: true),
      is: """
        alpha
          - disk.web.root  (data loss)
              - content  1 GiB at /var/lib/libvirt/images/web.root-c5743a42.qcow2  (data loss)
          - vm.web  (stop)  # the spec no longer has it; loses its power if it has not shut down within 1m

        Plan: 0 to add, 0 to change, 2 to remove. 0 guests restart, 0 replacements, DATA LOSS on 1 disk.

        """)
    #expect(scenario.fleet[].observed.pools.first?.volumeNames == ["photos.img"])
  }

  @Test("destroy leaves disks unless data loss is allowed")
  func destroyKeeps() throws {
    let scenario = try Scenario.applied(Specs.web)
    expect(
      PlanText(try scenario.destroyPlan(Specs.web)).render(),
      is: """
        alpha
          - network.lan
          - vm.web  (stop)  # loses its power if it has not shut down within 1m

        Notes:
          pool.main on alpha: stays, so that --allow-data-loss finds the disks in it (web.root-c5743a42.qcow2)
          disk.web.root on alpha: stays at /srv/main/web.root-c5743a42.qcow2, 4 GiB (--allow-data-loss deletes it)

        Plan: 0 to add, 0 to change, 2 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
  }

  @Test("destroy with data loss leaves what is to be kept, what is protected and what others use")
  func destroyAll() throws {
    let spec = Specs.imaged.with(
      "vms:", "disks:\n  data: {size: 9GiB, protect: true}\n  home: {size: 1GiB}\n  tmp: {size: 1GiB}\nvms:"
    )
    .with("image: debian}", "image: debian}, old: {size: 1GiB, keep: true}, data: {disk: data}")
    var scenario = try Scenario.applied(spec)
    let home = try #require(
      scenario.fleet[].state.pools.first?.volumes.first { $0.name.hasPrefix("home") }?.path)
    scenario.fleet[].addForeignMachine("other", files: [home])
    let plan = try scenario.destroyPlan(spec, allowsDataLoss: true)
    expect(
      PlanText(plan).render(),
      is: """
        alpha
          - image.debian-111111111111
          - disk.tmp  (data loss)
              - content  1 GiB at /srv/main/tmp-b5fa6947.qcow2  (data loss)
          - disk.web.root  (data loss)
              - content  4 GiB at /srv/main/web.root-c5743a42.qcow2  (data loss)
          - network.lan
          - vm.web  (stop)  # loses its power if it has not shut down within 1m

        Notes:
          pool.main on alpha: stays: disks that are protected or in use lie in it (data-5b9313d2.qcow2, home-b05068a6.qcow2)
          disk.data on alpha: stays at /srv/main/data-5b9313d2.qcow2, 9 GiB (protect: true)
          disk.home on alpha: stays at /srv/main/home-b05068a6.qcow2, 1 GiB (in use by VM 'other')
          disk.web.old on alpha: stays at /srv/main/web.old-4fd497b0.qcow2, 1 GiB (keep: true)

        Plan: 0 to add, 0 to change, 5 to remove. 0 guests restart, 0 replacements, DATA LOSS on 2 disks.

        """)
    scenario.fleet.run(plan)
    scenario.fleet.expectNoViolations()
    expect(
      PlanText(try scenario.destroyPlan(spec, allowsDataLoss: true)).render(),
      is: """
        No changes. What is left of the stack stays, as the notes say.
        Notes:
          pool.main on alpha: stays: disks that are protected or in use lie in it (data-5b9313d2.qcow2, home-b05068a6.qcow2)
          disk.data on alpha: stays at /srv/main/data-5b9313d2.qcow2, 9 GiB (protect: true)
          disk.home on alpha: stays at /srv/main/home-b05068a6.qcow2, 1 GiB (in use by VM 'other')
          disk.web.old on alpha: stays at /srv/main/web.old-4fd497b0.qcow2, 1 GiB (keep: true)

        """)
  }

  @Test("destroy removes a VM that has no spec any more, wherever the spec puts one of its name")
  func destroyMoved() throws {
    let spec = Scenario.header(hosts: ["alpha", "beta"]) + "vms:\n  web: {memory: 1GiB, host: alpha}\n"
    let scenario = try Scenario.applied(spec)
    let plan = try scenario.destroyPlan(spec.with("host: alpha", "host: beta"))
    #expect(plan.changes.map { "\($0.action) \($0.address) \($0.address.host)" } == ["delete vm.web alpha"])
  }

  @Test("the disks of a protected VM stay whoever undefines it, until an application has taken back the word")
  func protectedUndefined() throws {
    let spec = Specs.stopped.with("memory: 2GiB", "protect: true\n    memory: 2GiB")
    let none = Specs.web.without("web:").with("vms:", "vms: {}")
    var scenario = try Scenario.applied(spec)
    #expect(scenario.fleet["alpha"].notes["main"] == ["web.root-c5743a42.protected"])
    let applied = scenario
    // `virsh undefine web`
    scenario.fleet["alpha"].state.machines.removeAll()
    var named = SitePlanner.Options()
    named.dataLoss = .only([try AddressPattern(parsing: "disk.web.root")])
    #expect(try scenario.plan(none, named).summary.dataLosses == 0)
    for spec in [none, spec] {
      let plan = try scenario.destroyPlan(spec, allowsDataLoss: true)
      #expect(plan.summary.dataLosses == 0)
      #expect(plan.notes.map(\.text).contains { $0.hasSuffix("(protect: true)") }, "\(plan.notes)")
    }
    scenario = applied
    expect(
      try scenario.text(Specs.stopped),
      is: """
        alpha
          ~ vm.web
              - protect  true

        Plan: 0 to add, 1 to change, 0 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
    #expect(scenario.fleet["alpha"].notes["main"] == [])
    #expect(try scenario.destroyPlan(Specs.stopped, allowsDataLoss: true).summary.dataLosses == 1)
  }

  @Test("a disk that a protected VM gives up stays, whatever the consent")
  func disksOfProtected() throws {
    let spec = Specs.stopped.with("memory: 2GiB", "protect: true\n    memory: 2GiB")
    var scenario = try Scenario.applied(
      spec.with("root: {size: 4GiB}", "root: {size: 4GiB}, logs: {size: 1GiB}"))
    let text = try scenario.text(spec, allowsDataLoss: true)
    #expect(
      text.contains(
        "disk.web.logs on alpha: stays at /srv/main/web.logs-0e2856b1.qcow2, 1 GiB (protect: true)"),
      "\(text)")
  }
}

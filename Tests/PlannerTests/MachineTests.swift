import FoundationEssentials
import SpecModel
import Testing

@testable import Planner

@Suite("VMs")
struct MachineTests {
  @Test("a new stack is made from nothing")
  func create() throws {
    var scenario = Scenario()
    expect(
      try scenario.text(Specs.web),
      is: """
        alpha
          + pool.main
              type  dir
              path  /srv/main
          + disk.web.root
              size  4 GiB
              pool  main
          + network.lan
              mode         nat
              cidr         10.0.0.0/24
              gateway      10.0.0.1
              dhcp         10.0.0.100 – 10.0.0.199
              autostart    true
              reservation  10.0.0.11 for web (52:54:f5:bc:31:56)
          + vm.web
              memory      2 GiB
              state       running
              disks.root  /srv/main/web.root-c5743a42.qcow2
              nics.lan    lan (52:54:f5:bc:31:56)

        Plan: 4 to add, 0 to change, 0 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
  }

  @Test("what is as the spec says is no change")
  func noChange() throws {
    var scenario = try Scenario.applied(Specs.web)
    expect(
      try scenario.text(Specs.web),
      is: """
        No changes. The hosts are as the spec says.

        """)
  }

  @Test("more memory of a running VM is staged where the spec does not allow a restart")
  func memoryStaged() throws {
    var scenario = try Scenario.applied(Specs.web)
    let spec = Specs.web.with("2GiB", "4GiB")
    expect(
      try scenario.text(spec),
      is: """
        alpha
          ~ vm.web  (restart)
              ~ memory  2 GiB → 4 GiB  (restart)

        Notes:
          vm.web on alpha: pending restart: memory (the guest keeps running)

        Plan: 0 to add, 1 to change, 0 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
    #expect(try scenario.fleet[].guest("web").settings.memory?.size == .gibibytes(2))
    expect(
      try scenario.text(spec),
      is: """
        No changes. The hosts are as the spec says.
        Notes:
          vm.web on alpha: pending restart: memory (the guest keeps running)

        """)
  }

  @Test("a staged change is no longer pending once the guest was restarted, by whomever")
  func memoryTakenUp() throws {
    var scenario = try Scenario.applied(Specs.web)
    let spec = Specs.web.with("2GiB", "4GiB")
    try scenario.apply(spec)
    try scenario.fleet[].stop("web")
    try scenario.fleet[].start("web")
    expect(
      try scenario.text(spec),
      is: """
        No changes. The hosts are as the spec says.

        """)
  }

  @Test("a staged change that is taken back leaves nothing pending")
  func memoryTakenBack() throws {
    var scenario = try Scenario.applied(Specs.web)
    try scenario.apply(Specs.web.with("2GiB", "4GiB"))
    expect(
      try scenario.text(Specs.web),
      is: """
        alpha
          ~ vm.web
              ~ memory  4 GiB → 2 GiB

        Plan: 0 to add, 1 to change, 0 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
    expect(
      try scenario.text(Specs.web),
      is: """
        No changes. The hosts are as the spec says.

        """)
  }

  @Test("a machine type that left the spec before it was in effect is taken back")
  func machineTakenBack() throws {
    var scenario = try Scenario.applied(Specs.web)
    try scenario.apply(Specs.web.with("memory:", "machine: pc\n    memory:"))
    expect(
      try scenario.text(Specs.web),
      is: """
        alpha
          ~ vm.web
              ~ machine  pc-i440fx-7.2 → pc-q35-7.2

        Plan: 0 to add, 1 to change, 0 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
    #expect(try scenario.plan(Specs.web).notes.isEmpty)
  }

  @Test("more memory of a running VM restarts it where the spec allows that")
  func memoryRestarts() throws {
    var scenario = try Scenario.applied(Specs.restarting)
    let spec = Specs.restarting.with("2GiB", "4GiB")
    expect(
      try scenario.text(spec),
      is: """
        alpha
          ~ vm.web  (restart)
              ~ memory  2 GiB → 4 GiB  (restart)

        Plan: 0 to add, 1 to change, 0 to remove. 1 guest restarts, 0 replacements, no data loss.

        """)
    #expect(try scenario.fleet[].guest("web").settings.memory?.size == .gibibytes(4))
  }

  @Test("allowing restarts restarts a guest for what is pending, and says so")
  func pendingRestarts() throws {
    var scenario = try Scenario.applied(Specs.web)
    try scenario.apply(Specs.web.with("2GiB", "4GiB"))
    let spec = Specs.restarting.with("2GiB", "4GiB")
    expect(
      try scenario.text(spec.with("memory:", "title: Shop\n    memory:")),
      is: """
        alpha
          ~ vm.web  (restart)
              + title   Shop  (live)
              ~ memory  pending → in effect  (restart)

        Plan: 0 to add, 1 to change, 0 to remove. 1 guest restarts, 0 replacements, no data loss.

        """)
  }

  @Test("changing a VM that is off restarts nothing")
  func stopped() throws {
    var scenario = try Scenario.applied(Specs.stopped)
    let spec = Specs.stopped.with("2GiB", "4GiB").with(
      "root: {size: 4GiB}", "root: {size: 4GiB, keep: true}, logs: {size: 1GiB}")
    expect(
      try scenario.text(spec),
      is: """
        alpha
          + disk.web.logs
              size  1 GiB
              pool  main
          ~ vm.web
              ~ memory           2 GiB → 4 GiB
              + disks.root.keep  true
              + disks.logs       /srv/main/web.logs-0e2856b1.qcow2

        Plan: 1 to add, 1 to change, 0 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
  }

  @Test("a running guest takes title, description and autostart as it runs")
  func live() throws {
    var scenario = try Scenario.applied(Specs.restarting)
    let spec = Specs.restarting.with(
      "memory:", "title: Shop\n    description: sells\n    autostart: true\n    memory:")
    expect(
      try scenario.text(spec),
      is: """
        alpha
          ~ vm.web
              + title        Shop  (live)
              + description  sells  (live)
              ~ autostart    false → true

        Plan: 0 to add, 1 to change, 0 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
  }

  @Test("a title that the spec gives up goes, and one that a person gave stays")
  func titles() throws {
    let titled = Specs.web.with("memory:", "title: Shop\n    memory:")
    var scenario = try Scenario.applied(titled)
    expect(
      try scenario.text(Specs.web),
      is: """
        alpha
          ~ vm.web
              - title  Shop  (live)

        Plan: 0 to add, 1 to change, 0 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
    try scenario.fleet[].change("web") { $0.settings.title = "mine" }
    #expect(try scenario.plan(Specs.web).isEmpty)
  }

  @Test("a VM that the spec turns off is stopped, and started again when it is to run")
  func runningFalse() throws {
    var scenario = try Scenario.applied(Specs.web)
    expect(
      try scenario.text(Specs.stopped),
      is: """
        alpha
          ~ vm.web  (stop)
              ~ state  running → off  (stop)

        Plan: 0 to add, 1 to change, 0 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
    expect(
      try scenario.text(Specs.web),
      is: """
        alpha
          ~ vm.web
              ~ state  off → running

        Plan: 0 to add, 1 to change, 0 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
  }

  @Test("a change to a guest that is turned off needs no restart and leaves nothing pending")
  func stoppedWithChange() throws {
    var scenario = try Scenario.applied(Specs.restarting)
    try scenario.apply(Specs.web.with("2GiB", "3GiB"))
    let spec = Specs.stopped.with("2GiB", "4GiB").with("state: off", "title: Shop\n    state: off")
    expect(
      try scenario.text(spec),
      is: """
        alpha
          ~ vm.web  (stop)
              + title   Shop
              ~ memory  3 GiB → 4 GiB
              ~ state   running → off  (stop)

        Plan: 0 to add, 1 to change, 0 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
    #expect(try scenario.fleet[].machine("web").mark?.staged == [])
  }

  @Test("a VM that is off although it is to run is started")
  func startsAgain() throws {
    var scenario = try Scenario.applied(Specs.web)
    try scenario.fleet[].stop("web")
    expect(
      try scenario.text(Specs.web),
      is: """
        alpha
          ~ vm.web
              not as it was last applied, goes back:
              ~ state  off → running

        Plan: 0 to add, 1 to change, 0 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
  }

  @Test("a machine type is the same as a version of it, and another chipset is a change")
  func machineTypes() throws {
    let q35 = Specs.restarting.with("memory:", "machine: q35\n    memory:")
    var scenario = try Scenario.applied(q35)
    #expect(try scenario.fleet[].machine("web").settings.machine == "pc-q35-7.2")
    scenario.fleet[].state.capabilities.machineAliases = ["q35": "pc-q35-9.0", "pc": "pc-i440fx-9.0"]
    #expect(try scenario.plan(q35).isEmpty)
    expect(
      try scenario.text(q35.with("q35", "pc")),
      is: """
        alpha
          ~ vm.web  (restart)
              ~ machine  pc-q35-7.2 → pc  (restart)

        Plan: 0 to add, 1 to change, 0 to remove. 1 guest restarts, 0 replacements, no data loss.

        """)
  }
}

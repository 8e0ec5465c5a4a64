import FoundationEssentials
import SpecModel
import Testing

@testable import Planner

/// Pools that are no directories.
@Suite("Pools")
struct PoolTests {
  private static let logical = Specs.web.with("main: {path: /srv/main}", "main: {type: logical, source: vg0}")
  private static let copied = logical.with(
    "networks:", "images:\n  debian: {source: \(Images.file), format: raw}\nnetworks:"
  ).with("root: {size: 4GiB}", "root: {size: 4GiB, image: debian}")

  private func volume(_ scenario: Scenario) throws -> Volume {
    try #require(scenario.fleet["alpha"].volumes.first)
  }

  @Test("a disk in a volume group is a raw device, and an image is copied into it")
  func logicalDisk() throws {
    var scenario = Scenario()
    expect(
      try scenario.text(Self.copied),
      is: """
        alpha
          + pool.main
              type    logical
              source  vg0
          + disk.web.root
              size   4 GiB
              image  debian
              clone  full
              pool   main
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
              disks.root  /dev/vg0/web.root-c5743a42.raw
              nics.lan    lan (52:54:f5:bc:31:56)

        Plan: 4 to add, 0 to change, 0 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
    let volume = try volume(scenario)
    #expect(volume.format == .raw && volume.type == .block && volume.isThick && volume.backingPath == nil)
    #expect(try scenario.fleet[].machine("web").disks[0].access == .block)
  }

  @Test("a size that the volume group rounded up is the size that was asked for, and a smaller one is not")
  func rounding() throws {
    let spec = Self.logical.with("4GiB", "4099MiB")
    var scenario = try Scenario.applied(spec)
    try scenario.fleet[].changePool("main") { pool in
      (pool.capacity, pool.available) = (.gibibytes(100), .mebibytes(4096 * 20 + 4))
      pool.volumes[0].capacity = .mebibytes(4100)
    }
    #expect(try scenario.plan(spec).isEmpty)
    #expect(
      try scenario.refusal(spec.with("4099MiB", "4095MiB")).contains(
        "error: disk.web.root cannot shrink from 4100 MiB to 4095 MiB"))
  }

  @Test("what libvirt cannot grow is grown by a person, and the plan says how")
  func growth() throws {
    let scenario = try Scenario.applied(Self.logical)
    expect(
      try scenario.refusal(Self.logical.with("4GiB", "5GiB")),
      is: """
        site.yaml:12:26: error: disk.web.root cannot grow: libvirt makes no volume of a pool of type logical larger
          12 |     disks: {root: {size: 5GiB}}
             |                          ^
          help: grow it on host 'alpha', and apply again: lvextend --size 5368709120b /dev/vg0/web.root-c5743a42.raw && virsh pool-refresh main && virsh blockresize web /dev/vg0/web.root-c5743a42.raw 5368709120B

        """)
  }

  @Test("a copy that was cut off is made anew, unless a guest runs with it")
  func cutOffCopy() throws {
    var scenario = try Scenario.applied(Self.copied.with("memory: 2GiB", "memory: 2GiB\n    state: off"))
    let spec = Self.copied.with("memory: 2GiB", "memory: 2GiB\n    state: off")
    let name = try volume(scenario).name
    scenario.fleet[].notes["main"] = [Identity.copyingName(of: name)]
    expect(
      try scenario.text(spec),
      is: """
        alpha
          + disk.web.root  # its last copy was cut off
              size   4 GiB
              image  debian
              clone  full
              pool   main

        Plan: 1 to add, 0 to change, 0 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
    scenario.fleet[].notes["main"] = [Identity.copyingName(of: name)]
    try scenario.fleet[].start("web")
    #expect(
      try scenario.refusal(spec).contains(
        "disk.web.root is a copy of an image that was cut off, and VM 'web' has it"))
  }

  @Test("the name of a shared disk that was renamed is one that a volume group takes")
  func renamedDisk() throws {
    let spec = Self.logical.with("vms:", "disks:\n  data: {size: 1GiB}\nvms:")
    var scenario = try Scenario.applied(spec)
    let renamed = spec.with("data:", "my_store:") + "moved: {disks.data: disks.my_store}\n"
    _ = try scenario.text(renamed)
    #expect(scenario.fleet["alpha"].notes["main"]?.contains { $0.hasSuffix("_my_store.renamed") } == true)
    #expect(try scenario.plan(renamed.without("moved:")).isEmpty)
  }

  @Test("a pool that is there without a mark is not taken over, be it the same or not")
  func foreignPool() throws {
    var scenario = Scenario()
    scenario.fleet[].addForeignPool("main", .logical(group: "vg0", devices: ["/dev/sda3"]))
    #expect(
      try scenario.refusal(Self.logical).contains(
        """
        error: host 'alpha' already has a pool 'main', and virtform did not make it
          6 |   main: {type: logical, source: vg0}
            |         ^
          help: it is the same; to use it as it is, write main: {external: true}, or hand it over, which leaves its volumes: virsh pool-destroy main && virsh pool-undefine main

        """))
    #expect(
      try scenario.refusal(Self.logical.with("source: vg0", "source: vg1")).contains(
        "help: to use it as it is, write main: {external: true}\n"))
    scenario.fleet[].state.pools[0].name = "other"
    #expect(
      try scenario.refusal(Self.logical).contains(
        "site.yaml:6:33: error: vg0 on host 'alpha' is the source of pool 'other' already"))
  }

  @Test("a pool does not become another one")
  func anotherSource() throws {
    let fs = Specs.web.with(
      "main: {path: /srv/main}",
      "main: {type: fs, source: {device: /dev/sdb1, format: ext4}, path: /srv/main}")
    var scenario = try Scenario.applied(fs)
    expect(
      try scenario.refusal(fs.with("/dev/sdb1", "/dev/sdc1")),
      is: """
        site.yaml:6:28: error: pool 'main' on host 'alpha' is fs, /dev/sdb1 (ext4), at /srv/main and cannot become fs, /dev/sdc1 (ext4), at /srv/main
          6 |   main: {type: fs, source: {device: /dev/sdc1, format: ext4}, path: /srv/main}
            |                            ^
          help: declare a new pool and let new disks use it; if both are the same storage, remove the definition, which leaves the volumes, and apply again: virsh pool-destroy main && virsh pool-undefine main

        """)
    // What the spec leaves to the host is not compared.
    #expect(try scenario.plan(fs.with(", format: ext4", "")).isEmpty)
    #expect(try scenario.apply(fs).isEmpty)
  }

  @Test("a plan says what is made on devices")
  func building() throws {
    let scenario = Scenario()
    let spec = Specs.web.with(
      "main: {path: /srv/main}",
      "main: {type: fs, source: {device: /dev/sdb1, format: ext4}, path: /srv/main, build: true}")
    #expect(
      PlanText(try scenario.plan(spec)).render().contains(
        """
          + pool.main
              type    fs
              source  /dev/sdb1
              path    /srv/main
              build   a file system (ext4) on /dev/sdb1, if it is empty
        """))
  }

  @Test("a logical unit is used, and never made, grown or deleted")
  func logicalUnit() throws {
    let spec = Self.logical.with(
      "networks:",
      "  san: {type: iscsi, source: {host: nas, target: \"iqn.2024-01.a:b\"}}\nnetworks:"
    ).with("disks: {root: {size: 4GiB}}", "disks: {root: {volume: \"unit:0:0:1\", pool: san}}")
    var scenario = Scenario()
    let plan = try scenario.plan(spec)
    // The pool says the path when it is active; its steps come first.
    let step = try #require(
      plan.steps.first { if case .defineMachine = $0.operation { true } else { false } })
    guard case .defineMachine(let machine) = step.operation else { return }
    #expect(machine.disks.map(\.access) == [.volume(pool: "san", name: "unit:0:0:1")])
    let pool = try #require(plan.steps.first { $0.address.name == "san" })
    #expect(PlanLaws.ancestors(of: plan)[step.id].contains(pool.id))

    // The pool is active, and the VM is there.
    scenario.fleet[].addLogicalUnit("unit:0:0:1", at: "/dev/disk/by-path/lun-1", stack: "shop")
    try scenario.apply(spec)
    #expect(try scenario.fleet[].machine("web").disks.map(\.path) == ["/dev/disk/by-path/lun-1"])
    #expect(try scenario.plan(spec).isEmpty)
    let gone = try scenario.apply(spec.without("vms:"), allowsDataLoss: true)
    #expect(!gone.deletes("/unit:0:0:1") && scenario.fleet["alpha"].volumes.count == 1)
    #expect(
      try scenario.refusal(spec.with("unit:0:0:1", "unit:0:0:7")).contains(
        "error: pool 'san' on host 'alpha' has no volume 'unit:0:0:7'"))
  }

  @Test("what an external pool cannot hold is told when its host is known")
  func externalPool() throws {
    let spec = Specs.imaged.with("main: {path: /srv/main}", "main: {external: true}")
    var scenario = Scenario()
    scenario.fleet[].addForeignPool("main", .rbd(.init(monitors: [.init(host: "a", port: nil)], name: "vms")))
    #expect(
      try scenario.refusal(spec).contains(
        "error: no image can be copied into pool 'main' (rbd): libvirt sends no bytes there"))
    #expect(
      try scenario.refusal(
        Specs.web.with("main: {path: /srv/main}", "main: {external: true}").with(
          "4GiB", "4GiB, format: qcow2")
      )
      .contains("error: a disk in pool 'main' (rbd) cannot be qcow2"))
    let plain = Specs.web.with("main: {path: /srv/main}", "main: {external: true}")
    _ = try scenario.text(plain)
    let disk = try scenario.fleet[].machine("web").disks[0]
    #expect(disk.path.hasPrefix("vms/web.root-") && disk.format == .raw)
    scenario.fleet[].state.pools[0].source = nil
    #expect(
      try scenario.refusal(plain).contains(
        "error: the external pool 'main' on host 'alpha' is of a type that virtform does not know"))
  }

  @Test("a pool that leaves the spec leaves its volumes")
  func removal() throws {
    let spec = Self.logical.with("networks:", "  files: {path: /files}\nnetworks:").with(
      "4GiB", "4GiB, pool: main")
    var scenario = try Scenario.applied(spec)
    let plan = try scenario.plan(spec.without("main:").without("vms:"))
    #expect(
      plan.notes.contains {
        $0.text == "1 volume of vg0 stays; those that nothing uses are deactivated"
      }, "\(plan.notes)")
    _ = try scenario.text(spec.without("main:").without("vms:"))
  }

  @Test("a pool that a person undefined while it was active is defined again, and starts with its host")
  func undefined() throws {
    var scenario = try Scenario.applied(Specs.web)
    // `virsh pool-undefine main`
    try scenario.fleet[].changePool("main") { ($0.isTransient, $0.autostart) = (true, false) }
    expect(
      try scenario.text(Specs.web),
      is: """
        alpha
          ~ pool.main
              not as it was last applied, goes back:
              + definition  what is active

        Plan: 0 to add, 1 to change, 0 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
    let pool = try #require(scenario.fleet[].state.pools.first)
    #expect(!pool.isTransient && pool.autostart == true)
  }
}

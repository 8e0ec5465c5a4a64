import FoundationEssentials
import SpecModel
import Testing

@testable import Planner

/// What is refused before anything is done, each at its place in the spec.
@Suite("Refusals")
struct RefusalTests {
  private static let external = Specs.web.with("{path: /srv/main}", "{external: true}").with(
    "{mode: nat, cidr: 10.0.0.0/24, dhcp: {from: 10.0.0.100, to: 10.0.0.199}}", "{external: true}"
  ).with("{ip: 10.0.0.11}", "{}")

  @Test("a VM that cannot move to the host of the spec is refused and never removed")
  func moved() throws {
    let spec = Scenario.header(hosts: ["alpha", "beta"]) + "vms:\n  web: {memory: 1GiB, host: alpha}\n"
    var scenario = try Scenario.applied(spec)
    try scenario.fleet["alpha"].save("web")
    expect(
      try scenario.refusal(spec.with("host: alpha", "host: beta"), allowsDataLoss: true),
      is: """
        site.yaml:7:29: error: VM 'web' is on host 'alpha' and cannot move to 'beta': it has a saved state, which stays on its host: start it first
          7 |   web: {memory: 1GiB, host: beta}
            |                             ^

        """)
  }

  @Test("a VM of another stack is left alone")
  func foreignMachine() throws {
    var scenario = Scenario()
    scenario.fleet[].addForeignMachine("web", mark: Mark(stack: "office"))
    expect(
      try scenario.refusal(Specs.web),
      is: """
        site.yaml:10:3: error: host 'alpha' already has a VM 'web', and it belongs to stack 'office'
          10 |   web:
             |   ^
          help: give this VM another name

        """)
  }

  @Test("what carries no mark is left alone")
  func foreignObjects() throws {
    var scenario = Scenario()
    scenario.fleet[].addForeignMachine("web")
    scenario.fleet[].addForeignNetwork("lan")
    scenario.fleet[].addForeignPool("main", directory: "/srv/main")
    expect(
      try scenario.refusal(Specs.web),
      is: """
        site.yaml:6:9: error: host 'alpha' already has a pool 'main', and virtform did not make it
          6 |   main: {path: /srv/main}
            |         ^
          help: it is the same; to use it as it is, write main: {external: true}, or hand it over, which leaves its volumes: virsh pool-destroy main && virsh pool-undefine main
        site.yaml:8:8: error: host 'alpha' already has a network 'lan', and virtform did not make it
          8 |   lan: {mode: nat, cidr: 10.0.0.0/24, dhcp: {from: 10.0.0.100, to: 10.0.0.199}}
            |        ^
          help: to use it as it is, write lan: {external: true}; or take it over as it is: adopt: [networks.lan]
        site.yaml:10:3: error: host 'alpha' already has a VM 'web', and virtform did not make it
          10 |   web:
             |   ^
          help: give this VM another name; or take it over as it is: adopt: [vms.web]

        """)
  }

  @Test("a network of another stack is left alone")
  func foreignNetwork() throws {
    var scenario = Scenario()
    scenario.fleet[].addForeignNetwork("lan", mark: Mark(stack: "office"))
    expect(
      try scenario.refusal(Specs.web),
      is: """
        site.yaml:8:8: error: host 'alpha' already has a network 'lan', and it belongs to stack 'office'
          8 |   lan: {mode: nat, cidr: 10.0.0.0/24, dhcp: {from: 10.0.0.100, to: 10.0.0.199}}
            |        ^
          help: to use it as it is, write lan: {external: true}

        """)
  }

  @Test("a directory belongs to one pool")
  func sameDirectory() throws {
    var scenario = Scenario()
    scenario.fleet[].addForeignPool("default", directory: "/srv/main")
    expect(
      try scenario.refusal(Specs.web),
      is: """
        site.yaml:6:16: error: /srv/main on host 'alpha' is the directory of pool 'default' already
          6 |   main: {path: /srv/main}
            |                ^
          help: to use that pool as it is, write default: {external: true}

        """)
  }

  @Test("a pool that never was active is defined anew where the spec has it by now")
  func misplacedPool() throws {
    let spec = Scenario.header() + "pools:\n  main: {path: /srv/mian}\n"
    var scenario = try Scenario.applied(spec)
    try scenario.fleet["alpha"].changePool("main") { ($0.isActive, $0.autostart) = (false, false) }
    expect(
      try scenario.text(spec.with("mian", "main")),
      is: """
        alpha
          ~ pool.main  # it never was active, and is defined anew
              ~ path    /srv/mian → /srv/main
              ~ active  false → true

        Plan: 0 to add, 1 to change, 0 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
    try scenario.fleet["alpha"].changePool("main") { $0.isActive = false }
    #expect(try scenario.refusal(spec).contains("lies at /srv/main and cannot move"))
  }

  @Test("a pool does not move")
  func movedPool() throws {
    let scenario = try Scenario.applied(Specs.web)
    expect(
      try scenario.refusal(Specs.web.with("/srv/main", "/srv/other")),
      is: """
        site.yaml:6:16: error: pool 'main' on host 'alpha' lies at /srv/main and cannot move
          6 |   main: {path: /srv/other}
            |                ^
          help: declare a new pool and let new disks use it

        """)
  }

  @Test("a VM that was renamed by hand, and whose mark has no name, is neither removed nor made again")
  func renamed() throws {
    var scenario = try Scenario.applied(Specs.web)
    try scenario.fleet[].change("web") { machine in
      (machine.name, machine.domainName) = ("shop", "shop")
      machine.mark?.name = nil
    }
    expect(
      try scenario.refusal(Specs.web, allowsDataLoss: true),
      is: """
        site.yaml:10:3: error: VM 'web' is called 'shop' on host 'alpha'
          10 |   web:
             |   ^
          help: give it its name back: virsh domrename shop web

        """)
  }

  @Test("a VM without its mark is not edited, since nobody knows its disks")
  func lostMark() throws {
    var scenario = try Scenario.applied(Specs.web)
    try scenario.fleet[].change("web") { machine in
      machine.mark = nil
      machine.disks = []
    }
    expect(
      try scenario.refusal(Specs.web),
      is: """
        site.yaml:10:3: error: VM 'web' on host 'alpha' has lost virtform's mark, which names its disks
          10 |   web:
             |   ^
          help: its disks stay if you undefine it while it is off and apply again: virsh undefine web; or take it over as it is: adopt: [vms.web]

        """)
  }

  @Test("external pools and networks must be there")
  func externalMissing() throws {
    expect(
      try Scenario().refusal(Self.external),
      is: """
        site.yaml:6:9: error: host 'alpha' has no pool 'main'
          6 |   main: {external: true}
            |         ^
          help: an external pool must be there; leave out 'external' to have it made
        site.yaml:8:8: error: host 'alpha' has no network 'lan'
          8 |   lan: {external: true}
            |        ^
          help: an external network must be there; leave out 'external' to have it made

        """)
  }

  @Test("external pools and networks must be active")
  func externalInactive() throws {
    var scenario = Scenario()
    scenario.fleet[].addForeignPool("main", directory: "/srv/main", isActive: false)
    scenario.fleet[].addForeignNetwork("lan", isActive: false)
    expect(
      try scenario.refusal(Self.external),
      is: """
        site.yaml:6:9: error: the external pool 'main' on host 'alpha' is not active
          6 |   main: {external: true}
            |         ^
          help: start it: virsh pool-start main
        site.yaml:8:8: error: the external network 'lan' on host 'alpha' is not active
          8 |   lan: {external: true}
            |        ^
          help: start it: virsh net-start lan

        """)
  }

  @Test("two names for one libvirt are refused")
  func sameLibvirt() throws {
    let spec = Scenario.header(hosts: ["alpha", "beta"]) + "vms:\n  web: {memory: 1GiB, host: alpha}\n"
    var scenario = try Scenario.applied(spec)
    var twin = scenario.fleet[]
    twin.state.name = try ResourceName(parsing: "beta")
    scenario.fleet["beta"] = twin
    expect(
      try scenario.refusal(spec),
      is: """
        site.yaml:5:15: error: hosts 'alpha' and 'beta' reach the same libvirt
          5 |   beta: {uri: qemu+tls://beta/system}
            |               ^

        """)
  }

  @Test("Xen has neither a user-mode network nor a bus to choose")
  func xen() throws {
    let spec = Specs.web.with(
      "{mode: nat, cidr: 10.0.0.0/24, dhcp: {from: 10.0.0.100, to: 10.0.0.199}}", "{mode: user}"
    ).with("{ip: 10.0.0.11}", "{}").with("4GiB", "4GiB, bus: scsi")
    expect(
      try Scenario(SimulatedFleet([SimulatedHost("alpha", driver: .xen)])).refusal(spec),
      is: """
        site.yaml:12:37: error: host 'alpha' (Xen) cannot give a VM 'bus'
          12 |     disks: {root: {size: 4GiB, bus: scsi}}
             |                                     ^
          help: leave it out
        site.yaml:13:17: error: host 'alpha' (Xen) has no user-mode network
          13 |     nics: {lan: {}}
             |                 ^
          help: use a bridge or a virtual network

        """)
  }

  @Test("a host runs no guests that its libvirt says nothing of")
  func virtualization() throws {
    var xen = SimulatedHost("alpha", driver: .xen)
    xen.state.capabilities.virtualizations = [.pv]
    for (host, virt, error) in [
      (SimulatedHost("alpha"), "pvh", "(QEMU) runs no pvh guests\n  11 |     virt: pvh"),
      (xen, "hvm", "(Xen) runs no hvm guests\n  11 |     virt: hvm"),
    ] {
      let text = try Scenario(SimulatedFleet([host])).refusal(
        Specs.web.with("memory:", "virt: \(virt)\n    memory:"))
      #expect(text.hasPrefix("site.yaml:11:11: error: host 'alpha' \(error)\n"), "\(text)")
      #expect(text.contains("help: it runs \(virt == "hvm" ? "pv" : "hvm")\n"), "\(text)")
    }
  }

  @Test("Xen cannot rename a VM")
  func xenRenames() throws {
    let before = Scenario.header() + "vms: {web: {memory: 1GiB}}\n"
    let scenario = try Scenario.applied(before, on: SimulatedFleet([SimulatedHost("alpha", driver: .xen)]))
    let after = Scenario.header() + "moved: {vms.web: vms.front}\nvms: {front: {memory: 1GiB}}\n"
    let text = try scenario.refusal(after)
    #expect(text.contains("error: host 'alpha' (Xen) cannot rename VM 'web' to 'front'\n"), "\(text)")
    #expect(text.contains("help: leave it its name\n"), "\(text)")
  }

  @Test("KVM is refused where the host has none, at the host's line or the VM's")
  func noKVM() throws {
    var host = SimulatedHost("alpha")
    host.state.capabilities.hasKVM = false
    let scenario = Scenario(SimulatedFleet([host]))
    expect(
      try scenario.refusal(Specs.web.with("memory:", "accel: kvm\n    memory:")),
      is: """
        site.yaml:11:12: error: host 'alpha' has no KVM
          11 |     accel: kvm
             |            ^
          help: use accel: auto or accel: tcg

        """)
    expect(
      try scenario.refusal(Specs.web.with("system}", "system, accel: kvm}")),
      is: """
        site.yaml:4:48: error: host 'alpha' has no KVM
          4 |   alpha: {uri: qemu+tls://alpha/system, accel: kvm}
            |                                                ^
          help: use accel: auto or accel: tcg

        """)
    #expect(!(try scenario.plan(Specs.web).isEmpty))
  }

  @Test("a libvirt without root makes no network")
  func unprivileged() throws {
    var host = SimulatedHost("alpha")
    host.state.isPrivileged = false
    expect(
      try Scenario(SimulatedFleet([host])).refusal(Specs.web),
      is: """
        site.yaml:8:8: error: host 'alpha' runs without root and cannot make a network of mode nat
          8 |   lan: {mode: nat, cidr: 10.0.0.0/24, dhcp: {from: 10.0.0.100, to: 10.0.0.199}}
            |        ^
          help: use mode: user, or a host whose libvirt runs as root

        """)
  }

  @Test("a network or a pool without a definition that others made is neither taken over nor removed")
  func transient() throws {
    var scenario = Scenario()
    scenario.fleet[].addForeignNetwork("lan")
    try scenario.fleet[].changeNetwork("lan") { ($0.isTransient, $0.autostart) = (true, false) }
    scenario.fleet[].addForeignPool("main", directory: "/srv/main")
    try scenario.fleet[].changePool("main") { ($0.isTransient, $0.autostart) = (true, false) }
    expect(
      try scenario.refusal(Specs.web),
      is: """
        site.yaml:6:9: error: host 'alpha' already has a pool 'main', and virtform did not make it
          6 |   main: {path: /srv/main}
            |         ^
          help: it is the same; to use it as it is, write main: {external: true}, or hand it over, which leaves its volumes: virsh pool-destroy main
        site.yaml:8:8: error: host 'alpha' already has a network 'lan', and virtform did not make it
          8 |   lan: {mode: nat, cidr: 10.0.0.0/24, dhcp: {from: 10.0.0.100, to: 10.0.0.199}}
            |        ^
          help: to use it as it is, write lan: {external: true}; or take it over as it is: adopt: [networks.lan]

        """)
    #expect(
      try scenario.plan(
        Specs.web.without("web:").without("main:").without("lan:").with("pools:", "pools: {}").with(
          "networks:", "networks: {}"
        ).with("vms:", "vms: {}")
      ).isEmpty)
    #expect(try scenario.destroyPlan(Specs.web).isEmpty)
    let external = Specs.web.with("main: {path: /srv/main}", "main: {external: true}").with(
      "lan: {mode: nat, cidr: 10.0.0.0/24, dhcp: {from: 10.0.0.100, to: 10.0.0.199}}",
      "lan: {external: true}")
    let text = try scenario.text(external.with("{ip: 10.0.0.11}", "{}"))
    #expect(!text.contains("network.lan") && !text.contains("pool.main"), "\(text)")
    #expect(
      try scenario.destroyPlan(external.with("{ip: 10.0.0.11}", "{}")).changes.map(\.address.kind) == [.vm])
  }
}

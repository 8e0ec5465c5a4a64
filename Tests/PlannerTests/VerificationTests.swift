import FoundationEssentials
import SpecModel
import Testing

@testable import Planner

@Suite("Verification of what hosts remember")
struct VerificationTests {
  private static let shop: Identity = {
    guard let stack = try? ResourceName(parsing: "shop") else { preconditionFailure("a name") }
    return Identity(stack: stack)
  }()
  private static let stopped = Specs.stopped
  private static let none = stopped.without("web:").with("vms:", "vms: {}")

  private func verify(
    _ scenario: Scenario, _ spec: String = stopped, lost: [String] = [], locks: [Verification.Lock] = [],
    change: (inout HostState) -> Void = { _ in }
  ) throws -> Verification {
    let site = try Scenario.site(spec)
    let states = scenario.fleet.states(for: site).filter { !lost.contains($0.name.rawValue) }.map { state in
      var state = state
      change(&state)
      return state
    }
    let unreachable = try lost.map {
      UnreachableHost(name: try ResourceName(parsing: $0), reason: "no route to it")
    }
    return Verification(
      of: site.located(in: states), hosts: states, unreachable: unreachable, locks: locks)
  }

  private func kinds(_ verification: Verification) -> [String] {
    verification.findings.map { "\($0.object) \($0.kind.rawValue)" }
  }

  private static func words(_ remedy: Finding.Remedy) -> String {
    switch remedy {
    case .apply(_, let options): "apply" + (options.map { " \($0)" } ?? "")
    case .fix: "fix"
    case .person(_, let command): "person" + (command.map { ": \($0)" } ?? "")
    }
  }

  /// Kinds with who mends them.
  private func remedies(_ verification: Verification) -> [String] {
    verification.findings.map { "\($0.object) \($0.kind.rawValue) \(Self.words($0.remedy))" }
  }

  @Test(
    "after an apply there is nothing to find",
    arguments: [
      Specs.web, Specs.stopped, Specs.imaged,
      Specs.web.with("{size: 4GiB}", "{size: 4GiB, protect: true, keep: true}"),
    ])
  func nothing(spec: String) throws {
    let verification = try verify(Scenario.applied(spec), spec)
    #expect(
      VerificationText(verification).render()
        == "Nothing found. Marks, disks and locks are as they should be.\n")
  }

  @Test("kept and protected disks of VMs that are gone are no finding", arguments: ["keep", "protect"])
  func kept(word: String) throws {
    var scenario = try Scenario.applied(Self.stopped.with("{size: 4GiB}", "{size: 4GiB, \(word): true}"))
    try scenario.apply(Self.none)
    #expect(try kinds(verify(scenario, Self.none)) == [])
  }

  @Test("every finding says where it is, what it means and who mends it")
  func text() throws {
    var scenario = try Scenario.applied(Self.stopped)
    let host = try ResourceName(parsing: "alpha")
    var copy = try scenario.fleet["alpha"].machine("web")
    copy.uuid = Self.shop.uuid(.machine, "clone")
    (copy.name, copy.domainName) = ("clone", "clone")
    scenario.fleet["alpha"].state.machines.append(copy)
    scenario.fleet["alpha"].notes["main"] = ["gone.root-\(Self.tag("gone.root")).protected"]
    try scenario.fleet["alpha"].changePool("main") { $0.volumes = [] }
    let lock = Verification.Lock(host: host, state: .abandoned, text: "by anna@desk (pid 4711)")
    let verification = try verify(scenario, locks: [lock])
    let site = try Scenario.site(Self.stopped)
    let text = VerificationText(verification) { $0.path.flatMap { site.origins.location(of: $0) } }
    expect(
      text.render(),
      is: """
        alpha
          ! domain clone  mark-copied
              has the mark of VM 'web' and another UUID: it is a copy, and virtform leaves it alone
              To do: take the mark off the copy:
                virsh metadata \(copy.uuid.uuidString.lowercased()) --uri urn:virtform:mark:1 --remove --config
          ! pool.main  note-alone
              'gone.root-\(Self.tag("gone.root")).protected' in it says that 'gone.root-\(Self.tag("gone.root"))' was protected, and there is no such volume
              virtform verify --fix takes the note away.
          ! the lock of the stack  lock-abandoned
              is held by anna@desk (pid 4711)
              virtform verify --fix breaks it, as any apply does.
          ! vm.web  file-missing  (site.yaml:10:3)
              its disk 'root' is /srv/main/web.root-c5743a42.qcow2, which is not there: it cannot start
              To do: put the file back, and have libvirt look again; without it the next apply makes an empty disk:
                virsh pool-refresh main
          ! vm.web  mac-twice  (site.yaml:10:3)
              its NIC 'lan' has the address \(Self.shop.mac(machine: "web", nic: "lan")), and so has 'clone': on one network only one of them is reached
              To do: give one of them another address: in the spec, mac: of the NIC; of what is not the stack's:
                virsh edit \(copy.uuid.uuidString.lowercased())
        5 findings: 2 for verify --fix, 3 for a person.

        """)
  }

  private static func tag(_ base: String) -> String {
    String(shop.volumeName(.machineDisk, base: base, format: .qcow2).dropLast(".qcow2".count).suffix(8))
  }

  @Test("marks that cannot be read, are of another format or another stack, or are gone")
  func marks() throws {
    let scenario = try Scenario.applied(Self.stopped)
    func found(_ change: @escaping (inout Machine) -> Void) throws -> [String] {
      try remedies(verify(scenario) { change(&$0.machines[0]) }).map {
        $0.replacing(/virsh .*/, with: "virsh")
      }
    }
    #expect(
      try found {
        $0.mark = nil
        $0.markFault = .unreadable("it names no stack")
      } == ["domain web mark-unreadable person: virsh"])
    #expect(
      try found { $0.markFault = .unreadable("its <disk> has no name") } == [
        "vm.web mark-unreadable person: virsh"
      ])
    let other = try found {
      $0.mark = nil
      $0.markFault = .otherFormat("urn:virtform:mark:2")
    }
    #expect(other.contains("domain web mark-other-format person"), "\(other)")
    let foreign = try found { $0.mark?.stack = "other" }
    #expect(foreign.contains("domain web mark-other-stack person"), "\(foreign)")
    let lost = try found { $0.mark = nil }
    #expect(lost.contains("domain web mark-missing person"), "\(lost)")
    #expect(try found { $0.mark?.unfinished = ["title"] } == ["vm.web change-unfinished apply"])
    #expect(try found { $0.carriedSnapshots = ["s1"] } == ["vm.web move-unfinished apply"])
  }

  @Test("what the spec has no word of is for the next apply")
  func leftOver() throws {
    let scenario = try Scenario.applied(Self.stopped)
    let bare = "virtform: 1\nstack: shop\nhosts:\n  alpha: {uri: qemu+tls://alpha/system}\n"
    #expect(
      try remedies(verify(scenario, bare)) == [
        "network.lan not-in-spec apply", "pool.main not-in-spec apply", "vm.web not-in-spec apply",
      ])
  }

  @Test("disks that no VM has say which consent deletes them, or who takes them up")
  func unused() throws {
    var scenario = try Scenario.applied(Self.stopped)
    scenario.fleet["alpha"].state.machines = []
    #expect(try remedies(verify(scenario)) == ["disk.web.root not-in-use apply"])
    #expect(
      try remedies(verify(scenario, Self.none)) == [
        "disk.web.root not-in-use apply --allow-data-loss-of disk.web.root"
      ])
    scenario.fleet["alpha"].notes["main"] = ["web.root-c5743a42.deleting"]
    #expect(
      try remedies(verify(scenario, Self.none)) == [
        "disk.web.root deletion-unfinished apply --allow-data-loss"
      ])
  }

  @Test("a copy that was cut off is deleted by --fix only where neither a VM nor the spec has it")
  func halfCopies() throws {
    var scenario = try Scenario.applied(Self.stopped)
    scenario.fleet["alpha"].notes["main"] = ["web.root-c5743a42.copying", "web.root-c5743a42.img-1f.copied"]
    #expect(try remedies(verify(scenario)) == ["disk.web.root copy-unfinished apply"])
    scenario.fleet["alpha"].state.machines = []
    #expect(try remedies(verify(scenario)) == ["disk.web.root copy-unfinished apply"])
    let verification = try verify(scenario, Self.none)
    #expect(remedies(verification) == ["disk.web.root copy-unfinished fix"])
    scenario.fleet.run(verification.mending(Set(verification.mendable)))
    #expect(scenario.fleet["alpha"].volumes.isEmpty && scenario.fleet["alpha"].notes["main"] == [])
    #expect(try kinds(verify(scenario, Self.none)) == [])
  }

  @Test("nothing is mended that was not shown, or has gone by itself")
  func approved() throws {
    var scenario = try Scenario.applied(Self.stopped)
    let notes = ["a", "b"].map { "\($0).root-\(Self.tag("\($0).root")).kept" }
    scenario.fleet["alpha"].notes["main"] = [notes[0]]
    let shown = try Set(verify(scenario).mendable)
    scenario.fleet["alpha"].notes["main"] = [notes[1]]
    #expect(try verify(scenario).mending(shown).steps.isEmpty)
    scenario.fleet["alpha"].notes["main"] = Set(notes)
    #expect(try verify(scenario).mending(shown).steps.count == 1)
  }

  @Test("notes of every kind beside nothing are taken away, unless they may be about what nobody sees")
  func notes() throws {
    let stem = "gone.root-\(Self.tag("gone.root"))"
    let fixable = [
      "\(stem).protected", "\(stem).kept", "\(stem).copying", "\(stem).deleting",
      "\(stem).debian-4c1f.copied",
      "\(stem)~front.root.renamed", "\(stem)_front.root.renamed",
    ]
    let delicate = ["\(stem).moving", "\(stem).beta.lost"]
    let foreign = ["gone.root-00000000.kept", "data.protected", "\(stem).snapshot"]
    var scenario = try Scenario.applied(Self.stopped)
    scenario.fleet["alpha"].notes["main"] = Set(fixable + delicate + foreign)
    let both = Self.stopped.with("/system}", "/system}\n  beta: {uri: qemu+tls://beta/system}").with(
      "web:", "web:\n    host: alpha"
    ).with("{path: /srv/main}", "{path: /srv/main, hosts: [alpha]}").with(
      "networks:\n  lan: {", "networks:\n  lan: {hosts: [alpha], ")
    let lost = try verify(scenario, both, lost: ["beta"])
    #expect(lost.mendable.count == fixable.count, "\(kinds(lost))")
    let all = try verify(scenario, both)
    scenario.fleet.run(all.mending(Set(all.mendable)))
    #expect(scenario.fleet["alpha"].notes["main"] == Set(foreign))
  }

  @Test("a note whose file is named but not there stays, since the file may come back")
  func noteOfMissingFile() throws {
    var scenario = try Scenario.applied(Self.stopped.with("{size: 4GiB}", "{size: 4GiB, protect: true}"))
    try scenario.fleet["alpha"].changePool("main") { $0.volumes = [] }
    #expect(try kinds(verify(scenario)) == ["vm.web file-missing"])
  }

  @Test("missing images, networks and files that the host was asked for")
  func missing() throws {
    let spec = Specs.imaged.with("memory: 2GiB", "memory: 2GiB\n    state: off")
    var scenario = try Scenario.applied(spec)
    try scenario.fleet["alpha"].changePool("main") { pool in
      pool.volumes.removeAll { $0.name.hasPrefix("debian") }
    }
    scenario.fleet["alpha"].state.networks = []
    #expect(
      try remedies(verify(scenario, spec)) == [
        "disk.web.root backing-file-missing apply", "vm.web network-missing apply",
      ])
    let asked = try verify(scenario, spec) { state in
      state.machines[0].files.insert("/srv/cd.iso")
      state.absentFiles = ["/srv/cd.iso"]
    }
    #expect(remedies(asked).contains("vm.web file-missing person"), "\(remedies(asked))")
  }

  @Test("a deleted file that a running guest still has is saved by the command that is told")
  func deleted() throws {
    var scenario = try Scenario.applied(Specs.web)
    try scenario.fleet["alpha"].changePool("main") { $0.volumes = [] }
    #expect(
      try remedies(verify(scenario, Specs.web)) == [
        "vm.web file-missing person: virsh blockcopy web vda /srv/main/web.root-c5743a42.qcow2 --format qcow2 --transient-job --wait --pivot && virsh pool-refresh main"
      ])
  }

  @Test("a VM on two hosts is for the next apply if one of them runs it, else for a person")
  func twice() throws {
    let both = Self.stopped.with("/system}", "/system}\n  beta: {uri: qemu+tls://beta/system}")
      .with("  web:\n", "  web:\n    host: [alpha, beta]\n")
    var scenario = try Scenario.applied(both)
    let machine = try scenario.fleet["alpha"].machine("web")
    scenario.fleet["beta"].state.machines.append(machine)
    let found = try verify(scenario, both).findings.filter { $0.kind == .machineTwice }
    #expect(found.map(\.host.rawValue) == ["alpha", "beta"])
    #expect(found.allSatisfy { Self.words($0.remedy).hasPrefix("person: virsh undefine") })
    let running = try verify(scenario, both) { state in
      if state.name.rawValue == "beta" { state.machines[0].settings.state = .running }
    }
    #expect(
      running.findings.filter { $0.kind == .machineTwice }.map { Self.words($0.remedy) } == [
        "apply", "apply",
      ])
  }

  @Test("a host that does not answer and a pool that is not active are told of as not looked at")
  func unseen() throws {
    let both = Self.stopped.with("/system}", "/system}\n  beta: {uri: qemu+tls://beta/system}").with(
      "web:", "web:\n    host: alpha")
    var scenario = try Scenario.applied(both)
    try scenario.fleet["alpha"].changePool("main") { pool in
      pool.isActive = false
      (pool.volumes, pool.volumeNames) = ([], [])
    }
    expect(
      VerificationText(try verify(scenario, both, lost: ["beta"])).render(),
      is: """
        Not looked at: pool 'main' on host 'alpha': it is not active; the next apply starts it
        Not looked at: host 'beta': no route to it
        Nothing found.

        """)
  }

  @Test("a lock that somebody holds is no finding, and what is half done may be their work")
  func running() throws {
    let host = try ResourceName(parsing: "alpha")
    let lock = Verification.Lock(host: host, state: .held, text: "by anna@desk (pid 4711)")
    let verification = try verify(Scenario.applied(Self.stopped), locks: [lock])
    #expect(verification.findings.isEmpty && verification.running == lock)
    #expect(VerificationText(verification).render().hasPrefix("A run is under way"))
    let unreadable = Verification.Lock(host: host, state: .unreadable, text: "by nobody")
    #expect(
      try remedies(verify(Scenario.applied(Self.stopped), locks: [unreadable])) == [
        "the lock of the stack lock-unreadable person: virsh net-dumpxml virtform-lock-shop"
      ])
  }
}

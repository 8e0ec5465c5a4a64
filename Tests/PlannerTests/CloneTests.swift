import SpecModel
import Testing

@testable import Planner

/// How disks are made from images, and what becomes of them when the image is another one.
@Suite("Clones")
struct CloneTests {
  private static let fullSpec = Specs.imaged.with("image: debian}", "image: debian, clone: full}")
  private static let replacing = Specs.imaged.with("memory:", "on_image_change: replace\n    memory:")
  private static let path = "/srv/main/web.root-c5743a42.qcow2"

  private static func copies(_ plan: Plan) -> [String?] {
    plan.steps.compactMap { step in
      if case .createVolume(_, let source) = step.operation { .some(source?.name) } else { nil }
    }
  }

  @Test("a full clone is a copy of its image, which stays for the next one and is not uploaded again")
  func full() throws {
    var scenario = Scenario()
    let text = try scenario.text(Self.fullSpec)
    #expect(
      text.contains(
        """
          + disk.web.root
              size   4 GiB
              image  debian
              clone  full
              pool   main

        """))
    let volume = try #require(scenario.fleet[].volumes.first { $0.path == Self.path })
    #expect(volume.backingPath == nil)
    #expect(scenario.fleet[].notes["main"] == ["web.root-c5743a42.debian-111111111111.copied"])
    let more = Self.fullSpec.with("vms:", "vms:\n  new: {image: debian, memory: 1GiB, clone: full}")
    expect(
      try scenario.text(more),
      is: """
        alpha
          + disk.new.root
              size   2 MiB
              image  debian
              clone  full
              pool   main
          + vm.new
              memory      1 GiB
              state       running
              disks.root  /srv/main/new.root-d8d2c001.qcow2

        Plan: 2 to add, 0 to change, 0 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
  }

  @Test("a disk's own clone counts over its VM's, and raw is a format of copies")
  func inherited() throws {
    let spec = Specs.imaged.with("memory:", "clone: full\n    memory:")
      .with("image: debian}", "image: debian, format: raw}, more: {image: debian, clone: linked}")
    let plan = try Scenario.applied(spec).plan(spec)
    #expect(plan.isEmpty)
    let first = try Scenario().plan(spec)
    #expect(Self.copies(first) == ["debian-111111111111-b0498c9f.raw", nil])
    let volumes = first.steps.compactMap { step in
      if case .createVolume(let volume, _) = step.operation { volume } else { nil }
    }
    #expect(volumes.map(\.format) == [.raw, .qcow2])
    #expect(volumes.map { $0.backingPath == nil } == [true, false])
  }

  @Test("another clone of a disk that is there is noted and changes nothing", arguments: ["full", "linked"])
  func changedKind(_ before: String) throws {
    let (spec, other) = before == "full" ? (Self.fullSpec, "linked") : (Specs.imaged, "full")
    var scenario = try Scenario.applied(spec)
    let changed = Specs.imaged.with("image: debian}", "image: debian, clone: \(other)}")
    expect(
      try scenario.text(changed),
      is: """
        No changes. The hosts are as the spec says.
        Notes:
          disk.web.root on alpha: stays the \(before) clone that it is: clone: \(other) counts when a disk is made

        """)
  }

  // MARK: Copies that are cut off

  /// The volume is there, and the note that it is not whole.
  private static func cutOff(_ scenario: inout Scenario) {
    scenario.fleet[].notes["main", default: []].insert(Identity.copyingName(of: "web.root-c5743a42.qcow2"))
  }

  @Test(
    "a copy that was cut off is made again, as a copy or in another way",
    arguments: [fullSpec, Specs.imaged, Specs.web])
  func cutOff(_ next: String) throws {
    var scenario = try Scenario.applied(Self.fullSpec.without("nics:"))
    scenario.fleet[].state.machines = []
    scenario.fleet[].guests = [:]
    Self.cutOff(&scenario)
    let births = scenario.fleet[].births[Self.path]
    let text = try scenario.text(next)
    #expect(text.contains("+ disk.web.root  # its last copy was cut off"), "\(text)")
    #expect(scenario.fleet[].births[Self.path] == (births ?? 0) + 1)
    let isCopy = next == Self.fullSpec
    #expect(
      scenario.fleet[].notes["main"] == (isCopy ? ["web.root-c5743a42.debian-111111111111.copied"] : []))
  }

  @Test("a copy that was cut off is left alone while a guest runs with it")
  func cutOffInUse() throws {
    var scenario = try Scenario.applied(Self.fullSpec)
    Self.cutOff(&scenario)
    #expect(
      try scenario.refusal(Self.fullSpec).contains(
        "disk.web.root is a copy of an image that was cut off, and VM 'web' has it"))
    try scenario.fleet[].stop("web")
    let plan = try scenario.apply(Self.fullSpec)
    #expect(Self.copies(plan) == ["debian-111111111111-b0498c9f.raw"])
    #expect(try scenario.plan(Self.fullSpec).isEmpty)
  }

  @Test("with a copy that was cut off goes what tells of it")
  func cutOffRemoved() throws {
    var scenario = try Scenario.applied(Self.fullSpec)
    try scenario.fleet[].stop("web")
    Self.cutOff(&scenario)
    try scenario.apply(Self.fullSpec.without("vms:"), allowsDataLoss: true)
    #expect(scenario.fleet[].notes["main"]?.isEmpty != false)
    #expect(scenario.fleet[].volumes.isEmpty)
  }

  // MARK: Another image

  @Test("a full clone remembers its image, and the image's old copy on the host goes")
  func changedImage() throws {
    var scenario = try Scenario.applied(Self.fullSpec)
    scenario.imageVersions = ["debian": 2]
    expect(
      try scenario.text(Self.fullSpec),
      is: """
        alpha
          - image.debian-111111111111  # nothing uses it any more

        Notes:
          disk.web.root on alpha: new base available: debian-111111111111 → debian-222222222222; --replace vm.web makes the VM anew from it

        Plan: 0 to add, 0 to change, 1 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
  }

  @Test("another name for the same image is no other image", arguments: ["keep", "replace"])
  func renamedImage(policy: String) throws {
    let spec = Self.replacing.with("on_image_change: replace", "on_image_change: \(policy)")
    let scenario = try Scenario.applied(spec)
    let renamed = spec.with("  debian: {", "  debian-stable: {").with(
      "image: debian}", "image: debian-stable}")
    let plan = try scenario.plan(renamed)
    #expect(plan.isEmpty && plan.notes.isEmpty, "\(PlanText(plan).render())")
  }

  @Test("on_image_change: replace makes the disks of the image anew, with consent, and keeps all else")
  func replace() throws {
    let spec = Self.replacing.with("image: debian}", "image: debian}, data: {size: 1GiB}")
    var scenario = try Scenario.applied(spec)
    let before = scenario.fleet[]
    scenario.imageVersions = ["debian": 2]
    expect(
      try scenario.refusal(spec),
      is: """
        site.yaml:15:19: error: on_image_change: replace destroys the content of disk.web.root, debian-111111111111 → debian-222222222222
          15 |     disks: {root: {size: 4GiB, image: debian}, data: {size: 1GiB}}
             |                   ^
          help: --allow-data-loss consents; with on_image_change: keep the disk stays as it was made

        """)
    expect(
      try scenario.text(spec, allowsDataLoss: true),
      is: """
        alpha
          + image.debian
              pool    main
              source  debian.raw
              length  2 MiB
          - image.debian-111111111111  # nothing uses it any more
          -/+ disk.web.root  (data loss)  # on_image_change: replace
              + size     4 GiB
              + image    debian
              + pool     main
              - content  /srv/main/web.root-c5743a42.qcow2  (data loss)
          ~ vm.web  (restart)
              ~ disks.root.image  debian-111111111111 → debian-222222222222  (restart)

        Plan: 1 to add, 1 to change, 1 to remove. 1 guest restarts, 1 replacement, DATA LOSS on 1 disk.

        """)
    let after = scenario.fleet[]
    let web = try after.machine("web")
    #expect(web.uuid == (try before.machine("web").uuid))
    #expect(after.births[Self.path] == 2)
    #expect(after.births.filter { $0.key.contains("data") }.map(\.value) == [1])
    #expect(after.boots[web.uuid] == 2)
  }

  @Test("a full clone is made anew, too, and the new image is remembered")
  func replaceFull() throws {
    let spec = Self.replacing.with("image: debian}", "image: debian, clone: full}")
    var scenario = try Scenario.applied(spec)
    scenario.imageVersions = ["debian": 2]
    let plan = try scenario.apply(spec, allowsDataLoss: true)
    #expect(Self.copies(plan) == ["debian-222222222222-937bd7ef.raw"])
    #expect(scenario.fleet[].notes["main"] == ["web.root-c5743a42.debian-222222222222.copied"])
    #expect(try scenario.plan(spec).isEmpty)
  }

  @Test("the guest is stopped once the new image is there, and its disk goes only then")
  func order() throws {
    var scenario = try Scenario.applied(Self.replacing)
    scenario.imageVersions = ["debian": 2]
    let plan = try scenario.plan(Self.replacing, allowsDataLoss: true)
    let verbs = plan.steps.map { "\($0.operation.verb.present) \($0.address.kind.rawValue)" }
    #expect(
      verbs == [
        "uploading image", "stopping vm", "removing disk", "creating disk", "starting vm", "removing image",
      ])
    for (step, earlier) in zip(plan.steps.dropFirst(), plan.steps).prefix(4) {
      #expect(step.dependsOn.contains(earlier.id), "\(verbs[step.id]) does not wait for \(verbs[earlier.id])")
    }
  }

  @Test("a VM that is off stays off")
  func off() throws {
    let spec = Self.replacing.with("memory:", "state: off\n    memory:")
    var scenario = try Scenario.applied(spec)
    scenario.imageVersions = ["debian": 2]
    let text = try scenario.text(spec, allowsDataLoss: true)
    #expect(text.contains("-/+ disk.web.root  (data loss)") && !text.contains("vm.web"), "\(text)")
    #expect(scenario.fleet[].guests.isEmpty)
  }

  @Test(
    "what is to be kept stays on its image",
    arguments: [
      ("image: debian}", "image: debian, keep: true}", nil),
      ("image: debian}", "image: debian, protect: true}", nil),
      ("memory:", "protect: true\n    memory:", "the VM is protected"),
    ])
  func kept(_ old: String, _ new: String, _ note: String?) throws {
    let spec = Self.replacing.with(old, new)
    var scenario = try Scenario.applied(spec)
    scenario.imageVersions = ["debian": 2]
    let plan = try scenario.plan(spec, allowsDataLoss: true)
    #expect(plan.isEmpty)
    #expect(
      plan.notes.map(\.text).map { String($0.split(separator: ";")[1].dropFirst()) }
        == (note.map { [$0] } ?? []))
  }

  @Test("protection that the spec takes back protects until that is applied")
  func formerlyProtected() throws {
    var scenario = try Scenario.applied(
      Self.replacing.with("image: debian}", "image: debian, protect: true}"))
    scenario.imageVersions = ["debian": 2]
    let first = try scenario.apply(Self.replacing, allowsDataLoss: true)
    #expect(first.summary.dataLosses == 0)
    #expect(
      first.notes.contains {
        $0.text.hasSuffix("it was protected until now, and the next plan makes it anew")
      })
    #expect(try scenario.apply(Self.replacing, allowsDataLoss: true).summary.dataLosses == 1)
  }

  @Test("consent for one disk makes that one anew; the others stay, with a note")
  func partly() throws {
    let spec = Specs.imaged.without("web:")
      .with("vms:", "vms:\n  web: {count: 2, image: debian, memory: 1GiB, on_image_change: replace}")
    var scenario = try Scenario.applied(spec)
    scenario.imageVersions = ["debian": 2]
    var options = SitePlanner.Options()
    options.dataLoss = .only([try AddressPattern(parsing: "disk.web-1.root")])
    let plan = try scenario.plan(spec, options)
    #expect(plan.changes.filter { $0.effect == .dataLoss }.map { "\($0.address)" } == ["disk.web-1.root"])
    #expect(
      plan.notes.map { "\($0.address): \($0.text)" } == [
        "disk.web-2.root: new base available: debian-111111111111 → debian-222222222222; "
          + "--allow-data-loss-of disk.web-2.root makes the disk anew from it"
      ])
    // What the run is not about needs no consent.
    var rest = SitePlanner.Options()
    rest.scope = PlanScope(targets: [], excluded: [try AddressPattern(parsing: "vm.web-*")])
    #expect(try scenario.plan(spec, rest).isEmpty)
  }

  // MARK: Images that are in use

  @Test("the base of somebody's overlay stays when nothing of the stack uses it any more")
  func overlay() throws {
    var scenario = try Scenario.applied(Specs.imaged)
    let image = try #require(scenario.fleet[].volumes.first { $0.name.hasPrefix("debian") })
    try scenario.fleet[].changePool("main") { $0.foreignBackingPaths = [image.path] }
    let plan = try scenario.apply(Specs.imaged.without("vms:"), allowsDataLoss: true)
    #expect(!plan.deletes(image.path))
    let destroy = try scenario.destroyPlan(Specs.imaged, allowsDataLoss: true)
    #expect(!destroy.deletes(image.path))
    #expect(destroy.notes.contains { $0.text == "stays at \(image.path): something that stays uses it" })
    try scenario.fleet[].changePool("main") { $0.foreignBackingPaths = [] }
    #expect(try scenario.plan(Specs.imaged.without("vms:")).deletes(image.path))
  }

  @Test("after --replace with another image the old one goes with the disk that was made from it")
  func replacedVM() throws {
    var scenario = try Scenario.applied(Specs.imaged)
    scenario.imageVersions = ["debian": 2]
    var options = SitePlanner.Options(allowsDataLoss: true)
    options.replaced = [try AddressPattern(parsing: "vm.web")]
    scenario.fleet.run(try scenario.plan(Specs.imaged, options))
    scenario.fleet.expectNoViolations()
    #expect(try scenario.plan(Specs.imaged).isEmpty)
    #expect(scenario.fleet[].volumes.map(\.name).filter { $0.hasPrefix("debian") }.count == 1)
  }
}

import FoundationEssentials
import SpecModel
import Testing

@testable import Planner

@Suite("Images")
struct ImageTests {
  private static let booted = Specs.web.with(
    "networks:", "images:\n  linux: {source: \(Images.file), format: raw}\nnetworks:"
  ).with(
    "memory:",
    "pool: main\n    on_change: restart-if-needed\n    kernel: linux\n    cmdline: quiet\n    memory:")

  @Test("a disk is no kernel")
  func diskForKernel() throws {
    let spec = Self.booted.with(
      "source: \(Images.file), format: raw",
      "source: https://example.org/a.qcow2, sha256: \(String(repeating: "1", count: 64))")
    #expect(
      try Scenario().refusal(spec).contains(
        "error: the image 'linux' is a disk in qcow2, and no kernel"))
  }

  @Test("an image is uploaded before its clones are made")
  func create() throws {
    var scenario = Scenario()
    expect(
      try scenario.text(Specs.imaged),
      is: """
        alpha
          + pool.main
              type  dir
              path  /srv/main
          + image.debian
              pool    main
              source  debian.raw
              length  2 MiB
          + disk.web.root
              size   4 GiB
              image  debian
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
              disks.root  /srv/main/web.root-c5743a42.qcow2
              nics.lan    lan (52:54:f5:bc:31:56)

        Plan: 5 to add, 0 to change, 0 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
  }

  @Test(
    "an image whose upload was cut off is uploaded again",
    arguments: [ByteCount.mebibytes(1), ByteCount(rawValue: 0)])
  func cutOff(length: ByteCount) throws {
    var scenario = try Scenario.applied(Specs.imaged)
    try scenario.fleet[].changePool("main") { pool in
      for index in pool.volumes.indices where pool.volumes[index].name.hasPrefix("debian") {
        pool.volumes[index].physical = length
      }
    }
    expect(
      try scenario.text(Specs.imaged.with("vms:", "vms:\n  new: {image: debian, memory: 1GiB}")),
      is: """
        alpha
          ~ image.debian  # its last upload was cut off
              ~ length  \(length) → 2 MiB
          + disk.new.root
              size   2 MiB
              image  debian
              pool   main
          + vm.new
              memory      1 GiB
              state       running
              disks.root  /srv/main/new.root-d8d2c001.qcow2

        Plan: 2 to add, 1 to change, 0 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
  }

  @Test("clones stay on the image they were made from")
  func changed() throws {
    var scenario = try Scenario.applied(Specs.imaged)
    scenario.imageVersions = ["debian": 2]
    expect(
      try scenario.text(Specs.imaged),
      is: """
        No changes. The hosts are as the spec says.
        Notes:
          disk.web.root on alpha: new base available: debian-111111111111 → debian-222222222222; --replace vm.web makes the VM anew from it

        """)
    let kept = Specs.imaged.with("image: debian}", "image: debian, keep: true}")
    #expect(try !PlanText(scenario.plan(kept)).render().contains("new base"))
    expect(
      try scenario.text(Specs.imaged.with("vms:", "vms:\n  new: {image: debian, memory: 1GiB}")),
      is: """
        alpha
          + image.debian
              pool    main
              source  debian.raw
              length  2 MiB
          + disk.new.root
              size   2 MiB
              image  debian
              pool   main
          + vm.new
              memory      1 GiB
              state       running
              disks.root  /srv/main/new.root-d8d2c001.qcow2

        Notes:
          disk.web.root on alpha: new base available: debian-111111111111 → debian-222222222222; --replace vm.web makes the VM anew from it

        Plan: 3 to add, 0 to change, 0 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
    expect(
      try scenario.text(
        Specs.imaged.without("web:").with("vms:", "vms:\n  new: {image: debian, memory: 1GiB}"),
        allowsDataLoss: true),
      is: """
        alpha
          - image.debian-111111111111  # nothing uses it any more
          - disk.web.root  (data loss)
              - content  4 GiB at /srv/main/web.root-c5743a42.qcow2  (data loss)
          ~ network.lan
              - reservation  10.0.0.11 for web (52:54:f5:bc:31:56)  (live)
          - vm.web  (stop)  # the spec no longer has it; loses its power if it has not shut down within 1m

        Plan: 0 to add, 1 to change, 3 to remove. 0 guests restart, 0 replacements, DATA LOSS on 1 disk.

        """)
  }

  @Test("another kernel restarts its guest, and the old one goes")
  func kernel() throws {
    var scenario = try Scenario.applied(Self.booted)
    scenario.imageVersions = ["linux": 2]
    expect(
      try scenario.text(Self.booted),
      is: """
        alpha
          + image.linux
              pool    main
              source  debian.raw
              length  2 MiB
          - image.linux-111111111111  # nothing uses it any more
          ~ vm.web  (restart)
              ~ kernel  /srv/main/linux-111111111111-eadfb4ee.raw → /srv/main/linux-222222222222-d783ccd0.raw  (restart)

        Plan: 1 to add, 1 to change, 1 to remove. 1 guest restarts, 0 replacements, no data loss.

        """)
  }

  @Test("a kernel that the spec gives up goes with its command line")
  func noKernel() throws {
    var scenario = try Scenario.applied(Self.booted)
    expect(
      try scenario.text(Self.booted.without("kernel:").without("cmdline:")),
      is: """
        alpha
          - image.linux-111111111111  # nothing uses it any more
          ~ vm.web  (restart)
              - kernel   /srv/main/linux-111111111111-eadfb4ee.raw  (restart)
              - cmdline  quiet  (restart)

        Plan: 0 to add, 1 to change, 1 to remove. 1 guest restarts, 0 replacements, no data loss.

        """)
  }

  @Test("an image that a VM of others boots from stays")
  func foreignUser() throws {
    var scenario = try Scenario.applied(Self.booted)
    let path = try #require(try scenario.fleet[].machine("web").kernel)
    scenario.fleet[].addForeignMachine("other", files: [path])
    #expect(!(try scenario.apply(Self.booted.without("vms:"), allowsDataLoss: true).deletes(path)))
  }

}

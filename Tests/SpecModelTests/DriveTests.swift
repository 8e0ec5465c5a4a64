import Testing

@testable import SpecModel

/// What a VM's disks are beside their size, and its CD-ROM drives.
@Suite struct DriveTests {
  /// The findings of a VM with one disk of these fields.
  private func disk(_ fields: String) -> [String] {
    findings(in: "vms: {w: {memory: 1GiB, disks: {d: {\(fields)}}}}\n")
  }

  private func images() throws -> (TemporaryDirectory, String) {
    let directory = try TemporaryDirectory([
      "base.qcow2": qcow2(.gibibytes(2)), "inst.iso": [1], "UPPER.ISO": [1], "fake.iso": qcow2(.gibibytes(1)),
    ])
    return (
      directory,
      "images: {base: {source: \(directory.path)/base.qcow2}, inst: {source: \(directory.path)/inst.iso}}\n"
    )
  }

  // MARK: Throughput

  @Test("a disk's throughput is limited in bytes and operations a second")
  func limits() throws {
    let site = try site(
      """
      variables: {rate: {default: 50MiB}, iops: {default: 300}}
      defaults: {disks: {log: {iotune: {write_bytes: "${var.rate}"}}}}
      disks: {s: {size: 1GiB}}
      vms:
        a:
          memory: 1GiB
          disks:
            log: {size: 1GiB, iotune: {read_bytes: 1GB, total_iops: "${var.iops}"}}
            s: {disk: s, iotune: {total_bytes: 1B, read_iops: 1, write_iops: 1000000000000000}}
            free: {size: 1GiB}
      """)
    let disks = try site.machine("a").disks
    var log = IOTune()
    log.writeBytes = .mebibytes(50)
    log.readBytes = ByteCount(rawValue: 1_000_000_000)
    log.totalIOPS = 300
    var shared = IOTune()
    shared.totalBytes = ByteCount(rawValue: 1)
    (shared.readIOPS, shared.writeIOPS) = (1, 1_000_000_000_000_000)
    #expect(disks.map(\.ioTune) == [log, shared, nil])
  }

  @Test("a total excludes the limits of its parts, of the same kind only")
  func totals() {
    let help = "help: limit the total, or reading and writing each"
    #expect(
      disk(
        "size: 1GiB, iotune: {total_bytes: 1MiB, read_bytes: 1️⃣1MiB, total_iops: 5, write_iops: 2️⃣5}") == [
          "1️⃣ 'read_bytes' does not go with 'total_bytes' | \(help)",
          "2️⃣ 'write_iops' does not go with 'total_iops' | \(help)",
        ])
    #expect(disk("size: 1GiB, iotune: {total_bytes: 1MiB, read_iops: 5, write_iops: 5}") == [])
    #expect(
      findings(
        in:
          "profiles: {p: {disks: {d: {size: 1GiB, iotune: {total_iops: 5}}}}}\nvms: {w: {memory: 1GiB, profile: p, count: 2, disks: {d: {iotune: {read_iops: 1️⃣5}}}}}\n"
      ) == ["1️⃣ 'read_iops' does not go with 'total_iops' | \(help)"])
  }

  @Test("a limit that limits nothing says what to write")
  func noLimits() {
    let help =
      "help: write a limit, such as iotune: {total_bytes: 50MiB} or {total_iops: 500}, or leave it out"
    #expect(disk("size: 1GiB, iotune: 1️⃣{}") == ["1️⃣ 'iotune' is empty | \(help)"])
    #expect(disk("size: 1GiB, iotune: 1️⃣") == ["1️⃣ 'iotune' has no value | \(help)"])
    #expect(disk("size: 1GiB, iotune: 1️⃣500") == ["1️⃣ 'disks.d.iotune' must be a map, not 500"])
    #expect(
      disk(
        "size: 1GiB, iotune: {read_bytes: 1️⃣0B, write_bytes: 2️⃣100, read_iops: 3️⃣0, write_iops: 4️⃣50MiB, 5️⃣total_byte: 1}"
      ) == [
        "1️⃣ a limit of 0 B would be none | help: leave it out for no limit",
        "2️⃣ the size '100' has no unit | help: write 100GiB, 100MiB or another unit",
        "3️⃣ 'read_iops' is 0, but must be from 1 to 1000000000000000",
        "4️⃣ 'write_iops' must be a whole number, not 50MiB",
        "5️⃣ unknown key 'total_byte' | help: did you mean 'total_bytes'?",
      ])
    #expect(
      disk("size: 1GiB, iotune: {total_bytes: 1️⃣1PiB}") == [
        "1️⃣ a limit of 1 PiB a second is too much | help: at most 1000000GB"
      ])
    #expect(
      findings(in: "defaults: {disks: {d: {iotune: {total_iops: 1️⃣x}}}}\n") == [
        "1️⃣ 'total_iops' must be a whole number, not x"
      ])
  }

  // MARK: Protection

  @Test("a disk of a VM's own is protected where it stands, a shared one where it is declared")
  func protection() throws {
    let site = try site(
      "vms: {w: {memory: 1GiB, disks: {a: {size: 1GiB, protect: true}, b: {size: 1GiB}}}}\n")
    #expect(site.machines[0].disks.map(\.isProtected) == [true, false])
    #expect(
      findings(
        in: "disks: {s: {size: 1GiB}}\nvms: {w: {memory: 1GiB, disks: {d: {disk: s, protect: 1️⃣true}}}}\n")
        == [
          "1️⃣ 'protect' does not go with 'disk' | help: a shared disk is described under disks:"
        ])
    #expect(
      disk("size: 1GiB, protect: 1️⃣on") == ["1️⃣ 'protect' must be true or false, not on | help: write true"])
  }

  // MARK: CD-ROM drives

  @Test("a CD-ROM drive has an image of the spec in it, in the VM's pool, or is empty")
  func drives() throws {
    let (directory, spec) = try images()
    _ = directory
    let site = try site(
      spec + """
        pools: {p: {path: /p}, q: {path: /q}}
        variables: {medium: {default: inst}}
        profiles: {install: {disks: {cd: {cdrom: "${var.medium}", bus: scsi}}, boot: [cd]}}
        vms:
          a: {memory: 1GiB, pool: q, profile: install}
          b: {memory: 1GiB, pool: q, profile: install, disks: {cd: {cdrom: none, pool: p}}}
          c: {memory: 1GiB, disks: {cd: {cdrom: inst, pool: p}}}
          d: {memory: 1GiB, disks: {cd: {cdrom: none}}}
        """)
    let drives = site.machines.map { $0.disks[0] }
    let inst = site.images[1].name
    let pools = site.pools.map(\.name)
    #expect(
      drives.map(\.source) == [
        .cdrom(inst, pool: pools[1]), .cdrom(nil, pool: nil), .cdrom(inst, pool: pools[0]),
        .cdrom(nil, pool: nil),
      ])
    #expect(drives.map(\.bus) == [.scsi, .scsi, nil, nil])
    #expect(drives.allSatisfy { !$0.keep && !$0.isProtected && $0.ioTune == nil })
  }

  @Test("an *.iso file is raw, whatever the case of its name")
  func isoFiles() throws {
    let (directory, _) = try images()
    let site = try site(
      "images: {a: {source: \(directory.path)/inst.iso}, b: {source: \(directory.path)/UPPER.ISO}}\n")
    #expect(site.images.map(\.format) == [.raw, .raw])
    #expect(
      findings(in: "images: {a: {source: 1️⃣\(directory.path)/fake.iso}}\n") == [
        "1️⃣ '\(directory.path)/fake.iso' is stated to be raw, but it is a qcow2 file | help: write format: qcow2"
      ])
  }

  @Test("a CD-ROM drive takes a raw image that is declared, and nothing that makes a disk")
  func badDrives() throws {
    let (directory, spec) = try images()
    _ = directory
    func drive(_ fields: String) -> [String] {
      findings(in: spec + "disks: {s: {size: 1GiB}}\nvms: {w: {memory: 1GiB, disks: {cd: {\(fields)}}}}\n")
    }
    #expect(
      drive("cdrom: 1️⃣base") == ["1️⃣ image 'base' is qcow2, but a CD-ROM is raw | help: an *.iso file is raw"])
    #expect(drive("cdrom: 1️⃣ints") == ["1️⃣ no image 'ints' in this spec | help: did you mean 'inst'?"])
    #expect(
      findings(
        in:
          "images: {none: {source: \(directory.path)/inst.iso}}\nvms: {w: {memory: 1GiB, disks: {cd: {cdrom: 1️⃣none}}}}\n"
      ) == ["1️⃣ 'none' is an empty drive, but an image has this name, too | help: give the image another name"]
    )
    #expect(drive("cdrom: 1️⃣") == ["1️⃣ 'cdrom' has no value"])
    #expect(drive("cdrom: 1️⃣[inst]") == ["1️⃣ 'cdrom' must be a single value, not a list"])
    #expect(
      drive("cdrom: inst, bus: 1️⃣virtio") == [
        "1️⃣ a CD-ROM drive cannot be on the bus virtio | help: it is one of: scsi, sata"
      ])
    let fields =
      "size: 1️⃣1GiB, format: 2️⃣raw, keep: 3️⃣true, image: 4️⃣base, disk: 5️⃣s, protect: 6️⃣true, iotune: 7️⃣{total_iops: 5}"
    let keys = ["size", "format", "keep", "image", "disk", "protect", "iotune"]
    for medium in ["inst", "none"] {
      #expect(
        drive("cdrom: \(medium), \(fields)")
          == zip(1..., keys).map { "\($0)\u{fe0f}\u{20e3} '\($1)' does not go with 'cdrom'" })
    }
    #expect(
      drive("cdrom: inst, 1️⃣sise: 5") == ["1️⃣ unknown key 'sise' | help: known keys are bus, cdrom, pool"])
    #expect(
      findings(
        in: spec + "vms: {w: {memory: 1GiB, image: base, disks: {root: {cdrom: 1️⃣inst}}}}\n") == [
          "1️⃣ the VM's image 'base' would make this disk, but it is a CD-ROM drive | help: leave out the VM's 'image', or give the drive another name"
        ])
    #expect(
      findings(
        in: spec
          + "pools: {p: {path: /p}, q: {path: /q}}\nvms: {w: {memory: 1GiB, disks: {cd: 1️⃣{cdrom: inst}, e: {cdrom: none, pool: 2️⃣r}}}}\n"
      ) == [
        "1️⃣ 'pool' is missing in disks.cd | help: name one of p, q",
        "2️⃣ no pool 'r' in this spec | help: declare it under pools:",
      ])
    #expect(
      findings(in: "defaults: {disks: {cd: {cdrom: 1️⃣nowhere, bus: 2️⃣virtio, size: 3️⃣1GiB, pool: 4️⃣x}}}\n").map {
        $0.prefix(1)
      } == ["1️⃣", "2️⃣", "3️⃣", "4️⃣"])
  }
}

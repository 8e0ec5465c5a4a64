import Testing

@testable import SpecModel

@Suite struct PoolTests {
  private static let remote = "hosts: {h: {uri: qemu:///system}}\n"

  private func source(_ pool: String) throws -> PoolSource {
    let site = try site(Self.remote + "pools: {p: \(pool)}\n")
    return try #require(site.pools[0].source)
  }

  @Test("each type of pool has its words")
  func sources() throws {
    #expect(try source("{path: /srv/vm}") == .directory(path: "/srv/vm"))
    #expect(
      try source("{type: fs, source: {device: /dev/sdb1, format: ext4}, path: /srv/vm}")
        == .fileSystem(device: "/dev/sdb1", format: .ext4, path: "/srv/vm"))
    #expect(
      try source("{type: netfs, source: {host: nas, dir: /export/vm/, format: nfs}, path: /srv/vm}")
        == .networkFileSystem(host: "nas", directory: "/export/vm", format: .nfs, path: "/srv/vm"))
    #expect(
      try source("{type: netfs, source: {host: nas, dir: volume1, format: glusterfs}, path: /srv/vm}")
        == .networkFileSystem(host: "nas", directory: "volume1", format: .glusterfs, path: "/srv/vm"))
    #expect(try source("{type: logical, source: vg0}") == .logical(group: "vg0", devices: []))
    #expect(
      try source("{type: logical, source: {name: vg0, devices: [/dev/sdb, /dev/sdc]}, build: true}")
        == .logical(group: "vg0", devices: ["/dev/sdb", "/dev/sdc"]))
    #expect(try source("{type: disk, source: /dev/sdb}") == .disk(device: "/dev/sdb", format: nil))
    #expect(
      try source("{type: disk, source: {device: /dev/sdb, format: gpt}}")
        == .disk(device: "/dev/sdb", format: .gpt))
    #expect(
      try source("{type: iscsi, source: {host: 10.0.0.9, target: \"iqn.2024-01.org.example:vms\"}}")
        == .iscsi(.init(host: "10.0.0.9", port: 3260, name: "iqn.2024-01.org.example:vms")))
    #expect(try source("{type: zfs, source: tank/vms}") == .zfs(dataset: "tank/vms", devices: []))
    let rbd = "{hosts: [ceph1, \"ceph2:3300\"], name: vms, auth: {user: libvirt, secret: ceph vms}}"
    #expect(
      try source("{type: rbd, source: \(rbd)}")
        == .rbd(
          .init(
            monitors: [.init(host: "ceph1", port: nil), .init(host: "ceph2", port: 3300)], name: "vms",
            login: .init(user: "libvirt", secret: "ceph vms"))))
    #expect(
      try site(
        Self.remote + "pools: {p: {type: fs, source: {device: /d, format: xfs}, path: /p, build: true}}\n"
      )
      .pools[0].isBuilt)
  }

  @Test("where the volumes of each type lie")
  func roots() throws {
    #expect(try source("{type: logical, source: vg0}").root == "/dev/vg0")
    #expect(try source("{type: zfs, source: tank/vms}").root == "/dev/zvol/tank/vms")
    #expect(try source("{type: rbd, source: {hosts: [a], name: vms}}").root == "vms")
    #expect(try source("{type: disk, source: /dev/sdb}").root == "/dev")
    #expect(try source("{type: iscsi, source: {host: a, target: \"iqn.2024-01.a:b\"}}").root == nil)
  }

  @Test("a word of another type, a missing one and a wrong one are told where they stand")
  func wrongWords() {
    #expect(
      findings(
        in: Self.remote + """
          pools:
            a: {type: logical, source: vg0, path: 1️⃣/srv}
            b: {type: dir, path: /b, source: 2️⃣vg0, build: 3️⃣true}
            c: 4️⃣{source: vg0}
            d: {type: fs, source: 5️⃣{format: ext4}, path: /d}
            e: {type: fs, source: {device: 6️⃣sdb1, 7️⃣size: 3}, path: /e}
            f: 8️⃣{type: netfs, source: {host: nas, dir: /x}}
            g: {type: iscsi, source: {host: nas, target: 9️⃣disk1}}

          """) == [
          "1️⃣ a pool of type logical has no 'path'", "2️⃣ a pool of type dir has no 'source'",
          "3️⃣ a pool of type dir has no 'build'",
          "4️⃣ 'type' is missing in pools.c | help: one of dir, fs, netfs, logical, disk, iscsi, zfs, rbd",
          "5️⃣ 'device' is missing in pools.d.source | help: such as device: /dev/disk/by-id/…",
          "6️⃣ 'sdb1' is not an absolute path | help: it is a device of the host, so it starts with /",
          "7️⃣ unknown key 'size' | help: known keys are device, format",
          "8️⃣ 'path' is missing in pools.f | help: where the host mounts it, such as /srv/vm",
          "9️⃣ 'disk1' is not the name of a target | help: such as iqn.2024-01.org.example:vms (RFC 7143, 4.2.7)",
        ])
    #expect(
      findings(
        in: Self.remote + """
          pools:
            a: 1️⃣{type: logical}
            b: {type: logical, source: 2️⃣vg/0}
            c: {type: rbd, source: 3️⃣{name: vms}}
            d: {type: rbd, source: {hosts: [4️⃣"a:x"], name: vms, auth: 5️⃣{user: u}}}
            e: {type: rbd, source: {hosts: 6️⃣[], name: vms}}
            f: {type: zfs, source: 7️⃣tank//vms}
            g: {type: netfs, source: {host: 8️⃣"na s", dir: /x}, path: /g}
            h: {type: iscsi, source: 9️⃣}

          """) == [
          "1️⃣ 'source' is missing in pools.a | help: such as source: vg0",
          "2️⃣ 'vg/0' is not the name of a volume group | help: it has letters, digits, '+', '_', '.', ':' and '-'",
          "3️⃣ 'hosts' is missing in pools.c.source | help: the monitors of the cluster, such as hosts: [ceph1, ceph2]",
          "4️⃣ 'x' is not a port | help: a number from 1 to 65535",
          "5️⃣ 'secret' is missing in pools.d.source.auth | help: the usage of a secret that the host's libvirt has: virsh secret-list shows them",
          "6️⃣ 'hosts' is empty | help: the monitors of the cluster, such as [ceph1, ceph2]",
          "7️⃣ 'tank//vms' is not the name of a ZFS pool | help: it has letters, digits, '+', '_', '.', ':' and '-', in parts with '/' between",
          "8️⃣ 'na s' is not a name of the DNS | help: it has parts of up to 63 letters, digits and '-', with dots between them, such as db.shop.example",
          "9️⃣ 'source' has no value | help: such as source: {host: nas, target: iqn.2024-01.org.example:vms}",
        ])
  }

  @Test("building says what is made, and of what")
  func building() {
    #expect(
      findings(
        in: Self.remote + """
          pools:
            a: {type: fs, source: 1️⃣{device: /dev/sdb1}, path: /a, build: true}
            b: {type: logical, source: vg0, build: 2️⃣true}
            c: {type: logical, source: 3️⃣{name: vg1}, build: true}
            d: {type: zfs, source: {name: tank/vms, devices: [/dev/sdb]}, build: 4️⃣true}
            e: {type: iscsi, source: {host: nas, target: "iqn.2024-01.a:b"}, build: 5️⃣true}
            f: {type: disk, source: 6️⃣{device: /dev/sdc}, build: true}

          """) == [
          "1️⃣ 'format' is missing in pools.a.source | help: what build: true makes, such as format: ext4",
          "2️⃣ 'build' needs the devices that a volume group is made of | help: write source: {name: vg0, devices: [/dev/sdb]}",
          "3️⃣ 'devices' is missing in pools.c.source | help: what build: true makes it of, such as devices: [/dev/sdb]",
          "4️⃣ 'build' makes a ZFS pool, not the dataset 'tank/vms' | help: zfs create tank/vms makes it",
          "5️⃣ a pool of type iscsi has no 'build'",
          "6️⃣ 'format' is missing in pools.f.source | help: what build: true makes, such as format: gpt",
        ])
  }

  @Test("two pools of a host do not have one source")
  func sameSource() {
    #expect(
      findings(
        in: Self.remote
          + "pools:\n  a: {type: logical, source: 1️⃣vg0}\n  b: {type: logical, source: 2️⃣{name: vg0, devices: [/dev/sdb]}}\n"
      ) == ["2️⃣ two pools on host 'h' have the source 'vg0' | 1️⃣ the first is here"])
    #expect(
      findings(
        in: Self.remote
          + "pools:\n  a: {type: fs, source: {device: /dev/sdb1}, path: 1️⃣/srv}\n  b: {path: 2️⃣/srv}\n"
      ) == ["2️⃣ two pools on host 'h' have the directory '/srv' | 1️⃣ the first is here"])
  }

  @Test("a disk is what its pool can hold")
  func disks() throws {
    let directory = try TemporaryDirectory([
      "base.qcow2": qcow2(.gibibytes(2)), "cd.iso": [UInt8](repeating: 0, count: 2048),
    ])
    let pools = """
      images: {base: {source: \(directory.path)/base.qcow2}, cd: {source: \(directory.path)/cd.iso}}
      pools:
        lvm: {type: logical, source: vg0}
        san: {type: iscsi, source: {host: nas, target: "iqn.2024-01.a:b"}}
        part: {type: disk, source: /dev/sdb}
        tank: {type: zfs, source: tank}
        ceph: {type: rbd, source: {hosts: [a], name: vms}}
        files: {path: /files}

      """
    #expect(
      findings(
        in: Self.remote + pools + """
          disks: {d: {size: 1GiB, pool: lvm, format: 1️⃣qcow2}, e: {size: 1GiB, pool: 2️⃣san}}
          vms:
            a: {memory: 1GiB, disks: {x: {size: 1GiB, pool: lvm, format: 3️⃣qcow2}, y: {size: 1GiB, pool: 4️⃣part}}}
            b: {memory: 1GiB, disks: {x: {image: 5️⃣base, pool: ceph}, y: {size: 6️⃣1000KiB, pool: tank}}}
            c: {memory: 1GiB, pool: lvm, kernel: 7️⃣cd, disks: {c: {cdrom: 8️⃣cd}}}
            d: {memory: 1GiB, disks: {x: {volume: 9️⃣a, pool: files}}}

          """) == [
          "1️⃣ a disk in pool 'lvm' (logical) cannot be qcow2: its volumes are no files | help: leave out 'format', or use a pool of files",
          "2️⃣ no disk can be made in pool 'san' (iscsi): its volumes are those of the target | help: name the one to use, such as volume: \"unit:0:0:1\"; virsh vol-list san shows them",
          "3️⃣ a disk in pool 'lvm' (logical) cannot be qcow2: its volumes are no files | help: leave out 'format', or use a pool of files",
          "4️⃣ no disk can be made in pool 'part' (disk): the name of a partition does not say whose it is | help: name the partition to use, such as volume: sdb1; virsh vol-list part shows them",
          "5️⃣ no image can be copied into pool 'ceph' (rbd): libvirt sends no bytes there | help: copy it with the tools of the pool, and name the volume that they make: volume: NAME",
          "6️⃣ a disk of 1000 KiB is too small | help: at least 1MiB",
          "7️⃣ the VM's kernel is a file and cannot lie in pool 'lvm' (logical) | help: let 'pool' of the VM name a pool of files (dir, fs or netfs), and that of its disks this one",
          "8️⃣ the image of a CD-ROM drive is a file and cannot lie in pool 'lvm' (logical) | help: let 'pool' of the VM name a pool of files (dir, fs or netfs), and that of its disks this one",
          "9️⃣ a volume of pool 'files' (dir) is a file, whose format has to be stated | help: such as format: qcow2",
        ])
    let site = try site(
      Self.remote + pools + """
        vms:
          a: {memory: 1GiB, image: base, pool: lvm, disks: {b: {volume: "unit:0:0:1", pool: san, bus: scsi}, c: {size: 1GiB}}}

        """)
    let disks = try site.machine("a").disks
    #expect(disks.map(\.name.rawValue) == ["root", "b", "c"])
    #expect(
      disks[1].source == .existing(volume: "unit:0:0:1", pool: try ResourceName(parsing: "san"), format: nil))
    #expect(disks[1].keep && disks[1].bus == .scsi)
  }

  @Test("a volume that is there is used once, and as it is")
  func existingVolumes() {
    let pools = "pools: {san: {type: iscsi, source: {host: nas, target: \"iqn.2024-01.a:b\"}}}\n"
    #expect(
      findings(
        in: Self.remote + pools + """
          vms:
            a: {memory: 1GiB, disks: {x: {volume: 1️⃣"unit:0:0:1"}, y: {volume: "unit:0:0:2", size: 2️⃣1GiB, keep: 3️⃣true}}}
            b: {memory: 1GiB, disks: {x: {volume: 4️⃣"unit:0:0:1"}, z: {volume: 5️⃣a/b}}}

          """) == [
          "2️⃣ 'size' does not go with 'volume' | help: what is there already is used as it is",
          "3️⃣ 'keep' does not go with 'volume' | help: what is there already is used as it is",
          "4️⃣ volume 'unit:0:0:1' is used twice, but only one can write to it | 1️⃣ the first is here",
          "5️⃣ 'a/b' is not the name of a volume | help: it has letters, digits, '+', '_', '.', ':' and '-'",
        ])
  }
}

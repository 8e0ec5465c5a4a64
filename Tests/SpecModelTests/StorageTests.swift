import Testing

@testable import SpecModel

@Suite struct StorageTests {
  /// A directory with images, and the lines of a spec that name them.
  private func images() throws -> (TemporaryDirectory, String) {
    let directory = try TemporaryDirectory([
      "base.qcow2": qcow2(.gibibytes(2)), "disk.raw": [UInt8](repeating: 0, count: 1000),
      "kernel": [1, 2, 3],
    ])
    let spec = """
      images:
        base: {source: \(directory.path)/base.qcow2}
        disk: {source: \(directory.path)/disk.raw, sha256: \(String(repeating: "AB", count: 32))}
        kernel: {source: \(directory.path)/kernel, format: raw}

      """
    return (directory, spec)
  }

  @Test("an image's format is its name's or the stated one, and its size is read")
  func imageSizes() throws {
    let (directory, spec) = try images()
    let site = try site(spec)
    #expect(site.images.map(\.format) == [.qcow2, .raw, .raw])
    #expect(site.images.map(\.virtualSize?.rawValue) == [2 << 30, 1024, 512])
    #expect(site.images[1].sha256 == String(repeating: "ab", count: 32))
    #expect(site.images[0].source == .file(directory.path + "/base.qcow2"))
  }

  @Test("the root disk of a VM with an image is a clone, of the image's size unless one is given")
  func clones() throws {
    let (directory, spec) = try images()
    _ = directory
    let site = try site(
      spec + """
        vms:
          a: {memory: 1GiB, image: base, disks: {data: {size: 1GiB}}}
          b: {memory: 1GiB, image: base, disks: {data: {size: 1GiB}, root: {size: 4GiB, bus: scsi}}}
          c: {memory: 1GiB, disks: {data: {image: base, keep: true}}, kernel: kernel, initrd: kernel, cmdline: quiet}
        """)
    func text(_ name: String) throws -> [String] {
      try site.machine(name).disks.map { disk in
        guard case .own(let size, let image, let format, let pool) = disk.source else { return "shared" }
        return
          "\(disk.name) \(size?.description ?? "-") \(image?.rawValue ?? "-") \(format?.rawValue ?? "-") \(pool) \(disk.keep)"
      }
    }
    #expect(try text("a") == ["root - base - default false", "data 1 GiB - - default false"])
    #expect(try text("b") == ["data 1 GiB - - default false", "root 4 GiB base - default false"])
    #expect(try text("c") == ["data - base - default true"])
    #expect(try site.machine("c").kernel?.rawValue == "kernel")
    #expect(try site.machine("c").pool?.rawValue == "default")
    #expect(try site.machine("a").disks[0].path.description == "vms.a.image")
  }

  @Test("a clone cannot be smaller than its image, nor raw")
  func smallClone() throws {
    let (directory, spec) = try images()
    _ = directory
    let help = "a smaller disk would cut off the end of the image; leave out 'size' to have the image's"
    #expect(
      findings(
        in: spec
          + "vms:\n  a: {memory: 1GiB, image: base, disks: {root: {size: 1️⃣1GiB}}}\n  b: {memory: 1GiB, disks: {x: {size: 2️⃣2047MiB, image: base, format: 3️⃣raw}}}\n  c: {memory: 1GiB, image: base, disks: {root: {size: 2GiB}}}\n"
      ) == [
        "1️⃣ a disk of 1 GiB is smaller than its image 'base', which has 2 GiB | help: \(help)",
        "2️⃣ a disk of 2047 MiB is smaller than its image 'base', which has 2 GiB | help: \(help)",
        "3️⃣ a linked clone of an image cannot be raw | help: leave out 'format': it is a qcow2 file that refers to its image; or copy the image: clone: full",
      ])
  }

  @Test("a clone is linked or full, on the disk, the VM or what the VM takes over")
  func cloneKinds() throws {
    let (directory, spec) = try images()
    _ = directory
    let site = try site(
      spec
        + "defaults: {memory: 1GiB}\nprofiles: {copied: {clone: full, on_image_change: replace}}\nvms:\n  a: {image: base}\n  b: {image: base, profile: copied}\n  c: {image: base, profile: copied, on_image_change: keep, disks: {root: {clone: linked}, more: {image: base, format: raw}, own: {size: 1GiB}}}\n"
    )
    #expect(try site.machine("a").disks.map(\.clone) == [nil])
    #expect(try site.machine("b").disks.map(\.clone) == [.full])
    #expect(try site.machine("c").disks.map(\.clone) == [.linked, .full, nil])
    #expect(try ["a", "b", "c"].map { try site.machine($0).onImageChange } == [.keep, .replace, .keep])
  }

  @Test("what is no clone has no kind of one")
  func noClones() throws {
    let (directory, spec) = try images()
    _ = directory
    #expect(
      findings(
        in: spec
          + "disks: {data: {size: 1GiB}}\nvms:\n  a: {memory: 1GiB, clone: 1️⃣copy, on_image_change: 2️⃣drop, disks: {x: {size: 1GiB, clone: 3️⃣full}, y: {disk: data, clone: 4️⃣full}, z: {cdrom: none, clone: 5️⃣full}}}\n"
      ) == [
        "1️⃣ 'clone' cannot be 'copy' | help: it is one of: linked, full",
        "2️⃣ 'on_image_change' cannot be 'drop' | help: it is one of: keep, replace",
        "3️⃣ 'clone' goes with an 'image', and there is none",
        "4️⃣ 'clone' does not go with 'disk' | help: a shared disk is described under disks:",
        "5️⃣ 'clone' does not go with 'cdrom'",
      ])
  }

  @Test("a disk has a size that QEMU takes")
  func sizes() {
    #expect(
      findings(
        in:
          "vms: {w: {memory: 1GiB, disks: {a: 1️⃣{}, b: {size: 2️⃣1}, c: {size: 3️⃣1KiB}, d: {size: 4️⃣1000001KB}, e: {size: 5️⃣2PiB}, f: {size: 6️⃣4MiX}, g: 7️⃣}}}\n"
      ) == [
        "1️⃣ 'size' is missing in disks.a | help: such as size: 20GiB",
        "2️⃣ the size '1' has no unit | help: write 1GiB, 1MiB or another unit",
        "3️⃣ a disk of 1 KiB is too small | help: at least 1MiB",
        "4️⃣ a disk of 1000001000 B is not a whole number of sectors | help: use a multiple of 512 bytes",
        "5️⃣ a disk of 2 PiB is too large | help: at most 1PiB",
        "6️⃣ unknown unit 'MiX' in the size '4MiX' | help: did you mean 4Mi?",
        "7️⃣ 'size' is missing in disks.g | help: such as size: 20GiB",
      ])
  }

  @Test("a shared disk has its size, pool and format where it is declared")
  func sharedDisks() throws {
    let site = try site(
      "disks: {d: {size: 1GiB, protect: true, format: raw}}\nvms: {w: {memory: 1GiB, disks: {data: {disk: d, bus: sata}}}}\n"
    )
    #expect(
      site.disks[0].isProtected && site.disks[0].format == .raw && site.disks[0].pool.rawValue == "default")
    let disk = try site.machine("w").disks[0]
    #expect(disk.source == .shared(site.disks[0].name) && disk.keep && disk.bus == .sata)
    #expect(
      findings(
        in:
          "disks: {d: 1️⃣{}, e: {size: 1GiB}}\nvms: {w: {memory: 1GiB, disks: {a: {disk: e, size: 2️⃣1GiB, keep: 3️⃣true}, b: {disk: 4️⃣x}}}}\n"
      ) == [
        "1️⃣ 'size' is missing in disks.d | help: such as size: 100GiB",
        "2️⃣ 'size' does not go with 'disk' | help: a shared disk is described under disks:",
        "3️⃣ 'keep' does not go with 'disk' | help: a shared disk is described under disks:",
        "4️⃣ no disk 'x' in this spec | help: declare it under disks:",
      ])
  }

  @Test("a VM's image is never dropped for a shared root disk without a word")
  func imageAndSharedRoot() throws {
    let (directory, spec) = try images()
    _ = directory
    #expect(
      findings(
        in: spec
          + "disks: {d: {size: 4GiB}}\nvms: {w: {memory: 1GiB, image: base, disks: {root: {disk: 1️⃣d}}}}\n")
        == [
          "1️⃣ the VM's image 'base' would make this disk, but it is the shared disk 'd' | help: leave out the VM's 'image', or give the shared disk another name here"
        ])
  }

  @Test("one disk has one user, and one volume one name")
  func uniqueVolumes() {
    #expect(
      findings(
        in:
          "disks: {d: {size: 1GiB}}\nvms:\n  a: {memory: 1GiB, disks: {x: {disk: 1️⃣d}}}\n  b: {memory: 1GiB, disks: {y: {disk: 2️⃣d}}}\n"
      )
        == ["2️⃣ disk 'd' is used twice, but only one can write to it | 1️⃣ the first is here"])
    #expect(
      findings(
        in:
          "disks: {a.b.c: 1️⃣{size: 1GiB}}\nvms:\n  a.b: {memory: 1GiB, disks: {c: 2️⃣{size: 1GiB}}}\n  a: {memory: 1GiB, disks: {b.c: 3️⃣{size: 1GiB}}}\n"
      ) == [
        "2️⃣ two disks need a volume 'a.b.c' | 1️⃣ the first is here",
        "3️⃣ two disks need a volume 'a.b.c' | 1️⃣ the first is here",
      ])
  }

  @Test("a pool is a directory on its hosts, or external")
  func pools() throws {
    let remote = "hosts: {h: {uri: qemu:///system}}\n"
    let site = try site(
      remote
        + "pools: {p: {type: dir, path: /srv//vm/, autostart: false}, x: {external: true}, y: {external: false, path: /y}}\n"
    )
    #expect(site.pools.map(\.source) == [.directory(path: "/srv/vm"), nil, .directory(path: "/y")])
    #expect(site.pools.map(\.isExternal) == [false, true, false] && site.pools[0].autostart == false)
    #expect(
      findings(
        in: remote
          + "pools: {a: 1️⃣{}, b: {path: 2️⃣images}, c: {path: 3️⃣/a/../b}, d: {path: 4️⃣\"/a\\nb\"}, e: {type: 5️⃣lvm, path: /e}, f: {external: true, path: 6️⃣/f, hosts: [h]}}\n"
      ) == [
        "1️⃣ 'path' is missing in pools.a | help: the directory on the host, such as /var/lib/libvirt/images",
        "2️⃣ 'images' is not an absolute path | help: it is a directory on the host, so it starts with /",
        "3️⃣ the path '/a/../b' has a '.' or '..' in it | help: write where it leads to",
        "4️⃣ the path has a control character | help: write it in one line",
        "5️⃣ 'type' cannot be 'lvm' | help: it is one of: dir, fs, netfs, logical, disk, iscsi, zfs, rbd",
        "6️⃣ 'path' cannot be set on what is external | help: an external resource is used as it is; leave out 'external' to manage it",
      ])
    #expect(
      findings(in: remote + "pools:\n  a: {path: 1️⃣/srv}\n  b: {path: 2️⃣/srv/}\n")
        == ["2️⃣ two pools on host 'h' have the directory '/srv' | 1️⃣ the first is here"])
  }

  @Test("a disk without a pool of its own takes the VM's, or the only one")
  func poolChoice() throws {
    let pools = "pools: {p: {path: /p}, q: {path: /q}}\n"
    let site = try site(
      pools + "vms: {w: {memory: 1GiB, pool: q, disks: {a: {size: 1GiB}, b: {size: 1GiB, pool: p}}}}\n")
    let chosen = try site.machine("w").disks.map {
      if case .own(_, _, _, let pool) = $0.source { pool.rawValue } else { "" }
    }
    #expect(chosen == ["q", "p"])
    #expect(
      findings(in: pools + "vms: {w: {memory: 1GiB, disks: {a: 1️⃣{size: 1GiB}, b: {size: 1GiB, pool: 2️⃣r}}}}\n")
        == [
          "1️⃣ 'pool' is missing in disks.a | help: name one of p, q",
          "2️⃣ no pool 'r' in this spec | help: declare it under pools:",
        ])
    #expect(
      findings(in: "hosts: {h: {uri: qemu:///system}}\nvms: {w: {memory: 1GiB, disks: {a: 1️⃣{size: 1GiB}}}}\n")
        == [
          "1️⃣ 'pool' is missing in disks.a | help: declare one, such as pools: {default: {path: /var/lib/libvirt/images}}"
        ])
  }

  @Test("an image that cannot be what the spec says is reported at its source")
  func badImages() throws {
    let directory = try TemporaryDirectory([
      "a.qcow2": [1, 2, 3], "b.raw": qcow2(.gibibytes(1)), "c.qcow2": qcow2(.gibibytes(1), backing: 512),
      "d.qcow2": qcow2(.gibibytes(1), features: 4), "e.raw": [],
      "f.qcow2": Array(qcow2(.gibibytes(1)).prefix(75)),
      "g.qcow2": qcow2(.gibibytes(1), version: 9), "h.img": [1], "i.qcow2": qcow2(ByteCount(rawValue: 0)),
    ])
    let path = directory.path
    func image(_ fields: String) -> [String] {
      findings(in: "images: {i: {\(fields)}}\n").map { $0.replacing(path + "/", with: "") }
    }
    func source(_ name: String) -> [String] { image("source: 1️⃣\(path)/\(name)") }
    #expect(
      source("a.qcow2") == [
        "1️⃣ 'a.qcow2' is stated to be qcow2, but it is not | help: write format: raw if it is a raw disk"
      ])
    #expect(
      source("b.raw") == ["1️⃣ 'b.raw' is stated to be raw, but it is a qcow2 file | help: write format: qcow2"]
    )
    #expect(
      source("c.qcow2") == [
        "1️⃣ the image 'c.qcow2' has a backing file | help: flatten it: qemu-img convert -O qcow2"
      ])
    #expect(
      source("d.qcow2") == [
        "1️⃣ the image 'd.qcow2' keeps its data in another file | help: flatten it: qemu-img convert -O qcow2"
      ])
    #expect(source("e.raw") == ["1️⃣ the image 'e.raw' is empty"])
    #expect(source("i.qcow2") == ["1️⃣ the image 'i.qcow2' is empty"])
    for name in ["f.qcow2", "g.qcow2"] {
      #expect(source(name) == ["1️⃣ the qcow2 header of '\(name)' is damaged or of an unknown version"])
    }
    #expect(
      source("h.img") == [
        "1️⃣ the format of 'h.img' cannot be told from its name | help: add format: qcow2 or format: raw"
      ])
    #expect(
      source("none.raw") == ["1️⃣ no image file at 'none.raw' | help: paths are relative to the spec's file"])
    #expect(
      image("source: 1️⃣\(path), format: raw") == [
        "1️⃣ cannot read the image '\(path)' | help: check that it is a file and that you may read it"
      ])
    #expect(
      image("source: 1️⃣ftp://x/y.qcow2") == [
        "1️⃣ 'ftp' URLs are not supported | help: use an http or https URL, or download it and name the file"
      ])
    #expect(
      findings(in: "images: {i: 1️⃣{}}\n") == [
        "1️⃣ 'source' is missing in images.i | help: the path of an image file on this machine, or an https URL"
      ])
    #expect(
      image("source: \(path)/h.img, format: 1️⃣img, sha256: 2️⃣abc") == [
        "1️⃣ 'format' cannot be 'img' | help: it is one of: qcow2, raw, vmdk, vpc, vhd, vhdx, ova",
        "2️⃣ 'abc' is not a SHA-256 | help: it has 64 hexadecimal digits; sha256sum prints it",
      ])
    #expect(
      findings(
        in:
          "images: {i: {source: 1️⃣/none}}\nvms: {w: {memory: 1GiB, image: i, kernel: 2️⃣j, disks: {root: {size: 1MiB}}}}\n"
      ).map { $0.prefix(1) } == ["1️⃣", "2️⃣"])
  }

  @Test("initrd and cmdline go with a kernel")
  func kernel() throws {
    let (directory, spec) = try images()
    _ = directory
    #expect(
      findings(in: spec + "vms: {w: {memory: 1GiB, initrd: 1️⃣kernel, cmdline: 2️⃣quiet}}\n") == [
        "1️⃣ 'initrd' goes with a 'kernel', and there is none",
        "2️⃣ 'cmdline' goes with a 'kernel', and there is none",
      ])
  }
}

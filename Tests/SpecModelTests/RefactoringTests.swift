import Testing

@testable import SpecModel

/// `moved:` and `removed:`.
@Suite struct RefactoringTests {
  private let base = """
    networks: {office: {mode: isolated}, ext: {external: true}}
    disks: {shared: {size: 1GiB}}
    vms:
      frontend: {memory: 1GiB}
      db: {memory: 1GiB, disks: {store: {size: 1GiB}, s: {disk: shared}, cd: {cdrom: none}}, nics: {front: {network: office}}}
      web: {memory: 1GiB, count: 2}
      app: {memory: 1GiB, for_each: [blue, green]}
      a.b: {memory: 1GiB, disks: {x.y: {size: 1GiB}}}

    """

  /// The findings of a spec that has these moves.
  private func moved(_ text: String) -> [String] { findings(in: base + "moved: {\(text)}\n") }
  private func removed(_ text: String) -> [String] { findings(in: base + "removed: {\(text)}\n") }
  private func name(_ text: String) throws -> ResourceName { try ResourceName(parsing: text) }

  // MARK: Moved

  @Test("VMs, their disks and NICs, networks and shared disks have new names, in the order of the spec")
  func moves() throws {
    let site = try site(
      base + """
        variables: {new: {default: frontend}}
        moved:
          vms.web: vms.web-2
          vms.front: "vms.${var.new}"
          vms.db.disks.data: vms.db.disks.store
          vms.db.disks.t: vms.db.disks.s
          vms.db.disks.dvd: vms.db.disks.cd
          vms.db.nics.lan: vms.db.nics.front
          networks.lan: networks.office
          disks.data: disks.shared
          vms.b.a: vms.a.b
          vms.a.b.disks.z: vms.a.b.disks.x.y
        """)
    let db = try name("db")
    #expect(
      try site.moved.map(\.subject) == [
        .machine(from: name("web"), to: name("web-2")), .machine(from: name("front"), to: name("frontend")),
        .machineDisk(machine: db, from: name("data"), to: name("store")),
        .machineDisk(machine: db, from: name("t"), to: name("s")),
        .machineDisk(machine: db, from: name("dvd"), to: name("cd")),
        .nic(machine: db, from: name("lan"), to: name("front")),
        .network(from: name("lan"), to: name("office")),
        .sharedDisk(from: name("data"), to: name("shared")), .machine(from: name("b.a"), to: name("a.b")),
        .machineDisk(machine: name("a.b"), from: name("z"), to: name("x.y")),
      ])
    #expect(site.moved[0].path.description == "moved.vms.web")
    #expect(site.origins.location(of: site.moved[0].path)?.line == 13)
    #expect(
      site.origins.leaves.contains { $0.path.description == "moved.vms.front" && $0.value == "vms.frontend" })
    #expect(site.forgotten == [])
  }

  @Test("a disk and a NIC of a VM that is moved, too, are named with the VM's new name")
  func movesInMovedVM() throws {
    let moves = try site(
      base
        + "moved: {vms.old: vms.db, vms.db.disks.data: vms.db.disks.store, vms.db.nics.lan: vms.db.nics.front}\n"
    ).moved
    #expect(moves.count == 3)
    #expect(
      moved("vms.old: vms.db, vms.old.disks.data: 1️⃣vms.db.disks.store, vms.old.nics.x: 2️⃣vms.old.nics.front")
        == [
          "1️⃣ 'vms.old.disks.data' and 'vms.db.disks.store' are parts of different VMs | help: it stays with its VM; if that was renamed, write vms.db.disks.data",
          "2️⃣ no VM 'old' in this spec | help: write vms.db, as the VM is called now",
        ])
  }

  @Test("the root disk that a VM's image makes is declared without being written")
  func impliedRoot() throws {
    let directory = try TemporaryDirectory(["a.raw": [1]])
    let spec = "images: {i: {source: \(directory.path)/a.raw}}\nvms: {w: {memory: 1GiB, image: i}}\n"
    #expect(try site(spec + "moved: {vms.w.disks.system: vms.w.disks.root}\n").moved.count == 1)
    #expect(findings(in: spec + "moved: {1️⃣vms.w.disks.root: 2️⃣vms.w.disks.x}\n").count == 2)
  }

  @Test("what is there under its old name is not moved")
  func stillThere() {
    let help = "help: what was renamed stands there under its new name only"
    #expect(
      findings(
        in: """
          networks: {a: 1️⃣{mode: isolated}, b: {mode: isolated}}
          vms:
            2️⃣old: {memory: 1GiB, disks: {d: 3️⃣{size: 1GiB}, e: {size: 1GiB}}, nics: {a: , b: 8️⃣}}
            new: {memory: 1GiB}
          moved: {4️⃣networks.a: networks.b, 5️⃣vms.old: vms.new, 6️⃣vms.old.disks.d: vms.old.disks.e, 7️⃣vms.old.nics.b: vms.old.nics.a}
          """) == [
          "4️⃣ 'networks.a' is still in this spec | \(help) | 1️⃣ it is declared here",
          "5️⃣ 'vms.old' is still in this spec | \(help) | 2️⃣ it is declared here",
          "6️⃣ 'vms.old.disks.d' is still in this spec | \(help) | 3️⃣ it is declared here",
          "7️⃣ 'vms.old.nics.b' is still in this spec | \(help) | 8️⃣ it is declared here",
        ])
  }

  @Test("a new name is declared, and one that is not is answered with the nearest")
  func unknownTargets() {
    #expect(
      moved(
        "vms.q: 1️⃣vms.frontent, vms.r: 2️⃣vms.web, vms.s: 3️⃣vms.web-3, networks.q: 4️⃣networks.ofice, vms.db.disks.q: 5️⃣vms.db.disks.stor, vms.db.nics.q: 6️⃣vms.db.nics.frnt, vms.dbb.disks.q: 7️⃣vms.dbb.disks.x, networks.r: 8️⃣networks.ext"
      ) == [
        "1️⃣ no VM 'frontent' in this spec | help: did you mean 'frontend'?",
        "2️⃣ no VM 'web' in this spec | help: 'web' is several VMs: write the name of each, vms.web-…",
        "3️⃣ no VM 'web-3' in this spec | help: did you mean 'web-1'?",
        "4️⃣ no network 'ofice' in this spec | help: did you mean 'office'?",
        "5️⃣ no disk 'stor' of VM 'db' in this spec | help: did you mean 'store'?",
        "6️⃣ no NIC 'frnt' of VM 'db' in this spec | help: did you mean 'front'?",
        "7️⃣ no VM 'dbb' in this spec | help: did you mean 'db'?",
        "8️⃣ network 'ext' is external, so it is not virtform's to rename",
      ])
  }

  @Test("one thing has one old and one new name, and no name in between")
  func chains() {
    #expect(
      moved("1️⃣vms.x: vms.db, vms.y: vms.frontend, 2️⃣vms.z: vms.db") == [
        "2️⃣ 'vms.db' has two old names | 1️⃣ the first is here"
      ])
    #expect(
      moved("vms.x: 1️⃣vms.y, vms.y: 2️⃣vms.z, vms.z: vms.db") == [
        "1️⃣ 'vms.y' is moved itself | help: write vms.x: vms.db",
        "2️⃣ 'vms.z' is moved itself | help: write vms.y: vms.db",
      ])
    let help = "help: names cannot be exchanged in one run: give one of them a name in between"
    #expect(
      moved("vms.db: 1️⃣vms.frontend, vms.frontend: 2️⃣vms.db") == [
        "1️⃣ 'vms.frontend' is moved itself | \(help)", "2️⃣ 'vms.db' is moved itself | \(help)",
      ])
    #expect(moved("vms.db: 1️⃣vms.db") == ["1️⃣ 'vms.db' moves to itself | help: leave it out"])
    #expect(moved("1️⃣vms.x: vms.db, 2️⃣vms.x: vms.db").count == 1)
  }

  @Test("a thing stays what it is, and where it is")
  func kinds() {
    #expect(
      moved(
        "vms.x: 1️⃣networks.office, networks.x: 2️⃣vms.db.nics.front, vms.db.disks.x: 3️⃣vms.db.nics.front, vms.web-1.disks.x: 4️⃣vms.db.disks.store"
      ) == [
        "1️⃣ 'vms.x' is a VM, 'networks.office' a network",
        "2️⃣ 'networks.x' is a network, 'vms.db.nics.front' a NIC",
        "3️⃣ 'vms.db.disks.x' is a disk of a VM, 'vms.db.nics.front' a NIC",
        "4️⃣ 'vms.web-1.disks.x' and 'vms.db.disks.store' are parts of different VMs | help: it stays with its VM; if that was renamed, write vms.db.disks.x",
      ])
  }

  @Test("what libvirt cannot rename keeps its name, and what is no address says how to write one")
  func addresses() {
    let help = "help: write vms.VM, vms.VM.disks.DISK, vms.VM.nics.NIC, networks.NETWORK or disks.DISK"
    let grammar = "help: names are letters, digits, '.', '_' and '-', and start with a letter or a digit"
    #expect(
      moved("disks.a: 1️⃣disks.shraed, 2️⃣pools.a: pools.default, 3️⃣images.a: vms.db, vms.x: 4️⃣disks.shared").filter
      {
        !$0.hasPrefix("site.yaml")
      } == [
        "1️⃣ no disk 'shraed' in this spec | help: did you mean 'shared'?",
        "2️⃣ 'pools.a' is a pool, which libvirt cannot rename | help: keep its name",
        "3️⃣ 'images.a' is an image, which has no content of its own | help: just rename it",
        "4️⃣ 'vms.x' is a VM, 'disks.shared' a disk",
      ])
    #expect(
      moved("1️⃣web: vms.db, 2️⃣vm.x: vms.db, vms.y: 3️⃣netwroks.office, 4️⃣hosts.a: vms.db, 5️⃣vms: vms.db") == [
        "1️⃣ 'web' is no VM, disk, NIC or network | \(help)",
        "2️⃣ 'vm.x' is no VM, disk, NIC or network | help: did you mean 'vms.…'? \(help.dropFirst(6))",
        "3️⃣ 'netwroks.office' is no VM, disk, NIC or network | help: did you mean 'networks.…'? \(help.dropFirst(6))",
        "4️⃣ 'hosts.a' is no VM, disk, NIC or network | \(help)", "5️⃣ a name is empty | \(grammar)",
      ])
    #expect(
      moved("1️⃣vms.a/b: vms.db, vms.x: 2️⃣vms.db.disks., vms.y: 3️⃣, vms.z: 4️⃣[vms.db], vms.w: 5️⃣{a: b}, vms.v: 6️⃣4")
        == [
          "1️⃣ the name 'a/b' has the character '/' | \(grammar)", "2️⃣ a name is empty | \(grammar)",
          "3️⃣ 'vms.y' has no value", "4️⃣ 'vms.z' must be a single value, not a list",
          "5️⃣ 'vms.w' must be a single value, not a map", "6️⃣ '4' is no VM, disk, NIC or network | \(help)",
        ])
    #expect(
      findings(in: "moved: 1️⃣[a]\nremoved: 2️⃣x\n") == [
        "1️⃣ 'moved' must be a map, not a list", "2️⃣ 'removed' must be a map, not x",
      ])
    #expect(findings(in: "moved:\nremoved:\n") == [])
  }

  @Test("what is declared in error is no unknown name and no name that went")
  func declaredInError() {
    #expect(
      findings(
        in: """
          networks: {a: 1️⃣5}
          vms:
            w: {memory: 2️⃣1, count: 3, disks: {d: {size: 1GiB}}}
            x: {memory: 1GiB, count: 3️⃣-1}
            y: 4️⃣5
            z: {memory: 1GiB, disks: {d: {size: 5️⃣1}}}
          moved: {networks.b: networks.a, vms.q: vms.w-3, vms.r: vms.x-2, vms.s: vms.y, vms.z.disks.e: vms.z.disks.d, vms.w-2.disks.e: vms.w-2.disks.d}
          """
      ).map { $0.prefix(1) } == ["1️⃣", "2️⃣", "3️⃣", "4️⃣", "5️⃣"])
    #expect(findings(in: "vms: 1️⃣[a]\nmoved: {vms.a: vms.b}\nnetworks: 2️⃣[a]\n").count == 2)
    #expect(findings(in: "networks: 1️⃣[a]\nmoved: {networks.a: networks.b}\n").count == 1)
  }

  // MARK: Removed

  @Test("a VM and a network that the spec has no more are forgotten")
  func forgotten() throws {
    let site = try site(
      base
        + "variables: {yes: {default: true}}\nremoved: {vms.old: {forget: true}, networks.lan: {forget: \"${var.yes}\"}, vms.web-3: {forget: true}}\n"
    )
    #expect(
      try site.forgotten.map(\.subject) == [
        .machine(name("old")), .network(name("lan")), .machine(name("web-3")),
      ])
    #expect(site.forgotten[0].path.description == "removed.vms.old")
    #expect(site.origins.location(of: site.forgotten[2].path) != nil && site.moved == [])
  }

  @Test("what is to be forgotten says so, and nothing else")
  func forgetting() {
    let help = "help: forget: true leaves it on its host as it is, no longer part of the stack"
    #expect(
      removed(
        "vms.a: 1️⃣{}, vms.b: 2️⃣, vms.c: 3️⃣true, vms.d: {forget: 4️⃣false}, vms.e: {forget: 5️⃣yes}, vms.f: {forget: true, 6️⃣keep: true}"
      ) == [
        "1️⃣ 'forget' is missing in removed.vms.a | \(help)",
        "2️⃣ 'forget' is missing in removed.vms.b | \(help)",
        "3️⃣ 'removed.vms.a' must be a map, not true".replacing("vms.a", with: "vms.c"),
        "4️⃣ 'forget' must be true | help: what is to go from its host is just left out of the spec",
        "5️⃣ 'forget' must be true or false, not yes | help: write true",
        "6️⃣ unknown key 'keep' | help: known keys are forget",
      ])
  }

  @Test("what is still there, goes with a VM or cannot be forgotten is an error")
  func unforgettable() {
    func key(_ text: String) -> [String] { removed("\(text): {forget: true}") }
    #expect(
      findings(
        in:
          "networks: {n: 1️⃣{mode: isolated}}\nvms: {2️⃣w: {memory: 1GiB}, c: {memory: 1GiB, count: 3️⃣2}}\nremoved: {4️⃣vms.w: {forget: true}, 5️⃣networks.n: {forget: true}, 6️⃣vms.c-2: {forget: true}}\n"
      ) == [
        "4️⃣ 'vms.w' is still in this spec | help: take it out where it is declared | 2️⃣ it is declared here",
        "5️⃣ 'networks.n' is still in this spec | help: take it out where it is declared | 1️⃣ it is declared here",
        "6️⃣ 'vms.c-2' is still in this spec | help: take it out where it is declared | 3️⃣ it is declared here",
      ])
    let help = "help: write vms.VM or networks.NETWORK"
    for text in ["vms.db.disks.x", "vms.old.nics.y"] {
      #expect(key("1️⃣\(text)") == ["1️⃣ '\(text)' goes with its VM | \(help)"])
    }
    #expect(
      key("1️⃣disks.x") == [
        "1️⃣ 'disks.x' cannot be forgotten | help: leave it out of the spec: its content stays unless a run consents to its loss"
      ])
    for text in ["pools.x", "old", "vm.x"] {
      #expect(key("1️⃣\(text)") == ["1️⃣ '\(text)' is nothing that can be forgotten | \(help)"])
    }
    #expect(key("1️⃣vms.a/b").first?.hasPrefix("1️⃣ the name 'a/b' has the character '/'") == true)
    #expect(
      findings(in: base + "moved: {1️⃣vms.x: vms.db}\nremoved: {2️⃣vms.x: {forget: true}}\n") == [
        "2️⃣ 'vms.x' is moved and removed | 1️⃣ it is moved here"
      ])
  }

  @Test("files of a directory may each have some of the moves")
  func files() {
    let spec = MarkedSpec(files: [
      "a.yaml": header + "vms: {a: {memory: 1GiB}, b: {memory: 1GiB}}\nmoved: {1️⃣vms.x: vms.a}\n",
      "b.yaml": "moved: {vms.y: vms.b, 2️⃣vms.x: vms.b}\nremoved: {vms.z: {forget: true}}\n",
    ])
    #expect(
      spec.load().diagnostics.map(spec.text).contains(
        "2️⃣ 'moved.vms.x' is defined twice | 1️⃣ it is defined here first"))
  }
}

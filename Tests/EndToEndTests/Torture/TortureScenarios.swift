import Libvirt

/// Runs that faults befall: everything that an apply can do where no guest boots.
extension TortureScenario {
  static let all: [TortureScenario] = [
    creation, changes, restarts, renames, removal, destruction, adoption, twoHosts,
  ]

  private static let pools = "pools:\n  main: {type: dir, path: /nowhere/main}\n"
  private static let stack =
    pools + """
      networks:
        lan: {mode: isolated, cidr: 10.97.0.0/24, bridge: vft-torture, dhcp: {from: 10.97.0.100, to: 10.97.0.150}}
      disks:
        archive: {size: 1GiB, pool: main, protect: true}
      vms:
        web: {count: 2, memory: 64MiB, disks: {root: {size: 1GiB}, log: {size: 1GiB, keep: true}}, nics: {lan: {ip: 10.97.0.10+}}}
        db:
          memory: 64MiB
          disks: {root: {size: 1GiB, protect: true}, data: {disk: archive}}
          nics: {lan: {}}

      """

  static let creation = TortureScenario(name: "making a stack", after: stack)

  static let changes = TortureScenario(
    name: "changing many things", before: stack.replacing("db:\n", with: "db:\n    state: off\n"),
    after: """
      pools:
        main: {type: dir, path: /nowhere/main, autostart: true}
        more: {type: dir, path: /nowhere/more}
      networks:
        lan: {mode: isolated, cidr: 10.97.0.0/24, bridge: vft-torture, dhcp: {from: 10.97.0.100, to: 10.97.0.200}, autostart: true}
        side: {mode: isolated, cidr: 10.96.0.0/24, bridge: vft-side}
      disks:
        archive: {size: 1GiB, pool: main, protect: true}
      defaults: {pool: main}
      vms:
        web: {count: 3, title: "Web ${index}", memory: 96MiB, autostart: true, disks: {root: {size: 1GiB}, log: {size: 1GiB, keep: true}}, nics: {lan: {ip: 10.97.0.20+}}}
        db:
          memory: 64MiB
          disks: {root: {size: 1GiB, protect: true}, data: {disk: archive}, more: {size: 1GiB, pool: more}}
          nics: {lan: {}, side: {}}

      """)

  static let restarts = TortureScenario(
    name: "changing what takes a restart", before: stack,
    after: stack.replacing("count: 2, memory: 64MiB", with: "count: 2, cpus: 2, memory: 96MiB")
      .replacing("to: 10.97.0.150", with: "to: 10.97.0.160"),
    options: ["--restart"])

  static let renames = TortureScenario(
    name: "renaming VMs, disks and networks",
    before: stack.replacing("db:\n", with: "db:\n    state: off\n"),
    after: pools + """
      networks:
        office: {mode: isolated, cidr: 10.97.0.0/24, bridge: vft-torture, dhcp: {from: 10.97.0.100, to: 10.97.0.150}}
      disks:
        attic: {size: 1GiB, pool: main, protect: true}
      vms:
        front: {count: 2, memory: 64MiB, disks: {root: {size: 1GiB}, journal: {size: 1GiB, keep: true}}, nics: {office: {ip: 10.97.0.10+}}}
        store:
          state: off
          memory: 64MiB
          disks: {root: {size: 1GiB, protect: true}, data: {disk: attic}}
          nics: {office: {}}
      moved:
        vms.web-1: vms.front-1
        vms.web-2: vms.front-2
        vms.front-1.disks.log: vms.front-1.disks.journal
        vms.front-2.disks.log: vms.front-2.disks.journal
        vms.db: vms.store
        networks.lan: networks.office
        disks.archive: disks.attic

      """)

  static let removal = TortureScenario(
    name: "removing some VMs, and letting one go",
    before: stack + "  old: {memory: 64MiB, nics: {lan: {}}}\n",
    after: stack.replacing("count: 2", with: "count: 1").replacing(
      "  db:\n    memory", with: "  dc:\n    memory"
    )
    .replacing("{disk: archive}", with: "{size: 1GiB}").replacing(
      "root: {size: 1GiB, protect: true}", with: "root: {size: 1GiB}")
      + "removed:\n  vms.old: {forget: true}\n",
    options: ["--allow-data-loss"])

  static let destruction = TortureScenario(
    name: "destroying a stack",
    before: stack.replacing(", protect: true", with: ""), after: stack.replacing(", protect: true", with: ""),
    command: "destroy", options: ["--allow-data-loss"])

  static let adoption = TortureScenario(
    name: "adopting what is there", before: pools,
    after: pools + """
      networks:
        theirs: {mode: isolated, cidr: 10.95.0.0/24, bridge: vft-theirs}
      vms:
        legacy: {memory: 64MiB, title: Adopted, nics: {theirs: {}}, disks: {data: {path: /nowhere/legacy.img, format: raw}}}
        fresh: {memory: 64MiB, nics: {theirs: {}}}
      adopt: [vms.legacy, networks.theirs]

      """
  ) { connection in
    let network = try await connection.defineNetwork(
      XMLElement(
        parsing: """
          <network><name>theirs</name><bridge name='vft-theirs'/><ip address='10.95.0.1' netmask='255.255.255.0'/></network>
          """))
    try await network.start()
    let domain = try await connection.defineDomain(
      XMLElement(
        parsing: """
          <domain type='test'><name>legacy</name><memory unit='MiB'>64</memory><vcpu>1</vcpu><os><type>hvm</type></os>
          <devices><disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='/nowhere/legacy.img'/>
          <target dev='vda' bus='virtio'/></disk><interface type='network'><mac address='52:54:00:aa:bb:cc'/>
          <source network='theirs'/><model type='virtio'/></interface></devices></domain>
          """), validate: false)
    try await domain.start()
  }

  static let twoHosts = TortureScenario(
    name: "changing two hosts",
    before: """
      pools:
        main: {type: dir, path: /nowhere/main}
      vms:
        near: {host: sim1, memory: 64MiB, disks: {root: {size: 1GiB}}}
        far: {host: sim2, memory: 64MiB, disks: {root: {size: 1GiB}}}

      """,
    after: """
      pools:
        main: {type: dir, path: /nowhere/main}
      networks:
        lan: {mode: isolated, cidr: 10.97.0.0/24, bridge: vft-torture}
      vms:
        near: {host: sim1, memory: 64MiB, title: Near, disks: {root: {size: 1GiB}}, nics: {lan: {}}}
        last: {host: sim2, memory: 64MiB, disks: {root: {size: 1GiB}}, start_after: [near]}

      """,
    options: ["--allow-data-loss"], hosts: 2)
}

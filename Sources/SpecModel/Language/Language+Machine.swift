extension Language {
  /// An entry of `vms:`.
  static let machine = LanguageObject(
    "vm", "A VM. What is required may come from its profile or from the defaults.", isLayered: true,
    [expansion, identity, hardware, contents, access, behaviour].flatMap { $0 })

  /// `defaults:` and an entry of `profiles:`, which have all of a VM but what makes VMs of it.
  static let template = LanguageObject(
    "template", "What VMs have in common. Each value counts where the VM has none of its own.",
    isLayered: true,
    machine.fields.filter { !SiteDecoder.expansionKeys.contains($0.name) })

  private static let expansion: [LanguageField] = [
    LanguageField(
      "profile", .reference(.profile), "The profile that lies under this VM.", example: "small"),
    LanguageField(
      "count", .integer(SiteDecoder.counts),
      "How many VMs this entry makes: NAME-1, NAME-2 and so on. `${index}` is the number of each.",
      example: "3"),
    LanguageField(
      "for_each", .list(.name), "Makes a VM of each: NAME-blue, NAME-green. `${each}` is the name of each.",
      example: "[blue, green]"),
  ]

  private static let identity: [LanguageField] = [
    LanguageField(
      "host",
      .either([.reference(.host), .words(SiteDecoder.anyHost), .list(.reference(.host)), .object(hostChoice)]
      ),
      "The host that it runs on. Of `any`, a list or labels virtform chooses one that has room and all that the VM needs.",
      required: .sometimes("if there are several"), default: .words("the only host"), example: "rack1"),
    LanguageField(
      "spread", .either([.words("host"), .name, .object(spread)]),
      "Keeps the VMs of its entry apart: on hosts of their own, or on hosts with other values of a label. `host` is short for `{over: host}`.",
      default: .words("they may be together"), example: "host"),
    LanguageField(
      "keep_with", .list(.reference(.machine)), "VMs that are on the same host.", example: "[cache]"),
    LanguageField("avoid", .list(.reference(.machine)), "VMs that are on other hosts.", example: "[db]"),
    LanguageField(
      "pinned", .boolean, "Whether it stays where it is: virtform moves it at nobody's wish but yours.",
      default: false),
    LanguageField(
      "migration", .object(migration), "How it is moved to another host while it runs.",
      example: "{downtime: 300ms}"),
    LanguageField("title", .line, "One line about it, for people.", example: "Web ${index}"),
    LanguageField("description", .text, "A text about it, for people.", example: "Knows everything"),
    LanguageField(
      "groups", .list(.name), "Further groups of `virtform inventory` that it is in.", example: "[frontend]"),
    LanguageField(
      "labels", .map(.line),
      "Words about it for policies and inventories, by names of your own; no host keeps them.",
      example: "{owner: ann, tier: web}"),
  ]

  private static let hardware: [LanguageField] = [
    LanguageField(
      "accel",
      .choice(
        Accelerator.self,
        [.auto: "KVM where the host has it, else emulation", .kvm: "KVM", .tcg: "emulation by QEMU itself"]),
      "What runs its CPUs on a QEMU host; others have no choice.", default: .words("as its host says")),
    LanguageField(
      "virt",
      .choice(
        Virtualization.self,
        [
          .pv: "the guest's kernel calls Xen", .pvh: "that, with a processor that virtualizes",
          .hvm: "a whole machine with firmware and emulated devices",
        ]),
      "How it is virtualized. Xen hosts have the choice, as far as their processors go; QEMU hosts run hvm.",
      default: .words("the best that its host runs")),
    LanguageField(
      "cpus", .either([.integer(SiteDecoder.vcpus), .object(cpus)]),
      "Its vCPUs: how many, or a map that says more. `2` is short for `{count: 2}`.", default: 1,
      example: "{count: 2, max: 4}"),
    LanguageField(
      "memory", .either([.size, .object(memory)]),
      "Its memory, from 1MiB to 64TiB, or a map that says more. `2GiB` is short for `{size: 2GiB}`.",
      required: .always, example: "2GiB"),
    LanguageField(
      "numa", .object(numa), "NUMA cells of the guest, and the host's nodes that its memory comes from.",
      example: "{nodes: 0-1}"),
    LanguageField(
      "machine", .name, "QEMU's machine type.", default: .words("the host's choice"), example: "q35"),
    LanguageField(
      "cpu", .name, "The model of its CPU: host-passthrough, host-model, max, or a model that libvirt knows.",
      default: .words("the host's choice"), example: "host-passthrough"),
    LanguageField(
      "firmware", .either([.choice(Firmware.self), .object(firmware)]),
      "What boots it. `uefi` is short for `{type: uefi}`.", default: .value("bios"), example: "uefi"),
    LanguageField(
      "boot", .list(.reference(.bootDevice)), "The disks and NICs that the firmware tries, in this order.",
      default: .words("the disks in their order"), example: "[root, lan]"),
    LanguageField(
      "kernel", .reference(.image), "The kernel that it boots at once, without a boot loader.",
      example: "kernel"),
    LanguageField("initrd", .reference(.image), "The initrd that goes with the kernel.", example: "initrd"),
    LanguageField("cmdline", .line, "The command line of the kernel.", example: "console=ttyS0"),
    LanguageField(
      "graphics", .either([.choice(Graphics.self), .object(graphics)]),
      "Where its screen can be seen, on the host's loopback address. `vnc` is short for `{type: vnc}`.",
      default: .value("none"), example: "vnc"),
    LanguageField(
      "console", .either([.boolean, .object(console)]),
      "Whether it has a serial console, which `virtform console` ties a terminal to. A map is a console, too.",
      default: true, example: "{log: /var/log/virtform/web.log}"),
    LanguageField(
      "tpm", .either([.boolean, .object(tpm)]),
      "A TPM 2.0, which swtpm emulates. `true` is short for `{model: crb}`; what it holds stays with the VM.",
      default: false, example: "true"),
    LanguageField(
      "rng", .either([.boolean, .object(rng)]),
      "Random numbers of the host's for the guest: `true` without a limit, `false` none.", default: true,
      example: "{rate: 1MiB}"),
    LanguageField(
      "watchdog", .either([.boolean, .choice(Watchdog.Action.self), .object(watchdog)]),
      "What acts when the guest hangs. `reset`, as `true`, is short for `{action: reset}`.", default: false,
      example: "reset"),
    LanguageField(
      "xml", .text,
      "What libvirt gets when the VM is made, beside what is said here: a `<domain>` with parts of one. An element goes to the one of its name and type that has its target or address, or is added. It counts when the VM is made.",
      example: "<domain><devices><sound model='ich9'/></devices></domain>"),
    LanguageField(
      "shares", .map(.object(share)), "Directories of the host. The guest mounts each by its name.",
      example: "{home: {path: /srv/home}}"),
    LanguageField(
      "host_devices", .map(.object(hostDevice)), "Devices of the host that the guest has for itself.",
      example: "{key: {usb: \"1050:0407\"}}"),
  ]

  private static let contents: [LanguageField] = [
    LanguageField(
      "image", .reference(.image),
      "The image of its root disk, `disks.root`, which need not be written then.",
      example: "debian"),
    LanguageField(
      "clone", cloneKinds, "How its disks are made from images.",
      default: .words("linked in a pool of files, full in one of devices")),
    LanguageField(
      "on_image_change",
      .choice(
        ImageChangePolicy.self,
        [
          .keep: "they stay as they are",
          .replace: "they are made anew, which destroys their content and takes consent",
        ]), "What becomes of its disks when their image is another one.", default: .value("keep")),
    LanguageField(
      "pool", .reference(.pool), "Where its disks, its kernel and what cloud-init reads lie.",
      required: .sometimes("if there are several, unless each disk says so"),
      default: .words("the only pool"),
      example: "disks"),
    LanguageField(
      "disks", .map(.object(disk)),
      "Its disks, by names of your own. They are found by these, never by their order.",
      example: "{root: {size: 20GiB}}"),
    LanguageField(
      "nics", .map(.object(nic)),
      "Its network interfaces. One without `network` is on the network of its name.",
      example: "{lan: {ip: 10.10.0.11+}}"),
    LanguageField(
      "cloud_init", .object(cloudInit),
      "What the guest sets up at its first boot by cloud-init. `{}` is enough for a name and the addresses of NICs.",
      example: "{ssh_keys: [{file: ~/.ssh/id_ed25519.pub}]}"),
    LanguageField(
      "ignition", .object(ignition),
      "What CoreOS, Flatcar and the like set up at their first boot. It takes the place of `cloud_init`.",
      example: "{file: ./flatcar.ign}"),
  ]

  private static let access: [LanguageField] = [
    LanguageField(
      "ssh", .object(ssh), "How `virtform ssh`, `ssh-config` and `inventory` log in.",
      example: "{user: debian}")
  ]

  private static let behaviour: [LanguageField] = [
    LanguageField(
      "state",
      .choice(
        PowerState.self,
        [
          .running: "it runs", .paused: "its processors are stopped, its memory stays in use",
          .off: "it is shut down",
        ]), "Whether it runs.", default: .value("running")),
    LanguageField("autostart", .boolean, "Whether it starts with its host.", default: false),
    LanguageField(
      "start_after", .list(.reference(.machine)),
      "VMs that are up, and ready, before this one starts. They stop after it.", example: "[db]"),
    LanguageField(
      "ready", .object(readiness), "What is waited for after a start: all of it.",
      example: "{tcp: 22, timeout: 2m}"),
    LanguageField("shutdown", .object(shutdown), "How it is stopped.", example: "{timeout: 2m, force: true}"),
    LanguageField(
      "on_change",
      .choice(
        ChangePolicy.self,
        [
          .liveOnly: "the plan is refused: nothing waits unseen", .stage: "it waits for the next start",
          .restartIfNeeded: "virtform restarts the guest",
        ]), "What is done for a change that the guest cannot take while it runs.", default: .value("stage")),
    LanguageField(
      "protect", .boolean,
      "Nothing removes the VM, or deletes a disk that is its own, as long as this stands here.",
      default: false),
  ]

  private static let hostChoice = LanguageObject(
    "host-choice", "Hosts to choose from.", isLayered: true,
    [
      LanguageField(
        "labels", .map(.line), "The labels that the host has.", required: .always, example: "{room: a}")
    ])

  private static let spread = LanguageObject(
    "spread", "How the VMs of a count are kept apart.", isLayered: true,
    [
      LanguageField(
        "over", .either([.words("host"), .name]),
        "`host`, or the label of hosts whose values are kept apart.",
        required: .always, example: "room"),
      LanguageField(
        "max", .integer(SiteDecoder.spreads), "How many may be together.", default: 1, example: "2"),
    ])

  private static let migration = LanguageObject(
    "migration", "How a guest is moved while it runs.", isLayered: true,
    [
      LanguageField(
        "downtime", .form(.shortDuration), "How long it may stand still at the end.",
        default: .words("as the hypervisor has it"), example: "300ms"),
      LanguageField(
        "bandwidth", .size, "How much of the network it may take, in bytes a second.",
        default: .words("all"), example: "100MiB"),
      LanguageField(
        "converge",
        .choice(
          MigrationConvergence.self,
          [
            .none: "it is sent until it fits", .autoConverge: "its processors are slowed down step by step",
            .postCopy:
              "it goes on at the other host, which fetches what it lacks; a guest whose network fails then is lost",
          ]), "What is done for a guest that writes its memory faster than it is sent.",
        default: .value("none")),
      LanguageField(
        "connections", .integer(SiteDecoder.migrationConnections),
        "How many connections send its memory at once.", default: 1, example: "4"),
      LanguageField(
        "timeout", .duration, "How long it may take. What is not done by then goes on where it was.",
        default: .words("as long as it takes"), example: "30m"),
    ])

  private static let shutdown = LanguageObject(
    "shutdown", "How a guest is stopped.", isLayered: true,
    [
      LanguageField(
        "timeout", .duration, "How long it has to shut down by itself.",
        default: .value(.string("\(ShutdownPolicy().timeout)")), example: "2m"),
      LanguageField(
        "force", .boolean, "Whether one that has not shut down by then is powered off.",
        default: .value(.bool(ShutdownPolicy().force))),
    ])

  private static let ssh = LanguageObject(
    "ssh", "How to log in to a VM.", isLayered: true,
    [
      LanguageField(
        "user", .form(.loginName), "The user to log in as.", default: .words("as ssh has it"),
        example: "debian"),
      LanguageField(
        "key", .form(.localPath), "The file of the private key.", default: .words("as ssh has it"),
        example: "~/.ssh/id_ed25519"),
      LanguageField("port", .integer(1...65535), "The port of the SSH server.", default: 22),
      LanguageField("via", .form(.jumpHost), "A host to jump through.", example: "root@rack1.example.org"),
    ])
}

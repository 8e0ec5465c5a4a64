extension Language {
  static let cpus = LanguageObject(
    "cpus", "The vCPUs of a VM.", isLayered: true,
    [
      LanguageField(
        "count", .integer(SiteDecoder.vcpus), "The vCPUs that it has.", required: .always, example: "2"),
      LanguageField(
        "max", .integer(SiteDecoder.vcpus),
        "The vCPUs that it could have: more can be plugged in while the guest runs.",
        default: .words("as count"), example: "4"),
      LanguageField(
        "shares", .integer(SiteDecoder.cpuShares), "Its weight among other VMs when CPU time is short.",
        default: .words("1024, as libvirt has it; 256 on Xen"), example: "2048"),
      LanguageField(
        "limit", .form(.cpuLimit),
        "The most CPU time that it gets, in CPUs of the host, however many vCPUs it has and however idle the host is.",
        default: .words("none"), example: "1.5"),
      LanguageField(
        "pin", .either([.form(.cpuSet), .map(.form(.cpuSet), by: .vcpu)]),
        "Which of the host's CPUs its vCPUs run on: a set for all, or one for each by its number.",
        default: .words("all"), example: "{0: 0-1, 1: 2-3}"),
      LanguageField(
        "topology", .object(topology), "How they are arranged. The product is `max`, or else `count`.",
        default: .words("a socket for each"), example: "{cores: 2, threads: 2}"),
    ])

  private static let topology = LanguageObject(
    "cpu-topology", "How vCPUs are arranged.", isLayered: true,
    [
      LanguageField("sockets", .integer(SiteDecoder.vcpus), "How many sockets.", default: 1),
      LanguageField("cores", .integer(SiteDecoder.vcpus), "How many cores each socket has.", default: 1),
      LanguageField("threads", .integer(SiteDecoder.vcpus), "How many threads each core has.", default: 1),
    ])

  static let memory = LanguageObject(
    "memory", "The memory of a VM.", isLayered: true,
    [
      LanguageField("size", .size, "What the guest has.", required: .always, example: "2GiB"),
      LanguageField(
        "max", .size, "What the balloon can give the guest while it runs.", default: .words("as size"),
        example: "4GiB"),
      LanguageField(
        "limit", .size, "The most memory that there can be with all devices plugged in.",
        required: .sometimes("with devices"), example: "16GiB"),
      LanguageField(
        "devices", .map(.size),
        "Memory that is plugged in like a module, while the guest runs. Each is a multiple of 128MiB, up to 16 of them.",
        example: "{extra: 512MiB}"),
      LanguageField(
        "huge_pages", .either([.boolean, .size]),
        "The size of the host's pages that it is made of, or `true` for the host's usual size.",
        default: false,
        example: "2MiB"),
    ])

  static let numa = LanguageObject(
    "numa", "NUMA, in the guest and on the host.", isLayered: true,
    [
      LanguageField(
        "cells", .list(.object(cell)),
        "The cells of the guest, two at least. Each vCPU is in one of them, and all memory is.",
        example: "[{cpus: 0-1, memory: 1GiB}, {cpus: 2-3, memory: 1GiB}]"),
      LanguageField(
        "nodes", .form(.cpuSet), "The nodes of the host that the memory comes from.", example: "0-1"),
    ])

  private static let cell = LanguageObject(
    "numa-cell", "A NUMA cell of a guest.", isLayered: true,
    [
      LanguageField("cpus", .form(.cpuSet), "The numbers of its vCPUs.", required: .always, example: "0-1"),
      LanguageField("memory", .size, "Its part of the memory.", required: .always, example: "1GiB"),
    ])

  static let firmware = LanguageObject(
    "firmware", "What boots a VM.", isLayered: true,
    [
      LanguageField(
        "type", .choice(Firmware.self), "The kind of firmware.", required: .always, example: "uefi"),
      LanguageField(
        "secure_boot", .boolean,
        "Of UEFI: whether it boots only what is signed. Each of the two has firmware variables of its own.",
        default: .words("as the host's firmware does"), example: "true"),
    ])

  static let graphics = LanguageObject(
    "graphics", "Where the screen of a VM can be seen.", isLayered: true,
    [
      LanguageField("type", .choice(Graphics.self), "The protocol.", required: .always, example: "vnc"),
      LanguageField(
        "password", .text,
        "The password of the screen, up to 8 characters for VNC and 60 for SPICE. No output shows it.",
        example: "${var.screen}"),
    ])

  static let console = LanguageObject(
    "console", "A serial console.", isLayered: true,
    [
      LanguageField(
        "log", .form(.hostPath), "A file on the host that gets all that the guest says on it.",
        example: "/var/log/virtform/web.log")
    ])

  static let tpm = LanguageObject(
    "tpm", "A TPM 2.0.", isLayered: true,
    [
      LanguageField(
        "model",
        .choice(TPMModel.self, [.crb: "what guests of today know", .tis: "for guests that know no other"]),
        "How the guest talks to it.", required: .always, example: "tis")
    ])

  static let rng = LanguageObject(
    "rng", "A source of random numbers.", isLayered: true,
    [
      LanguageField(
        "rate", .size, "The most bytes a second, up to 1GiB.", default: .words("no limit"), example: "1MiB")
    ])

  static let watchdog = LanguageObject(
    "watchdog", "What acts when the guest gives no more signs of life.", isLayered: true,
    [
      LanguageField(
        "model",
        .choice(
          Watchdog.Model.self,
          [
            .i6300esb: "a PCI card that every PC takes", .ib700: "a card for the ISA bus of old PCs",
            .itco: "the one in the chipset of q35",
          ]), "The card that the guest sees.", default: .value(.string(Watchdog().model.rawValue))),
      LanguageField(
        "action", .choice(Watchdog.Action.self), "What it does.",
        default: .value(.string(Watchdog().action.rawValue)), example: "poweroff"),
    ])

  static let share = LanguageObject(
    "share", "A directory of the host that the guest mounts by its name.", isLayered: true,
    [
      LanguageField(
        "path", .form(.hostPath), "The directory on the host.", required: .always, example: "/srv/home"),
      LanguageField(
        "type",
        .choice(
          HostShare.Kind.self,
          [
            .virtiofs: "fast, and has all that a file system has",
            .plan9: "needs nothing on the host, and does more slowly",
          ]),
        "How the guest reaches it.", default: .value("virtiofs")),
      LanguageField(
        "read_only", .boolean, "Whether the guest can only read it.", default: false),
    ])

  static let hostDevice = LanguageObject(
    "host-device", "A device of the host that the guest has for itself: it is on PCI or on USB.",
    isLayered: true,
    [
      LanguageField(
        "pci", .form(.pciAddress), "Its address, as `lspci -D` shows it.",
        required: .sometimes("without usb"),
        example: "\"0000:03:00.0\""),
      LanguageField(
        "usb", .form(.usbProduct), "Its vendor and product, as `lsusb` shows them.",
        required: .sometimes("without pci"), example: "\"1050:0407\""),
    ])
}

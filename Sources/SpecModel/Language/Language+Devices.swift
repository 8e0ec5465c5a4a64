extension Language {
  static let cloneKinds = LanguageType.choice(
    CloneKind.self,
    [.linked: "a file that refers to the image and holds what differs", .full: "a copy of the image"])

  static let disk = LanguageObject(
    "disk",
    "A disk of a VM: one of its own (`size`, `image`), one under `disks` (`disk`), what is there already (`volume` or `path`) or a CD-ROM drive (`cdrom`).",
    isLayered: true,
    [
      LanguageField(
        "size", .size, "The size that the guest sees, at least 1MiB. It grows and never shrinks.",
        required: .sometimes("without an image"), default: .words("the image's"), example: "20GiB"),
      LanguageField(
        "image", .reference(.image), "The image that it is a clone of.",
        default: .words("of root, the VM's image"),
        example: "debian"),
      LanguageField(
        "clone", cloneKinds, "How it is made from its image.", default: .words("as the VM says")),
      LanguageField(
        "disk", .reference(.disk), "The disk under `disks` that it is. Only `bus` and `iotune` go with it.",
        example: "db-data"),
      LanguageField(
        "cdrom", .either([.reference(.image), .form(.hostPath)]),
        "A CD-ROM drive with this image in it, or with a file that the host has; `none` is an empty one.",
        example: "none"),
      LanguageField(
        "volume", .form(.word),
        "A volume that is there already. It is never made, grown or deleted. Of a file `format` is stated.",
        example: "\"unit:0:0:1\""),
      LanguageField(
        "path", .form(.hostPath),
        "A file or a device of the host that is there already, in no pool of the spec's. It is never made, grown or deleted, and `format` is stated.",
        example: "/srv/old/data.img"),
      LanguageField(
        "pool", .reference(.pool), "The pool that it lies in.", default: .words("the VM's"), example: "disks"),
      LanguageField(
        "format", .choice(DiskFormat.self), "The format of its file.",
        default: .words("qcow2 in a pool of files, raw in one of devices"), example: "raw"),
      LanguageField(
        "bus", .choice(DiskBus.self), "What it is attached as.", default: .words("virtio, or what Xen has"),
        example: "virtio"),
      LanguageField("keep", .boolean, "Whether it stays when the VM goes.", default: false),
      LanguageField(
        "protect", .boolean, "Nothing deletes it as long as this stands here.", default: false),
      LanguageField(
        "iotune", .object(ioTune), "Limits of its throughput.",
        example: "{total_bytes: 200MiB, write_iops: 500}"),
    ])

  private static let ioTune = LanguageObject(
    "iotune", "Limits a second; a total is instead of reading and writing each.", isLayered: true,
    [
      LanguageField("total_bytes", .size, "Bytes read and written.", example: "200MiB"),
      LanguageField("read_bytes", .size, "Bytes read.", example: "200MiB"),
      LanguageField("write_bytes", .size, "Bytes written.", example: "100MiB"),
      LanguageField(
        "total_iops", .integer(1...SiteDecoder.maximumThroughput), "Operations.", example: "2000"),
      LanguageField("read_iops", .integer(1...SiteDecoder.maximumThroughput), "Reads.", example: "2000"),
      LanguageField("write_iops", .integer(1...SiteDecoder.maximumThroughput), "Writes.", example: "500"),
    ])

  static let nic = LanguageObject(
    "nic", "A network interface of a VM.", isLayered: true,
    [
      LanguageField(
        "network", .reference(.network), "The network that it is plugged into.",
        required: .sometimes("if no network has its name"), default: .words("the network of its name"),
        example: "lan"),
      LanguageField(
        "ip", .oneOrMore(.form(.countedAddress)),
        "The address that DHCP reserves for it, or one of each family. With a count, `10.10.0.11+` counts up.",
        example: "10.10.0.11"),
      LanguageField(
        "address", .oneOrMore(.form(.staticAddress)),
        "The address that cloud-init gives it, or one of each family. The network's cidr says the length of the prefix, too.",
        example: "192.0.2.30/24"),
      LanguageField(
        "gateway", .oneOrMore(.either([.form(.address), .words("none")])),
        "The gateway that goes with `address`, or `none`.", default: .words("the network's"),
        example: "192.0.2.1"),
      LanguageField(
        "nameservers", .list(.form(.address)), "The DNS servers that go with `address`.",
        default: .words("the network's"), example: "[192.0.2.53]"),
      LanguageField(
        "mac", .form(.mac), "Its MAC address.",
        default: .words("one made from the names, the same on every run"),
        example: "\"52:54:00:aa:00:10\""),
      LanguageField(
        "model", .name, "The card that the guest sees.", default: .words("virtio, or what Xen has"),
        example: "e1000e"),
      LanguageField(
        "link", .choice(LinkState.self), "Whether its cable is plugged in.", default: .value("up")),
      LanguageField(
        "portgroup", .reference(.portgroup), "The port group that it is in.",
        default: .words("the network's default one"), example: "routers"),
      LanguageField(
        "vlan", vlan,
        "The VLAN that it is on, or a trunk of several, on a network of mode ovs. It counts over that of the port group.",
        example: "40"),
      LanguageField("qos", .object(qos), "Limits of its traffic.", example: "{inbound: {average: 10MiB}}"),
      LanguageField(
        "firewall", .reference(.firewall), "What may pass between it and its network.",
        default: .words("everything"), example: "db"),
    ])

  // MARK: Readiness

  static let readiness = LanguageObject(
    "ready", "When a guest that was started counts as ready: when all of it has come true.", isLayered: true,
    [
      LanguageField("lease", .reference(.nic), "This NIC has an address.", example: "lan"),
      LanguageField("agent", .boolean, "The guest's agent answers.", default: false),
      LanguageField(
        "tcp", .either([.integer(1...65535), .object(tcp)]),
        "A TCP port takes connections. `22` is short for `{port: 22}`.", example: "22"),
      LanguageField(
        "http", .object(http), "A GET is answered as it should be.", example: "{port: 8080, path: /healthz}"),
      LanguageField("console", .line, "This text appears on the serial console.", example: "\"login:\""),
      LanguageField("cloud_init", .boolean, "cloud-init is done.", default: false),
      LanguageField(
        "timeout", .duration, "How long all of it may take. Then the step fails, and the guest runs on.",
        default: .value(.string("\(Readiness.defaultTimeout)")), example: "10m"),
    ])

  private static let place: [LanguageField] = [
    LanguageField(
      "nic", .reference(.nic), "The NIC whose address is asked.", default: .words("any"), example: "lan"),
    LanguageField(
      "address", .form(.networkAddress), "The address that is asked, instead of a NIC's.",
      example: "db.example.org"),
  ]

  private static let tcp = LanguageObject(
    "ready-tcp", "A TCP port that takes connections.", isLayered: true,
    [LanguageField("port", .integer(1...65535), "The port.", required: .always, example: "22")] + place)

  private static let http = LanguageObject(
    "ready-http", "A GET, and its answer.", isLayered: true,
    [
      LanguageField("port", .integer(1...65535), "The port.", default: 80),
      LanguageField("path", .form(.urlPath), "What is asked for.", default: .value("/"), example: "/healthz"),
      LanguageField("status", .integer(100...599), "The status of a good answer.", default: 200),
    ] + place)
}

extension Language {
  static let pool = LanguageObject(
    "pool", "A storage pool, in which images and disks lie.",
    [
      LanguageField(
        "type",
        .choice(
          PoolType.self,
          [
            .dir: "files in a directory", .fs: "files on a device that is mounted",
            .netfs: "files of a server, mounted", .logical: "logical volumes of a volume group of LVM",
            .disk: "partitions of a disk", .iscsi: "units of a SCSI target on the network",
            .zfs: "volumes of a ZFS pool or a dataset", .rbd: "images in a pool of Ceph",
          ]), "What its volumes are.", required: .sometimes("with a source"), default: .value("dir")),
      LanguageField(
        "path", .form(.hostPath), "The directory of `dir`, or where `fs` and `netfs` are mounted.",
        required: .sometimes("for dir, fs and netfs"), example: "/srv/virtform/disks"),
      LanguageField(
        "source", .either([.form(.wordPath), .object(poolSource)]),
        "Where the volumes come from. A name is enough for `logical` and `zfs`, the path of a device for `disk`.",
        required: .sometimes("for all types but dir"), example: "{device: /dev/sdb1, format: ext4}"),
      LanguageField(
        "build", .boolean,
        "Makes the file system, the partition table, the volume group or the ZFS pool if its devices are empty. What is not empty is never written over.",
        default: false),
      LanguageField(
        "hosts", .list(.reference(.host)), "The hosts that have it.", default: .words("every host"),
        example: "[rack1]"),
      LanguageField(
        "shared", .boolean, "Whether all of its hosts see the same volumes in it.",
        default: .words("true for netfs, iscsi and rbd, else false"), example: "true"),
      LanguageField("autostart", .boolean, "Whether it starts with its host.", default: true),
      LanguageField(
        "external", .boolean,
        "The pool is there already: it is used, never changed. Nothing but `hosts` and `shared` goes with it.",
        default: false),
    ])

  private static let poolSource = LanguageObject(
    "pool-source", "Where the volumes of a pool come from; which keys there are goes by the pool's type.",
    [
      LanguageField(
        "device", .form(.devicePath),
        "Of `fs` and `disk`: the device. Names below /dev/disk/by-id stay the same.",
        required: .sometimes("for fs and disk"), example: "/dev/disk/by-id/ata-ssd1-part1"),
      LanguageField(
        "format",
        .choice(
          words(of: FileSystemFormat.self) + words(of: NetworkFileSystemFormat.self)
            + words(of: PartitionTableFormat.self)),
        "Of `fs` the file system, of `netfs` the protocol, of `disk` the kind of partition table.",
        required: .sometimes("with build"), example: "ext4"),
      LanguageField(
        "host", .form(.networkAddress), "Of `netfs` and `iscsi`: the server.",
        required: .sometimes("for netfs and iscsi"), example: "nas.example.org"),
      LanguageField(
        "dir", .form(.exportedPath),
        "Of `netfs`: the directory that the server exports, or the name of its share.",
        required: .sometimes("for netfs"), example: "/export/vm"),
      LanguageField(
        "name", .form(.wordPath),
        "Of `logical` the volume group, of `zfs` the pool or dataset, of `rbd` the pool of Ceph.",
        required: .sometimes("for logical, zfs and rbd"), example: "vg0"),
      LanguageField(
        "devices", .list(.form(.devicePath)), "Of `logical` and `zfs`: what `build` makes it of.",
        required: .sometimes("with build"), example: "[/dev/sdb, /dev/sdc]"),
      LanguageField(
        "port", .integer(1...65535), "Of `iscsi`: the server's port.",
        default: .value(.int(ISCSITarget.defaultPort))),
      LanguageField(
        "target", .form(.target), "Of `iscsi`: the IQN of the target.", required: .sometimes("for iscsi"),
        example: "iqn.2024-01.org.example:vms"),
      LanguageField(
        "hosts", .list(.form(.monitor)), "Of `rbd`: the monitors of the cluster.",
        required: .sometimes("for rbd"),
        example: "[ceph1.example.org, \"ceph2.example.org:3300\"]"),
      LanguageField(
        "auth", .object(poolLogin), "Of `iscsi` and `rbd`: how the host is let in.",
        example: "{user: libvirt, secret: ceph-vms}"),
    ])

  private static let poolLogin = LanguageObject(
    "pool-login", "How a host is let in by a server.",
    [
      LanguageField("user", .form(.word), "The name of the user.", required: .always, example: "libvirt"),
      LanguageField(
        "secret", .line,
        "The usage of a secret that the host's libvirt has; `virsh secret-list` shows them.",
        required: .always,
        example: "ceph-vms"),
    ])

  /// The words of an enumeration, to be joined with others.
  private static func words<Choice: RawRepresentable & CaseIterable>(of _: Choice.Type) -> [LanguageType.Word]
  where Choice.RawValue == String {
    Choice.allCases.map { LanguageType.Word(word: $0.rawValue, meaning: nil) }
  }

  static let image = LanguageObject(
    "image", "A file that hosts get a copy of.",
    [
      LanguageField(
        "source", .form(.imageSource),
        "A file of this machine, or an http or https URL, which a plan downloads.",
        required: .always, example: "https://images.example.org/debian-12.qcow2"),
      LanguageField(
        "sha256", .form(.sha256),
        "What the source has to be: what changes there must not change hosts unseen. `none` takes whatever is at a URL.",
        required: .sometimes("for a URL"), example: "none"),
      LanguageField(
        "format", .choice(ImageFormatWord.self),
        "What the source is, once it is decompressed. All but raw end as qcow2; `vhd` and `vpc` are the same.",
        default: .words("by the name of the source"), example: "qcow2"),
      LanguageField(
        "compressed", .choice(CompressionWord.self), "How the source is compressed.",
        default: .words("by the name of the source: *.xz and *.gz of a known format are"), example: "xz"),
      LanguageField(
        "disk", .line, "Of an OVA with several disks: the one to take.", example: "appliance-disk1.vmdk"),
    ])

  static let sharedDisk = LanguageObject(
    "shared-disk", "A disk that outlives every VM that uses it.",
    [
      LanguageField(
        "size", .size, "The size that a guest sees. It grows and never shrinks.", required: .always,
        example: "100GiB"),
      LanguageField(
        "format", .choice(DiskFormat.self), "The format of its file.",
        default: .words("qcow2 in a pool of files, raw in one of devices"), example: "qcow2"),
      LanguageField(
        "pool", .reference(.pool), "The pool that it lies in.", required: .sometimes("if there are several"),
        default: .words("the only pool"), example: "disks"),
      LanguageField(
        "host", .reference(.host), "The host that it is on.", required: .sometimes("if there are several"),
        default: .words("the only host"), example: "rack1"),
      LanguageField(
        "protect", .boolean, "Nothing deletes it as long as this stands here.", default: false),
    ])
}

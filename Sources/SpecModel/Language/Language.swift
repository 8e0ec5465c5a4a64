/// The whole language of specs, described: every key with its type, default and meaning.
///
/// The decoders (`SiteDecoder`) are the grammar; a test holds this description to them, key by key. The JSON Schema, the
/// page `docs/language.md` and `virtform explain` come from it.
public enum Language {
  /// The top of a spec.
  ///
  /// Files of a directory are merged into one, so none of them needs to have a certain key.
  public static let root = LanguageObject(
    "spec", "A spec: one YAML file, or the merged files of a directory.", isLayered: true,
    [
      LanguageField(
        "virtform", .integer(SiteDecoder.languageVersion...SiteDecoder.languageVersion),
        "The version of the language.", required: .always, example: "1"),
      LanguageField(
        "stack", .name,
        "The name of what belongs together. What is removed from a stack's spec is removed from the hosts by its next apply.",
        required: .always, example: "shop"),
      LanguageField(
        "variables", .map(.object(variable)),
        "Values that differ from run to run. `--var NAME=VALUE` and `--var-file FILE` count over them.",
        example: "{domain: {default: example.org}}"),
      LanguageField(
        "hosts", .map(.object(host)), "The machines that VMs run on, by names of your own.",
        default: .words("one host, 'local', on a libvirt of your own"),
        example: "{rack1: {uri: \"qemu+ssh://root@rack1/system\"}}"),
      LanguageField(
        "pools", .map(.object(pool)), "Storage pools: where images and disks lie.",
        default: .words("of a libvirt of your own, one that is called 'default'"),
        example: "{default: {path: /var/lib/libvirt/images}}"),
      LanguageField(
        "images", .map(.object(image)),
        "Files that hosts get a copy of: images that disks are clones of, kernels, CD-ROMs.",
        example: "{debian: {source: ./debian-12.qcow2}}"),
      LanguageField(
        "networks", .map(.object(network)), "Networks that NICs are plugged into.",
        example: "{lan: {mode: nat, cidr: 10.10.0.0/24}}"),
      LanguageField(
        "firewalls", .map(.object(firewall)), "What may pass between a NIC and its network.",
        example: "{web: {in: [{protocol: tcp, port: [80, 443]}]}}"),
      LanguageField(
        "disks", .map(.object(sharedDisk)),
        "Disks with a life of their own, which outlive the VMs that use them.",
        example: "{db-data: {size: 100GiB}}"),
      LanguageField(
        "defaults", .object(template),
        "What every VM has unless its profile or the VM itself says otherwise. It has the keys of a VM but `profile`, `count` and `for_each`.",
        example: "{cpus: 1, memory: 512MiB}"),
      LanguageField(
        "profiles", .map(.object(template)),
        "What the VMs have that name a profile: laid over the defaults, under the VM. Maps merge, everything else is replaced. It has the keys of the defaults.",
        example: "{small: {cpus: 1, memory: 1GiB}}"),
      LanguageField(
        "vms", .map(.object(machine)), "The VMs; with `count` or `for_each` an entry makes several.",
        example: "{web: {image: debian, memory: 2GiB}}"),
      LanguageField(
        "policy", .object(policy), "Limits on what a plan may do. One that breaks a limit is refused.",
        example: "{data_loss: forbid, max_restarts: 3}"),
      LanguageField(
        "moved", .map(.form(.movedAddress), by: .movedAddress),
        "New names for what is there, old: new. It is renamed where it is, and nothing is made again.",
        example: "{vms.backend: vms.db}"),
      LanguageField(
        "removed", .map(.object(removal), by: .forgottenAddress),
        "What is no longer part of the stack and stays on its host as it is.",
        example: "{vms.legacy: {forget: true}}"),
      LanguageField(
        "adopt", .oneOrMore(.form(.adoptedAddress)),
        "What is on its host already, without a mark, and becomes the stack's as it is. `vms` and `networks` are all of the spec. Once applied, it can go.",
        example: "[vms.legacy, networks]"),
      LanguageField(
        "outputs", .map(.scalar),
        "What `virtform output` prints, and `apply` when it is done. `${vms.VM.ip}`, `${vms.VM.host}`, `${vms.VM.nics.NIC.ip}` and `${vms.VM.nics.NIC.mac}` stand for what is known of VMs.",
        example: "{url: \"http://${vms.web-1.ip}/\"}"),
    ])

  private static let variable = LanguageObject(
    "variable",
    "A variable, which `${var.NAME}` stands for. It has the first value that is there: of the command line, of `env`, of `file`, its `default`.",
    [
      LanguageField(
        "default", .scalar, "Its value unless something else gives one. It may use other variables.",
        example: "example.org"),
      LanguageField("env", .text, "The environment variable to read.", example: "SHOP_DOMAIN"),
      LanguageField(
        "file", .form(.localPath), "The file to read, without its last line break.", example: "./token.txt"),
      LanguageField("secret", .boolean, "Whether all output masks it.", default: false),
    ])

  private static let host = LanguageObject(
    "host", "A machine that VMs run on.",
    [
      LanguageField(
        "uri", .form(.hostURI),
        "Where its libvirt is reached, as <https://libvirt.org/uri.html> says, or `embedded` for a libvirt of your own on this machine.",
        required: .always, example: "qemu+ssh://root@rack1.example.org/system"),
      LanguageField(
        "accel",
        .choice(
          Accelerator.self,
          [
            .auto: "KVM where the host has it, else emulation", .kvm: "KVM",
            .tcg: "emulation by QEMU itself",
          ]), "What runs the CPUs of its VMs that do not choose.", default: .value("auto")),
      LanguageField(
        "size", .object(hostSize), "What it has, for plans that are made without asking it.",
        example: "{cpus: 32, memory: 256GiB}"),
      LanguageField(
        "labels", .map(.line), "Words about it that VMs choose their host by.", example: "{room: a}"),
      LanguageField(
        "reserve", .object(hostReserve), "What it keeps for itself where virtform chooses the host of a VM.",
        example: "{memory: 4GiB}"),
      LanguageField(
        "overcommit", .object(hostOvercommit),
        "How much VMs may have for each that there is, where virtform chooses their host.",
        example: "{cpus: 8}"),
      LanguageField(
        "state",
        .choice(
          HostPhase.self,
          [
            .active: "it runs VMs", .drained: "its VMs leave, and none comes",
            .down: "it is not reached, and nobody knows what its VMs do",
          ]), "What it is for at the moment.", default: .value("active")),
      LanguageField(
        "migration", .object(hostMigration), "How running guests arrive at it.",
        example: "{address: 10.0.0.2}"),
    ])

  private static let hostSize = LanguageObject(
    "host-size", "What a host has. Where the host is asked, what it says counts.",
    [
      LanguageField(
        "cpus", .integer(SiteDecoder.hostCPUs), "CPUs: threads of cores.", required: .always, example: "32"),
      LanguageField("memory", .size, "Memory.", required: .always, example: "256GiB"),
    ])

  private static let hostReserve = LanguageObject(
    "host-reserve", "What a host keeps for itself.",
    [
      LanguageField("memory", .size, "Memory.", default: .words("none"), example: "4GiB"),
      LanguageField("cpus", .integer(SiteDecoder.reservedCPUs), "CPUs.", default: 0, example: "2"),
    ])

  private static let hostOvercommit = LanguageObject(
    "host-overcommit", "How much VMs may have of a host for each that there is.",
    [
      LanguageField(
        "memory", .form(.ratio), "Memory of VMs, relative to that of the host.",
        default: .value(.string("\(HostOvercommit().memory)")), example: "1.2"),
      LanguageField(
        "cpus", .form(.ratio), "vCPUs for each CPU.",
        default: .value(.string("\(HostOvercommit().cpus)")), example: "8"),
    ])

  private static let hostMigration = LanguageObject(
    "host-migration", "How running guests arrive at a host.",
    [
      LanguageField(
        "address", .form(.networkAddress), "The address or name at which other hosts reach its QEMU.",
        default: .words("the name that its libvirt gives"), example: "10.0.0.2"),
      LanguageField(
        "uri", .form(.migrationURI),
        "Where the libvirt of other hosts reaches its libvirt. With it hosts migrate guests among themselves, and go on if virtform is gone.",
        default: .words("virtform leads the migration"), example: "qemu+tls://rack1.example.org/system"),
      LanguageField(
        "tls", .boolean,
        "Whether guests are sent encrypted, with the certificates that QEMU has on both hosts.",
        default: false),
    ])

  private static let removal = LanguageObject(
    "removal", "A VM or a network that the stack lets go.",
    [
      LanguageField(
        "forget", .boolean, "Must be `true`: it loses its mark and keeps running.", required: .always,
        example: "true")
    ])

  /// The places of objects in a spec, from the top down: each with its path, in which NAME stands for a name.
  public static var places: [(path: String, object: LanguageObject)] {
    var places: [(path: String, object: LanguageObject)] = []
    func visit(_ object: LanguageObject, at path: String) {
      places.append((path, object))
      for field in object.fields {
        for part in field.type.parts { visit(part.object, at: join(path, field.name) + part.suffix) }
      }
    }
    visit(root, at: "")
    return places
  }

  /// `path` and what is below it.
  static func join(_ path: String, _ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }
}

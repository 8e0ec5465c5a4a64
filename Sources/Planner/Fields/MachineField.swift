import Crypto
import SpecModel

/// The fields of a VM, each with its rule. Its disks, CD-ROM drives and NICs have tables of their own.
public enum MachineField: String, CaseIterable, Sendable, Comparable {
  case name, title, description, accel, virt, cpus
  case cpuShares = "cpus.shares"
  case cpuLimit = "cpus.limit"
  case cpuPinning = "cpus.pin"
  case cpuTopology = "cpus.topology"
  case memory
  case memoryLimit = "memory.limit"
  case hugePages = "memory.huge_pages"
  case numaCells = "numa.cells"
  case numaNodes = "numa.nodes"
  case machine, firmware
  case secureBoot = "firmware.secure_boot"
  case cpu, kernel, initrd, cmdline, ignition, boot, graphics
  case password = "graphics.password"
  case console
  case consoleLog = "console.log"
  case tpm
  case randomSource = "rng"
  case watchdog, autostart, shutdown, protect
  case metaData = "cloud_init.meta-data"
  case networkConfig = "cloud_init.network-config"
  case userData = "cloud_init.user-data"
  case state

  public var rule: FieldRule<Machine> { Self.rules[self, default: row] }

  private static let rules = Dictionary(uniqueKeysWithValues: allCases.map { ($0, $0.row) })

  /// All fields with their rules, for those who go through all of them for each of many VMs.
  static let table = allCases.map { (field: $0, rule: $0.rule) }

  private var row: FieldRule<Machine> {
    switch self {
    case .name:
      .init("its name", "<name>", by: "virDomainRename, while it is off", unset: .required) { $0.domainName }
    case .title:
      .init(
        "one line about it", "<title>", by: "virDomainSetMetadata", live: .on(.qemu, .xen, .test),
        unset: .removed
      ) { $0.settings.title }
    case .description:
      .init(
        "a text about it", "<description>", by: "virDomainSetMetadata", live: .on(.qemu, .xen, .test),
        unset: .removed
      ) { $0.settings.description }
    case .accel:
      .init("what runs its CPU: KVM or QEMU's emulation", "<domain type>") { $0.settings.accel?.rawValue }
    case .virt:
      .init("how it is virtualized: hvm, or on Xen also pv and pvh", "<os><type>") {
        $0.settings.virt?.rawValue
      }
    case .cpus:
      .init(
        "its vCPUs: how many it has, and how many it could have", "<vcpu current>",
        by: "virDomainSetVcpusFlags",
        live: .on(
          .qemu, .xen, .test, if: "the maximum stays; on QEMU without KVM only more",
          { guest, wanted in
            guard let from = guest.settings.cpus, let to = wanted.settings.cpus, from.max == to.max else {
              return false
            }
            // QEMU that emulates does not get a vCPU back from its guest, and may not survive trying.
            return to.count > from.count || guest.settings.accel != .tcg
          }), unset: .back(to: "1", { $0.settings.cpus = VCPUs(count: 1) })
      ) { $0.settings.cpus?.description }
    case .cpuShares:
      .init(
        "its weight when CPU time is short, 1024 for a VM without one, 256 on Xen", "<cputune><shares>",
        by: "virDomainSetSchedulerParametersFlags",
        live: .on(.qemu, .xen, if: "it has a weight afterwards", { $1.settings.cpuShares != nil }),
        unset: .removed
      ) { $0.settings.cpuShares.map(String.init) }
    case .cpuLimit:
      .init(
        "the most CPU time that it gets, in CPUs of the host",
        "<cputune><global_quota>; of a guest on Xen virDomainGetSchedulerParameters",
        by: "virDomainSetSchedulerParametersFlags", live: .on(.qemu, .xen), unset: .removed
      ) { $0.settings.cpuLimit?.description }
    case .cpuPinning:
      .init(
        "the host's CPUs that its vCPUs may run on", "<cputune><vcpupin>", by: "virDomainPinVcpuFlags",
        live: .on(
          .qemu, .xen, if: "no vCPU becomes free of its set",
          { guest, wanted in
            let before = Set((guest.settings.cpuPinning?.sets ?? [:]).keys)
            return before.isSubset(of: (wanted.settings.cpuPinning?.sets ?? [:]).keys)
          }), unset: .removed
      ) { $0.settings.cpuPinning?.description }
    case .cpuTopology:
      .init(
        "how its vCPUs are arranged: sockets, the cores of each, and their threads", "<cpu><topology>",
        unset: .removed, lacking: [.xen]
      ) { $0.settings.cpuTopology?.description }
    case .memory:
      .init(
        "its memory: what it has, and what it could have", "<memory>, <currentMemory>",
        by: "virDomainSetMemoryFlags",
        scope: .request,
        live: .on(
          .qemu, .xen, .test, if: "the maximum stays",
          { $0.settings.memory?.max == $1.settings.memory?.max }), unset: .required
      ) { $0.settings.memory?.description }
    case .memoryLimit:
      .init(
        "its memory with all devices that could be plugged in", "<maxMemory>", unset: .removed,
        lacking: [.xen]
      ) { $0.settings.memoryLimit?.description }
    case .hugePages:
      .init(
        "the size of the host's pages that its memory is made of", "<memoryBacking><hugepages>",
        unset: .back(to: "none", { $0.settings.hugePages = .absent }), lacking: [.xen]
      ) { $0.settings.hugePages?.description }
    case .numaCells:
      .init("its NUMA cells, each with vCPUs and memory", "<cpu><numa><cell>", unset: .removed) {
        $0.settings.numaCells.map { $0.map(\.description).joined(separator: "; ") }
      }
    case .numaNodes:
      .init(
        "the NUMA nodes of the host that its memory comes from", "<numatune><memory nodeset>",
        unset: .removed,
        lacking: [.xen]
      ) { $0.settings.numaNodes?.description }
    case .machine:
      .init("its machine type", "<os><type machine>", lacking: [.xen]) { $0.settings.machine }
    case .firmware: .init("its firmware", "<os firmware>, <loader>") { $0.settings.firmware?.rawValue }
    case .secureBoot:
      .init(
        "whether UEFI boots only what is signed; each has firmware variables of its own",
        "<os><firmware><feature name='secure-boot'>, <nvram>", lacking: [.xen]
      ) { $0.settings.secureBoot.map(String.init) }
    case .cpu: .init("the model of its CPU", "<cpu>", lacking: [.xen]) { $0.settings.cpu }
    case .kernel: .init("the kernel it is booted with", "<os><kernel>", unset: .removed) { $0.kernel }
    case .initrd: .init("the initrd it is booted with", "<os><initrd>", unset: .removed) { $0.initrd }
    case .cmdline:
      .init("the command line of its kernel", "<os><cmdline>", unset: .removed) { $0.settings.cmdline }
    case .ignition:
      .init(
        "the config that Ignition reads at its first boot, and never again", "<sysinfo type='fwcfg'><entry>",
        unset: .removed
      ) { $0.ignition }
    case .boot:
      .init(
        "the disks and NICs it boots from, in order", "<boot order> of its devices", lacking: [.xen]
      ) { machine in
        machine.boot.map { $0.isEmpty ? "nothing" : $0.joined(separator: ", ") }
      }
    case .graphics:
      .init(
        "where its screen can be seen", "<graphics type>",
        unset: .back(to: "none", { $0.settings.graphics = Graphics.none })
      ) { $0.settings.graphics?.rawValue }
    case .password:
      .init(
        "the password of its screen", "<graphics passwd>, compared by what the mark remembers of it",
        by: "virDomainUpdateDeviceFlags", scope: .secret,
        live: .on(
          .qemu, if: "it has one afterwards and the screen stays",
          { guest, wanted in
            wanted.settings.graphicsPassword != nil && guest.settings.graphics == wanted.settings.graphics
          }),
        unset: .removed
      ) { machine in
        machine.settings.graphicsPassword.map(Self.trace(ofPassword:))
          ?? machine.mark?.applied[Self.password.rawValue]
      }
    case .console:
      .init(
        "whether it has a serial console", "<serial>, <console>",
        unset: .back(to: "true", { $0.settings.console = true })
      ) { $0.settings.console.map(String.init) }
    case .consoleLog:
      .init(
        "the file on the host that keeps what its serial console says", "<serial><log>", unset: .removed,
        lacking: [.xen]
      ) { $0.settings.consoleLog }
    case .tpm:
      .init(
        "its TPM 2.0, emulated by swtpm; what is in it stays with the VM", "<tpm model>",
        unset: .back(to: "none", { $0.settings.tpm = .absent }), lacking: [.xen]
      ) { $0.settings.tpm?.description }
    case .randomSource:
      .init(
        "its source of random numbers, and the most bytes a second", "<rng>, the one on /dev/urandom",
        by: "virDomainAttachDeviceFlags, virDomainDetachDeviceFlags",
        live: .on(
          .qemu, if: "it comes or goes",
          { ($0.settings.randomSource?.kind == nil) != ($1.settings.randomSource?.kind == nil) }),
        unset: .back(to: "unlimited", { $0.settings.randomSource = .present(RandomSource()) }),
        lacking: [.xen]
      ) { $0.settings.randomSource?.description }
    case .watchdog:
      .init(
        "what acts when it gives no more signs of life, and its card", "<watchdog model, action>",
        unset: .back(to: "none", { $0.settings.watchdog = .absent }), lacking: [.xen]
      ) { $0.settings.watchdog?.description }
    case .autostart:
      .init(
        "whether it starts with its host", "virDomainGetAutostart", by: "virDomainSetAutostart",
        scope: .definition,
        unset: .back(to: "false", { $0.settings.autostart = false })
      ) { $0.settings.autostart.map(String.init) }
    case .shutdown:
      .init("how it is stopped", "the mark", scope: .definition, unset: .removed) { $0.shutdown?.description }
    case .protect:
      .init(
        "whether nothing may remove it, or delete the disks that were made for it", "the mark",
        scope: .definition, unset: .removed
      ) {
        $0.isProtected ? "true" : nil
      }
    case .metaData: Self.document("meta-data", "what cloud-init calls the guest", field: .metaData)
    case .networkConfig:
      Self.document("network-config", "how cloud-init sets up its network", field: .networkConfig)
    case .userData: Self.document("user-data", "what cloud-init makes of it", field: .userData)
    case .state:
      .init(
        "whether it runs", "virDomainGetState",
        by: "virDomainCreate, virDomainShutdownFlags, virDomainSuspend, virDomainResume", scope: .power,
        unset: .back(to: "running", { $0.settings.state = .running })
      ) { $0.settings.state?.rawValue }
    }
  }

  /// A document of the seed. It reaches the guest with the volume in the drive `seed`, which is changed at once or waits
  /// as every medium does.
  private static func document(
    _ name: String, _ summary: String, field: MachineField
  ) -> FieldRule<Machine> {
    .init(
      "\(summary), on the medium of disks.seed", "the mark, which remembers a trace of it",
      by: "virDomainUpdateDeviceFlags", scope: .secret, live: .on(.qemu), unset: .removed
    ) { $0.seedTraces[name] ?? $0.mark?.applied[field.rawValue] }
  }

  /// The field's normal form: equal texts are equal values. nil where the VM has no value.
  public func value(of machine: Machine) -> String? { rule.value(machine) }

  /// Enough of a password to see that it is another one, too little to find it: one in 65,536 changes is missed.
  private static func trace(ofPassword password: String) -> String {
    let digest = SHA256.hash(data: Array("virtform/\(password)".utf8))
    return "set (" + digest.prefix(2).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() + ")"
  }

  public static func < (a: MachineField, b: MachineField) -> Bool { a.position < b.position }
  private var position: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

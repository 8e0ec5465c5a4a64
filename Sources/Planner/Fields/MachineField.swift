import Crypto
import SpecModel

/// The fields of a VM, each with its rule. Its disks, CD-ROM drives and NICs have tables of their own.
public enum MachineField: String, CaseIterable, Sendable, Comparable {
  case name, title, description, accel, cpus
  case cpuShares = "cpus.shares"
  case cpuPinning = "cpus.pin"
  case memory
  case memoryLimit = "memory.limit"
  case machine, firmware, cpu, kernel, initrd, cmdline, ignition, boot, graphics
  case password = "graphics.password"
  case console, autostart, shutdown, protect
  case metaData = "cloud_init.meta-data"
  case networkConfig = "cloud_init.network-config"
  case userData = "cloud_init.user-data"
  case state

  public var rule: FieldRule<Machine> {
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
        "its weight when CPU time is short, 1024 for a VM without one", "<cputune><shares>",
        by: "virDomainSetSchedulerParametersFlags",
        live: .on(.qemu, if: "it has a weight afterwards", { $1.settings.cpuShares != nil }), unset: .removed
      ) { $0.settings.cpuShares.map(String.init) }
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
      .init("its memory with all devices that could be plugged in", "<maxMemory>", unset: .removed) {
        $0.settings.memoryLimit?.description
      }
    case .machine: .init("its machine type", "<os><type machine>") { $0.settings.machine }
    case .firmware: .init("its firmware", "<os firmware>, <loader>") { $0.settings.firmware?.rawValue }
    case .cpu: .init("the model of its CPU", "<cpu>") { $0.settings.cpu }
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
      .init("the disks and NICs it boots from, in order", "<boot order> of its devices") { machine in
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
    case .autostart:
      .init(
        "whether it starts with its host", "virDomainGetAutostart", by: "virDomainSetAutostart",
        scope: .definition,
        unset: .back(to: "false", { $0.settings.autostart = false })
      ) { $0.settings.autostart.map(String.init) }
    case .shutdown:
      .init("how it is stopped", "the mark", scope: .definition, unset: .removed) { $0.shutdown?.description }
    case .protect:
      .init("whether nothing may remove it", "the mark", scope: .definition, unset: .removed) {
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

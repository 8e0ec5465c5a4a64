/// What is the same on all hypervisors and what is not, written from the tables that the planner goes by.
public enum HypervisorReference {
  /// How it is known that a driver does with a field what its row says.
  public enum Evidence: String, Sendable {
    /// Tests change it on a real host.
    case real
    /// Tests look at the documents that libvirt would get, and no host was asked.
    case schema
    /// The driver has no such thing, and the plan refuses it.
    case impossible = "–"
  }

  /// The fields that tests change on a real Xen host, by the tables' names. They hold this list against what they do.
  public static let testedOnXen: Set<String> = [
    "title", "description", "cpus", "cpus.shares", "cpus.limit", "cpus.pin", "memory", "kernel",
    "initrd", "cmdline",
    "autostart", "state", "disks.attached", "nics.attached", "volume.size", "volume.pool",
  ]

  /// The fields that no test asks a guest on QEMU for: it takes hardware that not every machine has.
  static let untestedOnQEMU: Set<String> = ["accel", "virt", "host_devices.attached"]

  /// The fields that are an ability of the driver.
  private static let abilities: [String: DriverAbility] = [
    "name": .renaming, "ignition": .ignition, "nics.firewall": .firewalls,
  ]

  /// The page as Markdown.
  public static func markdown() -> String {
    """
    # One spec on QEMU and on Xen

    This page is written from the tables in `Sources/Planner/Fields`; `make docs` writes it again.

    A spec runs on another hypervisor when the URI of its host is another one: `qemu+ssh://root@rack1/system`,
    `xen+ssh://root@rack2/`. [examples/quickstart](../examples/quickstart/site.yaml) does. What a host's driver does not have is an
    error of the plan at the line that asks for it: libvirt's driver for Xen takes most definitions, and tells only when the guest starts
    that it did not understand them. Where virtform chooses a VM's host, it chooses one that has all the VM asks for.

    ## Guests on Xen
    | `virt` | the guest | needs |
    |---|---|---|
    | `pv` | its kernel calls Xen | a kernel for Xen, as all of Linux are: `kernel:`, or on the disk with a configuration of GRUB that pygrub reads |
    | `pvh` | the same, in a processor that virtualizes | VMX or SVM on the host, and `kernel:` |
    | `hvm` | a whole machine with firmware | VMX or SVM on the host, and QEMU in dom0 |

    Without `virt` a VM with a kernel is `pvh`, and one without is `hvm`, where the host's libvirt says that it runs these; else it is `pv`.

    - **Disks** are `xvda`, `xvdb` … in the order of the spec. What is raw dom0's kernel serves; what is qcow2 takes a QEMU in dom0, which a
      running guest has only if it started with such a disk: a first one waits for a restart. A disk grows while its VM is off; of
      one that runs the plan refuses it.
    - **The console** is `hvc0`. A command line with `console=ttyS0 console=hvc0` is right on both.
    - **Memory** changes live up to `max`.
    - **dom0** is no VM: it is not shown, counted or changed as one, and no VM can have its name, `Domain-0`. Its memory counts as used where VMs
      are placed, where policies count, and in `virtform hosts`; its processors do not, as those of a Linux that runs QEMU do not. `reserve:` of the host
      holds back more. Give dom0 a memory of its own (`dom0_mem=4096M,max:4096M`): one that has all of the host's counts as that.
    - **`cpus.shares`** is the weight of Xen's scheduler, 256 for a VM without one, and 65535 at most. What a guest has of it, and of `cpus.limit`, is asked of the scheduler.
    - **`cpus.limit`** is its cap. libvirt's driver gives a guest none when it starts: virtform does, after each start of its own. A guest that
      has started without virtform, with its host or by a reboot, is without until the next apply, and the plan says so.
    - **When a host shuts down**, `libvirt-guests` or `xendomains` saves or stops its guests, as the host is set up. A VM that was saved (`virsh managedsave`) goes
      on from there with its next start, by virtform too; until then the plan refuses what the saved guest would notice. With
      `autostart: true` it starts with its host.
    - **Networks** are libvirt's own or bridges. `mode: auto` is QEMU's user-mode network where all hosts have that, and `nat` elsewhere.

    ## What a driver can do
    \(table(
      ["", "QEMU", "Xen", "ESX", "test", "without it"],
      DriverAbility.allCases.map { ability in
        [ability.summary] + drivers.map { $0.can(ability) ? "yes" : "–" } + [ability.otherwise]
      }))
    What is said of ESX is what libvirt's driver for it refuses; no test asks such a host.

    ## What a change does, and how that is known
    **real**: tests change it on a real host. **schema**: tests look at the documents that libvirt would get, and no host
    was asked. **–**: impossible, and refused by the plan. What the words for changes mean is said in [fields.md](fields.md).

    \(fields)
    """
  }

  private static let drivers: [HostCapabilities.Driver] = [.qemu, .xen, .esx, .test]

  private static var fields: String {
    func section<Object>(_ prefix: String, _ fields: [(name: String, rule: FieldRule<Object>)]) -> [[String]]
    {
      fields.map { row(prefix + $0.name, $0.rule) }
    }
    return table(
      ["field", "QEMU", "", "Xen", ""],
      section("", MachineField.allCases.map { ($0.rawValue, $0.rule) })
        + section("memory.devices.", MemoryDeviceField.allCases.map { ($0.rawValue, $0.rule) })
        + section("disks.", DiskField.allCases.map { ($0.rawValue, $0.rule) })
        + section("cdrom.", DriveField.allCases.map { ($0.rawValue, $0.rule) })
        + section("nics.", NICField.allCases.map { ($0.rawValue, $0.rule) })
        + section("shares.", ShareField.allCases.map { ($0.rawValue, $0.rule) })
        + section("host_devices.", HostDeviceField.allCases.map { ($0.rawValue, $0.rule) })
        + section("volume.", VolumeField.allCases.map { ($0.rawValue, $0.rule) }))
  }

  private static func row<Object>(_ name: String, _ rule: FieldRule<Object>) -> [String] {
    let effect = FieldEffect(rule)
    let (qemu, xen) = (evidence(of: name, rule, on: .qemu), evidence(of: name, rule, on: .xen))
    return [
      "`\(name)`", effect.qemu, qemu.rawValue, xen == .impossible ? "refused" : effect.xen, xen.rawValue,
    ]
  }

  private static func evidence<Object>(
    of name: String, _ rule: FieldRule<Object>, on driver: HostCapabilities.Driver
  ) -> Evidence {
    if rule.lacking.contains(driver) || abilities[name].map(driver.can) == false { return .impossible }
    let isTested = driver == .xen ? testedOnXen.contains(name) : !untestedOnQEMU.contains(name)
    return isTested ? .real : .schema
  }

  private static func table(_ header: [String], _ rows: [[String]]) -> String {
    ([header, header.map { _ in "---" }] + rows).map { "| " + $0.joined(separator: " | ") + " |\n" }.joined()
  }
}

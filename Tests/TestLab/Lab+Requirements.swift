import FoundationEssentials
import Glibc

extension Lab {
  /// The tiny guest's files, as `Lab/guest/image.sh` makes them.
  public static let guest = "\(repository)/.lab/guest"

  /// The files of the Debian guest, as `Lab/debian/image.sh` makes them.
  public static let debian = "\(repository)/.lab/debian"

  private static func has(_ paths: String...) -> Bool { paths.allSatisfy(FileManager.default.fileExists) }

  /// True where a private daemon can be started.
  public static let hasLibvirt = has("/usr/sbin/libvirtd", "/usr/bin/virsh")

  /// True where a guest with cloud-init can be made and reached.
  public static let hasDebian = has(
    "\(debian)/debian.qcow2", "\(debian)/vmlinuz", "\(debian)/initrd.gz", "/usr/bin/xorriso", "/usr/bin/ssh")

  /// True where real guests can be started on networks of their own.
  public static let hasQEMU =
    hasLibvirt && geteuid() == 0
    && has("/usr/bin/qemu-system-x86_64", "\(guest)/vmlinuz", "\(guest)/guest.qcow2")

  /// True where guests have an emulated TPM.
  public static let hasTPM = has("/usr/bin/swtpm", "/usr/bin/swtpm_setup")

  /// True where guests boot by UEFI, with and without secure boot.
  public static let hasSecureBoot = has(
    "/usr/share/OVMF/OVMF_CODE_4M.ms.fd", "/usr/share/OVMF/OVMF_CODE_4M.fd")

  /// True where volume groups can be made.
  public static let hasLVM = has("/usr/sbin/lvm", "/usr/sbin/losetup")

  /// True where the kernel itself makes the devices of logical volumes.
  public static let hasDeviceMapper =
    (try? String(contentsOfFile: "/proc/misc", encoding: .utf8))?.contains("device-mapper") ?? false

  /// Starts a daemon whose LVM has loop devices for the kernel's; nothing where the kernel has a device-mapper.
  public static let lvmLauncher =
    hasDeviceMapper
    ? []
    : [
      "/usr/bin/unshare", "--mount", "--propagation", "slave", "/bin/sh", "-euc",
      """
      mkdir -p /run/lvm-on-loops
      mount -t tmpfs tmpfs /run/lvm-on-loops
      cp /usr/sbin/lvm /run/lvm-on-loops/lvm
      mount --bind "$1" /usr/sbin/lvm
      shift
      exec "$@"
      """, "sh", "\(repository)/Lab/lvm-on-loops.sh",
    ]

  /// True where documents can be held against libvirt's grammars of them.
  public static let hasGrammars = has("/usr/bin/xmllint", "/usr/share/libvirt/schemas/storagepool.rng")

  /// True inside of `Lab/with-switch.sh`: in namespaces with an Open vSwitch of their own.
  public static let hasSwitch =
    hasQEMU && ProcessInfo.processInfo.environment["VF_SWITCH"] == "inside" && has("/run/openvswitch/db.sock")

  /// True where several hosts can be had on this machine, as `Lab/qemu/lab.sh` makes them.
  public static let hasHosts =
    hasQEMU
    && has(
      "/usr/sbin/virtlogd", "/usr/sbin/dnsmasq", "/usr/bin/bindfs", "/dev/fuse", "/usr/bin/openssl",
      "/usr/bin/ssh-keygen")
    && (has("/usr/sbin/sshd") || has("\(repository)/.lab/sshd/sshd"))

  /// True where a Xen host can be had, as `Lab/xen/image.sh` makes it.
  public static let hasXen =
    has("/usr/bin/qemu-system-x86_64", "/usr/bin/virsh", "/usr/bin/socat", "/usr/bin/ssh")
    && has("\(guest)/vmlinuz", "\(repository)/.lab/xen/state", "\(repository)/.lab/xen/dom0.qcow2")

  /// True where Ansible reads inventories.
  public static let hasAnsible = has("/usr/bin/ansible-inventory")
}

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

  /// True inside of `Lab/with-switch.sh`: in namespaces with an Open vSwitch of their own.
  public static let hasSwitch =
    hasQEMU && ProcessInfo.processInfo.environment["VF_SWITCH"] == "inside" && has("/run/openvswitch/db.sock")

  /// True where Ansible reads inventories.
  public static let hasAnsible = has("/usr/bin/ansible-inventory")
}

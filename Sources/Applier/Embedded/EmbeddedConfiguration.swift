import FoundationEssentials

/// The files and words that the embedded libvirt is started with.
enum EmbeddedConfiguration {
  /// Seconds without a client and without a running guest after which the daemon ends.
  static let idleSeconds = 120

  /// `libvirtd.conf`: sockets for this user alone, and an identity of its own.
  static func daemon(logDirectory: String) -> String {
    """
    auth_unix_rw = "none"
    auth_unix_ro = "none"
    unix_sock_rw_perms = "0700"
    unix_sock_ro_perms = "0700"
    unix_sock_admin_perms = "0700"
    host_uuid = "\(UUID().uuidString.lowercased())"
    log_outputs = "3:file:\(logDirectory)/libvirtd.log"

    """
  }

  /// `qemu.conf`: guests run with the rights of the user, and no further daemon keeps their logs.
  static func qemu(isPrivileged: Bool) -> String {
    let common = """
      stdio_handler = "file"
      security_driver = "none"

      """
    guard isPrivileged else { return common }
    return common + """
      user = "root"
      group = "root"
      dynamic_ownership = 0
      remember_owner = 0
      cgroup_controllers = [ ]
      namespaces = [ ]

      """
  }

  /// Puts the daemon's directories in the place of libvirt's fixed ones, in a mount namespace that nobody else
  /// sees, and becomes the daemon. All that varies comes as arguments.
  static let enterScript = """
    umask 022
    mkdir -p /etc/libvirt /var/lib/libvirt /var/log/libvirt /var/cache/libvirt /run/libvirt
    directory=$1; shift
    mount --bind "$directory/etc" /etc/libvirt
    mount --bind "$directory/lib" /var/lib/libvirt
    mount --bind "$directory/log" /var/log/libvirt
    mount --bind "$directory/cache" /var/cache/libvirt
    mount --bind "$directory/run" /run/libvirt
    while [ "$1" != -- ]; do
      mount --bind "$directory/$1" "/etc/$1"; shift
    done
    shift
    exec "$@"
    """
}

import Planner
import SpecModel

/// A spec to start from, with what the words mean in comments. It is valid as it stands.
struct StartingSpec {
  /// What is known of the host that it is for.
  struct Host {
    let name: String
    let uri: String
    /// The names of active pools and networks, which it uses and does not manage.
    let pools: [String]
    let networks: [String]
    let hasKVM: Bool
    /// VMs that are there already.
    let machines: Int
  }

  let stack: String
  /// nil for a libvirt of the user's own on this machine.
  let host: Host?

  var text: String {
    """
    # A spec of virtform: what there is to be. 'virtform plan' says what would change, 'virtform apply' makes it so.
    # 'virtform explain vms' tells of every word; with a schema (virtform schema) editors complete and check them.
    virtform: 1                # the version of the language
    stack: \(Self.padded(stack, 20))# what is taken out of a stack's spec is removed by its next apply

    \(sections)
    # images:                  # what disks are clones of: files of this machine, or URLs with their SHA-256
    #   debian: {source: ./debian-12-genericcloud-amd64.qcow2}

    defaults:                  # what every VM has unless it says otherwise
      cpus: 1
      memory: 1GiB
    \(pool)
    vms:
      web:
        # count: 3             # web-1, web-2 and web-3
        # image: debian        # makes the root disk a clone of it
        disks:
          root: {size: 10GiB}
        nics: {\(network): {}}
        # cloud_init:          # what the guest sets up at its first boot
        #   ssh_keys: [{file: ~/.ssh/id_ed25519.pub}]
        # protect: true        # nothing removes the VM as long as this stands here

    """
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(width - text.count, 2))
  }

  private var sections: String { [hosts, pools, networks].compactMap { $0 }.joined(separator: "\n") }

  private var hosts: String {
    guard let host else {
      return """
        # hosts:                   # without it: one host, local, on a libvirt of your own that virtform starts
        #   rack1: {uri: "qemu+ssh://root@rack1.example.org/system"}

        """
    }
    let machines =
      host.machines == 0
      ? "" : "# It has \(host.machines) VM\(host.machines == 1 ? "" : "s") that virtform leaves alone.\n"
    let accel = host.hasKVM ? "" : "   # without KVM: VMs are emulated, which is slow"
    return machines + "hosts:\n  \(host.name): {uri: \"\(host.uri)\"}\(accel)\n"
  }

  private var pools: String? {
    guard let host else { return nil }
    guard !host.pools.isEmpty else {
      return "pools:                     # where disks lie\n  default: {path: /var/lib/libvirt/images}\n"
    }
    return "pools:                     # where disks lie; external: there already, used and never changed\n"
      + host.pools.map { "  \($0): {external: true}\n" }.joined()
  }

  /// Where disks lie, where that has to be said.
  private var pool: String {
    guard let host, host.pools.count > 1 else { return "" }
    return "  pool: \(host.pools[0])\n"
  }

  private var networks: String {
    guard let host else {
      return """
        networks:
          net: {mode: user}        # guests reach out; as root there is more, such as {mode: nat, cidr: 10.10.0.0/24}

        """
    }
    let own = "  lan: {mode: nat, cidr: 10.10.0.0/24}\n"
    return "networks:\n"
      + (host.networks.isEmpty ? own : host.networks.map { "  \($0): {external: true}\n" }.joined())
  }

  private var network: String { host == nil ? "net" : host?.networks.first ?? "lan" }
}

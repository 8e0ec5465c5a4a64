/// What a random spec says of a VM; nil and empty where it is silent.
struct MachineDraft {
  /// Values of fields as YAML, by their names: `title`, `memory`, `cpus.shares`.
  var fields: [String: String] = [:]
  var memory: (size: Int, max: Int?) = (1, nil)
  /// In GiB, and in MiB by name.
  var memoryLimit: Int?
  var memoryDevices: [String: Int] = [:]
  var cpus: (count: Int, max: Int)?
  var graphics: (type: String, password: String?)?
  /// As YAML, by name.
  var shares: [String: String] = [:]
  var hostDevices: [String: String] = [:]
  var image: String?
  var kernel: String?
  var disks: [String: DiskDraft] = [:]
  var nics: [String: NICDraft] = [:]
  var boots: [String] = []
  /// VMs that it starts after, as far as they are there.
  var after: Set<String> = []
}

struct DiskDraft {
  enum Content {
    case own, shared(String)
    /// An image, or an empty drive.
    case cdrom(String?)
  }

  var content = Content.own
  /// The shared disk that it is.
  var shared: String? { if case .shared(let name) = content { name } else { nil } }
  var keep = false
  var isProtected = false
  var bus: String?
  var iotune: String?
}

struct NICDraft {
  var network: String
  var address: Int?
  /// Whether it has an address of IPv6, too, if it is the VM's first on a network with such.
  var hasIPv6 = false
  /// Whether cloud-init gives the address, where the VM has it, and not DHCP.
  var isStatic = false
  var mac: Int?
  var model: String?
  var link: String?
  var vlan: String?
  /// If its network has it.
  var portgroup: String?
  var qos: String?
  var firewall: String?
}

struct NetworkDraft {
  /// A bridge of Open vSwitch, with VLANs and without addresses.
  var isSwitch = false
  var domain: String?
  var records: [String: Int] = [:]
  var mtu: Int?
  /// Its blocks are `10.NUMBER.…`, whatever it is called later.
  let number: Int
  var block = 0
  /// Port groups by their names.
  var portgroups: [String: String] = [:]
  var rangeEnd: Int? = 199
  /// What it says of IPv6 behind the block, or nil if it has none.
  var ipv6: String?
  var autostart: Bool?
  var isProtected = false
}

struct SharedDraft {
  var isProtected = false
  var size = 3
}

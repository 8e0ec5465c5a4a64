/// A form that a text has to have.
public struct TextForm: Sendable {
  /// `size with a unit, such as 4GiB`
  public let title: String
  /// What it is in a word.
  public let kind: String
  /// A regular expression for the whole text, in what ECMA 262 and Python have in common; it takes all that the decoder
  /// takes, and some more. nil for any text.
  public let pattern: String?
  /// True if a number without quotes is taken, too.
  public let takesNumbers: Bool
  /// Several of it, where maps have it for keys.
  let plural: String
  /// What stands for it in a path.
  let placeholder: String

  private init(
    _ title: String, _ pattern: String?, kind: String = "text", takesNumbers: Bool = true,
    plural: String = "names", placeholder: String = "NAME"
  ) {
    self.title = title
    self.pattern = pattern
    self.kind = kind
    self.takesNumbers = takesNumbers
    self.plural = plural
    self.placeholder = placeholder
  }

  /// Alternatives of literal words.
  private static func any(of words: some Sequence<String>) -> String { words.sorted().joined(separator: "|") }

  // MARK: Values of the model

  static let name = TextForm(
    "name", "[A-Za-z0-9][A-Za-z0-9._-]{0,\(ResourceName.maximumLength - 1)}", kind: "name")
  static let size = TextForm(
    "size with a unit, such as 4GiB", "[0-9]+([.][0-9]+)? *(\(any(of: ByteCount.units.keys)))", kind: "size",
    takesNumbers: false)
  static let duration = TextForm(
    "length of time, such as 30s, 5m or 1h", "[0-9]+[smh]", kind: "duration", takesNumbers: false)
  static let shortDuration = TextForm(
    "length of time, such as 300ms or 2s", "[0-9]+m?s", kind: "duration", takesNumbers: false)
  static let hostURI = TextForm(
    "libvirt URI, or embedded",
    "embedded|(\(any(of: HostURI.drivers)))([+](\(any(of: HostURI.transports))))?://.*", kind: "URI")
  static let migrationURI = TextForm(
    "libvirt URI of QEMU that names its host",
    "qemu([+](\(any(of: HostURI.transports))))?://[^/].*", kind: "URI")
  static let cpuSet = TextForm(
    "set of numbers, such as 0-3,7", " *\\^?[0-9]+(-[0-9]+)? *(, *\\^?[0-9]+(-[0-9]+)? *)*", kind: "CPU set")
  static let vcpu = TextForm("number", "[0-9]+", kind: "number", plural: "numbers", placeholder: "NUMBER")
  static let pciAddress = TextForm(
    "PCI address, such as 0000:03:00.0", "([0-9A-Fa-f]{1,8}:)?[0-9A-Fa-f]{1,2}:[0-9A-Fa-f]{1,2}[.][0-7]",
    kind: "PCI address", takesNumbers: false)
  static let usbProduct = TextForm(
    "vendor and product of USB, such as 1050:0407", "[0-9A-Fa-f]{4}:[0-9A-Fa-f]{4}", kind: "USB product",
    takesNumbers: false)

  // MARK: Addresses

  private static let ipv4Pattern = "[0-9]{1,3}([.][0-9]{1,3}){3}"
  private static let ipv6Pattern = "[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*"
  private static let addressPattern = "(\(ipv4Pattern)|\(ipv6Pattern))"

  static let ipv4 = TextForm("IPv4 address", ipv4Pattern, kind: "address", takesNumbers: false)
  static let ipv6 = TextForm("IPv6 address", ipv6Pattern, kind: "address", takesNumbers: false)
  static let address = TextForm("IP address", addressPattern, kind: "address", takesNumbers: false)
  static let countedAddress = TextForm(
    "IP address; with + behind it, it counts up with the VM's number", "\(addressPattern)[+]?",
    kind: "address",
    takesNumbers: false)
  static let staticAddress = TextForm(
    "IP address with the length of its prefix; with + behind it, it counts up with the VM's number",
    "\(addressPattern)(/[0-9]{1,3})?[+]?", kind: "address", takesNumbers: false)
  static let ipv4Block = TextForm(
    "block of IPv4 addresses, such as 10.10.0.0/24", "\(ipv4Pattern)/[0-9]{1,2}", kind: "block",
    takesNumbers: false)
  static let ipv6Block = TextForm(
    "block of IPv6 addresses, such as fd00:10::/64", "\(ipv6Pattern)/[0-9]{1,3}", kind: "block",
    takesNumbers: false)
  static let mac = TextForm(
    "MAC address", "([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}", kind: "MAC address", takesNumbers: false)
  static let peer = TextForm(
    "IP address, block of addresses or name of a VM", "[A-Za-z0-9._:-]+(/[0-9]{1,3})?",
    kind: "address or name")
  static let dnsName = TextForm(
    "name of the DNS",
    "[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?([.][A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*",
    kind: "host name")
  static let hostName = TextForm(
    "host name without dots", "[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?", kind: "host name")
  static let networkAddress = TextForm(
    "IP address or host name", "[A-Za-z0-9._:][A-Za-z0-9._:-]*", kind: "address")
  static let monitor = TextForm(
    "host name, with or without a port", "[A-Za-z0-9._:][A-Za-z0-9._:-]*", kind: "address",
    takesNumbers: false)
  static let jumpHost = TextForm(
    "host to jump through, [user@]host[:port]", "([A-Za-z0-9._:-]+@)?[A-Za-z0-9._:][A-Za-z0-9._:-]*",
    kind: "address")

  // MARK: Numbers

  static let ports = TextForm("port or range of ports, such as 8000-8099", "[0-9]+(-[0-9]+)?", kind: "port")
  static let tags = TextForm(
    "tag of a VLAN from 1 to 4094 or range of tags, such as 20-30", "[0-9]+(-[0-9]+)?", kind: "VLAN")
  static let fileMode = TextForm("mode in octal, such as 0644", "0?[0-7]{3,4}", kind: "mode")

  static let ratio = TextForm(
    "number above 0 and up to 1000, such as 1.5", "[0-9]+([.][0-9]{1,3})?", kind: "number")
  static let cpuLimit = TextForm(
    "number of CPUs above 0 and up to 1000, such as 1.5", "[0-9]{1,4}([.][0-9]{1,2})?", kind: "number")

  // MARK: Times

  static let clock = TextForm(
    "time of the day, such as 22:00", "[0-9]{2}:[0-9]{2}", kind: "time", takesNumbers: false)
  static let zone = TextForm("time zone: UTC, an offset or a name", "[A-Za-z0-9/_+:-]+", kind: "zone")

  // MARK: Files and devices

  static let localPath = TextForm(
    "path of a file of this machine", nil, kind: "path", takesNumbers: false)
  static let hostPath = TextForm(
    "absolute path on the host", "/[^\\u0000-\\u001f]*", kind: "path", takesNumbers: false)
  static let guestPath = TextForm(
    "absolute path in the guest", "/[^\\u0000-\\u001f]*", kind: "path", takesNumbers: false, plural: "paths",
    placeholder: "PATH")
  static let devicePath = TextForm(
    "path of a device of the host", "/[^\\u0000-\\u001f]*", kind: "path", takesNumbers: false)
  static let exportedPath = TextForm("directory, or name of a share", "[^\\u0000-\\u001f]+", kind: "path")
  static let urlPath = TextForm("path of a URL", "/[!-~]*", kind: "path", takesNumbers: false)
  static let imageSource = TextForm(
    "path of a file of this machine, or URL", nil, kind: "path or URL", takesNumbers: false)
  static let sha256 = TextForm(
    "SHA-256 in 64 hexadecimal digits, or none", "none|[0-9A-Fa-f]{64}", kind: "SHA-256")
  static let interface = TextForm(
    "name of a network interface, up to 15 characters", "[A-Za-z0-9][A-Za-z0-9._-]{0,14}", kind: "name")
  static let word = TextForm(
    "name that somebody else has given", "[A-Za-z0-9+_.:][A-Za-z0-9+_.:-]*", kind: "name")
  static let wordPath = TextForm(
    "name, of ZFS in parts with / between, or path of a device", "/?[A-Za-z0-9+_.:][A-Za-z0-9+_.:/-]*",
    kind: "name")
  static let target = TextForm(
    "name of a target, such as iqn.2024-01.org.example:vms", "(iqn|eui|naa)[.][A-Za-z0-9+_.:-]+",
    kind: "name",
    takesNumbers: false)

  // MARK: People

  static let user = TextForm(
    "name of a user or group", "[a-z_][a-z0-9_-]{0,31}", kind: "name", takesNumbers: false)
  static let loginName = TextForm("name of a user", "[!-,.-?A-~][!-?A-~]*", kind: "name")
  static let owner = TextForm("user, or user:group", "[A-Za-z0-9_.-]+(:[A-Za-z0-9_.-]+)?", kind: "name")
  static let publicKey = TextForm(
    "public key, as authorized_keys has it", "([^\\n]* )?(sk-)?(ssh|ecdsa)-[a-z0-9@.-]+ +AAAA[^\\n]*",
    kind: "key",
    takesNumbers: false)

  // MARK: Addresses of the spec

  static let movedAddress = TextForm(
    "address, such as vms.web, vms.web.disks.data, networks.lan or disks.data",
    "(vms|networks|disks)[.][A-Za-z0-9._-]+", kind: "address", takesNumbers: false, plural: "addresses",
    placeholder: "ADDRESS")
  static let adoptedAddress = TextForm(
    "address, vms.VM or networks.NETWORK, or vms or networks", "(vms|networks)([.][A-Za-z0-9._-]+)?",
    kind: "address",
    takesNumbers: false, plural: "addresses", placeholder: "ADDRESS")
  static let forgottenAddress = TextForm(
    "address, vms.VM or networks.NETWORK", "(vms|networks)[.][A-Za-z0-9._-]+", kind: "address",
    takesNumbers: false, plural: "addresses", placeholder: "ADDRESS")
}

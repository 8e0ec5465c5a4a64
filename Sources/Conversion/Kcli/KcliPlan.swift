import Libvirt
import SpecModel

/// A plan of kcli, with what kcli makes of it on a host of libvirt.
final class KcliPlan {
  /// Keys by which a plan is told from other YAML.
  static let tellingKeys: Set<String> = [
    "numcpus", "nets", "disks", "image", "profile", "template", "iso", "memory",
  ]

  /// What an entry of a plan can be.
  static let types: Set<String> = [
    "vm", "kvm", "network", "pool", "profile", "image", "cluster", "kube", "container", "plan", "disk", "dns",
  ]

  private static let sizeLimit = 8 << 20

  let estate: EstateBuilder
  let root: SourceNode
  /// Networks of the plan.
  private(set) var networks: Set<String> = []
  /// Profiles of the plan, by name.
  private(set) var profiles: [String: SourceNode] = [:]
  /// URLs of the plan's images, by what VMs may call them.
  private var images: [String: (name: String, url: String?, pool: String?)] = [:]
  private let usesParameters: Bool

  init(_ estate: EstateBuilder) throws(ConversionError) {
    self.estate = estate
    let file = estate.file
    let template = try KcliTemplate(try file.text(maximum: Self.sizeLimit), path: file.path)
    usesParameters = template.usesParameters
    guard
      let root = try SourceNode.read(
        yaml: template.text, path: file.path, placeholder: KcliTemplate.placeholder), root.isMap
    else {
      throw ConversionError(file.path, "is no plan: a plan is a map of machines, networks and the like")
    }
    self.root = root
  }

  func convert() throws(ConversionError) {
    if usesParameters {
      estate.note(
        estate.subject, line: root["parameters"]?.line,
        "its parameters have the values of the plan: what was given with -P or in a file of parameters is not known"
      )
    }
    root["parameters"]?.ignore()
    for (name, node) in entries(ofType: "network") { addNetwork(name, node) }
    for (name, node) in entries(ofType: "pool") { addPool(name, node) }
    for (name, node) in entries(ofType: "profile") {
      profiles[name] = node
      node["type"]?.ignore()
    }
    for (name, node) in entries(ofType: "image") { addImage(name, node) }
    var machines = 0
    for (name, node) in root.entries where kind(of: name, node) == "vm" {
      guard !name.contains(KcliTemplate.placeholder) else {
        estate.note(
          estate.subject, line: node.line, "a machine is not carried, since its name is a Jinja expression")
        node.ignore()
        continue
      }
      KcliMachine(name, node, of: self).convert()
      machines += 1
    }
    for (name, node) in root.entries {
      guard let kind = kind(of: name, node), !Self.carried.contains(kind) else { continue }
      estate.note(
        "\(kind) \(name)", line: node.line,
        "is not carried: kcli's type '\(kind)' is no machine, network, pool or image")
      node.ignore()
    }
    for (name, node) in profiles { estate.noteUnread(node, of: "profile \(name)") }
    estate.noteUnread(root, of: estate.subject)
    if machines == 0, estate.estate.networks.isEmpty, estate.estate.pools.isEmpty {
      throw ConversionError(estate.file.path, "is no plan that describes a machine, a network or a pool")
    }
  }

  private static let carried: Set<String> = ["vm", "network", "pool", "profile", "image"]

  private func kind(of name: String, _ node: SourceNode) -> String? {
    guard name != "parameters", node.isMap else { return nil }
    let kind = node["type"]?.text ?? "vm"
    return kind == "kvm" ? "vm" : kind
  }

  private func entries(ofType type: String) -> [(key: String, value: SourceNode)] {
    root.entries.filter { kind(of: $0.key, $0.value) == type }
  }

  /// Whether the plan or every host has the network.
  func knows(network name: String) -> Bool { name == "default" || networks.contains(name) }

  /// The image that a VM calls `name`.
  func image(_ name: String) -> (name: String, url: String?, pool: String?)? { images[name] }

  // MARK: Networks

  private func addNetwork(_ name: String, _ node: SourceNode) {
    let subject = "network \(name)"
    networks.insert(name)
    node["type"]?.ignore()
    let hasDHCP = node["dhcp"]?.flag ?? true
    let isNAT = node["nat"]?.flag ?? true
    let mode = node["forward_mode"]?.word
    let domain = node["domain"]?.word ?? name
    let mtu = node["mtu"]?.natural
    let bridge = node["bridge"]?.flag == nil ? node["bridge"]?.word : nil
    let isBridged = node["bridged"]?.flag == true
    if isBridged || node["type_bridge"] != nil {
      let device = node["bridgename"]?.word ?? bridge ?? name
      estate.add(
        network: XMLElement("network") {
          XMLElement("name", text: name)
          XMLElement("forward", ["mode": "bridge"])
          XMLElement("bridge", ["name": device])
        })
      estate.noteUnread(node, of: subject)
      return
    }
    var subnets: [XMLElement] = []
    for key in ["cidr", "dual_cidr"] {
      guard let text = node[key]?.word else { continue }
      guard let subnet = Subnet(text) else {
        estate.note(subject, line: node[key]?.line, "'\(key)' is no subnet with room for guests")
        continue
      }
      let start = node["dhcp_start"]?.word ?? subnet.firstGuest
      let end = node["dhcp_end"]?.word ?? subnet.lastHost
      subnets.append(subnet.element(range: hasDHCP && key == "cidr" ? (start, end) : nil))
    }
    let forward = mode ?? (isNAT ? "nat" : nil)
    estate.add(
      network: XMLElement("network") {
        XMLElement("name", text: name)
        forward.map { XMLElement("forward", ["mode": $0]) }
        XMLElement("bridge", ["name": bridge, "stp": "on", "delay": "0"])
        mtu.map { XMLElement("mtu", ["size": "\($0)"]) }
        XMLElement("domain", ["name": domain])
        subnets
      })
    estate.noteUnread(node, of: subject)
  }

  // MARK: Pools and images

  private func addPool(_ name: String, _ node: SourceNode) {
    node["type"]?.ignore()
    let path = node["path"]?.word
    let type = node["pooltype"]?.word ?? "dir"
    if path == nil { estate.note("pool \(name)", line: node.line, "has no path") }
    let group = path.flatMap { $0.hasPrefix("/dev/") ? String($0.dropFirst(5)) : nil }
    estate.add(
      pool: XMLElement("pool", ["type": type]) {
        XMLElement("name", text: name)
        type == "logical" || type == "zfs"
          ? XMLElement("source") { XMLElement("name", text: group ?? path ?? name) } : nil
        path.map { path in XMLElement("target") { XMLElement("path", text: path) } }
      })
    estate.noteUnread(node, of: "pool \(name)")
  }

  private func addImage(_ name: String, _ node: SourceNode) {
    node["type"]?.ignore()
    let url = node["url"]?.word
    let pool = node["pool"]?.word
    let file = url.map { String($0.lastPathComponent.prefix { $0 != "?" }) } ?? name
    images[name] = (file, url, pool)
    images[file] = (file, url, pool)
    if let url {
      estate.add(
        ConvertedEstate.Image(name: file.stem, source: .url(url), format: Self.format(of: file)))
    } else {
      estate.note("image \(name)", line: node.line, "has no URL: it is one that kcli knows by its name")
    }
    estate.noteUnread(node, of: "image \(name)")
  }

  private static func format(of file: String) -> String? {
    switch file.pathExtension {
    case "qcow2": "qcow2"
    case "iso", "raw": "raw"
    default: nil
    }
  }
}

/// One instance of a resource of terraform-provider-libvirt.
struct TerraformResource {
  /// Such as `libvirt_domain`.
  let type: String
  /// Such as `module.lab.libvirt_domain.web[0]`.
  let address: String
  let attributes: SourceNode
  /// Whether every attribute has a value, since a state or a provider filled it in: `false` says nothing then.
  let isFilledIn: Bool

  /// Its name; where that is missing or no literal, what it is called in the source.
  func name(_ estate: EstateBuilder) -> String {
    if let name = attributes["name"]?.word { return name }
    let label = address.split(separator: ".").last.map(String.init) ?? address
    let name = label.map { $0.isLetter || $0.isNumber ? $0 : "-" }.split(separator: "-").map { String($0) }
    let fallback = name.joined(separator: "-")
    attributes["name"]?.ignore()
    estate.note(fallback, at: "\(address).name", "has no name that can be read: it has that of the resource")
    return fallback
  }
}

/// Finds the resources of the provider among those of a source, and tells of the others.
final class TerraformCollection {
  private let estate: EstateBuilder
  private(set) var resources: [TerraformResource] = []
  /// How many of each foreign type there are.
  private var foreign: [String: Int] = [:]

  private static let known: Set<String> = [
    "libvirt_domain", "libvirt_network", "libvirt_pool", "libvirt_volume", "libvirt_cloudinit_disk",
    "libvirt_ignition",
  ]

  init(_ estate: EstateBuilder) { self.estate = estate }

  func add(_ resource: TerraformResource) {
    if Self.known.contains(resource.type) {
      resources.append(resource)
    } else {
      foreign[resource.type, default: 0] += 1
    }
  }

  /// Converts what was found.
  func convert() {
    for (type, count) in foreign.sorted(by: { $0.key < $1.key }) {
      let what =
        count == 1 ? "a resource of the type '\(type)' is" : "\(count) resources of the type '\(type)' are"
      estate.note(estate.subject, line: nil, "\(what) not carried: no machine, network, pool or volume")
    }
    TerraformEstate(resources, in: estate).convert()
  }

  /// `libvirt_domain.web[0]`, `libvirt_domain.web["a"]`
  static func address(_ module: String?, _ type: String, _ name: String, key: SourceNode?) -> String {
    let index: String
    switch key?.content {
    case .number(let number)?: index = "[\(number)]"
    case .string(let text)?: index = "[\"\(text)\"]"
    default: index = ""
    }
    return (module.map { "\($0)." } ?? "") + "\(type).\(name)\(index)"
  }
}

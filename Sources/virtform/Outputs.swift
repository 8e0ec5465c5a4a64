import Reports
import SpecModel

/// The outputs of a spec with what is known of its VMs filled in.
struct Outputs {
  /// In the order of the spec; nil where something is not known yet.
  let values: [(name: ResourceName, value: String?)]

  init(_ workspace: Workspace) async {
    let site = workspace.site
    let names = Set(
      site.outputs.flatMap(\.parts).compactMap { if case .value(_, let name) = $0 { name } else { nil } })
    let entries =
      names.isEmpty ? [] : await workspace.guestEntries(of: site.machines.filter { names.contains($0.name) })
    let byName = Dictionary(entries.map { ($0.spec.name, $0) }, uniquingKeysWith: { first, _ in first })
    values = site.outputs.map { output in
      var text: String? = ""
      for part in output.parts {
        switch part {
        case .text(let piece): text = text.map { $0 + piece }
        case .value(let value, let name):
          let found = Self.find(value, site.machine(name), byName[name])
          text = text.flatMap { text in found.map { text + $0 } }
        }
      }
      return (output.name, text)
    }
  }

  private static func find(_ value: OutputSpec.Value, _ spec: MachineSpec?, _ entry: GuestEntry?) -> String? {
    switch value {
    // A host that is still to be chosen nobody knows.
    case .host: entry?.spec.host.rawValue ?? spec.flatMap { $0.placement.isChosen ? nil : $0.host.rawValue }
    case .ip: entry?.address
    case .nicIP(let nic): entry?.address(ofNIC: nic.rawValue)
    case .nicMAC(let nic): entry?.nics.first { $0.name == nic.rawValue }?.mac?.description
    }
  }

  /// `name = value`, a line each.
  var text: String {
    let width = values.map(\.name.rawValue.count).max() ?? 0
    return values.map { name, value in
      let padding = String(repeating: " ", count: width - name.rawValue.count)
      return "\(name)\(padding) = \(value.map(printable) ?? "(not known yet)")\n"
    }.joined()
  }

  var json: StructuredValue {
    .map(
      Dictionary(
        values.map { ($0.name.rawValue, StructuredValue($0.value)) }, uniquingKeysWith: { first, _ in first })
    )
  }
}

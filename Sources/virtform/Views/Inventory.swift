import Applier
import Reports
import SpecModel

/// VMs as an inventory of Ansible's
/// (<https://docs.ansible.com/ansible/latest/dev_guide/developing_inventory.html>).
struct Inventory {
  private let entries: [GuestEntry]
  private let stack: ResourceName
  private let embedded: EmbeddedLibvirt

  init(_ entries: [GuestEntry], stack: ResourceName, embedded: EmbeddedLibvirt) {
    self.entries = entries
    self.stack = stack
    self.embedded = embedded
  }

  /// All groups, with the variables of all VMs.
  var list: StructuredValue {
    var groups: [String: [String]] = [:]
    for entry in entries {
      for group in Self.groups(of: entry.spec) { groups[group, default: []].append(entry.spec.name.rawValue) }
    }
    var document = groups.mapValues { StructuredValue.map(["hosts": StructuredValue($0)]) }
    let variables = entries.map { ($0.spec.name.rawValue, self.variables(of: $0)) }
    document["_meta"] = ["hostvars": .map(Dictionary(variables, uniquingKeysWith: { first, _ in first }))]
    document["all"] = ["children": StructuredValue((groups.keys + ["ungrouped"]).sorted())]
    return .map(document)
  }

  /// The variables of one VM; none if it is not there.
  func variables(of name: String) -> StructuredValue {
    entries.first { $0.spec.name.rawValue == name }.map(variables) ?? [:]
  }

  /// By host, by count, and as the spec says.
  private static func groups(of spec: MachineSpec) -> Set<String> {
    Set(
      (["host_\(spec.host)"] + ([spec.group].compactMap { $0 } + spec.groups).map(\.rawValue)).map(groupName))
  }

  /// Ansible takes the names of Python's variables only.
  private static func groupName(_ name: String) -> String {
    let text = String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
    return text.first?.isNumber == true ? "_\(text)" : text
  }

  private func variables(of entry: GuestEntry) -> StructuredValue {
    var variables: [String: StructuredValue] = [
      "virtform_stack": .string(stack.rawValue), "virtform_host": .string(entry.spec.host.rawValue),
      "virtform_state": StructuredValue(entry.guest.machine.settings.state?.rawValue),
      "virtform_nics": .map(
        Dictionary(
          entry.nics.map {
            (
              $0.name,
              ["ip": StructuredValue($0.addresses.first), "mac": StructuredValue($0.mac?.description)]
            )
          }, uniquingKeysWith: { first, _ in first })),
    ]
    if !entry.spec.labels.isEmpty {
      let labels = entry.spec.labels.map { ($0.rawValue, StructuredValue.string($1)) }
      variables["virtform_labels"] = .map(Dictionary(labels, uniquingKeysWith: { first, _ in first }))
    }
    if let access = entry.spec.ssh {
      if let user = access.user { variables["ansible_user"] = .string(user) }
      if let key = access.key { variables["ansible_ssh_private_key_file"] = .string(key) }
      if let port = access.port { variables["ansible_port"] = StructuredValue(port) }
    }
    if let target = SSHTarget(entry, stack: stack, embedded: embedded) {
      variables["ansible_host"] = .string(target.address)
      let words = (target.jump + target.hostKeyWords).map { "-o \(Self.shell("\($0.key)=\($0.value)"))" }
      variables["ansible_ssh_common_args"] = .string(words.joined(separator: " "))
    }
    return .map(variables)
  }

  /// One word for a shell.
  private static func shell(_ text: String) -> String {
    let isPlain = text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "=/._-@:%".contains($0)) }
    return isPlain ? text : "'" + text.replacingScalars("'", with: "'\\''") + "'"
  }
}

extension SiteDecoder {
  /// Values for others: `outputs: {url: "http://${vms.web-1.ip}/"}`.
  mutating func decodeOutputs(_ spec: MappingReader, _ variables: inout VariableTable) -> [OutputSpec] {
    let path = SpecPath("outputs")
    if let node = spec.node("outputs") { origins.record(node, at: path) }
    return spec.namedEntries("outputs").compactMap { name, entry in
      guard let scalar = entry.value.scalar, !scalar.isNull else {
        let kind = entry.value.isNull ? "has no value" : "must be a single value, not \(entry.value.kind)"
        diagnostics.error(
          "'\(name)' \(kind)", at: entry.value.location, help: "such as \(name): \"${vms.web.ip}\"")
        return nil
      }
      return parts(of: scalar.text, at: entry.value.location, &variables).map {
        OutputSpec(name: name, parts: $0, path: path + name.rawValue)
      }
    }
  }

  private func parts(of text: String, at location: SourceLocation, _ variables: inout VariableTable)
    -> [OutputSpec.Part]?
  {
    var parts: [OutputSpec.Part] = []
    var isComplete = true
    for part in Interpolation.parts(of: text) {
      switch part {
      case .text(let text): parts.append(.text(String(text)))
      case .unclosed:
        diagnostics.error("'${' without its '}'", at: location, help: "write $${ for the characters ${")
        return nil
      case .reference(let reference, _):
        if reference.hasPrefix("vms.") {
          let part = machineValue(reference, at: location)
          isComplete = isComplete && part != nil
          if let part { parts.append(part) }
        } else if let value = Interpolation().value(of: reference, at: location, &variables, diagnostics) {
          isComplete = isComplete && !value.isUnresolved
          parts.append(.text(value.text))
        } else {
          isComplete = false
        }
      }
    }
    return isComplete ? parts : nil
  }

  private static let outputHelp =
    "write ${vms.VM.ip}, ${vms.VM.host}, ${vms.VM.nics.NIC.ip} or ${vms.VM.nics.NIC.mac}"

  /// What `vms.web-1.nics.lan.ip` stands for. Names may have dots in them: the VM is the longest name that fits.
  private func machineValue(_ reference: String, at location: SourceLocation) -> OutputSpec.Part? {
    let rest = reference.dropFirst("vms.".count)
    let fitting = machineNames.keys.filter { rest.hasPrefix("\($0).") }
    guard let name = fitting.max(by: { $0.rawValue.count < $1.rawValue.count }) else {
      let end = rest.firstRange(of: ".nics.")?.lowerBound ?? rest.lastIndex(of: ".") ?? rest.endIndex
      let word = String(rest[..<end])
      if let unknown = try? ResourceName(parsing: word), case .unclear = declaration(of: .machine(unknown)) {
        return nil
      }
      let near = diagnostics.suggestions.nearest(to: word, in: machineNames.keys.map(\.rawValue))
      diagnostics.error(
        "no VM '\(word)' in this spec", at: location,
        help: near.map { "did you mean '\($0)'?" } ?? Self.outputHelp)
      return nil
    }
    let words = rest.dropFirst(name.rawValue.count + 1)
    switch words {
    case "host": return .value(.host, ofVM: name)
    case "ip": return .value(.ip, ofVM: name)
    default: break
    }
    for (suffix, make) in [(".ip", OutputSpec.Value.nicIP), (".mac", OutputSpec.Value.nicMAC)]
    where words.hasPrefix("nics.") && words.hasSuffix(suffix) {
      let nic = String(words.dropFirst("nics.".count).dropLast(suffix.count))
      guard let machine = machines.first(where: { $0.name == name }) else { return nil }
      if let nic = machine.nics.first(where: { $0.name.rawValue == nic }) {
        return .value(make(nic.name), ofVM: name)
      }
      let near = diagnostics.suggestions.nearest(to: nic, in: machine.nics.map(\.name.rawValue))
      diagnostics.error(
        "VM '\(name)' has no NIC '\(nic)'", at: location, help: near.map { "did you mean '\($0)'?" })
      return nil
    }
    diagnostics.error(
      "'${\(reference)}' is nothing that is known of a VM", at: location, help: Self.outputHelp)
    return nil
  }
}

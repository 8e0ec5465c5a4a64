/// Replaces `${var.x}`, and in VMs `${index}`, `${each}` and `${name}`, in the scalars of a tree.
///
/// A scalar that is one reference and nothing else takes the type of the value, so that
/// `cpus: "${var.cpus}"` is a number; `$${` stands for `${`.
struct Interpolation {
  /// Values beside the variables, by their name.
  let extra: [String: YAMLScalar]

  /// The tree with every reference replaced, or nil if one has no value (then `diagnostics` says so).
  func resolve(_ node: YAMLNode, _ variables: inout VariableTable, _ diagnostics: Diagnostics) -> YAMLNode? {
    switch node.content {
    case .scalar(let scalar):
      guard scalar.text.utf8.contains(UInt8(ascii: "$")) else { return node }
      return self.scalar(scalar, at: node.location, &variables, diagnostics).map {
        YAMLNode(.scalar($0), at: node.location)
      }
    case .sequence(let items):
      let resolved = items.compactMap { resolve($0, &variables, diagnostics) }
      return resolved.count == items.count ? YAMLNode(.sequence(resolved), at: node.location) : nil
    case .mapping(let mapping):
      var entries: [YAMLMapping.Entry] = []
      var isComplete = true
      for entry in mapping.entries {
        guard let value = resolve(entry.value, &variables, diagnostics) else {
          isComplete = false
          continue
        }
        entries.append(.init(key: entry.key, keyLocation: entry.keyLocation, value: value))
      }
      return isComplete ? YAMLNode(.mapping(YAMLMapping(entries)), at: node.location) : nil
    }
  }

  private func scalar(
    _ scalar: YAMLScalar, at location: SourceLocation, _ variables: inout VariableTable, _ diagnostics: Diagnostics
  ) -> YAMLScalar? {
    var result = ""
    var rest = scalar.text[...]
    while let dollar = rest.firstIndex(of: "$") {
      result += rest[..<dollar]
      rest = rest[dollar...]
      if rest.hasPrefix("$${") {
        result += "${"
        rest = rest.dropFirst(3)
        continue
      }
      guard rest.hasPrefix("${") else {
        result += "$"
        rest = rest.dropFirst()
        continue
      }
      guard let end = rest.firstIndex(of: "}") else {
        diagnostics.error("'${' without its '}'", at: location, help: "write $${ for the characters ${")
        return nil
      }
      let reference = String(rest[rest.index(rest.startIndex, offsetBy: 2)..<end])
      rest = rest[rest.index(after: end)...]
      guard let value = value(of: reference, at: location, &variables, diagnostics) else { return nil }
      if result.isEmpty, rest.isEmpty, scalar.text.first == "$" { return value }
      result += value.text
    }
    return YAMLScalar(result + rest, style: scalar.style)
  }

  private func value(
    of reference: String, at location: SourceLocation, _ variables: inout VariableTable, _ diagnostics: Diagnostics
  ) -> YAMLScalar? {
    if let value = extra[reference] { return value }
    if reference.hasPrefix("var.") { return variables.value(of: String(reference.dropFirst(4)), usedAt: location) }
    let known = extra.isEmpty ? "var.NAME" : "var.NAME, " + extra.keys.sorted().joined(separator: ", ")
    diagnostics.error("unknown reference '${\(reference)}'", at: location, help: "references are \(known)")
    return nil
  }
}

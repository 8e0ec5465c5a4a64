/// Replaces `${var.x}`, `${env:X}`, `${file:path}`, and in VMs `${index}`, `${each}` and `${name}`, in the scalars of a tree.
///
/// A scalar that is one reference and nothing else takes the type of the value, so that
/// `cpus: "${var.cpus}"` is a number; `$${` stands for `${`. What has no value is reported and becomes
/// `YAMLScalar.unresolved`, which no decoder reports again.
struct Interpolation {
  /// Values beside the variables, by their name.
  var extra: [String: YAMLScalar] = [:]
  /// The VM that is filled in; nil outside of VMs.
  var machine: ResourceName?

  /// References that only a VM has a value for.
  static let machineReferences = ["each", "index", "name"]

  /// The tree with every reference replaced.
  func resolve(_ node: YAMLNode, _ variables: inout VariableTable, _ diagnostics: Diagnostics) -> YAMLNode {
    guard variables.budget.spend(values: 1, at: node.location, diagnostics) else {
      return YAMLNode(.scalar(.unresolved), at: node.location)
    }
    switch node.content {
    case .scalar(let scalar):
      guard scalar.text.utf8.contains(UInt8(ascii: "$")), scalar.style == .plain || scalar.style == .quoted
      else { return node }
      let resolved = self.scalar(scalar, at: node.location, &variables, diagnostics) ?? .unresolved
      return YAMLNode(.scalar(resolved), at: node.location)
    case .sequence(let items):
      return YAMLNode(.sequence(items.map { resolve($0, &variables, diagnostics) }), at: node.location)
    case .mapping(let mapping):
      return YAMLNode(
        .mapping(mapping.mapValues { resolve($0, &variables, diagnostics) }), at: node.location)
    }
  }

  private func scalar(
    _ scalar: YAMLScalar, at location: SourceLocation, _ variables: inout VariableTable,
    _ diagnostics: Diagnostics
  ) -> YAMLScalar? {
    var result = ""
    var isComplete = true
    for part in Self.parts(of: scalar.text) {
      switch part {
      case .text(let text): result += text
      case .unclosed:
        diagnostics.error("'${' without its '}'", at: location, help: "write $${ for the characters ${")
        return nil
      case .reference(let name, let isWhole):
        let value = value(of: name, at: location, &variables, diagnostics)
        if isWhole { return value }
        isComplete = isComplete && value?.isUnresolved == false
        result += value?.text ?? ""
      }
      guard variables.budget.spend(textOf: result, at: location, diagnostics) else { return nil }
    }
    // Text that was put together may be anything that the field wants, as text from the environment.
    return isComplete ? YAMLScalar(result, style: scalar.style == .plain ? .untyped : .quoted) : nil
  }

  /// A piece of a text.
  enum Part {
    case text(Substring)
    /// `isWhole` if the scalar is this reference and nothing else.
    case reference(String, isWhole: Bool)
    case unclosed
  }

  static func parts(of text: String) -> [Part] {
    var parts: [Part] = []
    var rest = text[...]
    while let dollar = rest.firstIndex(of: "$") {
      if dollar != rest.startIndex { parts.append(.text(rest[..<dollar])) }
      rest = rest[dollar...]
      if rest.hasPrefix("$${") {
        parts.append(.text("${"))
        rest = rest.dropFirst(3)
      } else if !rest.hasPrefix("${") {
        parts.append(.text("$"))
        rest = rest.dropFirst()
      } else if let end = rest.firstIndex(of: "}") {
        let isWhole = dollar == text.startIndex && text.index(after: end) == text.endIndex
        parts.append(.reference(String(rest[..<end].dropFirst(2)), isWhole: isWhole))
        rest = rest[rest.index(after: end)...]
      } else {
        return parts + [.unclosed]
      }
    }
    if !rest.isEmpty { parts.append(.text(rest)) }
    return parts
  }

  /// The value of one reference, or nil with a diagnostic.
  func value(
    of reference: String, at location: SourceLocation, _ variables: inout VariableTable,
    _ diagnostics: Diagnostics
  ) -> YAMLScalar? {
    if let value = extra[reference] { return value }
    if reference.hasPrefix("var.") {
      return variables.value(of: String(reference.dropFirst(4)), usedAt: location)
    }
    if let value = variables.source(reference, usedAt: location) { return value.isUnresolved ? nil : value }
    if Self.machineReferences.contains(reference) {
      let lack = machine.map {
        "has no value in '\($0)', which has no \(reference == "each" ? "for_each" : "count")"
      }
      diagnostics.error("'${\(reference)}' \(lack ?? "has a value only in VMs and profiles")", at: location)
      return nil
    }
    let known = ["var.NAME", "env:NAME", "file:PATH"] + extra.keys.sorted()
    diagnostics.error(
      "unknown reference '${\(reference)}'", at: location,
      help: "references are " + known.joined(separator: ", ") + "; write $${ for the characters ${")
    return nil
  }
}

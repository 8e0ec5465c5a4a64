/// What expressions of a configuration may refer to: the resources of the file, and the instance that they stand in.
struct TerraformScope {
  /// Attributes that a host makes up: a reference to one is a reference to the resource.
  private static let computed: Set<String> = ["id", "key", "uuid", "path"]
  private static let depthLimit = 8

  private let bodies: [String: SourceNode]

  init(_ bodies: [(address: String, body: SourceNode)]) {
    self.bodies = Dictionary(bodies.map { ($0.address, $0.body) }, uniquingKeysWith: { first, _ in first })
  }

  /// The values of one instance, with its expressions evaluated as far as they go. It has the address as its `id`, by
  /// which others refer to it.
  func evaluate(_ body: SourceNode, for instance: TerraformInstance, _ address: String) -> SourceNode {
    let meta: Set<String> = [
      "count", "for_each", "depends_on", "lifecycle", "provider", "provisioner", "connection", "//",
    ]
    var entries = body.entries.filter { !meta.contains($0.key) }.map { key, value in
      (key: key, value: evaluate(value, for: instance, depth: 0))
    }
    entries.append((key: "id", value: SourceNode(.string(Self.identity(address)), line: body.line)))
    return SourceNode(.map(entries), line: body.line)
  }

  /// What stands for the id of a resource, which only a host could tell.
  static func identity(_ address: String) -> String { "${\(address).id}" }

  private func evaluate(_ node: SourceNode, for instance: TerraformInstance, depth: Int) -> SourceNode {
    switch node.content {
    case .list(let items):
      SourceNode(.list(items.map { evaluate($0, for: instance, depth: depth) }), line: node.line)
    case .map(let entries):
      SourceNode(
        .map(entries.map { (key: $0.key, value: evaluate($0.value, for: instance, depth: depth)) }),
        line: node.line)
    case .string(let text) where text.contains("${") || text.contains("%{"):
      SourceNode(evaluate(text, for: instance, depth: depth), line: node.line)
    case .string(let text) where text.contains("$${"):
      SourceNode(.string(text), line: node.line)
    default: SourceNode(node.content, line: node.line)
    }
  }

  /// A template: a value alone keeps its type, one among text becomes text.
  private func evaluate(_ text: String, for instance: TerraformInstance, depth: Int) -> SourceNode.Content {
    guard !text.contains("%{"), !text.contains("$${"), depth < Self.depthLimit else { return .expression }
    var parts: [SourceNode.Content] = []
    var rest = text[...]
    while let open = rest.firstRange(of: "${") {
      if open.lowerBound > rest.startIndex { parts.append(.string(String(rest[..<open.lowerBound]))) }
      guard let close = rest[open.upperBound...].firstIndex(of: "}") else { return .expression }
      let expression = rest[open.upperBound..<close].trimmingSpaces
      guard let value = value(of: expression, for: instance, depth: depth) else { return .expression }
      parts.append(value)
      rest = rest[rest.index(after: close)...]
    }
    if !rest.isEmpty { parts.append(.string(String(rest))) }
    if parts.count == 1 { return parts[0] }
    var result = ""
    for part in parts {
      switch part {
      case .string(let text), .number(let text): result += text
      case .bool(let value): result += value ? "true" : "false"
      default: return .expression
      }
    }
    return .string(result)
  }

  /// A literal, a counter with an offset, or a reference; nil for anything else.
  private func value(of expression: String, for instance: TerraformInstance, depth: Int) -> SourceNode
    .Content?
  {
    let words = expression.split(separator: " ").map(String.init)
    if words.count == 3, words[1] == "+" || words[1] == "-", let offset = Int(words[2]),
      words[0] == "count.index",
      case .number(let text)? = instance.key, let index = Int(text)
    {
      let (sum, overflow) =
        words[1] == "+" ? index.addingReportingOverflow(offset) : index.subtractingReportingOverflow(offset)
      return overflow ? nil : .number("\(sum)")
    }
    switch expression {
    case "count.index":
      if case .number? = instance.key { return instance.key }
      return nil
    case "each.key":
      if case .string? = instance.key { return instance.key }
      return nil
    case "each.value": return instance.value?.content ?? instance.key
    default: break
    }
    if expression.hasPrefix("each.value.") {
      let names = expression.split(separator: ".").dropFirst(2)
      var node = instance.value
      for name in names { node = node?[String(name)] }
      return node?.content
    }
    if expression.first == "\"", expression.last == "\"", expression.count > 1,
      !expression.dropFirst().dropLast().contains("\"")
    {
      return .string(String(expression.dropFirst().dropLast()))
    }
    if Double(expression) != nil { return .number(expression) }
    return reference(element(expression) ?? expression, for: instance, depth: depth)
  }

  /// `element(libvirt_volume.root.*.id, count.index)` is `libvirt_volume.root[count.index].id`.
  private func element(_ expression: String) -> String? {
    guard expression.hasPrefix("element("), expression.hasSuffix(")") else { return nil }
    let parts = expression.dropFirst("element(".count).dropLast().split(separator: ",").map(\.trimmingSpaces)
    guard parts.count == 2 else { return nil }
    let steps = parts[0].components(separatedBy: ".*.")
    return steps.count == 2 ? "\(steps[0])[\(parts[1])].\(steps[1])" : nil
  }

  /// `TYPE.NAME[INDEX].ATTRIBUTE…`
  private func reference(_ expression: String, for instance: TerraformInstance, depth: Int) -> SourceNode
    .Content?
  {
    var text = expression[...]
    var key: SourceNode.Content?
    if let open = text.firstIndex(of: "["), let close = text.firstIndex(of: "]"), open < close {
      let index = text[text.index(after: open)..<close].trimmingSpaces
      guard let value = value(of: index, for: instance, depth: depth + 1), depth < Self.depthLimit else {
        return nil
      }
      key = value
      text = text[..<open] + text[text.index(after: close)...]
    }
    let parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard parts.count >= 3, parts.allSatisfy({ !$0.isEmpty }), let body = bodies["\(parts[0]).\(parts[1])"]
    else {
      return nil
    }
    let target = TerraformInstance(key: key, value: eachValue(of: body, key))
    if parts.count == 3, Self.computed.contains(parts[2]), body[parts[2]] == nil {
      return .string(Self.identity("\(parts[0]).\(parts[1])\(target.suffix)"))
    }
    var node: SourceNode? = body
    for name in parts.dropFirst(2) { node = node.flatMap { $0.isMap ? $0[name] : $0.items.first?[name] } }
    guard let node else { return nil }
    return evaluate(node, for: target, depth: depth + 1).content
  }

  private func eachValue(of body: SourceNode, _ key: SourceNode.Content?) -> SourceNode? {
    guard case .string(let name)? = key else { return nil }
    return body["for_each"]?[name]
  }

  /// The texts of `${toset(["a", "b"])}`; nil if it is none.
  static func literalSet(_ text: String) -> [String]? {
    let inner = text.filter { !$0.isWhitespace }
    guard inner.hasPrefix("${toset(["), inner.hasSuffix("])}") else { return nil }
    let list = inner.dropFirst("${toset([".count).dropLast("])}".count)
    let words = list.split(separator: ",").map(String.init)
    guard words.allSatisfy({ $0.count > 2 && $0.hasPrefix("\"") && $0.hasSuffix("\"") && !$0.contains("$") })
    else {
      return nil
    }
    return words.map { String($0.dropFirst().dropLast()) }
  }
}

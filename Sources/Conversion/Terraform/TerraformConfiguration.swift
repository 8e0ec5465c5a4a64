/// A configuration in Terraform's JSON syntax (<https://developer.hashicorp.com/terraform/language/syntax/json>), as far as
/// its values are literal or refer to other resources of the file.
struct TerraformConfiguration {
  private let estate: EstateBuilder
  private let root: SourceNode

  /// How many instances one resource may have.
  private static let instanceLimit = 10_000

  init(_ estate: EstateBuilder) throws(ConversionError) {
    self.estate = estate
    root = try JSONReader.read(estate.file)
  }

  func convert() throws(ConversionError) {
    guard root.isMap, let types = root["resource"] else {
      throw ConversionError(estate.file.path, "is no configuration with resources: it has no 'resource'")
    }
    let collection = TerraformCollection(estate)
    var blocks: [(type: String, name: String, body: SourceNode)] = []
    for item in types.items {
      for (type, names) in item.entries {
        for group in names.items {
          for (name, body) in group.entries {
            guard let body = body.items.first, body.isMap else { continue }
            blocks.append((type, name, body))
          }
        }
      }
    }
    let scope = TerraformScope(blocks.map { ("\($0.type).\($0.name)", $0.body) })
    for block in blocks {
      let address = "\(block.type).\(block.name)"
      guard let instances = instances(of: block.body, address) else { continue }
      for instance in instances {
        let key = instance.suffix
        collection.add(
          TerraformResource(
            type: block.type, address: address + key,
            attributes: scope.evaluate(block.body, for: instance, address + key),
            isFilledIn: false))
      }
    }
    for key in root.keys where !["resource", "terraform", "provider", "//"].contains(key) {
      estate.note(
        estate.subject, line: root[key]?.line,
        "'\(key)' is not carried: what refers to it is told where it does")
    }
    collection.convert()
  }

  /// The instances that `count` or `for_each` asks for; nil if nobody can tell.
  private func instances(of body: SourceNode, _ address: String) -> [TerraformInstance]? {
    if let count = body["count"] {
      guard let number = count.integer, (0...Self.instanceLimit).contains(number) else {
        estate.note(address, line: count.line, "is not carried, since its count is an expression")
        return nil
      }
      return (0..<number).map { TerraformInstance(key: .number("\($0)"), value: nil) }
    }
    if let each = body["for_each"] {
      if each.isMap {
        return each.entries.map { TerraformInstance(key: .string($0.key), value: $0.value) }
      }
      let words = each.isList ? each.items.compactMap(\.word) : TerraformScope.literalSet(each.text ?? "")
      guard let words, !each.isList || words.count == each.items.count else {
        estate.note(address, line: each.line, "is not carried, since its for_each is an expression")
        return nil
      }
      return words.map { TerraformInstance(key: .string($0), value: nil) }
    }
    return [TerraformInstance(key: nil, value: nil)]
  }
}

/// One instance of a resource with `count` or `for_each`.
struct TerraformInstance {
  var key: SourceNode.Content?
  /// What `each.value` is; nil where it is the key.
  var value: SourceNode?

  /// `[0]`, `["a"]`, or nothing.
  var suffix: String {
    switch key {
    case .number(let number)?: "[\(number)]"
    case .string(let text)?: "[\"\(text)\"]"
    default: ""
    }
  }
}

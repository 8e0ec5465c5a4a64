extension XMLElement {
  /// Whether both say the same: like `==`, but the order of attributes, white space that is a whole text,
  /// and the division of a text into nodes do not count.
  public func isEquivalent(to other: XMLElement) -> Bool {
    guard name == other.name, attributes.count == other.attributes.count else { return false }
    let byName = { (a: Attribute, b: Attribute) in (a.name, a.value) < (b.name, b.value) }
    guard
      attributes == other.attributes || attributes.sorted(by: byName) == other.attributes.sorted(by: byName)
    else { return false }
    let (mine, theirs) = (meaningfulChildren, other.meaningfulChildren)
    guard mine.count == theirs.count else { return false }
    return zip(mine, theirs).allSatisfy { pair in
      if case (.element(let a), .element(let b)) = pair { a.isEquivalent(to: b) } else { pair.0 == pair.1 }
    }
  }

  private var meaningfulChildren: [XMLNode] {
    var result: [XMLNode] = []
    for node in children {
      if case .text(let text) = node, case .text(let before)? = result.last {
        result[result.count - 1] = .text(before + text)
      } else {
        result.append(node)
      }
    }
    result.removeAll(where: \.isWhitespace)
    return result
  }
}

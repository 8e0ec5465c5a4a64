/// Changes in place, which leave every node alone that they do not name.
extension XMLElement {
  /// Adds a child.
  public mutating func insert(_ element: XMLElement, _ placement: XMLPlacement = .last) {
    children.insert(.element(element), at: index(for: placement))
  }

  /// Puts a child in the place of the first that has its name (or the name given), and removes further
  /// ones of that name; where there is none, it is inserted.
  public mutating func setChild(
    _ element: XMLElement, replacing name: String? = nil, otherwise placement: XMLPlacement = .last
  ) {
    let name = name ?? element.name
    guard let index = children.firstIndex(where: { $0.element?.name == name }) else {
      insert(element, placement)
      return
    }
    children[index] = .element(element)
    var position = 0
    children.removeAll { node in
      defer { position += 1 }
      return position > index && node.element?.name == name
    }
  }

  /// Removes the children of that name, and returns how many there were.
  @discardableResult
  public mutating func removeChildren(named name: String) -> Int {
    removeChildren { $0.name == name }
  }

  /// Removes the child elements for which the predicate holds, and returns how many there were.
  @discardableResult
  public mutating func removeChildren(where predicate: (XMLElement) throws -> Bool) rethrows -> Int {
    let before = children.count
    try children.removeAll { node in
      guard case .element(let element) = node else { return false }
      return try predicate(element)
    }
    return before - children.count
  }

  /// Changes every child of that name in its place, and returns how many there were.
  @discardableResult
  public mutating func mutateChildren(
    named name: String, _ change: (inout XMLElement) throws -> Void
  ) rethrows -> Int {
    var count = 0
    for index in children.indices {
      guard case .element(var child) = children[index], child.name == name else { continue }
      children[index] = .text("")
      defer { children[index] = .element(child) }
      try change(&child)
      count += 1
    }
    return count
  }

  /// Changes the first child of that name in its place, after making it if it is missing.
  public mutating func mutateFirst(
    _ name: String, otherwise placement: XMLPlacement = .last, _ change: (inout XMLElement) throws -> Void
  ) rethrows {
    let index: Int
    if let found = children.firstIndex(where: { $0.element?.name == name }) {
      index = found
    } else {
      index = self.index(for: placement)
      children.insert(.element(XMLElement(name)), at: index)
    }
    guard case .element(var child) = children[index] else { return }
    children[index] = .text("")
    defer { children[index] = .element(child) }
    try change(&child)
  }

  /// Replaces the text directly inside this element; elements and comments in it stay.
  public mutating func setText(_ text: String) {
    children.removeAll(where: \.isText)
    if !text.isEmpty { children.insert(.text(text), at: 0) }
  }

  private func index(for placement: XMLPlacement) -> Int {
    switch placement {
    case .first:
      children.startIndex
    case .last:
      children.endIndex
    case .before(let names):
      children.firstIndex { $0.element.map { names.contains($0.name) } ?? false } ?? children.endIndex
    case .after(let names):
      children.lastIndex { $0.element.map { names.contains($0.name) } ?? false }.map { $0 + 1 }
        ?? children.endIndex
    }
  }
}

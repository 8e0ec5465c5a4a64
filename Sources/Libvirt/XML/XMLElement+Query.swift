extension XMLElement {
  /// The value of an attribute; setting `nil` removes it, a new one goes last.
  public subscript(attribute name: String) -> String? {
    get { attributes.first { $0.name == name }?.value }
    set {
      let index = attributes.firstIndex { $0.name == name }
      switch (index, newValue) {
      case (let index?, let value?): attributes[index].value = value
      case (let index?, nil): attributes.remove(at: index)
      case (nil, let value?): attributes.append(Attribute(name, value))
      case (nil, nil): break
      }
    }
  }

  /// The elements directly inside this one.
  public var elements: [XMLElement] { children.compactMap(\.element) }

  /// The text directly inside this element, concatenated; without that of elements within.
  public var text: String {
    var result = ""
    for case .text(let text) in children { result += text }
    return result
  }

  /// The first child of that name.
  public func first(_ childName: String) -> XMLElement? {
    for case .element(let child) in children where child.name == childName { return child }
    return nil
  }

  /// All children of that name, in the order of the document.
  public func all(_ childName: String) -> [XMLElement] {
    var result: [XMLElement] = []
    for case .element(let child) in children where child.name == childName { result.append(child) }
    return result
  }

  /// The first element found by following the names downwards; this element for no names.
  public func at(_ path: String...) -> XMLElement? {
    path.withUnsafeBufferPointer { descend($0[...]) }
  }

  /// All elements found by following the names downwards, in the order of the document.
  public func all(at path: String...) -> [XMLElement] {
    path.reduce([self]) { found, name in found.flatMap { $0.all(name) } }
  }

  private func descend(_ path: Slice<UnsafeBufferPointer<String>>) -> XMLElement? {
    guard let name = path.first else { return self }
    for case .element(let child) in children where child.name == name {
      if let found = child.descend(path.dropFirst()) { return found }
    }
    return nil
  }
}

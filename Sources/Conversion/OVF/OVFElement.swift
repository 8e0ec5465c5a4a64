import Libvirt

/// An element of an OVF descriptor that knows whether it has been read. Names count without their prefixes, since every
/// tool chooses others.
final class OVFElement {
  let name: String
  let children: [OVFElement]
  /// Such as `Envelope/VirtualSystem[web]/VirtualHardwareSection/Item[2]`.
  let path: String
  private let content: String
  private let attributes: [String: String]
  private(set) var isRead = false

  /// - Parameter number: of several with one name beside each other, counted from 1.
  init(_ element: XMLElement, under parent: String? = nil, number: Int? = nil) {
    name = Self.local(element.name)
    content = element.text.trimmingSpaces
    let pairs = element.attributes.filter { $0.name != "xmlns" && !$0.name.hasPrefix("xmlns:") }
    attributes = Dictionary(
      pairs.map { (Self.local($0.name), $0.value) }, uniquingKeysWith: { first, _ in first })
    let label = name.hasPrefix("VirtualSystem") ? attributes["id"] : number.map(String.init)
    let here = (parent.map { "\($0)/" } ?? "") + name + (label.map { "[\($0)]" } ?? "")
    path = here
    let names = element.elements.map { Self.local($0.name) }
    let counts = names.reduce(into: [:]) { $0[$1, default: 0] += 1 }
    var numbers: [String: Int] = [:]
    children = zip(element.elements, names).map { child, name in
      numbers[name, default: 0] += 1
      return OVFElement(child, under: here, number: (counts[name] ?? 0) > 1 ? numbers[name] : nil)
    }
  }

  private static func local(_ name: String) -> String {
    name.lastIndex(of: ":").map { String(name[name.index(after: $0)...]) } ?? name
  }

  // MARK: Reading

  /// An attribute; reading one reads the element.
  func attribute(_ name: String) -> String? {
    guard let value = attributes[name], !value.isEmpty else { return nil }
    isRead = true
    return value
  }

  /// An attribute, without reading anything.
  func peek(_ name: String) -> String? { attributes[name] }

  /// The text in it.
  var text: String? {
    isRead = true
    return content.isEmpty ? nil : content
  }

  func first(_ name: String) -> OVFElement? { children.first { $0.name == name } }

  func all(_ name: String) -> [OVFElement] { children.filter { $0.name == name } }

  /// The text of the first child of that name.
  func text(_ name: String) -> String? { first(name)?.text }

  /// Every element of that name within, however deep.
  func descendants(_ name: String) -> [OVFElement] {
    children.flatMap { ($0.name == name ? [$0] : []) + $0.descendants(name) }
  }

  /// Counts as read with all that is in it.
  func ignore() {
    isRead = true
    for child in children { child.ignore() }
  }

  /// Unread elements, each as high up as nothing in it was read.
  var unread: [OVFElement] {
    if !hasReadParts { return isRead || isEmpty ? [] : [self] }
    return children.flatMap(\.unread)
  }

  private var hasReadParts: Bool { isRead || children.contains(where: \.hasReadParts) }

  private var isEmpty: Bool { content.isEmpty && attributes.isEmpty && children.allSatisfy(\.isEmpty) }
}

/// An element of an XML document, with all that is in it: a tree with the meaning of a value.
///
/// Names carry their prefix as written (`virtform:vm`), and declarations of namespaces are attributes
/// (`xmlns:virtform`). Processing instructions, and comments outside the root, are not kept.
public struct XMLElement: Hashable, Sendable {
  public var name: String
  /// In the order of the document, declarations of namespaces first.
  public var attributes: [Attribute]
  public var children: [XMLNode]

  /// Makes an element; attributes whose value is `nil` are left out.
  ///
  /// Nothing is checked here: ``serialized(indented:)`` refuses what XML cannot express.
  public init(
    _ name: String,
    _ attributes: KeyValuePairs<String, String?> = [:],
    text: String? = nil,
    @XMLBuilder children: () -> [XMLNode] = { [] }
  ) {
    self.name = name
    self.attributes = attributes.compactMap { name, value in value.map { Attribute(name, $0) } }
    self.children = (text.map { [.text($0)] } ?? []) + children()
  }

  init(name: String, attributes: [Attribute], children: [XMLNode]) {
    self.name = name
    self.attributes = attributes
    self.children = children
  }
}

extension XMLElement {
  /// A name and its value, unescaped.
  public struct Attribute: Hashable, Sendable {
    public var name: String
    public var value: String

    public init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }
}

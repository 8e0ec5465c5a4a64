/// Collects the children of an element: elements, optional elements, lists of elements, and text.
@resultBuilder
public enum XMLBuilder {
  public static func buildExpression(_ element: XMLElement) -> [XMLNode] { [.element(element)] }

  public static func buildExpression(_ element: XMLElement?) -> [XMLNode] {
    element.map { [.element($0)] } ?? []
  }

  public static func buildExpression(_ elements: [XMLElement]) -> [XMLNode] { elements.map(XMLNode.element) }

  public static func buildExpression(_ node: XMLNode) -> [XMLNode] { [node] }

  public static func buildExpression(_ text: String) -> [XMLNode] { [.text(text)] }

  public static func buildBlock(_ parts: [XMLNode]...) -> [XMLNode] { parts.flatMap(\.self) }

  public static func buildOptional(_ part: [XMLNode]?) -> [XMLNode] { part ?? [] }

  public static func buildEither(first part: [XMLNode]) -> [XMLNode] { part }

  public static func buildEither(second part: [XMLNode]) -> [XMLNode] { part }

  public static func buildArray(_ parts: [[XMLNode]]) -> [XMLNode] { parts.flatMap(\.self) }
}

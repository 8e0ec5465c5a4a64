/// Why a text is no acceptable XML document, or a tree cannot be written as one.
public enum XMLError: Error, Hashable, Sendable {
  /// The text is not well-formed. Line and column count from 1.
  case malformed(line: Int, column: Int, message: String)
  /// The text has a document type declaration, which could declare entities.
  case documentTypeRefused
  case tooLarge(bytes: Int, limit: Int)
  /// An element has more attributes, or the document more namespaces, than this.
  case tooManyAttributes(limit: Int)
  /// A name of an element or attribute that XML does not allow.
  case illegalName(String)
  /// A character which XML 1.0 cannot hold, not even escaped, in the named element.
  case illegalCharacter(Unicode.Scalar, element: String)
  /// A comment with `--` in it or `-` at its end.
  case illegalComment(String)
  case duplicateAttribute(String, element: String)
}

extension XMLError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .malformed(let line, let column, let message):
      "XML, line \(line), column \(column): \(message)"
    case .documentTypeRefused:
      "XML: a document type declaration is not accepted"
    case .tooLarge(let bytes, let limit):
      "XML: \(bytes) bytes are more than the \(limit) accepted"
    case .tooManyAttributes(let limit):
      "XML: more than \(limit) attributes of an element, or namespaces, are not accepted"
    case .illegalName(let name):
      "XML: \(name.debugDescription) is no name for an element or attribute"
    case .illegalCharacter(let scalar, let element):
      "XML: <\(element)> has the character U+\(String(scalar.value, radix: 16, uppercase: true)), "
        + "which XML cannot hold"
    case .illegalComment(let text):
      "XML: \(text.debugDescription) cannot be a comment"
    case .duplicateAttribute(let name, let element):
      "XML: <\(element)> has the attribute \(name) twice"
    }
  }
}

import Crypto
import FoundationEssentials

/// A value as text that is the same in every process: sets and dictionaries are sorted.
enum CanonicalText {
  static func of(_ value: Any) -> String {
    var text = ""
    write(value, to: &text)
    return text
  }

  /// SHA-256 in lower-case hex.
  static func digest(_ value: Any) -> String { digest(text: of(value)) }

  static func digest(text: String) -> String {
    SHA256.hash(data: Array(text.utf8)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  private static func write(_ value: Any, to text: inout String) {
    if let uuid = value as? UUID {
      text += uuid.uuidString
      return
    }
    let mirror = Mirror(reflecting: value)
    switch mirror.displayStyle {
    case .optional:
      if let child = mirror.children.first { write(child.value, to: &text) } else { text += "nil" }
    case .set, .dictionary:
      text += "[" + mirror.children.map { of($0.value) }.sorted().joined(separator: ",") + "]"
    case .collection, .tuple:
      text += "["
      for child in mirror.children {
        write(child.value, to: &text)
        text += ","
      }
      text += "]"
    case .struct, .class, .enum, .foreignReference:
      guard !mirror.children.isEmpty else {
        text += "\(value)"
        return
      }
      text += "\(mirror.subjectType){"
      for child in mirror.children {
        text += "\(child.label ?? ""):"
        write(child.value, to: &text)
        text += ","
      }
      text += "}"
    case nil: text += String(reflecting: value)
    @unknown default: text += String(reflecting: value)
    }
  }
}

import FoundationEssentials

/// A document that is put together by hand, as JSON (RFC 8259); keys are sorted.
extension StructuredValue: ExpressibleByStringLiteral, ExpressibleByDictionaryLiteral,
  ExpressibleByArrayLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral
{
  public init(stringLiteral value: String) { self = .string(value) }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(integerLiteral value: Int) { self = .int(value) }
  public init(dictionaryLiteral elements: (String, StructuredValue)...) {
    self = .map(Dictionary(elements, uniquingKeysWith: { $1 }))
  }
  public init(arrayLiteral elements: StructuredValue...) { self = .list(elements) }

  public init(_ text: String?) { self = text.map(StructuredValue.string) ?? .null }
  public init(_ number: UInt64?) { self = number.map { .int(Int(clamping: $0)) } ?? .null }
  public init(_ number: Int) { self = .int(number) }
  public init(_ texts: [String]) { self = .list(texts.map(StructuredValue.string)) }

  public subscript(key: String) -> StructuredValue? {
    if case .map(let values) = self { values[key] } else { nil }
  }

  /// The same with every text as `transform` says; keys stay, and so does what members of the names `kept` have.
  public func mapTexts(besides kept: Set<String> = [], _ transform: (String) -> String) -> StructuredValue {
    switch self {
    case .string(let text): .string(transform(text))
    case .list(let values): .list(values.map { $0.mapTexts(besides: kept, transform) })
    case .map(let values):
      .map(
        Dictionary(
          values.map { ($0, kept.contains($0) ? $1 : $1.mapTexts(besides: kept, transform)) },
          uniquingKeysWith: { first, _ in first }))
    case .null, .bool, .int, .double: self
    }
  }

  /// The document for people and machines alike.
  public var text: String { encoded([.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]) }

  /// The document in one line.
  public var line: String { encoded([.sortedKeys, .withoutEscapingSlashes]) }

  private func encoded(_ formatting: JSONEncoder.OutputFormatting) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = formatting
    // What has no JSON, infinite numbers, is no structured value.
    return (try? encoder.encode(self)).map { Self.harmless(String(decoding: $0, as: UTF8.self)) } ?? "null"
  }

  /// The same document with escapes for what could steer a terminal or a CI runner, which it is printed on as it is: all
  /// that stands in texts, since of these the syntax of JSON has line breaks alone.
  private static func harmless(_ json: String) -> String {
    let text = json.replacingScalars("##", with: "#\\u0023")
    guard text.unicodeScalars.contains(where: { isControl($0) && $0 != "\n" }) else { return text }
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      if isControl(scalar), scalar != "\n" {
        let hex = String(scalar.value, radix: 16)
        result.append(contentsOf: ("\\u" + String(repeating: "0", count: 4 - hex.count) + hex).unicodeScalars)
      } else {
        result.append(scalar)
      }
    }
    return String(result)
  }
}

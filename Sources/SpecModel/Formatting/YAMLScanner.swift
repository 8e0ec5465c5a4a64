internal import CYAML

/// A piece of a YAML text that libyaml tells apart, with where it stands.
struct YAMLToken {
  enum Kind {
    case blockSequenceStart, blockMappingStart, blockEnd
    case flowStart, flowEnd, flowEntry
    case blockEntry, key, value
    case scalar, alias, anchor, tag
    /// A directive, `---` or `...`.
    case document
  }

  let kind: Kind
  /// Offsets in the text's Unicode scalars. What libyaml only infers, such as the end of a block, has no length.
  let range: Range<Int>
  /// Counted from 0.
  let column: Int
  /// True for a scalar that starts with `|` or `>`. It ends with its last line that is not blank.
  let isBlockScalar: Bool
  /// True for one of them whose empty lines at its end count.
  let keepsBreaks: Bool
}

/// Takes YAML apart with libyaml, comments and spaces being what is left between the tokens.
enum YAMLScanner {
  /// Thrown if it is no YAML.
  struct Failure: Error {}

  static func tokens(of text: String) throws(Failure) -> [YAMLToken] {
    let reader = try Reader(text)
    let scalars = Array(text.unicodeScalars)
    var tokens: [YAMLToken] = []
    while true {
      var token = yaml_token_t()
      guard yaml_parser_scan(reader.parser, &token) == 1 else { throw Failure() }
      defer { yaml_token_delete(&token) }
      if token.type == YAML_STREAM_END_TOKEN { return tokens }
      guard let kind = kind(of: token.type) else { continue }
      let start = token.start_mark
      let isBlockScalar =
        token.type == YAML_SCALAR_TOKEN
        && [YAML_LITERAL_SCALAR_STYLE, YAML_FOLDED_SCALAR_STYLE].contains(token.data.scalar.style)
      var range = Int(start.index)..<Int(token.end_mark.index)
      // libyaml goes on to where the next token may stand. Spaces behind the last text are content.
      let end = range.upperBound
      while isBlockScalar, let last = scalars[range].last, " \n".unicodeScalars.contains(last) {
        range = range.dropLast()
      }
      while isBlockScalar, range.upperBound < end, scalars[range.upperBound] == " " {
        range = range.lowerBound..<range.upperBound + 1
      }
      let header = scalars[range].prefix { $0 != "\n" && $0 != "#" }
      tokens.append(
        YAMLToken(
          kind: kind, range: range, column: Int(start.column), isBlockScalar: isBlockScalar,
          keepsBreaks: isBlockScalar && header.contains("+")))
    }
  }

  private static func kind(of type: yaml_token_type_t) -> YAMLToken.Kind? {
    switch type {
    case YAML_BLOCK_SEQUENCE_START_TOKEN: .blockSequenceStart
    case YAML_BLOCK_MAPPING_START_TOKEN: .blockMappingStart
    case YAML_BLOCK_END_TOKEN: .blockEnd
    case YAML_FLOW_SEQUENCE_START_TOKEN, YAML_FLOW_MAPPING_START_TOKEN: .flowStart
    case YAML_FLOW_SEQUENCE_END_TOKEN, YAML_FLOW_MAPPING_END_TOKEN: .flowEnd
    case YAML_FLOW_ENTRY_TOKEN: .flowEntry
    case YAML_BLOCK_ENTRY_TOKEN: .blockEntry
    case YAML_KEY_TOKEN: .key
    case YAML_VALUE_TOKEN: .value
    case YAML_SCALAR_TOKEN: .scalar
    case YAML_ALIAS_TOKEN: .alias
    case YAML_ANCHOR_TOKEN: .anchor
    case YAML_TAG_TOKEN: .tag
    case YAML_DOCUMENT_START_TOKEN, YAML_DOCUMENT_END_TOKEN, YAML_VERSION_DIRECTIVE_TOKEN,
      YAML_TAG_DIRECTIVE_TOKEN:
      .document
    default: nil
    }
  }

  /// What the text says, whatever it looks like: its events with their values, a line each.
  static func meaning(of text: String) throws(Failure) -> [String] { try events(of: text).map(\.text) }

  /// A piece of what a text says, and where it stands, counted from 1.
  struct Event {
    let text: String
    let line: Int
    let column: Int
  }

  static func events(of text: String) throws(Failure) -> [Event] {
    let reader = try Reader(text)
    var events: [Event] = []
    while true {
      var event = yaml_event_t()
      guard yaml_parser_parse(reader.parser, &event) == 1 else { throw Failure() }
      defer { yaml_event_delete(&event) }
      if event.type == YAML_STREAM_END_EVENT { return events }
      events.append(
        Event(
          text: said(by: event), line: Int(event.start_mark.line) + 1,
          column: Int(event.start_mark.column) + 1))
    }
  }

  private static func said(by event: yaml_event_t) -> String {
    switch event.type {
    case YAML_SCALAR_EVENT:
      let scalar = event.data.scalar
      let value = String(
        decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
      return "scalar \(scalar.style.rawValue) \(word(scalar.anchor)) \(word(scalar.tag)) \(value)"
    case YAML_ALIAS_EVENT: return "alias \(word(event.data.alias.anchor))"
    case YAML_SEQUENCE_START_EVENT:
      return "sequence \(word(event.data.sequence_start.anchor)) \(word(event.data.sequence_start.tag))"
    case YAML_MAPPING_START_EVENT:
      return "mapping \(word(event.data.mapping_start.anchor)) \(word(event.data.mapping_start.tag))"
    default: return "event \(event.type.rawValue)"
    }
  }

  private static func word(_ pointer: UnsafeMutablePointer<UInt8>?) -> String {
    pointer.map { String(cString: $0) } ?? "-"
  }

  /// libyaml at the start of a text. It keeps pointers into itself and the text: both stay at one address.
  private final class Reader {
    let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
    private let bytes: UnsafeMutableBufferPointer<UInt8>

    init(_ text: String) throws(Failure) {
      let utf8 = Array(text.utf8)
      bytes = .allocate(capacity: max(utf8.count, 1))
      _ = bytes.update(fromContentsOf: utf8)
      guard yaml_parser_initialize(parser) == 1 else {
        parser.deallocate()
        bytes.deallocate()
        throw Failure()
      }
      yaml_parser_set_input_string(parser, bytes.baseAddress, utf8.count)
      yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    }

    deinit {
      yaml_parser_delete(parser)
      parser.deallocate()
      bytes.deallocate()
    }
  }
}

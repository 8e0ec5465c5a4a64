internal import CYAML

/// Reads one YAML document into located nodes with libyaml, within bounds that hostile input cannot pass.
///
/// Follows <https://yaml.org/spec/1.2.2/> as far as libyaml 0.2 does; duplicate keys, keys that are not
/// scalars, `<<` merges, explicit tags and several documents in one file are errors.
struct YAMLParser {
  /// What one file may hold.
  struct Bounds {
    var bytes = 8 << 20
    var depth = 40
    /// Counted with every alias expanded, in all files of a spec together.
    var nodes = limit

    static let limit = 1_000_000
  }

  private let source: SourceText
  private let bounds: Bounds
  private let diagnostics: Diagnostics
  private var anchors: [String: Anchored] = [:]
  private var openAnchors: Set<String> = []
  private var nodeCount = 0
  /// The greatest depth since it was last reset, aliases expanded.
  private var deepest = 0

  /// What an anchor stands for: a node, its number of nodes and its levels below the first.
  private struct Anchored {
    let node: YAMLNode
    let size: Int
    let height: Int
  }

  /// Thrown once the reason is among the diagnostics.
  private struct Stop: Error {}

  private init(_ source: SourceText, bounds: Bounds, diagnostics: Diagnostics) {
    self.source = source
    self.bounds = bounds
    self.diagnostics = diagnostics
  }

  /// The root of `source`'s document, or nil if the file is empty or not YAML (then `diagnostics` says why).
  static func parse(_ source: SourceText, bounds: Bounds = Bounds(), diagnostics: Diagnostics) -> YAMLNode? {
    var bounds = bounds
    return parse(source, spending: &bounds, diagnostics: diagnostics)
  }

  /// The same for one of several texts, which takes its values from what all of them may hold together.
  static func parse(_ source: SourceText, spending bounds: inout Bounds, diagnostics: Diagnostics)
    -> YAMLNode?
  {
    var parser = YAMLParser(source, bounds: bounds, diagnostics: diagnostics)
    defer { bounds.nodes = max(bounds.nodes - parser.nodeCount, 0) }
    return try? parser.parseStream()
  }

  private mutating func parseStream() throws(Stop) -> YAMLNode? {
    guard source.text.utf8.count <= bounds.bytes else {
      throw stop("the file is larger than \(bounds.bytes >> 20) MiB", at: location(0, 0))
    }
    // libyaml keeps pointers into the parser and the buffer: both stay at one address until the end.
    let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
    defer { parser.deallocate() }
    guard yaml_parser_initialize(parser) == 1 else { throw stop("out of memory", at: nil) }
    defer { yaml_parser_delete(parser) }
    let bytes = Array(source.text.utf8)
    let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: max(bytes.count, 1))
    defer { buffer.deallocate() }
    _ = buffer.update(fromContentsOf: bytes)
    yaml_parser_set_input_string(parser, buffer.baseAddress, bytes.count)
    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    return try parseDocument(parser)
  }

  private mutating func parseDocument(_ parser: UnsafeMutablePointer<yaml_parser_t>) throws(Stop) -> YAMLNode?
  {
    var root: YAMLNode?
    while true {
      let event = try next(parser)
      switch event.kind {
      case .documentStart where root != nil:
        throw stop(
          "a second document starts here", at: event.location,
          help: "one document a file; a spec may be a directory of files")
      case .streamStart, .documentStart, .documentEnd: continue
      case .streamEnd: return root
      default: root = try node(from: event, parser, depth: 0)
      }
    }
  }

  private mutating func node(
    from event: Event, _ parser: UnsafeMutablePointer<yaml_parser_t>, depth: Int
  ) throws(Stop) -> YAMLNode {
    try descend(to: depth, at: event.location)
    let (sizeBefore, deepestBefore) = (nodeCount, deepest)
    deepest = depth
    defer { deepest = max(deepest, deepestBefore) }
    try count(1, at: event.location)
    let node: YAMLNode
    if let anchor = event.anchor, event.kind != .alias { openAnchors.insert(anchor) }
    switch event.kind {
    case .scalar(let scalar):
      node = YAMLNode(.scalar(scalar), at: event.location)
    case .sequenceStart:
      var items: [YAMLNode] = []
      while true {
        let item = try next(parser)
        if item.kind == .sequenceEnd { break }
        items.append(try self.node(from: item, parser, depth: depth + 1))
      }
      node = YAMLNode(.sequence(items), at: event.location)
    case .mappingStart:
      node = YAMLNode(.mapping(try mapping(parser, depth: depth)), at: event.location)
    case .alias:
      return try resolveAlias(event, depth: depth)
    case .streamStart, .streamEnd, .documentStart, .documentEnd, .sequenceEnd, .mappingEnd:
      throw stop("unexpected end of the document", at: event.location)
    }
    if let anchor = event.anchor {
      openAnchors.remove(anchor)
      anchors[anchor] = Anchored(node: node, size: nodeCount - sizeBefore, height: deepest - depth)
    }
    return node
  }

  private mutating func mapping(
    _ parser: UnsafeMutablePointer<yaml_parser_t>, depth: Int
  ) throws(Stop) -> YAMLMapping {
    var mapping = YAMLMapping()
    while true {
      let keyEvent = try next(parser)
      if keyEvent.kind == .mappingEnd { return mapping }
      guard case .scalar(let key) = keyEvent.kind else {
        throw stop(
          "a key must be a plain word", at: keyEvent.location,
          help: "quote what starts with {, [ or *, such as \"${var.x}\"")
      }
      if key.text == "<<", key.style == .plain {
        throw stop("merge keys are not part of the language", at: keyEvent.location, help: "use a profile")
      }
      if let anchor = keyEvent.anchor {
        let node = YAMLNode(.scalar(key), at: keyEvent.location)
        anchors[anchor] = Anchored(node: node, size: 1, height: 0)
      }
      let value = try node(from: try next(parser), parser, depth: depth + 1)
      let entry = YAMLMapping.Entry(key: key.text, keyLocation: keyEvent.location, value: value)
      if let first = mapping.append(entry) {
        diagnostics.error(
          "duplicate key '\(key.text)'", at: keyEvent.location,
          related: [.init(message: "it stands here first", location: first.keyLocation)])
      }
    }
  }

  private mutating func resolveAlias(_ event: Event, depth: Int) throws(Stop) -> YAMLNode {
    let name = event.anchor ?? ""
    if openAnchors.contains(name) { throw stop("alias '*\(name)' contains itself", at: event.location) }
    guard let anchored = anchors[name] else {
      throw stop(
        "unknown alias '*\(name)'", at: event.location, help: "quote a value that starts with '*'")
    }
    try count(anchored.size, at: event.location)
    try descend(to: depth + anchored.height, at: event.location)
    return anchored.node
  }

  private mutating func descend(to depth: Int, at location: SourceLocation) throws(Stop) {
    guard depth <= bounds.depth else {
      throw stop("nested deeper than \(bounds.depth) levels", at: location)
    }
    deepest = max(deepest, depth)
  }

  private mutating func count(_ nodes: Int, at location: SourceLocation) throws(Stop) {
    nodeCount += nodes
    if nodeCount > bounds.nodes {
      throw stop("more than \(Bounds.limit) values, counted with their aliases", at: location)
    }
  }

  private func location(_ line: Int, _ column: Int) -> SourceLocation {
    SourceLocation(path: source.path, line: line + 1, column: column + 1)
  }

  private func stop(_ message: String, at location: SourceLocation?, help: String? = nil) -> Stop {
    diagnostics.error(message, at: location, help: help)
    return Stop()
  }
}

// MARK: - libyaml's events

extension YAMLParser {
  private struct Event {
    enum Kind: Equatable {
      case streamStart, streamEnd, documentStart, documentEnd
      case alias, sequenceStart, sequenceEnd, mappingStart, mappingEnd
      case scalar(YAMLScalar)
    }

    let kind: Kind
    let anchor: String?
    let location: SourceLocation
  }

  private func next(_ parser: UnsafeMutablePointer<yaml_parser_t>) throws(Stop) -> Event {
    var event = yaml_event_t()
    guard yaml_parser_parse(parser, &event) == 1 else { throw syntaxError(parser.pointee) }
    defer { yaml_event_delete(&event) }
    let place = location(Int(event.start_mark.line), Int(event.start_mark.column))
    var anchor: String?
    let kind: Event.Kind
    switch event.type {
    case YAML_STREAM_START_EVENT: kind = .streamStart
    case YAML_STREAM_END_EVENT: kind = .streamEnd
    case YAML_DOCUMENT_START_EVENT: kind = .documentStart
    case YAML_DOCUMENT_END_EVENT: kind = .documentEnd
    case YAML_SEQUENCE_END_EVENT: kind = .sequenceEnd
    case YAML_MAPPING_END_EVENT: kind = .mappingEnd
    case YAML_ALIAS_EVENT:
      kind = .alias
      anchor = string(event.data.alias.anchor)
    case YAML_SEQUENCE_START_EVENT:
      kind = .sequenceStart
      anchor = string(event.data.sequence_start.anchor)
      try refuseTag(event.data.sequence_start.tag, at: place)
    case YAML_MAPPING_START_EVENT:
      kind = .mappingStart
      anchor = string(event.data.mapping_start.anchor)
      try refuseTag(event.data.mapping_start.tag, at: place)
    case YAML_SCALAR_EVENT:
      let scalar = event.data.scalar
      anchor = string(scalar.anchor)
      try refuseTag(scalar.tag, at: place)
      let text = String(
        decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
      let isPlain = scalar.style == YAML_PLAIN_SCALAR_STYLE
      kind = .scalar(YAMLScalar(text, style: isPlain ? .plain : .quoted))
    default:
      throw stop("unexpected event of libyaml", at: place)
    }
    return Event(kind: kind, anchor: anchor, location: place)
  }

  private func refuseTag(_ tag: UnsafeMutablePointer<UInt8>?, at location: SourceLocation) throws(Stop) {
    guard let tag = string(tag) else { return }
    throw stop("tags such as '\(tag)' are not part of the language", at: location)
  }

  private func string(_ pointer: UnsafeMutablePointer<UInt8>?) -> String? {
    pointer.map { String(cString: $0) }
  }

  private func syntaxError(_ parser: yaml_parser_t) -> Stop {
    var place = location(Int(parser.problem_mark.line), Int(parser.problem_mark.column))
    // libyaml is on the next line at the end of a text, even where the last line has no end.
    if source.line(place.line) == nil { place = source.location(ofByte: source.text.utf8.count) }
    // A reader error has no mark, only an offset in bytes.
    let isUnreadable = parser.error == YAML_READER_ERROR
    let report = YAMLSyntaxError.Report(
      problem: parser.problem.map { String(cString: $0) } ?? "this is not YAML",
      context: parser.context.map { String(cString: $0) } ?? "",
      place: isUnreadable ? source.location(ofByte: Int(parser.problem_offset)) : place,
      contextPlace: location(Int(parser.context_mark.line), Int(parser.context_mark.column)))
    let error = YAMLSyntaxError(report, in: source)
    diagnostics.error(error.message, at: error.location, help: error.help, related: error.related)
    return Stop()
  }
}

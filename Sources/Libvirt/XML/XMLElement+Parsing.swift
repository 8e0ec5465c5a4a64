internal import CLibXML2

extension XMLElement {
  /// The size in bytes of the largest document accepted; twice the longest string libvirt's protocol carries.
  public static let parsingLimit = 8 << 20

  /// Reads a document.
  ///
  /// White space between elements is formatting and is dropped, except beside other text. Nothing is loaded
  /// from anywhere, document types are refused, and nesting beyond 256 levels is malformed.
  public init(parsing text: String) throws(XMLError) {
    var text = text
    var result: Result<XMLElement, XMLError>?
    text.withUTF8 { bytes in
      result = Result { () throws(XMLError) in try XMLElement(parsing: UnsafeRawBufferPointer(bytes)) }
    }
    guard let result else { throw .malformed(line: 1, column: 1, message: "no text") }
    self = try result.get()
  }

  /// Reads a document in UTF-8, following `xmlCtxtReadMemory`.
  init(parsing bytes: UnsafeRawBufferPointer) throws(XMLError) {
    guard bytes.count <= Self.parsingLimit else {
      throw .tooLarge(bytes: bytes.count, limit: Self.parsingLimit)
    }
    guard !XMLAttributeBounds.areExceeded(in: bytes) else {
      throw .tooManyAttributes(limit: XMLAttributeBounds.limit)
    }
    XMLLibrary.initialize()
    guard let context = xmlNewParserCtxt() else {
      throw .malformed(line: 0, column: 0, message: "out of memory")
    }
    defer { xmlFreeParserCtxt(context) }
    let problem = ParsingProblem()
    // Valid until the parser is freed, and the callbacks' user data is the parser.
    context.pointee._private = Unmanaged.passUnretained(problem).toOpaque()
    defer { withExtendedLifetime(problem) {} }
    context.pointee.sax?.pointee.serror = { context, error in
      guard let error = error?.pointee, error.level.rawValue >= XML_ERR_ERROR.rawValue else { return }
      ParsingProblem.of(context)?.note(XMLError(error))
    }
    // Stopping at the declaration's name means that no entity is ever declared.
    context.pointee.sax?.pointee.internalSubset = { context, _, _, _ in
      ParsingProblem.of(context)?.note(.documentTypeRefused)
      xmlStopParser(context?.assumingMemoryBound(to: xmlParserCtxt.self))
    }
    let options =
      XML_PARSE_NONET.rawValue | XML_PARSE_NOERROR.rawValue | XML_PARSE_NOWARNING.rawValue
      | XML_PARSE_NOCDATA.rawValue
    let document = xmlCtxtReadMemory(
      context, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(bytes.count), nil, "UTF-8",
      Int32(bitPattern: options))
    defer { xmlFreeDoc(document) }
    if let error = problem.first { throw error }
    guard let root = xmlDocGetRootElement(document) else {
      throw .malformed(line: 1, column: 1, message: "there is no element")
    }
    self.init(copying: root)
  }

  /// Copies a node of libxml2's tree, following `xmlNode`; recursion is bounded by the parser's depth.
  private init(copying node: xmlNodePtr) {
    var attributes: [Attribute] = []
    var namespace = node.pointee.nsDef
    while let current = namespace?.pointee {
      let name = current.prefix.map { "xmlns:" + String(cString: $0) } ?? "xmlns"
      attributes.append(Attribute(name, current.href.map(Self.namespaceName) ?? ""))
      namespace = current.next
    }
    var attribute = node.pointee.properties
    while let current = attribute?.pointee {
      var value = ""
      var part = current.children
      while let text = part?.pointee {
        if let content = text.content { value += String(cString: content) }
        part = text.next
      }
      attributes.append(Attribute(Self.qualifiedName(current.name, current.ns), value))
      attribute = current.next
    }
    self.init(
      name: Self.qualifiedName(node.pointee.name, node.pointee.ns), attributes: attributes,
      children: Self.children(of: node))
  }

  private static func children(of node: xmlNodePtr) -> [XMLNode] {
    var children: [XMLNode] = []
    var next = node.pointee.children
    while let child = next {
      next = child.pointee.next
      switch child.pointee.type {
      case XML_ELEMENT_NODE:
        children.append(.element(XMLElement(copying: child)))
      case XML_TEXT_NODE, XML_CDATA_SECTION_NODE:
        guard let content = child.pointee.content else { continue }
        let text = String(cString: content)
        if case .text(let before)? = children.last {
          children[children.count - 1] = .text(before + text)
        } else {
          children.append(.text(text))
        }
      case XML_COMMENT_NODE:
        children.append(.comment(child.pointee.content.map { String(cString: $0) } ?? ""))
      default:
        continue
      }
    }
    if children.count > 1, children.allSatisfy({ !$0.isText || $0.isWhitespace }) {
      children.removeAll(where: \.isText)
    }
    return children
  }

  /// The name of a namespace, in which libxml2 leaves each `&` as `&#38;`, unlike in other attributes.
  private static func namespaceName(_ text: UnsafePointer<xmlChar>) -> String {
    let scalars = String(cString: text).unicodeScalars
    return String(scalars.replacing("&#38;".unicodeScalars, with: "&".unicodeScalars))
  }

  private static func qualifiedName(_ name: UnsafePointer<xmlChar>?, _ namespace: xmlNsPtr?) -> String {
    let local = name.map { String(cString: $0) } ?? ""
    guard let prefix = namespace?.pointee.prefix else { return local }
    return String(cString: prefix) + ":" + local
  }
}

/// What the parser found first; later errors follow from it.
private final class ParsingProblem {
  private(set) var first: XMLError?

  /// The one that belongs to a parser.
  static func of(_ context: UnsafeMutableRawPointer?) -> ParsingProblem? {
    context?.assumingMemoryBound(to: xmlParserCtxt.self).pointee._private.map {
      Unmanaged<ParsingProblem>.fromOpaque($0).takeUnretainedValue()
    }
  }

  func note(_ error: XMLError) {
    if first == nil { first = error }
  }
}

extension XMLError {
  fileprivate init(_ error: CLibXML2.xmlError) {
    var message = error.message.map { String(cString: $0) } ?? "not well-formed"
    while message.last?.isWhitespace == true { message.removeLast() }
    self = .malformed(line: max(1, Int(error.line)), column: max(1, Int(error.int2)), message: message)
  }
}

/// libxml2's global state.
private enum XMLLibrary {
  private static let initialized: Void = xmlInitParser()

  /// Makes the parser usable from several threads; needed once before its first use.
  static func initialize() { _ = initialized }
}

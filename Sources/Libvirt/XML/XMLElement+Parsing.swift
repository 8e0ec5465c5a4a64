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

  /// Reads a document in UTF-8, following `xmlCtxtReadMemory`; what its SAX2 callbacks tell is made the tree at once.
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
    let assembly = XMLAssembly(context)
    // Valid until the parser is freed.
    context.pointee.userData = Unmanaged.passUnretained(assembly).toOpaque()
    defer { withExtendedLifetime(assembly) {} }
    context.pointee.sax?.pointee = XMLAssembly.callbacks()
    // Entities are the five of XML itself, since nothing can declare one.
    let options =
      XML_PARSE_NONET.rawValue | XML_PARSE_NOERROR.rawValue | XML_PARSE_NOWARNING.rawValue
      | XML_PARSE_NOCDATA.rawValue | XML_PARSE_NOENT.rawValue
    let document = xmlCtxtReadMemory(
      context, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(bytes.count), nil, "UTF-8",
      Int32(bitPattern: options))
    xmlFreeDoc(document)
    if let error = assembly.problem { throw error }
    guard let root = assembly.root else {
      throw .malformed(line: 1, column: 1, message: "there is no element")
    }
    self = root
  }
}

/// Makes the tree of a document while libxml2 reads it.
private final class XMLAssembly {
  /// An element whose end has not come yet.
  private struct Open {
    let name: String
    let attributes: [XMLElement.Attribute]
    /// The index of its first child among `nodes`.
    let start: Int
    /// Whether there is text in it that is white space, and whether there is other text.
    var hasBlank = false
    var hasText = false
  }

  private let context: xmlParserCtxtPtr
  private var open: [Open] = []
  /// What is in the elements that are open, up to now: those of the innermost last.
  private var nodes: [XMLNode] = []
  /// Text that may go on.
  private var text: [UInt8] = []
  private(set) var root: XMLElement?
  /// What the parser found first; later errors follow from it.
  private(set) var problem: XMLError?

  init(_ context: xmlParserCtxtPtr) { self.context = context }

  // MARK: Callbacks

  private static func of(_ userData: UnsafeMutableRawPointer?) -> XMLAssembly? {
    userData.map { Unmanaged<XMLAssembly>.fromOpaque($0).takeUnretainedValue() }
  }

  /// What libxml2 calls, with the assembly as its user data.
  static func callbacks() -> xmlSAXHandler {
    var handler = xmlSAXHandler()
    handler.initialized = XML_SAX2_MAGIC
    handler.startElementNs = { userData, name, prefix, _, namespaceCount, namespaces, count, _, attributes in
      XMLAssembly.of(userData)?.start(
        qualified(name, prefix), UnsafeBufferPointer(start: namespaces, count: 2 * Int(namespaceCount)),
        UnsafeBufferPointer(start: attributes, count: 5 * Int(count)))
    }
    handler.endElementNs = { userData, _, _, _ in XMLAssembly.of(userData)?.end() }
    let characters: charactersSAXFunc = { userData, text, count in
      XMLAssembly.of(userData)?.text += UnsafeBufferPointer(start: text, count: Int(count))
    }
    // As long as both are the same, the parser does not look itself at what is white space.
    (handler.characters, handler.ignorableWhitespace) = (characters, characters)
    handler.comment = { userData, text in
      XMLAssembly.of(userData)?.add(.comment(text.map { String(cString: $0) } ?? ""))
    }
    handler.serror = { userData, error in
      guard let error = error?.pointee, error.level.rawValue >= XML_ERR_ERROR.rawValue else { return }
      XMLAssembly.of(userData)?.note(XMLError(error))
    }
    // Stopping at the declaration's name means that no entity is ever declared.
    handler.internalSubset = { userData, _, _, _ in
      guard let assembly = XMLAssembly.of(userData) else { return }
      assembly.note(.documentTypeRefused)
      xmlStopParser(assembly.context)
    }
    return handler
  }

  // MARK: The tree

  /// - Parameters:
  ///   - namespaces: a prefix and a name for each.
  ///   - words: a name, a prefix, a namespace, and where the value begins and ends, for each attribute.
  private func start(
    _ name: String, _ namespaces: UnsafeBufferPointer<UnsafePointer<xmlChar>?>,
    _ words: UnsafeBufferPointer<UnsafePointer<xmlChar>?>
  ) {
    endText()
    var attributes: [XMLElement.Attribute] = []
    attributes.reserveCapacity(namespaces.count / 2 + words.count / 5)
    for index in stride(from: 0, to: namespaces.count, by: 2) {
      attributes.append(
        .init(
          namespaces[index].map { "xmlns:" + String(cString: $0) } ?? "xmlns",
          namespaces[index + 1].map { String(cString: $0) } ?? ""))
    }
    for index in stride(from: 0, to: words.count, by: 5) {
      var value = ""
      if let start = words[index + 3], let end = words[index + 4] {
        value = String(decoding: UnsafeBufferPointer(start: start, count: end - start), as: UTF8.self)
      }
      attributes.append(.init(qualified(words[index], words[index + 1]), value))
    }
    open.append(Open(name: name, attributes: attributes, start: nodes.count))
  }

  private func end() {
    endText()
    guard let last = open.popLast() else { return }
    var children = Array(nodes[last.start...])
    nodes.removeSubrange(last.start...)
    if last.hasBlank, !last.hasText, children.count > 1 { children.removeAll(where: \.isText) }
    let element = XMLElement(name: last.name, attributes: last.attributes, children: children)
    if open.isEmpty { root = element } else { nodes.append(.element(element)) }
  }

  private func endText() {
    guard !text.isEmpty else { return }
    if !open.isEmpty {
      if text.allSatisfy(\.isXMLWhitespace) {
        open[open.count - 1].hasBlank = true
      } else {
        open[open.count - 1].hasText = true
      }
      nodes.append(.text(String(decoding: text, as: UTF8.self)))
    }
    text.removeAll(keepingCapacity: true)
  }

  /// What is outside the root is dropped.
  private func add(_ node: XMLNode) {
    endText()
    if !open.isEmpty { nodes.append(node) }
  }

  private func note(_ error: XMLError) {
    if problem == nil { problem = error }
  }
}

private func qualified(_ name: UnsafePointer<xmlChar>?, _ prefix: UnsafePointer<xmlChar>?) -> String {
  let local = name.map { String(cString: $0) } ?? ""
  return prefix.map { String(cString: $0) + ":" + local } ?? local
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

extension XMLElement {
  /// The text of the tree, without an XML declaration; parsing it gives the tree back.
  ///
  /// - Parameter indented: Puts each element on a line of its own, two spaces a level, ending with a newline.
  ///   Elements that contain text are left as they are.
  /// - Throws: what XML cannot express: illegal names, characters or comments, an attribute given twice.
  public func serialized(indented: Bool = true) throws(XMLError) -> String {
    var writer = XMLWriter()
    try writer.write(self, level: indented ? 0 : nil)
    if indented { writer.endLine() }
    return writer.text
  }

  /// Throws what ``serialized(indented:)`` would throw.
  public func validate() throws(XMLError) {
    _ = try serialized(indented: false)
  }
}

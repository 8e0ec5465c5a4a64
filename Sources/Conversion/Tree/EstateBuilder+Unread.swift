extension EstateBuilder {
  /// Tells of every value in `node` that was not read, once.
  ///
  /// - Parameters:
  ///   - address: goes before the path of each where the source has no lines of its own.
  ///   - defaults: whether `false` is what nobody said.
  func noteUnread(_ node: SourceNode, of subject: String, address: String? = nil, defaults: Bool = false) {
    for unread in node.unread(defaults: defaults) {
      let place = address.map { "\($0).\(unread.path)" } ?? self.place(unread.node.line)
      let text =
        unread.node.isExpression
        ? "'\(unread.path)' is an expression, which is not evaluated" : "'\(unread.path)' is not carried"
      note(subject, at: place, text)
      unread.node.ignore()
    }
  }
}

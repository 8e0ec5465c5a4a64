/// What keeps an image from being had although nothing is wrong with the spec: a server that is not there, a full disk.
struct ImageError: Error, Hashable, CustomStringConvertible {
  let description: String
  /// What to do about it.
  let help: String?

  init(_ description: String, help: String? = nil) {
    self.description = description
    self.help = help
  }
}

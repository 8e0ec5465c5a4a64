/// Why a text is not a value of its type. The reader of the spec adds where.
public struct ValueError: Error, Hashable, Sendable {
  public let message: String
  public let help: String?

  public init(_ message: String, help: String? = nil) {
    self.message = message
    self.help = help
  }
}

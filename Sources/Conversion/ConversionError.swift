/// Why a source cannot be converted at all.
public struct ConversionError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The file as the user named it.
  public let file: String
  /// Counted from 1; nil for the file as a whole.
  public let line: Int?
  /// What is wrong, in one clause without a full stop.
  public let message: String
  /// What to do about it.
  public let help: String?

  public init(_ file: String, line: Int? = nil, _ message: String, help: String? = nil) {
    self.file = file
    self.line = line
    self.message = message
    self.help = help
  }

  /// `plan.yaml:3: …; what to do`
  public var description: String {
    let place = line.map { "\(file):\($0)" } ?? file
    return "\(place): \(message)" + (help.map { "; \($0)" } ?? "")
  }
}

/// One problem of a spec, placed where it stands.
public struct Diagnostic: Hashable, Sendable {
  public enum Severity: String, Sendable { case error, warning }

  /// A second place that the problem is about, such as the first use of a duplicate name.
  public struct Related: Hashable, Sendable {
    public let message: String
    public let location: SourceLocation

    public init(message: String, location: SourceLocation) {
      self.message = message
      self.location = location
    }
  }

  public let severity: Severity
  /// What is wrong, in one clause without a full stop.
  public let message: String
  /// Where; nil for a problem of the whole run, such as a file that cannot be read.
  public let location: SourceLocation?
  /// What to do about it.
  public let help: String?
  public let related: [Related]

  public init(
    _ severity: Severity = .error, _ message: String, at location: SourceLocation?, help: String? = nil,
    related: [Related] = []
  ) {
    self.severity = severity
    self.message = message
    self.location = location
    self.help = help
    self.related = related
  }
}

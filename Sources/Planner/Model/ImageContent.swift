public import SpecModel

/// What is in an image's file now.
public struct ImageContent: Hashable, Sendable {
  /// SHA-256 in lower-case hex.
  public let sha256: String
  /// The length of the file.
  public let length: ByteCount

  public init(sha256: String, length: ByteCount) {
    self.sha256 = sha256
    self.length = length
  }
}

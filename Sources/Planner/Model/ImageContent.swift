public import SpecModel

/// What is in an image's file now, as hosts get it.
public struct ImageContent: Hashable, Sendable {
  /// SHA-256 in lower-case hex.
  public let sha256: String
  /// The length of the file.
  public let length: ByteCount
  /// Path of the file on this machine: the image's source, or what was made of it.
  public let file: String
  /// The size of a disk cloned from it.
  public let virtualSize: ByteCount

  public init(sha256: String, length: ByteCount, file: String, virtualSize: ByteCount) {
    self.sha256 = sha256
    self.length = length
    self.file = file
    self.virtualSize = virtualSize
  }
}

/// Why a download failed, in words for people that name the URL.
public struct DownloadError: Error, Hashable, Sendable, CustomStringConvertible {
  public let description: String
  /// What to do about it.
  public let help: String?

  init(_ description: String, help: String? = nil) {
    self.description = description
    self.help = help
  }
}

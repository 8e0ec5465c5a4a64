/// What a server says that tells one version of a file from another (RFC 9110, section 8.8).
public struct Validators: Codable, Hashable, Sendable {
  public var etag: String?
  public var lastModified: String?

  public init(etag: String?, lastModified: String?) {
    self.etag = etag
    self.lastModified = lastModified
  }

  init(_ head: ResponseHead) {
    etag = head["etag"]
    lastModified = head["last-modified"]
  }

  public var isEmpty: Bool { etag == nil && lastModified == nil }

  /// The value of `If-Range`. A weak ETag, which starts with `W/`, does not say that each byte is the same.
  var range: String? { etag.flatMap { $0.hasPrefix("W/") ? nil : $0 } ?? lastModified }

  /// False if `other` names another version.
  func mayBe(_ other: Validators) -> Bool {
    if let etag, let otherETag = other.etag { return etag == otherETag }
    guard let lastModified, let otherDate = other.lastModified else { return true }
    return lastModified == otherDate
  }

  /// Headers for which a server answers 304 if the file is still this version.
  var conditions: [String] {
    if let etag { return ["If-None-Match: \(etag)"] }
    return lastModified.map { ["If-Modified-Since: \($0)"] } ?? []
  }
}

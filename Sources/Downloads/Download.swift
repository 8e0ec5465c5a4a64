import Dispatch
import FoundationEssentials

/// A file on a web server that is fetched into a local one, from where an earlier run was cut off.
///
/// Only one at a time may run for a partial file; the caller sees to that.
public struct Download: Sendable {
  public let url: String
  /// Path of the local file. Its directory must be there.
  public let partial: String
  public let limits: Limits
  public let trust: Trust

  /// Who vouches for the servers of https URLs.
  public struct Trust: Sendable {
    /// The path of a file with certificates in PEM, in place of the system's own.
    public let bundle: String?
    /// The path of a directory with such files, by the hashes of their names (`openssl rehash`).
    public let directory: String?

    public init(bundle: String? = nil, directory: String? = nil) {
      self.bundle = bundle
      self.directory = directory
    }

    /// What the variables say that curl, and OpenSSL's own programs, go by.
    public static var environment: Trust {
      let environment = ProcessInfo.processInfo.environment.filter { !$0.value.isEmpty }
      return Trust(
        bundle: environment["CURL_CA_BUNDLE"] ?? environment["SSL_CERT_FILE"],
        directory: environment["SSL_CERT_DIR"])
    }
  }

  /// How long a server may keep silent.
  public struct Limits: Sendable {
    public let connectSeconds: Int
    public let stallSeconds: Int

    public init(connectSeconds: Int = 30, stallSeconds: Int = 60) {
      self.connectSeconds = connectSeconds
      self.stallSeconds = stallSeconds
    }
  }

  public enum Outcome: Hashable, Sendable {
    /// The whole file is at `partial`.
    case complete(Validators)
    /// It is still the version that is known.
    case notModified
  }

  /// Gets the bytes that are there and how many there will be; nil if the server does not say.
  public typealias Progress = @Sendable (UInt64, UInt64?) -> Void

  public init(
    url: String, partial: String, limits: Limits = Limits(), trust: Trust = .environment
  ) {
    self.url = url
    self.partial = partial
    self.limits = limits
    self.trust = trust
  }

  /// Removes what an earlier run left.
  public func discard() { PartialFile.remove(partial) }

  /// Fetches what is missing.
  ///
  /// - Parameter known: a version that need not be fetched again.
  /// - Throws: ``DownloadError``.
  public func run(unless known: Validators? = nil, progress: @escaping Progress = { _, _ in }) async throws
    -> Outcome
  {
    // libcurl waits for the network, which Swift's own threads must not.
    try await withCheckedThrowingContinuation { continuation in
      DispatchQueue(label: "virtform.download").async {
        continuation.resume(with: Result { try transfer(unless: known, progress) })
      }
    }
  }

  private func transfer(unless known: Validators?, _ progress: @escaping Progress) throws -> Outcome {
    let file = try PartialFile(partial)
    let start = file.validators
    do {
      if file.length > 0, let start, let range = start.range {
        let headers = ["Range: bytes=\(file.length)-", "If-Range: \(range)"]
        if let outcome = try request(headers, into: file, continuing: start, progress) { return outcome }
      }
      let conditions = known?.conditions ?? []
      if let outcome = try request(conditions, into: file, continuing: nil, progress) {
        return outcome
      }
    } catch let error as DownloadError where file.length > 0 && file.validators != nil && error.help == nil {
      throw DownloadError(
        error.description, help: "run it again: it goes on after the \(file.length) bytes that are there")
    }
    throw DownloadError("cannot download '\(url)': the server sends no whole file")
  }

  /// The server sends a part of another version, although it was told which one is meant.
  private struct OtherVersion: Error {}

  /// nil if the server has no such range of this version: the file has to be fetched from its start.
  private func request(
    _ headers: [String], into file: PartialFile, continuing start: Validators?, _ progress: @escaping Progress
  ) throws -> Outcome? {
    var outcome: Outcome?
    var total: UInt64?
    let transfer = try Transfer(url: url, headers: headers, limits: limits, trust: trust) { head in
      switch head.status {
      case 200:
        let validators = Validators(head)
        try file.begin(validators)
        total = head.length
        outcome = .complete(validators)
      case 206:
        guard let start, head.rangeStart == file.length else {
          throw DownloadError("cannot download '\(url)': the server sends another part than it was asked for")
        }
        guard start.mayBe(Validators(head)) else { throw OtherVersion() }
        total = head.length.map { $0 + file.length }
        outcome = .complete(start)
      case 304 where start == nil && !headers.isEmpty: outcome = .notModified
      case 416 where start != nil: break
      default: throw statusError(head.status)
      }
      progress(file.length, total)
    } body: { bytes in
      // The text of a 416 is nobody's.
      guard outcome != nil else { return }
      try file.append(bytes)
      progress(file.length, total)
    }
    do { try transfer.perform() } catch is OtherVersion { return nil }
    if case .complete = outcome { try file.flush() }
    return outcome
  }

  private func statusError(_ status: Int) -> DownloadError {
    let meaning =
      switch status {
      case 401, 403: " (it may not be read)"
      case 404, 410: " (there is no such file)"
      case 500...599: " (the server is in trouble)"
      default: ""
      }
    let help =
      switch status {
      case 401: "user and password belong in ~/.netrc"
      case 408, 429, 500...599: "try again later"
      default: "check the URL"
      }
    return DownloadError(
      "cannot download '\(url)': the server answers \(status)\(meaning)", help: help)
  }
}

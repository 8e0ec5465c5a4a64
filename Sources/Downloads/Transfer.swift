internal import CCurl

/// One request, carried out on the thread that calls `perform` (<https://curl.se/libcurl/c/libcurl-easy.html>).
final class Transfer {
  private let handle: UnsafeMutableRawPointer
  private var headers: UnsafeMutablePointer<curl_slist>?
  private let url: String
  private let trust: Download.Trust
  /// Where libcurl says more of what went wrong.
  private let details: UnsafeMutablePointer<CChar>
  /// Called once with the head of the final response, before its body.
  private let receiveHead: (ResponseHead) throws -> Void
  private let receiveBody: (UnsafeRawBufferPointer) throws -> Void
  private var head = ResponseHead()
  private var hasHead = false
  /// What one of the two threw.
  private var failure: (any Error)?

  /// Thread-safe, as Swift initializes a global once.
  private static let library: CURLcode = curl_global_init(Int(CURL_GLOBAL_DEFAULT))

  init(
    url: String, headers lines: [String], limits: Download.Limits, trust: Download.Trust,
    head receiveHead: @escaping (ResponseHead) throws -> Void,
    body receiveBody: @escaping (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    guard Self.library == CURLE_OK, let handle = curl_easy_init() else {
      throw DownloadError("libcurl cannot be initialized")
    }
    self.handle = handle
    details = .allocate(capacity: Int(CURL_ERROR_SIZE))
    details.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    self.url = url
    self.trust = trust
    self.receiveHead = receiveHead
    self.receiveBody = receiveBody
    for line in lines { headers = curl_slist_append(headers, line) }
    // A redirect from HTTPS to HTTP would give up what the user chose HTTPS for.
    let redirects = url.lowercased().hasPrefix("https:") ? "https" : "http,https"
    var texts = [
      (CURLOPT_URL, url), (CURLOPT_PROTOCOLS_STR, "http,https"), (CURLOPT_REDIR_PROTOCOLS_STR, redirects),
      (CURLOPT_USERAGENT, "virtform"),
    ]
    if let bundle = trust.bundle { texts.append((CURLOPT_CAINFO, bundle)) }
    if let directory = trust.directory { texts.append((CURLOPT_CAPATH, directory)) }
    let numbers = [
      (CURLOPT_NOSIGNAL, 1), (CURLOPT_FOLLOWLOCATION, 1), (CURLOPT_MAXREDIRS, 10),
      (CURLOPT_NETRC, Int(CURL_NETRC_OPTIONAL.rawValue)),
      (CURLOPT_CONNECTTIMEOUT, limits.connectSeconds),
      // Slower than a byte a second for so long is a server that has stopped to answer.
      (CURLOPT_LOW_SPEED_LIMIT, 1), (CURLOPT_LOW_SPEED_TIME, limits.stallSeconds),
    ]
    var codes = texts.map { virtform_set_text(handle, $0, $1) }
    codes += numbers.map { virtform_set_long(handle, $0, $1) }
    codes.append(virtform_set_pointer(handle, CURLOPT_HTTPHEADER, headers))
    codes.append(virtform_set_pointer(handle, CURLOPT_ERRORBUFFER, details))
    if let bad = codes.first(where: { $0 != CURLE_OK }) {
      throw DownloadError("cannot download '\(url)': \(Self.text(of: bad))")
    }
  }

  deinit {
    curl_easy_cleanup(handle)
    curl_slist_free_all(headers)
    details.deallocate()
  }

  func perform() throws {
    // Unretained: this method keeps the object alive as long as libcurl may call back.
    let context = Unmanaged.passUnretained(self).toOpaque()
    virtform_set_pointer(handle, CURLOPT_HEADERDATA, context)
    virtform_set_pointer(handle, CURLOPT_WRITEDATA, context)
    virtform_set_receiver(handle, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
      guard let bytes, let context else { return 0 }
      let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
      Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().head.add(
        String(decoding: line, as: UTF8.self))
      return size * count
    }
    virtform_set_receiver(handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
      guard let bytes, let context else { return 0 }
      let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
      let isTaken = transfer.take(UnsafeRawBufferPointer(start: bytes, count: size * count))
      // Anything but the count ends the transfer; 0 is the count of an empty file.
      return isTaken ? size * count : size * count + 1
    }
    let code = curl_easy_perform(handle)
    if let failure { throw failure }
    guard code == CURLE_OK else { throw failure(of: code) }
    // A response without a body.
    if !hasHead { try receiveHead(head) }
  }

  private func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
    do {
      if !hasHead {
        hasHead = true
        try receiveHead(head)
      }
      try receiveBody(bytes)
      return true
    } catch {
      failure = error
      return false
    }
  }

  private func failure(of code: CURLcode) -> DownloadError {
    let said = String(cString: details)
    switch code {
    case CURLE_PEER_FAILED_VERIFICATION:
      return DownloadError(
        "cannot download '\(url)': the server's certificate is not trusted (\(said))",
        help: trust.bundle.map {
          "its CA is not among those in '\($0)', which CURL_CA_BUNDLE or SSL_CERT_FILE names"
        }
          ?? "a CA of your own goes into a file that SSL_CERT_FILE names")
    case CURLE_SSL_CACERT_BADFILE:
      return DownloadError(
        "cannot download '\(url)': the certificates of CAs cannot be read (\(said))",
        help: "CURL_CA_BUNDLE and SSL_CERT_FILE name a file of theirs, SSL_CERT_DIR a directory")
    default: return DownloadError("cannot download '\(url)': \(Self.text(of: code))")
    }
  }

  /// What went wrong, for people. libcurl's own words for the usual failures are about the protocol.
  private static func text(of code: CURLcode) -> String {
    switch code {
    case CURLE_COULDNT_RESOLVE_HOST: "the server's name is not known"
    case CURLE_COULDNT_CONNECT: "no connection to the server"
    case CURLE_OPERATION_TIMEDOUT: "the server has stopped to answer"
    case CURLE_PARTIAL_FILE, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_GOT_NOTHING:
      "the connection broke before the end"
    case CURLE_TOO_MANY_REDIRECTS: "it redirects without an end"
    case CURLE_UNSUPPORTED_PROTOCOL: "it redirects to what is no HTTPS or HTTP"
    default: String(cString: curl_easy_strerror(code))
    }
  }
}

import Dispatch
import FoundationEssentials
import Glibc
import Synchronization

/// A web server on loopback that can be told to misbehave. One request a connection.
public final class HTTPServer: Sendable {
  /// What the server has under a path.
  public struct Resource: Sendable {
    public var bytes: [UInt8]
    public var etag: String?
    public var lastModified: String?
    /// False: a Range is not looked at, and the whole file is sent.
    public var takesRanges = true
    /// False: a part is sent of what is there now, whatever version was asked for.
    public var obeysIfRange = true
    public var status = 200
    /// Where a redirect leads.
    public var location: String?
    /// Ends the connection after so many bytes of the body.
    public var cutsAfter: Int?
    /// Sends so many bytes of the body and then no more, without ending the connection.
    public var stallsAfter: Int?
    /// Sends bytes from another place than it says.
    public var shift = 0

    public init(_ bytes: [UInt8], etag: String? = "\"1\"") {
      self.bytes = bytes
      self.etag = etag
    }
  }

  /// A request as it came: its path and its headers, by name in lower case.
  public struct Request: Sendable {
    public let path: String
    public let headers: [String: String]
  }

  private struct State {
    var resources: [String: Resource] = [:]
    var requests: [Request] = []
    var isClosed = false
  }

  private let state = Mutex(State())
  private let descriptor: Int32
  public let port: UInt16

  public init() throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let descriptor = self.descriptor
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        bind(descriptor, generic, length) == 0 && listen(descriptor, 16) == 0
          && getsockname(descriptor, generic, &length) == 0
      }
    }
    port = UInt16(bigEndian: address.sin_port)
    guard isBound else {
      throw Lab.Failure(description: "no web server: \(String(cString: strerror(errno)))")
    }
    DispatchQueue(label: "http").async { [self] in acceptAll() }
  }

  public func url(_ path: String) -> String { "http://127.0.0.1:\(port)\(path)" }

  public subscript(path: String) -> Resource? {
    get { state.withLock { state in state.resources[path] } }
    set { state.withLock { state in state.resources[path] = newValue } }
  }

  /// The requests since the last call.
  public func takeRequests() -> [Request] {
    state.withLock { state in
      defer { state.requests = [] }
      return state.requests
    }
  }

  /// Takes no more connections.
  public func close() {
    let wasOpen = state.withLock { state in
      defer { state.isClosed = true }
      return !state.isClosed
    }
    if wasOpen { shutdown(descriptor, Int32(SHUT_RDWR)) }
  }

  private func acceptAll() {
    while true {
      let client = accept(descriptor, nil, nil)
      if client < 0 {
        if state.withLock({ $0.isClosed }) { break }
        continue
      }
      DispatchQueue(label: "http.client").async { [self] in
        answer(client)
        Glibc.close(client)
      }
    }
    Glibc.close(descriptor)
  }

  // MARK: Answers

  private func answer(_ client: Int32) {
    guard let request = Self.read(client) else { return }
    let resource = state.withLock { state in
      state.requests.append(request)
      return state.resources[request.path]
    }
    guard let resource else {
      return Self.send(client, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
    }
    var head = "Connection: close\r\n"
    if let etag = resource.etag { head += "ETag: \(etag)\r\n" }
    if let date = resource.lastModified { head += "Last-Modified: \(date)\r\n" }
    if let location = resource.location {
      return Self.send(client, "HTTP/1.1 302 Found\r\nLocation: \(location)\r\nContent-Length: 0\r\n\r\n")
    }
    guard resource.status == 200 else {
      return Self.send(client, "HTTP/1.1 \(resource.status) No\r\n\(head)Content-Length: 0\r\n\r\n")
    }
    let versions = [resource.etag, resource.lastModified].compactMap { $0 }
    if let known = request.headers["if-none-match"] ?? request.headers["if-modified-since"],
      versions.contains(known)
    {
      return Self.send(client, "HTTP/1.1 304 Not Modified\r\n\(head)\r\n")
    }
    var body = resource.bytes[...]
    var status = "200 OK"
    let isMeant = !resource.obeysIfRange || request.headers["if-range"].map(versions.contains) ?? true
    let range = isMeant ? request.headers["range"] : nil
    if resource.takesRanges, let start = range.flatMap({ Int($0.dropFirst(6).prefix { $0 != "-" }) }) {
      guard start < body.count else {
        return Self.send(client, "HTTP/1.1 416 No\r\nContent-Length: 0\r\n\r\n")
      }
      status = "206 Partial Content"
      head += "Content-Range: bytes \(start + resource.shift)-\(body.count - 1)/\(body.count)\r\n"
      body = body[start...]
    }
    Self.send(client, "HTTP/1.1 \(status)\r\n\(head)Content-Length: \(body.count)\r\n\r\n")
    let count = min(resource.cutsAfter ?? body.count, resource.stallsAfter ?? body.count, body.count)
    Self.send(client, Array(body.prefix(count)))
    // Until the client gives up.
    if resource.stallsAfter != nil { _ = Self.byte(client) }
  }

  private static func read(_ client: Int32) -> Request? {
    var text = ""
    while !text.hasSuffix("\r\n\r\n") {
      guard let byte = byte(client), text.utf8.count < 1 << 16 else { return nil }
      text.unicodeScalars.append(Unicode.Scalar(byte))
    }
    let lines = text.split(whereSeparator: \.isNewline)
    guard let path = lines.first?.split(separator: " ").dropFirst().first else { return nil }
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: ":") else { continue }
      headers[line[..<colon].lowercased()] = String(line[line.index(after: colon)...].drop { $0 == " " })
    }
    return Request(path: String(path), headers: headers)
  }

  private static func byte(_ client: Int32) -> UInt8? {
    var byte: UInt8 = 0
    return recv(client, &byte, 1, 0) == 1 ? byte : nil
  }

  private static func send(_ client: Int32, _ text: String) { send(client, Array(text.utf8)) }

  private static func send(_ client: Int32, _ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let sent = rest.withUnsafeBytes {
        Glibc.send(client, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard sent > 0 else { return }
      rest = rest.dropFirst(sent)
    }
  }
}

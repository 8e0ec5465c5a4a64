import Dispatch
import Glibc

/// A TCP connection, on a thread that may wait.
struct Socket: ~Copyable {
  private let descriptor: Int32

  /// Why a connection failed, in the system's words.
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// How long each of connecting, sending and receiving may take, in seconds.
  private static let patience = 3

  /// Connects, runs `body` with the connection, and closes it; all on a thread of its own.
  static func connecting<Value: Sendable>(
    to address: String, port: Int, _ body: @escaping @Sendable (borrowing Socket) throws(Failure) -> Value
  ) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      DispatchQueue(label: "readiness").async {
        continuation.resume(
          with: Result { () throws -> Value in
            let socket = try Socket(connectingTo: address, port: port)
            return try body(socket)
          })
      }
    }
  }

  private init(connectingTo address: String, port: Int) throws(Failure) {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    let result = getaddrinfo(address, String(port), &hints, &found)
    guard result == 0, let first = found else {
      throw Failure(description: gai_strerror(result).map { String(cString: $0) } ?? "no such host")
    }
    defer { freeaddrinfo(first) }
    var failure = Failure(description: "no such host")
    var next: UnsafeMutablePointer<addrinfo>? = first
    while let info = next {
      do {
        descriptor = try Self.connect(info.pointee)
        return
      } catch {
        failure = error
      }
      next = info.pointee.ai_next
    }
    throw failure
  }

  deinit {
    close(descriptor)
  }

  private static func connect(_ info: addrinfo) throws(Failure) -> Int32 {
    let kind = info.ai_socktype | Int32(SOCK_CLOEXEC.rawValue)
    let descriptor = socket(info.ai_family, kind, info.ai_protocol)
    guard descriptor >= 0 else { throw Failure(errno: errno) }
    // On Linux the limit for sending is the one for connecting, too (socket(7)).
    var limit = timeval(tv_sec: patience, tv_usec: 0)
    for option in [SO_SNDTIMEO, SO_RCVTIMEO] {
      setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
    }
    guard Glibc.connect(descriptor, info.ai_addr, info.ai_addrlen) == 0 else {
      let number = errno
      close(descriptor)
      throw number == EINPROGRESS ? Failure(description: "no answer") : Failure(errno: number)
    }
    return descriptor
  }

  func send(_ bytes: [UInt8]) throws(Failure) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let sent = rest.withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard sent > 0 || errno == EINTR else { throw Failure(errno: errno) }
      if sent > 0 { rest = rest.dropFirst(sent) }
    }
  }

  /// The bytes up to the first line break, or to the end of what comes.
  func receiveLine(upTo limit: Int) throws(Failure) -> String {
    var line: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 256)
    while line.count < limit {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else {
        throw errno == EAGAIN ? Failure(description: "connected, but no answer") : Failure(errno: errno)
      }
      line += buffer.prefix(count)
      if let end = line.firstIndex(of: UInt8(ascii: "\n")) {
        return String(decoding: line[..<end], as: UTF8.self).filter { $0 != "\r" }
      }
      if count == 0 { break }
    }
    return String(decoding: line, as: UTF8.self)
  }
}

extension Socket.Failure {
  fileprivate init(errno number: Int32) {
    description = strerror(number).map { String(cString: $0) } ?? "error \(number)"
  }
}

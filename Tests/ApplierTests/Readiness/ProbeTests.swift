import FoundationEssentials
import Glibc
import SpecModel
import Testing

@testable import Applier

/// Probes against servers on this machine, and the patience of who waits for them.
@Suite struct ProbeTests {
  /// A listener on the loopback that answers each connection with the same bytes.
  private final class Server: Sendable {
    let port: Int
    private let descriptor: Int32

    /// - Parameter answer: nil closes each connection at once.
    init(answering answer: String? = nil) throws {
      let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
      var length = socklen_t(MemoryLayout<sockaddr_in>.size)
      let isBound = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(descriptor, $0, length) == 0 && listen(descriptor, 5) == 0
            && getsockname(descriptor, $0, &length) == 0
        }
      }
      try #require(isBound)
      self.descriptor = descriptor
      port = Int(UInt16(bigEndian: address.sin_port))
      Thread.detach { Self.serve(descriptor, answer) }
    }

    func close() { shutdown(descriptor, Int32(SHUT_RDWR)) }

    private static func serve(_ descriptor: Int32, _ answer: String?) {
      while true {
        let client = accept(descriptor, nil, nil)
        if client < 0 { break }
        if let answer {
          var buffer = [UInt8](repeating: 0, count: 4096)
          _ = recv(client, &buffer, buffer.count, 0)
          let bytes = Array(answer.utf8)
          _ = Glibc.send(client, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        }
        Glibc.close(client)
      }
      Glibc.close(descriptor)
    }
  }

  private enum Thread {
    static func detach(_ body: @escaping @Sendable () -> Void) {
      var thread = pthread_t()
      let box = Unmanaged.passRetained(Box(body))
      pthread_create(
        &thread, nil,
        { pointer in
          if let pointer { Unmanaged<Box>.fromOpaque(pointer).takeRetainedValue().body() }
          return nil
        }, box.toOpaque())
      pthread_detach(thread)
    }

    private final class Box: Sendable {
      let body: @Sendable () -> Void
      init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
  }

  @Test("a port that accepts is ready; one that nobody listens on says why not")
  func tcp() async throws {
    let server = try Server()
    try await Socket.connecting(to: "127.0.0.1", port: server.port) { _ in }
    try await Socket.connecting(to: "localhost", port: server.port) { _ in }
    server.close()
    let free = try Server()
    free.close()
    await #expect(throws: Socket.Failure.self) {
      for _ in 0..<50 {
        try await Socket.connecting(to: "127.0.0.1", port: free.port) { _ in }
        try await Task.sleep(for: .milliseconds(20))
      }
    }
    await #expect(throws: Socket.Failure.self) {
      try await Socket.connecting(to: "no-such-host.invalid", port: 1) { _ in }
    }
  }

  @Test(
    "the status of an answer is read from its first line",
    arguments: [
      ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200), ("HTTP/1.0 503 no\n\n", 503),
      ("HTTP/1.1 204\r\n", 204),
    ])
  func http(answer: String, status: Int) async throws {
    let server = try Server(answering: answer)
    defer { server.close() }
    #expect(try await HTTPProbe.status(of: "/", at: "127.0.0.1", port: server.port) == status)
  }

  @Test("what is no HTTP is no answer", arguments: ["SSH-2.0-OpenSSH_9\r\n", "", "HTTP/1.1 abc\r\n"])
  func noHTTP(answer: String) async throws {
    let server = try Server(answering: answer)
    defer { server.close() }
    await #expect(throws: Socket.Failure.self) {
      try await HTTPProbe.status(of: "/", at: "127.0.0.1", port: server.port)
    }
  }

  @Test("what cloud-init says of itself")
  func cloudInit() {
    #expect(CloudInitProbe.word(in: "....\nstatus: done\r\n") == "done")
    #expect(CloudInitProbe.word(in: "no such thing") == nil)
    #expect(CloudInitProbe.sighting("done") == .ready)
    #expect(CloudInitProbe.sighting("running") == .notYet("cloud-init says: status: running"))
    #expect(CloudInitProbe.sighting("error") == .never("cloud-init says: status: error"))
  }

  @Test("a console's text is what a person reads of it")
  func console() {
    #expect(GuestConsole.plain("\u{1b}[1;32mweb\u{1b}[0m login: ") == "web login: ")
    #expect(ConsoleProbe.last(of: "one\r\ntwo \r\n \r\n") == "\"two \"")
    #expect(ConsoleProbe.last(of: "\r\n") == "an empty console")
  }

  // MARK: Patience

  /// Comes true at its nth look; 0 never does.
  private actor Counter: Probe {
    private var left: Int
    private let sight: Sighting

    init(readyAt look: Int, sight: Sighting = .notYet("nothing")) {
      left = look
      self.sight = sight
    }

    func look() -> Sighting {
      left -= 1
      return left == 0 ? .ready : sight
    }
  }

  private func wait(_ probes: [any Probe], seconds: Int, isActive: Bool = true) async -> String? {
    let watch = ReadinessWatch(timeout: TimeSpan(seconds: seconds), isActive: { isActive })
    do {
      try await watch.wait(for: probes.map { (.agent, $0) })
      return nil
    } catch {
      return "\(error)"
    }
  }

  @Test("all probes have to come true")
  func all() async {
    #expect(await wait([Counter(readyAt: 1), Counter(readyAt: 3)], seconds: 3600) == nil)
    #expect(
      await wait([Counter(readyAt: 1), Counter(readyAt: 0, sight: .notYet("silence"))], seconds: 1)
        == "not ready within 1s: waited for agent, last seen: silence; the guest runs on")
    #expect(
      await wait(
        [Counter(readyAt: 0, sight: .notYet("silence")), Counter(readyAt: 0, sight: .notYet("noise"))],
        seconds: 1)
        == "not ready within 1s: waited for agent, last seen: silence; waited for agent, last seen: noise; the guest runs on"
    )
  }

  @Test("what will never come true is not waited for to the end, nor is a guest that is off")
  func never() async {
    #expect(
      await wait([Counter(readyAt: 0, sight: .never("it said so"))], seconds: 3600)
        == "it does not get ready: waited for agent, but it said so; the guest runs on")
    #expect(
      await wait([Counter(readyAt: 0)], seconds: 3600, isActive: false)
        == "the guest has gone off before it was ready")
  }
}

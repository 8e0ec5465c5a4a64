import Dispatch
import Glibc
import Libvirt

/// Standard input and output tied to a guest's console, until the escape key, the end of the guest, or of whoever reads.
struct ConsoleSession: Sendable {
  let stream: Libvirt.Stream
  /// The byte that ends the session.
  let escape: UInt8

  /// Returns when the session has ended.
  func run() async throws {
    RawTerminal.enter()
    defer { RawTerminal.leave() }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await receive() }
      group.addTask { try await send() }
      defer { group.cancelAll() }
      // Whichever ends first ends the session.
      try await group.next()
    }
  }

  private func receive() async throws {
    while true {
      let bytes = try await stream.receive(upTo: 16 << 10)
      if bytes.isEmpty || !Self.write(bytes) { return }
    }
  }

  /// Sends what is typed. Ends with the escape key; when the input itself ends, the output goes on.
  private func send() async throws {
    for await bytes in Self.input() {
      if let end = bytes.firstIndex(of: escape) {
        if end > 0 { try await stream.send(Array(bytes[..<end])) }
        return
      }
      try await stream.send(bytes)
    }
    // Until the group is cancelled.
    while true { try await Task.sleep(for: .seconds(3600)) }
  }

  /// Standard input, read on a thread of its own, which ends with the process.
  private static func input() -> AsyncStream<[UInt8]> {
    AsyncStream { continuation in
      DispatchQueue(label: "console").async {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
          let count = read(STDIN_FILENO, &buffer, buffer.count)
          if count < 0, errno == EINTR { continue }
          guard count > 0 else { break }
          continuation.yield(Array(buffer.prefix(count)))
        }
        continuation.finish()
      }
    }
  }

  /// False if nobody reads any more.
  private static func write(_ bytes: [UInt8]) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }
}

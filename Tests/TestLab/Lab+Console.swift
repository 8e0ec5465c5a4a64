import FoundationEssentials
import Libvirt

extension Lab {
  /// Reads the guest's serial console until a line has `text` in it; returns the line.
  ///
  /// The guest repeats its status every two seconds, so a console that is opened late misses nothing.
  public func console(of name: String, shows text: String, within limit: Duration = .seconds(90)) async throws
    -> String
  {
    let console = try await openConsole(of: name)
    let seen = Seen()
    let lines = try await withThrowingTaskGroup(of: String?.self) { group in
      group.addTask {
        var pending: [UInt8] = []
        while true {
          let bytes = try await console.receive(upTo: 4096)
          if bytes.isEmpty { return nil }
          pending += bytes
          await seen.add(bytes)
          while let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
            let line = String(decoding: pending[..<end], as: UTF8.self)
            pending.removeFirst(end + 1)
            if line.contains(text) { return line.filter { $0 != "\r" && $0 != "\r\n" } }
          }
        }
      }
      group.addTask {
        try await Task.sleep(for: limit)
        throw Failure(
          description:
            "the console of \(name) did not show '\(text)' within \(limit); its end was '\(await seen.end)'")
      }
      defer { group.cancelAll() }
      return try await group.next() ?? nil
    }
    try? await console.abort()
    guard let line = lines else { throw Failure(description: "the console of \(name) ended") }
    return line
  }

  /// The last bytes of a console, for who waits in vain.
  private actor Seen {
    private var bytes: [UInt8] = []

    func add(_ more: [UInt8]) { bytes = (bytes + more).suffix(1000) }

    var end: String { String(decoding: bytes, as: UTF8.self) }
  }

  private func openConsole(of name: String) async throws -> Libvirt.Stream {
    guard let domain = try await connection.domain(named: name) else {
      throw Failure(description: "no domain \(name)")
    }
    return try await domain.openConsole(force: true)
  }

  /// The fields of the guest's next status line, such as `cpus`, `mem`, `vda` and `boot`.
  public func status(of name: String, within limit: Duration = .seconds(90)) async throws -> [String: String]
  {
    Self.fields(of: try await console(of: name, shows: "VF-STATUS", within: limit))
  }

  /// The fields of a status line, such as `cpus=2 mem=92M`, by their names.
  static func fields(of line: String) -> [String: String] {
    let pairs = line.split(separator: " ").compactMap { word -> (String, String)? in
      let parts = word.split(separator: "=", maxSplits: 1)
      return parts.count == 2 ? (String(parts[0]), String(parts[1])) : nil
    }
    return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
  }

  /// Status lines until `condition` holds for one.
  public func status(
    of name: String, until condition: ([String: String]) -> Bool, within limit: Duration = .seconds(90)
  ) async throws -> [String: String] {
    let clock = ContinuousClock()
    let deadline = clock.now + limit
    var last: [String: String] = [:]
    while clock.now < deadline {
      last = try await status(of: name, within: limit)
      if condition(last) { return last }
    }
    throw Failure(
      description: "the guest \(name) did not get there within \(limit); its last status is \(last)")
  }
}

import Glibc

/// A `slow-link` to a daemon, which counts calls and makes them take longer.
struct Link {
  /// The URI of the daemon by way of the link.
  let uri: String
  private let process: pid_t
  /// What it says at its end comes out here.
  private let output: Int32

  /// - Parameters:
  ///   - uri: of the daemon, ending with the path of its socket.
  ///   - socket: the path of a socket that the link is to listen at.
  ///   - milliseconds: how much longer each call takes.
  init(to uri: String, by socket: String, milliseconds: Int) throws {
    let parts = uri.split(separator: "=")
    var pipes: [Int32] = [0, 0]
    guard pipe(&pipes) == 0 else { throw Measurement.Failure(text: "no pipe") }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, pipes[1], 1)
    posix_spawn_file_actions_addclose(&actions, pipes[0])
    let words = [Bench.tool("slow-link"), socket, String(parts[1]), "\(milliseconds)"]
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    unlink(socket)
    var process = pid_t()
    let status = posix_spawn(&process, words[0], &actions, nil, &arguments, environ)
    close(pipes[1])
    guard status == 0 else {
      close(pipes[0])
      throw Measurement.Failure(text: "cannot start slow-link")
    }
    for _ in 0..<200 where access(socket, F_OK) != 0 { usleep(10_000) }
    guard access(socket, F_OK) == 0 else {
      kill(process, SIGTERM)
      waitpid(process, nil, 0)
      close(pipes[0])
      throw Measurement.Failure(text: "slow-link does not listen at \(socket)")
    }
    self.uri = "\(parts[0])=\(socket)"
    self.process = process
    output = pipes[0]
  }

  /// Ends it, and returns how many calls went by.
  func end() -> Int {
    kill(process, SIGTERM)
    var digits = [UInt8](repeating: 0, count: 32)
    let count = read(output, &digits, digits.count)
    waitpid(process, nil, 0)
    close(output)
    return Int(String(decoding: digits.prefix(max(0, count)), as: UTF8.self).filter(\.isNumber)) ?? 0
  }
}

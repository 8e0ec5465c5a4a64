import Glibc
import Libvirt
import TestLab

/// Runs programs against a private daemon, and tells of what they took.
struct Bench {
  let lab: Lab
  /// How often each is run; the medians count.
  let runs: Int

  var uri: String { lab.uri(driver: "test") }

  static func tool(_ name: String) -> String {
    var path = Lab.binary
    path.removeLast("virtform".count)
    return path + name
  }

  func virtform(_ arguments: String...) throws -> Measurement {
    try .of([Lab.binary] + arguments, environment: ["VIRTFORM_HOME": lab.home])
  }

  func floor(_ verb: String, _ uri: String, threads: Int, _ arguments: String...) throws -> Measurement {
    try .of([Self.tool("floor"), verb, uri, "1", "\(threads)"] + arguments)
  }

  /// Runs both in turn and returns their medians.
  func both(
    _ own: () throws -> Measurement, _ floor: () throws -> Measurement
  ) throws -> (own: Measurement, floor: Measurement) {
    var (mine, theirs): ([Measurement], [Measurement]) = ([], [])
    for _ in 0..<runs {
      theirs.append(try floor())
      mine.append(try own())
    }
    return (.median(mine), .median(theirs))
  }

  func median(_ own: () throws -> Measurement) throws -> Measurement {
    .median(try (0..<runs).map { _ in try own() })
  }

  // MARK: Links

  /// Runs `body` with the URI of a link to the daemon that makes every call later, and returns how many calls went by.
  func link(to uri: String, milliseconds: Int, _ body: (String) throws -> Void) throws -> Int {
    let parts = uri.split(separator: "=")
    let socket = "\(lab.work)/link.sock"
    var pipes: [Int32] = [0, 0]
    pipe(&pipes)
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, pipes[1], 1)
    posix_spawn_file_actions_addclose(&actions, pipes[0])
    let words = [Self.tool("slow-link"), socket, String(parts[1]), "\(milliseconds)"]
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    unlink(socket)
    var process = pid_t()
    guard posix_spawn(&process, Self.tool("slow-link"), &actions, nil, &arguments, environ) == 0 else {
      throw Measurement.Failure(text: "cannot start slow-link")
    }
    close(pipes[1])
    for _ in 0..<200 where access(socket, F_OK) != 0 { usleep(10_000) }
    defer { close(pipes[0]) }
    let result = Result { try body("\(parts[0])=\(socket)") }
    kill(process, SIGTERM)
    var digits = [UInt8](repeating: 0, count: 32)
    let count = read(pipes[0], &digits, digits.count)
    waitpid(process, nil, 0)
    try result.get()
    return Int(String(decoding: digits.prefix(max(0, count)), as: UTF8.self).filter(\.isNumber)) ?? 0
  }

  /// How many calls a command of virtform makes for `estate`.
  func calls(_ estate: Estate, _ command: String...) throws -> Int {
    try link(to: uri, milliseconds: 0) { link in
      var far = estate
      far.hosts = [("sim", link)]
      _ = try Measurement.of(
        [Lab.binary] + command + [try far.write("far.yaml")], environment: ["VIRTFORM_HOME": lab.home])
    }
  }
}

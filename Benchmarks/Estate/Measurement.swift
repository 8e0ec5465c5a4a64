import Glibc

/// What one run of a program took.
struct Measurement {
  /// Seconds from its start to its end.
  var wall = 0.0
  /// Seconds of CPU time, its own and the system's for it.
  var cpu = 0.0
  /// The most memory it had, in MiB.
  var peak = 0.0

  /// Runs a program to its end; what it says is dropped unless it fails.
  static func of(_ command: [String], environment: [String: String] = [:]) throws -> Measurement {
    let said = "/tmp/vfb-said-\(getpid())"
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 1, said, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    defer { unlink(said) }
    var arguments = command.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    for (name, value) in environment { setenv(name, value, 1) }
    var process = pid_t()
    let start = seconds()
    guard posix_spawnp(&process, command[0], &actions, nil, &arguments, environ) == 0 else {
      throw Failure(text: "cannot start \(command[0])")
    }
    var (status, usage) = (Int32(), rusage())
    wait4(process, &status, 0, &usage)
    let wall = seconds() - start
    guard status == 0 else {
      throw Failure(text: "\(command.joined(separator: " ")): \(text(of: said))")
    }
    return Measurement(
      wall: wall, cpu: seconds(usage.ru_utime) + seconds(usage.ru_stime), peak: Double(usage.ru_maxrss) / 1024
    )
  }

  /// The medians of several runs.
  static func median(_ runs: [Measurement]) -> Measurement {
    func middle(_ value: (Measurement) -> Double) -> Double { runs.map(value).sorted()[runs.count / 2] }
    return Measurement(wall: middle(\.wall), cpu: middle(\.cpu), peak: middle(\.peak))
  }

  struct Failure: Error, CustomStringConvertible {
    let text: String
    var description: String { text }
  }

  private static func text(of file: String) -> String {
    guard let stream = fopen(file, "r") else { return "" }
    defer { fclose(stream) }
    var bytes = [UInt8](repeating: 0, count: 4000)
    let count = fread(&bytes, 1, bytes.count, stream)
    return String(decoding: bytes.prefix(count), as: UTF8.self)
  }

  private static func seconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  private static func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
}

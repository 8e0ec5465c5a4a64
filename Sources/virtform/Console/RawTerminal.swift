import Glibc
import Synchronization

/// Standard input's terminal without echo, lines and keys that send signals, until it is restored: in every way out, signals
/// included.
enum RawTerminal {
  /// What a signal handler restores. It is written before the handlers are there, and never again after that.
  nonisolated(unsafe) private static var original = termios()
  private static let isRaw = Atomic(false)

  /// Signals that end the process.
  private static let deadly = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGABRT, SIGSEGV, SIGBUS]

  /// Changes the terminal, if standard input is one.
  static func enter() {
    guard isatty(STDIN_FILENO) == 1, tcgetattr(STDIN_FILENO, &original) == 0 else { return }
    var raw = original
    cfmakeraw(&raw)
    isRaw.store(true, ordering: .sequentiallyConsistent)
    for number in deadly {
      signal(number) { number in
        RawTerminal.leave()
        signal(number, SIG_DFL)
        raise(number)
      }
    }
    tcsetattr(STDIN_FILENO, TCSADRAIN, &raw)
  }

  /// Puts the terminal back. Safe in a signal handler.
  static func leave() {
    guard isRaw.exchange(false, ordering: .sequentiallyConsistent) else { return }
    tcsetattr(STDIN_FILENO, TCSANOW, &original)
  }
}

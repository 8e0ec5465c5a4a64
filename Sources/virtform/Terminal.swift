import FoundationEssentials
import Glibc
import Planner
import SpecModel
import Synchronization

/// The streams that the tool speaks on. What a spec marks as secret never gets through.
enum Terminal {
  private static let secrets = Mutex<[String]>([])

  /// From now on each of `values` is replaced in all output.
  static func conceal(_ values: [String]) {
    // Output shows a text of several lines in one, or its lines on their own, and replaces what steers a terminal.
    let lines = values.flatMap { $0.split(whereSeparator: \.isNewline).map(String.init) }
    let forms = Set(values + lines.filter { $0.count >= 4 }).flatMap { [$0, printable($0)] }
    // Longer ones first: a secret may hold another.
    secrets.withLock {
      $0 = Set($0 + forms).filter { !$0.isEmpty }.sorted { ($0.count, $0) > ($1.count, $1) }
    }
  }

  /// What is shorter is found by chance in much that is no secret, and concealed only where it is the whole value.
  private static let shortestPart = 4

  static func redacted(_ text: String) -> String {
    secrets.withLock { secrets in
      if secrets.isEmpty { return text }
      if secrets.contains(text) { return "(secret)" }
      return secrets.filter { $0.count >= shortestPart }.reduce(text) {
        $0.replacingScalars($1, with: "(secret)")
      }
    }
  }

  /// The same of a plan.
  static func redacted(_ plan: Plan) -> Plan {
    secrets.withLock(\.isEmpty) ? plan : plan.mapTexts(redacted)
  }

  /// The same of the texts in a document; what only the tool writes stays, since programs read it.
  static func redacted(_ document: StructuredValue) -> StructuredValue {
    document.mapTexts(besides: ownMembers, redacted)
  }

  /// The members of documents, JSON and SARIF, that hold words and digests of the tool.
  private static let ownMembers: Set<String> = [
    "$schema", "actions", "cause", "digest", "effect", "format_version", "goal", "level", "operation",
    "ruleId",
    "severity", "time", "type", "version", "virtform_version",
  ]

  /// To standard output, for what was asked for, without what could steer whoever shows it.
  static func print(_ text: String, terminator: String = "\n") {
    write(shown(text, keepsColours: outputIsTerminal) + terminator, to: STDOUT_FILENO)
  }

  /// To standard output, for what a program takes: as it is, but for secrets, and for what would steer a terminal.
  static func printExactly(_ text: String, terminator: String = "\n") {
    let text = redacted(text)
    write(
      (outputIsTerminal ? printableLines(text, keepsCommands: true) : text) + terminator, to: STDOUT_FILENO)
  }

  /// To the terminal on standard output, with what moves its cursor.
  static func draw(_ text: String) { write(redacted(text), to: STDOUT_FILENO) }

  /// To standard error, for what went wrong; a program that reads JSON has it from `report`.
  static func error(_ text: String) {
    write(shown(text, keepsColours: errorsAreTerminal) + "\n", to: STDERR_FILENO)
  }

  /// To standard error, for what goes on before there is a result; the next one takes its place.
  static func status(_ text: String) {
    let line = printable(redacted(text))
    write("\r\u{1b}[K" + String(line.prefix(max(width - 1, 20))), to: STDERR_FILENO)
  }

  private static func shown(_ text: String, keepsColours: Bool) -> String {
    printableLines(redacted(text), keepsColours: keepsColours)
  }

  /// True if a person can be asked.
  static var isInteractive: Bool { isatty(STDIN_FILENO) == 1 && outputIsTerminal }

  // Asked once, not for each line.
  static let outputIsTerminal = isatty(STDOUT_FILENO) == 1
  static let errorsAreTerminal = isatty(STDERR_FILENO) == 1

  /// Columns of the terminal on standard output, as it is now.
  static var width: Int { size.map { Int($0.ws_col) } ?? 80 }

  /// Its rows.
  static var height: Int { size.map { Int($0.ws_row) } ?? 24 }

  private static var size: winsize? {
    var size = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
      return nil
    }
    return size
  }

  /// Colour for a terminal, unless <https://no-color.org> or a flag says no.
  static func style(noColor: Bool) -> TextStyle {
    let environment = ProcessInfo.processInfo.environment
    let isWanted = !noColor && (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
    return isWanted && outputIsTerminal ? .coloured : .plain
  }

  static func write(_ text: String, to descriptor: Int32) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if written < 0 {
        if errno == EINTR { continue }
        return
      }
      bytes = bytes.dropFirst(written)
    }
  }
}

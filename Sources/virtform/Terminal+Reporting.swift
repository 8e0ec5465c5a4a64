import FoundationEssentials
import Glibc
import Reports
import SpecModel
import Synchronization

/// Who listens: a person, or a program that reads JSON.
enum Speech: Sendable {
  case text
  /// One JSON document on standard output, whatever happens.
  case document
  /// One JSON object a line on standard output, while the run goes on.
  case lines

  /// As the command line says. Known before it is parsed: what is wrong with it is told in the same way.
  init(arguments: [String]) {
    let words = Array(arguments.dropFirst().prefix { $0 != "--" })
    let pairs = zip(words, words.dropFirst())
    let isJSON =
      words.contains("--json") || words.contains("--format=json")
      || pairs.contains { $0 == "--format" && $1 == "json" }
    let command = words.first { !$0.hasPrefix("-") }
    self = !isJSON ? .text : ["apply", "destroy"].contains(command) ? .lines : .document
  }
}

/// Faults and results, for whoever listens.
extension Terminal {
  private struct Listener {
    var speech = Speech.text
    /// What a document is to tell of.
    var diagnostics: [Diagnostic] = []
    var hasDocument = false
    var hasEvents = false
    /// Where events go besides.
    var copies: [@Sendable (String) -> Void] = []
  }

  private static let listener = Mutex(Listener())

  static var speech: Speech { listener.withLock { $0.speech } }

  static func speak(_ speech: Speech) { listener.withLock { $0.speech = speech } }

  // MARK: Faults

  /// Tells of faults, with the lines they are about.
  ///
  /// - Parameter sources: the files that are read already; others are read again.
  static func report(_ diagnostics: [Diagnostic], in sources: [SourceText] = []) {
    guard !diagnostics.isEmpty else { return }
    switch speech {
    case .text:
      let renderer = DiagnosticRenderer(
        sources: sources + readSources(of: diagnostics, besides: sources), redact: redacted)
      for diagnostic in diagnostics { error(renderer.render(diagnostic)) }
    case .document: listener.withLock { $0.diagnostics += diagnostics }
    case .lines: break
    }
    for diagnostic in diagnostics { tell(.diagnostic(diagnostic)) }
  }

  private static func readSources(of diagnostics: [Diagnostic], besides known: [SourceText]) -> [SourceText] {
    let locations = diagnostics.compactMap(\.location) + diagnostics.flatMap(\.related).map(\.location)
    let paths = Set(locations.map(\.path)).subtracting(known.map(\.path))
    return paths.compactMap { path -> SourceText? in
      guard let file = FileReader(path), file.isRegular else { return nil }
      return SourceText(path: path, text: String(decoding: file.read(upTo: 8 << 20), as: UTF8.self))
    }
  }

  /// Tells of the fault that ends the command, and returns how it ends.
  static func fail(
    _ message: String, at location: SourceLocation? = nil, help: String? = nil,
    _ status: ExitStatus = .failure
  ) -> ExitStatus {
    report([Diagnostic(.error, message, at: location, help: help)])
    return status
  }

  /// A word for people besides, on standard error.
  static func remark(_ text: String) {
    if speech == .text { error(text) }
  }

  // MARK: Results

  /// The one document that was asked for, with the warnings that came up.
  static func print(_ document: StructuredValue) {
    let diagnostics = listener.withLock { listener in
      listener.hasDocument = true
      return listener.diagnostics
    }
    var document = redacted(document)
    if case .map(var members) = document, !diagnostics.isEmpty {
      members["diagnostics"] = .list(diagnostics.map { redacted(StructuredValue($0)) })
      document = .map(members)
    }
    write(document.text + "\n", to: STDOUT_FILENO)
  }

  /// Ends what is printed: a document that did not come about says why.
  static func finish() {
    let (speech, hasDocument) = listener.withLock { ($0.speech, $0.hasDocument) }
    guard speech == .document, !hasDocument, listener.withLock({ !$0.diagnostics.isEmpty }) else { return }
    print(["format_version": .string(PlanDocument.formatVersion)] as StructuredValue)
  }

  // MARK: Events

  /// Lets `write` have the events, too, a line each.
  static func copyEvents(to write: @escaping @Sendable (String) -> Void) {
    listener.withLock { $0.copies.append(write) }
  }

  /// Tells a program what happens.
  static func tell(_ event: EventDocument) {
    listener.withLock { listener in
      guard listener.speech == .lines || !listener.copies.isEmpty else { return }
      let events = listener.hasEvents ? [event] : [.version(VersionCommand.current), event]
      listener.hasEvents = true
      for event in events {
        let line = redacted(event.json(at: Date())).line + "\n"
        if listener.speech == .lines { write(line, to: STDOUT_FILENO) }
        for copy in listener.copies { copy(line) }
      }
    }
  }
}

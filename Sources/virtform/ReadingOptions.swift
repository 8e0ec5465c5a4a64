import ArgumentParser

/// How a spec is read, its faults are shown and its hosts are called, wherever it lies.
struct ReadingOptions: ParsableArguments {
  @Option(
    name: .customLong("var"),
    help: ArgumentHelp(
      "Give a variable of the spec this value; may be given again.", valueName: "name=value"),
    completion: Completions.variables)
  var variables: [String] = []

  @Option(
    name: .customLong("var-file"),
    help: ArgumentHelp(
      "Take the values of variables from a YAML map; may be given again. --var counts over it.",
      valueName: "file"), completion: .file(extensions: ["yaml", "yml"]))
  var variableFiles: [String] = []

  @Option(
    name: .customLong("timeout"),
    help: ArgumentHelp(
      "How long calls to hosts may take, by kind: connect (30s), read (2m), change (10m), upload (5m without a byte), "
        + "copy (12h); none is for ever. May be given again.", valueName: "kind=time"),
    transform: Self.timeout)
  var timeouts: [CallTimeout] = []

  @Flag(name: .customLong("no-color"), help: "No colour, as the NO_COLOR environment variable.")
  var noColor = false

  private static func timeout(_ text: String) throws -> CallTimeout {
    do {
      return try CallTimeout(parsing: text)
    } catch {
      throw ValidationError(error.message + (error.help.map { "; \($0)" } ?? ""))
    }
  }
}

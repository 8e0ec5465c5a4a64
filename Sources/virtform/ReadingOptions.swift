import ArgumentParser

/// How a spec is read and its faults are shown, wherever it lies.
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

  @Flag(name: .customLong("no-color"), help: "No colour, as the NO_COLOR environment variable.")
  var noColor = false
}

import ArgumentParser
import FoundationEssentials

/// What a command takes that shows one thing by its name, or everything.
struct NamedSpecOptions: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      "A name, then a spec; both may be left out. One alone is a spec if there is such a file.",
      valueName: "name] [spec"))
  var words: [String] = []

  @Option(
    name: .customLong("var"),
    help: ArgumentHelp(
      "Give a variable of the spec this value; may be given again.", valueName: "name=value"))
  var variables: [String] = []

  @Option(
    name: .customLong("var-file"),
    help: ArgumentHelp(
      "Take the values of variables from a YAML map; may be given again. --var counts over it.",
      valueName: "file"), completion: .file(extensions: ["yaml", "yml"]))
  var variableFiles: [String] = []

  @Flag(name: .customLong("no-color"), help: "No colour, as the NO_COLOR environment variable.")
  var noColor = false

  mutating func validate() throws {
    if words.count > 2 { throw ValidationError("there is a name and a spec at most") }
  }

  /// The name, if there is one.
  var name: String? {
    switch words.count {
    case 0: nil
    case 1: isSpec(words[0]) ? nil : words[0]
    default: words[0]
    }
  }

  private func isSpec(_ word: String) -> Bool {
    word.contains("/") || word.hasSuffix(".yaml") || word.hasSuffix(".yml")
      || FileManager.default.fileExists(atPath: word)
  }

  var spec: SpecOptions {
    get throws { try spec(at: words.count == 2 ? words[1] : name == nil ? words.first ?? "." : ".") }
  }

  /// The same for the spec at `path`.
  func spec(at path: String) throws -> SpecOptions {
    var arguments = noColor ? ["--no-color"] : []
    for variable in variables { arguments += ["--var", variable] }
    for file in variableFiles { arguments += ["--var-file", file] }
    return try SpecOptions.parse(arguments + ["--", path])
  }
}

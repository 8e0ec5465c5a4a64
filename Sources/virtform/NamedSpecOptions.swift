import ArgumentParser
import FoundationEssentials

/// What a command takes that shows one thing by its name, or everything.
struct NamedSpecOptions: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      "A name, then a spec; both may be left out. One alone is a spec if there is such a file.",
      valueName: "name] [spec"))
  var words: [String] = []

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
    get throws {
      let path = words.count == 2 ? words[1] : name == nil ? words.first ?? "." : "."
      return try SpecOptions.parse((noColor ? ["--no-color"] : []) + ["--", path])
    }
  }
}

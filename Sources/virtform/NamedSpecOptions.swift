import ArgumentParser
import FoundationEssentials

/// What a command takes that shows one thing by its name, or everything.
struct NamedSpecOptions: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      "A name, then a spec; both may be left out. One alone is a spec if there is such a file.",
      valueName: "name] [spec"), completion: Completions.namedThings)
  var words: [String] = []

  @OptionGroup var reading: ReadingOptions

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
    var options = try SpecOptions.parse(["--", path])
    options.reading = reading
    return options
  }
}

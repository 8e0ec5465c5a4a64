import ArgumentParser
import SpecModel

/// Lays out spec files as all specs are laid out.
struct FmtCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    subcommand: "fmt",
    abstract: "Lay out spec files: two spaces a level, comments kept, nothing changed in what they say.",
    discussion: "Prints the names of the files that it changes. Exit code 2 with --check if there are any.")

  @Argument(
    help: "YAML files, directories of them, or - for standard input, which goes to standard output.",
    completion: .file(extensions: ["yaml", "yml"]))
  var paths = ["."]

  @Flag(help: "Change nothing; end with 2 if a file is not laid out.")
  var check = false

  func run() throws {
    var (hasFaults, hasChanges) = (false, false)
    for path in paths {
      let (sources, faults) = SpecLoader.texts(at: path == "-" ? "/dev/stdin" : path)
      Terminal.report(faults)
      hasFaults = hasFaults || !faults.isEmpty
      for source in sources {
        guard let text = format(source) else {
          hasFaults = true
          continue
        }
        hasChanges = hasChanges || text != source.text
        try handle(text, of: source, isStream: path == "-")
      }
    }
    if hasFaults { throw ExitStatus.invalidSpec }
    if check, hasChanges { throw ExitStatus.changesPresent }
  }

  private func format(_ source: SourceText) -> String? {
    let (text, faults) = SpecFormatter.format(source)
    Terminal.report(faults, in: [source])
    return text
  }

  private func handle(_ text: String, of source: SourceText, isStream: Bool) throws {
    if isStream {
      if !check { Terminal.printExactly(text, terminator: "") }
      return
    }
    guard text != source.text else { return }
    if !check { try OutputFile.replace(source.path, with: Array(text.utf8)) }
    Terminal.print(source.path)
  }
}

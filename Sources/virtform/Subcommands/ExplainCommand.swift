import ArgumentParser
import Reports
import SpecModel

/// Says what a key of a spec means.
struct ExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    subcommand: "explain", abstract: "Explain a key of the language of specs.",
    discussion: """
      PATH is as in a spec, such as vms.web-1.memory. Names in it may be any, or be left out: vms.disks.size. Without a \
      path, the keys at the top of a spec.
      """)

  @Argument(help: "The key, such as vms.disks.size.", completion: Completions.languagePaths)
  var path = ""

  @Flag(name: .customLong("recursive"), help: "The tree of keys below.")
  var isRecursive = false

  @Flag(name: .customLong("json"), help: "As JSON.")
  var isJSON = false

  func run() throws {
    let place: LanguagePlace
    do throws(ValueError) {
      place = try Language.place(at: path)
    } catch {
      throw Terminal.fail(error.message, help: error.help)
    }
    let explanation = FieldExplanation(place)
    if isJSON { return Terminal.print(explanation.json(isRecursive: isRecursive)) }
    Terminal.print(isRecursive ? explanation.tree : explanation.text, terminator: "")
  }
}

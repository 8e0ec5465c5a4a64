import ArgumentParser
import SpecModel

/// Prints what editors need to know of the language.
struct SchemaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    subcommand: "schema", abstract: "Print the JSON Schema of specs, for editors.")

  func run() { Terminal.print(LanguageSchema.document.text) }
}

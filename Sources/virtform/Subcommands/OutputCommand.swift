import ArgumentParser
import Reports
import SpecModel

/// Prints what a spec hands on.
struct OutputCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    subcommand: "output", abstract: "Print the outputs of the spec, or one of them.")

  @OptionGroup var options: NamedSpecOptions

  @Flag(name: .customLong("json"), help: "As JSON; what is not known yet is null.")
  var isJSON = false

  func run() async throws {
    let spec = try options.spec
    let site = try spec.load()
    if let name = options.name, !site.outputs.contains(where: { $0.name.rawValue == name }) {
      throw spec.unknown("output", name, among: site.outputs.map(\.name.rawValue))
    }
    try await Workspace.open(spec, access: .readOnly).closing { workspace in
      let outputs = await Outputs(workspace)
      guard let name = options.name else {
        if isJSON { return Terminal.print(outputs.json) }
        return Terminal.print(outputs.text, terminator: "")
      }
      let value = outputs.values.first { $0.name.rawValue == name }?.value
      if isJSON { return Terminal.print(StructuredValue(value)) }
      guard let value else {
        throw Terminal.fail(
          "output '\(name)' is not known yet", help: "apply, and wait for the guests")
      }
      // For a script, as it is.
      Terminal.print(value)
    }
  }
}

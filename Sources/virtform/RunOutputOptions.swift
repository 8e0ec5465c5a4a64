import ArgumentParser

/// How a run tells what it does.
struct RunOutputOptions: ParsableArguments {
  @Flag(name: .customLong("json"), help: "Tell what happens as lines of JSON.")
  var isJSON = false

  @Option(
    name: .customLong("json-into"),
    help: ArgumentHelp("Write what happens as lines of JSON, too.", valueName: "file"), completion: .file())
  var json: String?

  @Option(
    name: .customLong("junit-into"),
    help: ArgumentHelp("Write how each step ended as JUnit's XML.", valueName: "file"), completion: .file())
  var junit: String?
}

import FoundationEssentials
import TestLab
import Testing

/// Faults that `validate` finds without any host.
@Suite("Mistakes in a spec")
struct SpecMistakeTests {
  @Test(
    "a fault ends with 3 and one error at its place",
    arguments: [
      (
        "vms:\n  web: {memroy: 1GiB, memory: 1GiB}\n", "site.yaml:4:9: error: unknown key 'memroy'"
      ),
      ("vms:\n  web: {memory: 4}\n", "site.yaml:4:17: error: the size '4' has no unit"),
      ("vms:\n\tweb: {memory: 1GiB}\n", "site.yaml:4:1: error: a tab cannot indent YAML"),
      ("images:\n  debian: {source: ./debian.qcow2}\n", "site.yaml:4:20: error: no image file at "),
      ("networks:\n  lan: {mode: bridge}\n", "site.yaml:4:8: error: 'bridge' is missing in networks.lan"),
      ("vms:\n  ../x: {memory: 1GiB}\n", "site.yaml:4:3: error: the name '../x' has the character '/'"),
    ])
  func oneError(text: String, expected: String) async throws {
    let directory = "/tmp/vfs-\(UInt32.random(in: 0...UInt32.max))"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    try "virtform: 1\nstack: oops\n\(text)".write(
      toFile: "\(directory)/site.yaml", atomically: true, encoding: .utf8)

    let outcome = try await Lab.virtform(["validate", "site.yaml"], home: "\(directory)/home", in: directory)

    let errors = outcome.errors.split(separator: "\n").filter { $0.contains("error: ") }
    #expect(outcome.status == 3)
    #expect(errors.count == 1, "\(outcome.errors)")
    #expect(errors.first?.hasPrefix(expected) == true, "\(outcome.errors)")
    #expect(outcome.output.isEmpty)
    #expect(!FileManager.default.fileExists(atPath: "\(directory)/home"))
  }

  @Test("a secret is shown neither in an error nor in the resolved spec")
  func secrets() async throws {
    let directory = "/tmp/vfs-\(UInt32.random(in: 0...UInt32.max))"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    try "hunter2\nsecond line".write(toFile: "\(directory)/key", atomically: true, encoding: .utf8)
    for (field, command) in [("memory", "validate"), ("memory: 1GiB, description", "show --spec")] {
      try """
      virtform: 1
      stack: quiet
      variables: {key: {file: ./key, secret: true}}
      vms: {web: {\(field): "${var.key}"}}
      """.write(toFile: "\(directory)/site.yaml", atomically: true, encoding: .utf8)
      let arguments = command.split(separator: " ").map(String.init) + ["site.yaml"]
      let outcome = try await Lab.virtform(arguments, home: "\(directory)/home", in: directory)
      let said = outcome.output + outcome.errors
      #expect(said.contains("(secret)"), "\(said)")
      #expect(!said.contains("hunter2") && !said.contains("second line"), "\(said)")
    }
  }

  @Test("a variable is given on the command line, and a secret one is shown nowhere")
  func variables() async throws {
    let directory = "/tmp/vfs-\(UInt32.random(in: 0...UInt32.max))"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    try """
    virtform: 1
    stack: given
    variables: {size: {default: 1GiB}, name: {}, key: {secret: true}}
    vms: {web: {memory: "${var.size}", title: "${var.name}", description: "${var.key}"}}
    """.write(toFile: "\(directory)/site.yaml", atomically: true, encoding: .utf8)
    try "size: 2GiB\nname: file\nkey: hunter2\n".write(
      toFile: "\(directory)/values.yaml", atomically: true, encoding: .utf8)
    let outcome = try await Lab.virtform(
      ["show", "--spec", "site.yaml", "--var", "name=typed", "--var-file", "values.yaml"],
      home: "\(directory)/home", in: directory)
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.output.contains("vms.web.memory: 2GiB"), "\(outcome.output)")
    #expect(outcome.output.contains("vms.web.title: typed"), "\(outcome.output)")
    #expect(outcome.output.contains("vms.web.description: (secret)"), "\(outcome.output)")
    #expect(!(outcome.output + outcome.errors).contains("hunter2"))
    let slip = try await Lab.virtform(
      ["validate", "site.yaml", "--var", "nmae=x", "--var-file", "values.yaml"], home: "\(directory)/home",
      in: directory)
    #expect(slip.status == 3)
    #expect(slip.errors.contains("error: this spec has no variable 'nmae'"), "\(slip.errors)")
  }

  @Test("wrong arguments end with 1 and the usage, help with 0")
  func arguments() async throws {
    let unknown = try await Lab.virtform(["aply"], home: "/nonexistent", in: "/tmp")
    #expect(unknown.status == 1)
    #expect(unknown.errors.contains("aply"))
    let help = try await Lab.virtform(["--help"], home: "/nonexistent", in: "/tmp")
    #expect(help.status == 0)
    #expect(help.output.contains("apply"))
    for words in [["plan", "--help"], ["help", "plan"]] {
      let help = try await Lab.virtform(words, home: "/nonexistent", in: "/tmp")
      #expect(help.status == 0)
      #expect(help.output.contains("USAGE: virtform plan "), "\(help.output)")
    }
  }
}

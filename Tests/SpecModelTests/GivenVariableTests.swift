import Testing

@testable import SpecModel

/// Variables of the command line, and references to the environment and to files.
@Suite struct GivenVariableTests {
  private func titles(
    _ variables: String, _ given: GivenVariables, environment: [String: String] = [:],
    title: String = "${var.v}"
  ) throws -> [String?] {
    let text = header + "variables: \(variables)\nvms: {w: {memory: 1GiB, title: \"\(title)\"}}\n"
    let result = SpecLoader(environment: environment, given: given).load([
      SourceText(path: "site.yaml", text: text)
    ])
    let site = try #require(result.site, "\(result.rendered)")
    return site.machines.map(\.settings.title)
  }

  private func findings(_ variables: String, _ given: GivenVariables) -> [String] {
    let marked = MarkedSpec(header + "variables: \(variables)\n")
    return SpecLoader(environment: [:], given: given).load(marked.sources).diagnostics.map(marked.text)
  }

  @Test("what a run is given counts over the environment, that over a default; the last of a name counts")
  func precedence() throws {
    let directory = try TemporaryDirectory(texts: ["a.yaml": "v: a\n", "b.yaml": "v: b\n", "empty.yaml": ""])
    let (a, b) = (directory.path + "/a.yaml", directory.path + "/b.yaml")
    let variables = "{v: {env: V, default: none}}"
    #expect(try titles(variables, .init()) == ["none"])
    #expect(try titles(variables, .init(), environment: ["V": "env"]) == ["env"])
    #expect(try titles(variables, .init(files: [a]), environment: ["V": "env"]) == ["a"])
    #expect(try titles(variables, .init(files: [a, b, directory.path + "/empty.yaml"])) == ["b"])
    #expect(try titles(variables, .init(assignments: ["v=one", "v=x=y"], files: [a])) == ["x=y"])
    #expect(try titles("{v: {file: /no/such/file}}", .init(assignments: ["v="])) == [nil])
    #expect(try titles("{v: {}}", .init(assignments: ["v=given"])) == ["given"])
  }

  @Test("a given text is what the field wants; a file's values have their types")
  func types() throws {
    func cpus(_ given: GivenVariables) -> SpecLoader.Result {
      let text = header + "variables: {n: {default: 1}}\nvms: {w: {memory: 1GiB, cpus: \"${var.n}\"}}\n"
      return SpecLoader(environment: [:], given: given).load([SourceText(path: "site.yaml", text: text)])
    }
    let directory = try TemporaryDirectory(texts: ["n.yaml": "n: 3\n", "s.yaml": "n: \"3\"\n"])
    #expect(cpus(.init(assignments: ["n=2"])).site?.machines.first?.settings.cpus?.count == 2)
    #expect(cpus(.init(files: [directory.path + "/n.yaml"])).site?.machines.first?.settings.cpus?.count == 3)
    #expect(
      cpus(.init(files: [directory.path + "/s.yaml"])).diagnostics.map(\.message) == [
        "'cpus' must be a whole number, not the string \"3\""
      ])
  }

  @Test("no message shows a value of a file of variables, be it of another spec")
  func concealedFiles() throws {
    let texts = [
      "unknown: hunter2\n", "v: [hunter2]\n", "v: \"hunter2\n", "\tv: hunter2\n", "v: a: hunter2\n",
      "- hunter2\n", "v: x\nv: hunter2\n", "v: |\n hunter2\n  x\n bad: [\n", "hunter2: v: w\n hunter2\n",
    ]
    for text in texts {
      let directory = try TemporaryDirectory(texts: ["v.yaml": text])
      let given = GivenVariables(files: [directory.path + "/v.yaml"])
      let result = SpecLoader(environment: [:], given: given).load([
        SourceText(path: "site.yaml", text: header + "variables: {v: {default: x}}\n")
      ])
      #expect(
        !result.rendered.contains {
          $0.contains("= hunter2") || $0.contains(": hunter2") || $0.contains("| - hunter")
        }, "\(result.rendered)")
      #expect(
        result.rendered.allSatisfy { !$0.contains("[hunter2") && !$0.contains("\"hunter2") },
        "\(result.rendered)")
    }
    let directory = try TemporaryDirectory(texts: ["v.yaml": "unknown: hunter2\n"])
    let result = SpecLoader(environment: [:], given: .init(files: [directory.path + "/v.yaml"])).load([
      SourceText(path: "site.yaml", text: header)
    ])
    #expect(
      result.rendered.map { $0.replacing(directory.path, with: "") } == [
        """
        /v.yaml:1:1: warning: this spec has no variable 'unknown'
          1 | unknown:········
            | ^
        """
      ])
  }

  @Test("what names no variable, and what is no value, is told")
  func mistakes() throws {
    let name = "{name: {default: x}}"
    for wrong in ["=z", "secret"] {
      #expect(
        findings(name, .init(assignments: [wrong])) == [
          "- --var takes a name and a value | help: write --var name=value"
        ])
    }
    #expect(
      findings(name, .init(assignments: ["nam=y"])) == [
        "- this spec has no variable 'nam' | help: did you mean 'name'?"
      ])
    let directory = try TemporaryDirectory(texts: [
      "list.yaml": "[a]\n", "deep.yaml": "name: {a: b}\nother:\n", "other.yaml": "other: 1\n",
    ])
    let (list, deep) = (directory.path + "/list.yaml", directory.path + "/deep.yaml")
    #expect(
      findings(name, .init(files: [list, "/no/such/file"])) == [
        "- cannot read '/no/such/file' | help: check that the file is there and that you may read it",
        "\(list):1:1 a file of variables must be a map, not a list | help: such as domain: example.org",
      ])
    #expect(
      findings(name, .init(files: [deep])) == [
        "\(deep):1:7 'name' must be a single value, not a map",
        "\(deep):2:7 'other' has no value | help: write \"\" for an empty text",
      ])
    let other = directory.path + "/other.yaml"
    #expect(findings(name, .init(files: [other])) == ["\(other):1:1 this spec has no variable 'other'"])
  }

  @Test("a secret that is given is as secret as any")
  func secrets() throws {
    let directory = try TemporaryDirectory(texts: ["p.yaml": "q: from file\n", "r.txt": "read\n"])
    let text =
      header
      + "variables: {p: {secret: true, default: none}, q: {secret: true, default: none}, r: {secret: true, file: \(directory.path)/r.txt}}\n"
    let result = SpecLoader(
      environment: [:], given: .init(assignments: ["p=typed"], files: [directory.path + "/p.yaml"])
    ).load([SourceText(path: "site.yaml", text: text)])
    #expect(result.secrets == ["from file", "read", "typed"])
  }

  @Test("a reference reads the environment, or a file beside the spec")
  func references() throws {
    let directory = try TemporaryDirectory(texts: [
      "site.yaml": header
        + "vms: {w: {memory: \"${env:SIZE}\", cpus: \"${env:COUNT}\", title: \"${file:./t.txt} of ${env:SIZE}\"}}\n",
      "t.txt": "title\n",
    ])
    let result = SpecLoader(environment: ["SIZE": "1GiB", "COUNT": "2"]).load(directory.path + "/site.yaml")
    let machine = try #require(result.site?.machines.first, "\(result.rendered)")
    #expect(machine.settings.title == "title of 1GiB" && machine.settings.cpus?.count == 2)
    #expect(machine.settings.memory?.size == .gibibytes(1))
  }

  @Test("a reference to what is not there is told where it stands")
  func missing() {
    let marked = MarkedSpec(
      header + "vms: {w: {memory: 1GiB, title: 1️⃣\"${env:NO}\", description: 2️⃣\"a ${file:/no/such/file}\"}}\n")
    #expect(
      marked.load().diagnostics.map(marked.text) == [
        "1️⃣ the environment has no 'NO' | help: set it, or use a variable, which can have a default",
        "2️⃣ cannot read '/no/such/file' | help: check that the file is there and that you may read it",
      ])
  }
}

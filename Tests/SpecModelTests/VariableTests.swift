import Testing

@testable import SpecModel

@Suite struct VariableTests {
  /// The VM `web` of a spec with these variables and this field.
  private func web(_ variables: String, _ field: String, environment: [String: String] = [:]) throws
    -> MachineSpec
  {
    try site("variables: \(variables)\nvms: {web: {memory: 1GiB, \(field)}}\n", environment: environment)
      .machine("web")
  }

  @Test("a default is used where the environment has no value")
  func environment() throws {
    let variables = "{v: {env: V, default: one}}"
    #expect(try web(variables, "title: \"${var.v}\"").settings.title == "one")
    #expect(try web(variables, "title: \"${var.v}\"", environment: ["V": "two"]).settings.title == "two")
    #expect(try web(variables, "title: \"${var.v}\"", environment: ["V": ""]).settings.title == nil)
    #expect(
      try web("{v: {env: V}}", "title: \"${var.v}\"", environment: ["V": "true"]).settings.title == "true")
  }

  @Test("a scalar that is one reference takes the type of the value")
  func types() throws {
    #expect(try web("{n: {default: 4}}", "cpus: \"${var.n}\"").settings.cpus?.count == 4)
    #expect(try web("{n: {env: N}}", "cpus: \"${var.n}\"", environment: ["N": "4"]).settings.cpus?.count == 4)
    #expect(try web("{n: {env: N}}", "title: \"${var.n}\"", environment: ["N": "4"]).settings.title == "4")
    #expect(try web("{b: {default: true}}", "autostart: \"${var.b}\"").settings.autostart == true)
    #expect(try web("{n: {default: 4}}", "title: \"${var.n} CPUs\"").settings.title == "4 CPUs")
    #expect(try web("{n: {default: 4}}", "disks: {d: {size: \"${var.n}GiB\"}}").disks.count == 1)
    #expect(
      findings(in: "variables: {n: {default: \"4\"}}\nvms: {web: {memory: 1GiB, cpus: 1️⃣\"${var.n}\"}}\n")
        == ["1️⃣ 'cpus' must be a whole number, not the string \"4\" | help: write it without quotes: 4"])
    #expect(
      findings(in: "variables: {n: {default: 4}}\nvms: {web: {memory: 1GiB, title: 1️⃣\"${var.n}\"}}\n")
        == ["1️⃣ 'title' must be a string, not 4 | help: quote it: \"4\""])
  }

  @Test("'$${' stands for '${', and a lone dollar for itself")
  func escapes() throws {
    #expect(try web("{}", "title: \"$${var.x} $ $$ 5$\"").settings.title == "${var.x} $ $$ 5$")
    #expect(try web("{a: {default: x}}", "title: \"${var.a}$${${var.a}}\"").settings.title == "x${x}")
  }

  @Test("a default may use other variables, in any order")
  func nested() throws {
    let variables = "{a: {default: \"${var.b}-${var.c}\"}, b: {default: \"${var.c}\"}, c: {default: 3}}"
    #expect(try web(variables, "title: \"${var.a}\"").settings.title == "3-3")
    #expect(try web(variables, "cpus: \"${var.b}\"").settings.cpus?.count == 3)
  }

  @Test("the values of secret variables are told, so that no output shows them")
  func secrets() throws {
    let variables =
      "variables: {p: {env: P, secret: true}, q: {default: \"a${var.p}\"}, r: {default: open}, e: {default: \"\", secret: true}}\n"
    // Whether the spec is valid or not: an error may quote a value.
    for vms in ["", "vms: {w: {memory: \"${var.p}\"}}\n"] {
      let source = SourceText(path: "site.yaml", text: header + variables + vms)
      #expect(SpecLoader(environment: ["P": "hidden"]).load([source]).secrets == ["hidden"])
    }
  }

  @Test("a variable is read from a file beside the spec, without its last line break")
  func files() throws {
    let directory = try TemporaryDirectory(texts: [
      "site.yaml": header
        + "variables: {a: {file: ./a.txt}, b: {file: sub.txt, env: B}}\nvms: {w: {memory: 1GiB, title: \"${var.a}-${var.b}\"}}\n",
      "a.txt": "one\r\n", "sub.txt": "two",
    ])
    #expect(
      try #require(SpecLoader(environment: [:]).load(directory.path + "/site.yaml").site).machine("w")
        .settings.title == "one-two")
    let result = SpecLoader(environment: ["B": "three"]).load(directory.path)
    #expect(try #require(result.site).machine("w").settings.title == "one-three")
  }

  @Test("a variable without a value names the environment variable to set")
  func noValue() {
    #expect(
      findings(
        in:
          "variables:\n  1️⃣key: {env: SHOP_KEY}\nvms: {a: {memory: \"${var.key}\"}, b: {memory: \"${var.key}\"}}\n"
      )
        == ["1️⃣ variable 'key' has no value | help: set SHOP_KEY in the environment, or give it a default"])
    #expect(
      findings(in: "variables:\n  1️⃣key: {secret: true}\n")
        == [
          "1️⃣ this variable has nothing that gives it a value | help: add a default, the env: of an environment variable or the file: to read, or give it with --var"
        ])
    #expect(
      findings(in: "variables:\n  key: {default: 1️⃣~}\n") == [
        #"1️⃣ 'default' has no value | help: write "" for an empty text"#
      ])
  }

  @Test("a variable that is declared in error is no unknown variable")
  func declaredInError() {
    #expect(
      findings(
        in:
          "variables:\n  a: 1️⃣5\n  b: {default: 2️⃣[1]}\n  c: {env: 3️⃣4, default: x}\n  d: {file: 4️⃣/no/such/file}\nvms: {w: {memory: \"${var.a}${var.b}${var.c}${var.d}\"}}\n"
      )
        == [
          "1️⃣ 'variables.a' must be a map, not 5", "2️⃣ 'default' must be a single value, not a list",
          "3️⃣ 'env' must be a string, not 4 | help: quote it: \"4\"",
          "4️⃣ cannot read '/no/such/file' | help: check that the file is there and that you may read it",
        ])
  }

  @Test("variables that depend on each other in a circle are reported once")
  func cycles() {
    #expect(
      findings(
        in:
          "variables:\n  1️⃣a: {default: \"${var.b}\"}\n  b: {default: \"x${var.a}\"}\nvms: {w: {memory: \"${var.b}\"}}\n"
      )
        == ["1️⃣ variable 'a' depends on itself"])
    #expect(
      findings(in: "variables:\n  1️⃣a: {default: \"${var.a}\"}\n") == ["1️⃣ variable 'a' depends on itself"])
  }

  @Test("an unknown reference is reported where it is used, with what is known")
  func unknown() {
    #expect(
      findings(in: "variables: {domain: {default: x}}\nvms: {w: {memory: 1GiB, title: 1️⃣\"${var.domian}\"}}\n")
        == ["1️⃣ unknown variable 'var.domian' | help: did you mean 'var.domain'?"])
    #expect(
      findings(in: "vms: {w: {memory: 1GiB, title: 1️⃣a ${var.x}}}\n").first?.contains("must be quoted") == true
    )
    #expect(
      findings(in: "vms:\n  w:\n    memory: 1GiB\n    title: 1️⃣a ${var.x} ${y}\n") == [
        "1️⃣ unknown variable 'var.x' | help: declare it under variables:",
        "1️⃣ unknown reference '${y}' | help: references are var.NAME, env:NAME, file:PATH, name; write $${ for the characters ${",
      ])
    #expect(
      findings(in: "networks: {lan: {mode: user, hosts: [1️⃣\"${name}\", 2️⃣\"${domain}\"]}}\n") == [
        "1️⃣ '${name}' has a value only in VMs and profiles",
        "2️⃣ unknown reference '${domain}' | help: references are var.NAME, env:NAME, file:PATH; write $${ for the characters ${",
      ])
    #expect(
      findings(in: "vms:\n  w:\n    memory: 1GiB\n    title: 1️⃣a ${var.x\n")
        == ["1️⃣ '${' without its '}' | help: write $${ for the characters ${"])
  }

  @Test("a reference without a value hides no other error and makes no new one")
  func unresolved() {
    #expect(
      findings(
        in:
          "hosts: {a: {uri: 1️⃣\"${var.uri}\"}, b: {uri: 2️⃣lxc:///}}\npools: {p: {path: 3️⃣\"${var.dir}\"}}\nvms: {w: {host: a, memory: 4️⃣1, disks: {d: {size: 1GiB}}}}\n"
      )
      .map { $0.prefix(1) } == ["1️⃣", "2️⃣", "3️⃣", "4️⃣"])
    #expect(
      findings(in: "pools: 1️⃣\"${var.x}\"\nvms: {w: {memory: 1GiB, disks: {d: {size: 1GiB}}}}\n").count == 1)
    #expect(
      findings(in: "vms: {w: {memory: 1GiB, count: 1️⃣\"${var.x}\", cpus: 2️⃣\"1\"}}\n").map { $0.prefix(1) } == [
        "1️⃣", "2️⃣",
      ])
  }

  @Test("${name}, ${index} and ${each} are known in VMs that have them")
  func machineReferences() throws {
    let machines = try site(
      """
      vms:
        solo: {memory: 1GiB, title: "${name}"}
        web: {memory: 1GiB, count: 2, title: "${name} ${index}", cpus: "${index}", description: "${index}"}
        app: {memory: 1GiB, for_each: [blue, green], title: "${name} ${index} ${each}"}
      """
    ).machines
    #expect(
      machines.map(\.settings.title) == [
        "app-blue 1 blue", "app-green 2 green", "solo", "web-1 1", "web-2 2",
      ])
    #expect(machines.last?.settings.cpus?.count == 2)
    #expect(machines.last?.settings.description == "2")
    #expect(
      findings(
        in:
          "vms:\n  w: {memory: 1GiB, title: 1️⃣\"${index}\"}\n  x: {memory: 1GiB, count: 1, title: 2️⃣\"${each}\"}\n"
      ) == [
        "1️⃣ '${index}' has no value in 'w', which has no count",
        "2️⃣ '${each}' has no value in 'x-1', which has no for_each",
      ])
  }
}

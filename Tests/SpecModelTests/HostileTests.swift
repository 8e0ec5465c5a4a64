import Glibc
import Testing

@testable import SpecModel

/// Small files that would take all memory or time, if nothing bounded them.
/// The limit is no measurement: work that grows with the square of a spec, or worse, would never end.
@Suite(.serialized, .timeLimit(.minutes(15)))
struct HostileTests {
  /// The findings of reading a text that is too large to look for markers in.
  private func messages(_ text: String) -> [String] {
    let diagnostics = Diagnostics()
    _ = YAMLParser.parse(SourceText(path: "site.yaml", text: text), diagnostics: diagnostics)
    return diagnostics.all.map(\.message)
  }

  @Test("a file beyond 8 MiB is refused before it is parsed")
  func size() throws {
    let text = String(repeating: "#", count: (8 << 20) + 1)
    #expect(messages(text) == ["the file is larger than 8 MiB"])
    #expect(messages(String(text.utf8.dropLast())!) == [])
    let directory = try TemporaryDirectory(["a.yaml": Array(text.utf8)])
    let found = SpecLoader(environment: [:]).load(directory.path).diagnostics.map(\.message)
    #expect(found == ["'\(directory.path)/a.yaml' is larger than 8 MiB"])
    try directory.write("a.yaml", Array((header + "variables: {v: {file: big}}\n").utf8))
    try directory.write("big", [UInt8](repeating: 0x20, count: (1 << 20) + 1))
    #expect(
      SpecLoader(environment: [:]).load(directory.path).diagnostics.map(\.message) == [
        "'\(directory.path)/big' is larger than 1 MiB"
      ])
  }

  @Test(
    "deep nesting is refused at once",
    arguments: [
      String(repeating: "[", count: 100_000), String(repeating: "{a: ", count: 100_000),
      String(repeating: "- ", count: 100_000),
      (0..<1000).map { String(repeating: " ", count: $0) + "a:\n" }.joined(),
      String(repeating: "? ", count: 100_000),
    ])
  func depth(text: String) {
    let found = yamlFindings(text)
    #expect(found.count == 1)
    #expect(
      found[0].contains("nested deeper than 40 levels") || found[0].contains("a key must be a plain word"))
  }

  @Test("nesting by aliases is bounded as nesting by brackets is")
  func aliasDepth() {
    let deep = (1...60).map { "a\($0): &a\($0) [*a\($0 - 1)]\n" }.joined()
    #expect(yamlFindings("a0: &a0 x\n" + deep) == ["site.yaml:41:12 nested deeper than 40 levels"])
    let text = "a: " + String(repeating: "[", count: 39) + "x" + String(repeating: "]", count: 39) + "\n"
    #expect(yamlFindings(text) == [])
  }

  @Test("an alias bomb is refused, counted with all that its aliases stand for")
  func aliasBomb() {
    let bomb =
      "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
      + (1...9).map { level in
        "a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
          + "]\n"
      }.joined()
    let found = yamlFindings(bomb)
    #expect(found.count == 1 && found[0].hasSuffix("more than 1000000 values, counted with their aliases"))
  }

  @Test("the files of a spec are bounded together: in number, in bytes, and in values with their aliases")
  func manyFiles() throws {
    let many = try TemporaryDirectory()
    for number in 0...10_000 { try many.write("f\(number).yaml", []) }
    let loader = SpecLoader(environment: [:])
    #expect(
      loader.load(many.path).diagnostics.map(\.message) == [
        "'\(many.path)' has more than 10000 *.yaml files"
      ])
    let large = try TemporaryDirectory()
    let comment = [UInt8](repeating: 0x23, count: 8 << 20)
    for number in 0...4 { try large.write("f\(number).yaml", comment) }
    #expect(
      loader.load(large.path).diagnostics.map(\.message) == [
        "the files of '\(large.path)' are larger than 32 MiB together"
      ])
    let bomb =
      "a0: &a0 [\(Array(repeating: "x", count: 100).joined(separator: ", "))]\n"
      + (1...2).map { level in
        "a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 60).joined(separator: ", ")
          + "]\n"
      }.joined()
    let sources = (0..<100).map { SourceText(path: "f\($0).yaml", text: bomb) }
    #expect(
      loader.load(sources).diagnostics.map(\.message) == [
        "more than 1000000 values, counted with their aliases"
      ])
  }

  @Test(
    "a spec or a file that it names is no pipe and no device that would hold up the run or fill the memory")
  func pipesAndDevices() throws {
    let directory = try TemporaryDirectory()
    let pipe = "\(directory.path)/pipe.yaml"
    #expect(mkfifo(pipe, 0o600) == 0)
    let diagnostics = Diagnostics()
    #expect(SpecLoader.texts(at: pipe, diagnostics, patience: 0).isEmpty)
    #expect(diagnostics.all.map(\.message) == ["nothing came out of '\(pipe)' for 0 seconds"])
    let loader = SpecLoader(environment: [:])
    #expect(loader.load("/dev/zero").diagnostics.map(\.message) == ["'/dev/zero' is larger than 8 MiB"])
    #expect(loader.load(directory.path).diagnostics.map(\.message) == ["'\(pipe)' is not a file"])
    for file in [pipe, "/dev/zero"] {
      for use in [
        "variables: {v: {file: \(file)}}", "vms: {w: {memory: \"${file:\(file)}\"}}",
        "vms: {w: {memory: 1GiB, cloud_init: {user_data: \(file)}}}",
        "vms: {w: {memory: 1GiB, cloud_init: {ssh_keys: [{file: \(file)}]}}}",
      ] {
        let found = findings(in: use + "\n")
        #expect(found.count == 1 && !found[0].contains("larger"), "\(use): \(found)")
      }
      let found = findings(in: "images: {i: {source: \(file), format: qcow2}}\n")
      #expect(found.count == 1 && found[0].contains("cannot read the image"), "\(found)")
    }
  }

  @Test("variables that are made of each other in a long chain are stopped")
  func variableChain() {
    let count = 50_000
    let chain = (0..<count).map { "  v\($0): {default: \"${var.v\($0 + 1)}\"}\n" }.joined()
    let found = findings(in: "variables:\n" + chain + "  v\(count): {default: x}\n")
    #expect(found.count == 1)
    #expect(found[0].hasSuffix("variables are made of each other more than 100 levels deep"))
    let short = (0..<99).map { "  v\($0): {default: \"${var.v\($0 + 1)}\"}\n" }.joined()
    #expect(findings(in: "variables:\n" + short + "  v99: {default: x}\n") == [])
  }

  @Test("counts and sizes that no machine has are errors at their place")
  func hugeNumbers() {
    #expect(
      findings(in: "vms: {w: {memory: 1GiB, count: 1️⃣1000000000}}\n").map { $0.hasPrefix("1️⃣ ") } == [true])
    #expect(
      findings(in: "vms: {w: {memory: 1GiB, count: 1️⃣99999999999999999999}}\n").map { $0.hasPrefix("1️⃣ ") } == [
        true
      ])
    for size in [
      "9223372036854775808", "18446744073709551616EiB", "8EiB", "16EiB", "9999999999999999999999TiB", "-1GiB",
    ] {
      let found = findings(in: "vms: {w: {memory: 1️⃣\(size)}}\n")
      #expect(found.map { $0.hasPrefix("1️⃣ ") } == [true], "\(size): \(found)")
      let disk = findings(in: "disks: {d: {size: 1️⃣\(size)}}\n")
      #expect(disk.map { $0.hasPrefix("1️⃣ ") } == [true], "\(size): \(disk)")
    }
  }

  @Test("variables that double each other are stopped")
  func variableBomb() {
    let bomb =
      "variables:\n  v0: {default: xxxxxxxxxxxxxxxx}\n"
      + (1...60).map { "  v\($0): {default: \"${var.v\($0 - 1)}${var.v\($0 - 1)}\"}\n" }.joined()
    let found = findings(in: bomb)
    #expect(found.count == 1)
    #expect(
      found[0].hasSuffix(
        "this text grows beyond 1 MiB | help: counts, profiles and variables are filled in up to this bound"
      ))
  }

  @Test("a text that every VM of a count has is bounded in all")
  func textBomb() {
    let big = String(repeating: "x", count: 900_000)
    let found = findings(
      in:
        "variables: {v: {default: \(big)}}\nvms: {w: {count: 10000, memory: 1GiB, title: 1️⃣\"${index} ${var.v}\"}}\n"
    )
    #expect(
      found == [
        "1️⃣ the spec grows beyond 128 MiB of text | help: counts, profiles and variables are filled in up to this bound"
      ])
  }

  @Test("values that every VM of a count has are bounded in all")
  func valueBomb() {
    let disks = (0..<5000).map { "d\($0): {size: 1GiB}" }.joined(separator: ", ")
    let found = findings(in: "vms: {w: {count: 10000, memory: 1GiB, disks: {\(disks)}}}\n")
    #expect(found.count == 1)
    #expect(found[0].contains("the spec grows beyond 3000000 values"))
  }

  @Test("a spec has no more than 100000 VMs")
  func machines() {
    let groups = (0..<1000).map { "  g\($0): {count: 10000}\n" }.joined()
    let found = findings(in: "defaults: {memory: 1GiB}\nvms:\n" + groups)
    #expect(
      found == ["site.yaml:15:16 the spec has more than 100000 VMs | help: split it into several stacks"])
  }

  @Test("thousands of errors are reported in no time")
  func manyErrors() throws {
    let lines = (0..<10_000).map {
      "  m\($0): {memory: 1GiB, nics: {netwrk\($0): {}}, cpus: zero, unknown\($0): 1}\n"
    }.joined()
    let networks = (0..<10_000).map { "  network\($0): {mode: bridge, bridge: b}\n" }.joined()
    let spec = MarkedSpec(header + "networks:\n" + networks + "vms:\n" + lines)
    let result = spec.load()
    #expect(result.diagnostics.count == 30_000)
    #expect(result.rendered.count == 30_000)
  }

  @Test("thousands of networks, disks and VMs are checked against each other in no time")
  func manyObjects() throws {
    let count = 5000
    let networks = (0..<count).map { "  n\($0): {mode: nat, cidr: 10.\($0 >> 8).\($0 & 255).0/24}\n" }
      .joined()
    let disks = (0..<count).map { "  d\($0): {size: 1GiB}\n" }.joined()
    let machines = (0..<count).map {
      "  m\($0): {memory: 1GiB, nics: {n\($0): {}}, disks: {d: {disk: d\($0)}}}\n"
    }.joined()
    let site = try site("networks:\n" + networks + "disks:\n" + disks + "vms:\n" + machines)
    #expect(site.machines.count == count)
  }

  @Test("vCPUs that every VM of a count pins are bounded in all, and a set of CPUs in its parts")
  func pinBomb() {
    let found = findings(
      in: "vms: {w: {count: 1️⃣10000, memory: 1GiB, cpus: {count: 1, max: 4096, pin: 0-16383}}}\n")
    #expect(found.count == 1)
    #expect(found[0].hasPrefix("1️⃣ the spec grows beyond 3000000 values"))
    let parts = String(repeating: "0-16383,", count: 100_000) + "1"
    #expect(
      findings(in: "vms: {w: {memory: 1GiB, cpus: {count: 1, pin: 1️⃣\"\(parts)\"}}}\n") == [
        "1️⃣ the CPU set has more than 1024 parts | help: write neighbours as a range, such as 0-3"
      ])
  }

  @Test("thousands of keys that nothing external can have are refused in no time")
  func manyForeignKeys() {
    let keys = (0..<20_000).map { "k\($0): 1" }.joined(separator: ", ")
    let found = MarkedSpec(header + "networks: {lan: {external: true, \(keys)}}\n").load().diagnostics
    #expect(found.count == 20_000)
  }

  @Test("thousands of moves in a chain are reported in no time")
  func moveChain() {
    let count = 5000
    let moves = (0..<count).map { "  vms.m\($0): vms.m\($0 + 1)\n" }.joined()
    let found = MarkedSpec(header + "moved:\n" + moves).load().diagnostics
    #expect(found.count == count)
  }

  @Test("keys and values of megabytes make short messages")
  func longWords() {
    let long = String(repeating: "x", count: 1 << 20)
    let spec = MarkedSpec(header + "? \(long)\n: 1\nvms: {w: {memory: \(long), title: [\(long)]}}\n")
    let rendered = spec.load().rendered
    #expect(rendered.count == 3)
    #expect(rendered.allSatisfy { $0.utf8.count < 3000 })
  }

  @Test("a profile cannot use a profile, so none can use itself")
  func profileCycle() {
    #expect(
      findings(in: "profiles: {a: {profile: 1️⃣b}, b: {profile: 2️⃣a}}\nvms: {w: {memory: 1GiB, profile: a}}\n")
        == [
          "1️⃣ 'profile' belongs to a VM, not to profiles.a", "2️⃣ 'profile' belongs to a VM, not to profiles.b",
        ])
  }
}

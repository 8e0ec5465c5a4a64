import FoundationEssentials
import TestLab
import Testing

/// What the tool says of the language, and what it offers shells. No host is needed.
@Suite("The language on the command line")
struct LanguageCommandTests {
  /// A directory of its own, with `site.yaml` in it.
  private final class Directory {
    let path = "/tmp/vfl-\(UInt32.random(in: 0...UInt32.max))"

    init(_ files: [String: String]) throws {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      for (name, text) in files {
        try text.write(toFile: "\(path)/\(name)", atomically: true, encoding: .utf8)
      }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func virtform(_ arguments: [String]) async throws -> Lab.Outcome {
      try await Lab.virtform(arguments, home: "\(path)/home", in: path)
    }

    /// What a shell offers for `words`, the last of which is being written, as its script asks for it.
    func completions(of argument: String, _ words: String...) async throws -> [String] {
      let current = words[words.count - 1]
      let outcome = try await virtform(
        ["---completion", words[0], "--", argument, "\(words.count)", "\(current.count)", "virtform"] + words)
      #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
      #expect(!FileManager.default.fileExists(atPath: "\(path)/home"))
      return outcome.output.split(separator: "\n").map { "\($0)" }
    }
  }

  private static let spec = """
    virtform: 1
    stack: shop
    variables: {domain: {default: example.org}}
    hosts: {local: {uri: embedded}, rack1: {uri: "qemu+ssh://rack1.example.org/system"}}
    pools: {default: {path: /srv/a}}
    networks: {lan: {mode: user}}
    firewalls: {web: {in: any}}
    disks: {db-data: {size: 1GiB, host: rack1}}
    vms:
      web: {count: 2, host: local, memory: 1GiB, disks: {root: {size: 1GiB}}}
      db: {host: rack1, memory: 1GiB, disks: {data: {disk: db-data}, cd: {cdrom: none, bus: sata}}}
    outputs: {db: "${vms.db.host}"}
    """

  // MARK: explain

  @Test("a key is explained, whichever names are in its path")
  func explain() async throws {
    let directory = try Directory([:])
    for path in ["vms.disks.size", "vms.web-1.disks.root.size"] {
      let outcome = try await directory.virtform(["explain", path])
      #expect(outcome.status == 0 && outcome.errors.isEmpty)
      #expect(outcome.output.hasPrefix("vms.NAME.disks.NAME.size\nThe size that the guest sees"))
    }
    let top = try await directory.virtform(["explain"])
    #expect(top.output.contains("\n  vms        map by name       The VMs; with"), "\(top.output)")
    let tree = try await directory.virtform(["explain", "--recursive", "variables"])
    #expect(
      tree.output
        == "variables  <map by name>\n  default  <scalar>\n  env  <text>\n  file  <path>\n  secret  <boolean>\n"
    )
    let json = try await directory.virtform(["explain", "--json", "hosts.uri"])
    #expect(json.output.contains("\"required\" : true"), "\(json.output)")
  }

  @Test("a path that leads nowhere ends with 1 and what is near")
  func unknown() async throws {
    let outcome = try await Directory([:]).virtform(["explain", "vms.dissk.size"])
    #expect(outcome.status == 1 && outcome.output.isEmpty)
    #expect(outcome.errors == "error: 'vms' has no key 'dissk'\n  help: did you mean 'vms.disks'?\n")
  }

  @Test("the schema is the one in the documentation")
  func schema() async throws {
    let outcome = try await Directory([:]).virtform(["schema"])
    let written = try String(
      contentsOfFile: "\(Lab.repository)/docs/schemas/spec.schema.json", encoding: .utf8)
    #expect(outcome.output == written)
  }

  // MARK: Completions

  @Test("VMs are completed where a command takes one")
  func machines() async throws {
    let directory = try Directory(["site.yaml": Self.spec])
    let machines = ["db", "web-1", "web-2"]
    #expect(try await directory.completions(of: "positional@0", "console", "") == machines)
    #expect(try await directory.completions(of: "positional@0", "ssh", "web") == machines)
    #expect(try await directory.completions(of: "positional@0", "show", "") == machines)
    #expect(try await directory.completions(of: "positional@0", "output", "") == ["db"])
    #expect(try await directory.completions(of: "--host", "inventory", "--host", "") == machines)
    #expect(try await directory.completions(of: "--var", "plan", "--var", "") == ["domain="])
  }

  @Test("addresses are completed where a plan takes one")
  func addresses() async throws {
    let directory = try Directory(["site.yaml": Self.spec])
    let expected = [
      "pool.default", "disk.db-data", "disk.web-1.root", "disk.web-2.root", "firewall.web", "network.lan",
      "vm.db", "vm.web-1", "vm.web-2",
    ]
    #expect(try await directory.completions(of: "--target", "plan", "--target", "") == expected)
    #expect(try await directory.completions(of: "--exclude", "apply", "--exclude", "") == expected)
    #expect(
      try await directory.completions(of: "--replace", "apply", "--replace", "")
        == ["vm.db", "vm.web-1", "vm.web-2"])
    #expect(
      try await directory.completions(of: "--allow-data-loss-of", "apply", "--allow-data-loss-of", "")
        == ["disk.db-data", "disk.web-1.root", "disk.web-2.root"])
  }

  @Test("the spec is the one that the line names, with the variables that it gives")
  func otherSpec() async throws {
    let directory = try Directory([
      "other.yml":
        "virtform: 1\nstack: a\nvariables: {n: {}}\nvms: {app: {count: \"${var.n}\", memory: 1GiB}}\n",
      "site.yaml": Self.spec,
    ])
    let found = try await directory.completions(
      of: "--replace", "plan", "other.yml", "--var", "n=2", "--replace", "")
    #expect(found == ["vm.app-1", "vm.app-2"])
  }

  @Test("a spec that is in error has the names that can be read, and one that cannot be read has none")
  func brokenSpec() async throws {
    let faulty = try Directory(["site.yaml": Self.spec + "\nnonsense: 1\nnics: [\"${env:NOWHERE}\"]\n"])
    #expect(try await faulty.completions(of: "positional@0", "console", "") == ["db", "web-1", "web-2"])
    let broken = try Directory(["site.yaml": "vms: {web: [\n"])
    #expect(try await broken.completions(of: "positional@0", "console", "") == [])
    #expect(try await Directory([:]).completions(of: "positional@0", "console", "") == [])
  }

  @Test("paths of the language are completed key by key")
  func paths() async throws {
    let directory = try Directory([:])
    #expect(
      try await directory.completions(of: "positional@0", "explain", "networks.lan.dhcp.")
        == ["networks.lan.dhcp.from", "networks.lan.dhcp.to"])
    #expect(try await directory.completions(of: "positional@0", "explain", "v").contains("vms"))
  }

  @Test("the script that bash gets asks for completions in this way", arguments: ["bash", "zsh", "fish"])
  func scripts(shell: String) async throws {
    let outcome = try await Directory([:]).virtform(["--generate-completion-script", shell])
    #expect(outcome.status == 0)
    #expect(outcome.output.contains("---completion console -- positional@0"))
    #expect(outcome.output.contains("---completion plan -- --target"))
  }
}

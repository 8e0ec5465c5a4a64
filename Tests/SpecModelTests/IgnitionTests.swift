import FoundationEssentials
import Testing

@testable import SpecModel

@Suite("Ignition")
struct IgnitionTests {
  private static let key =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIEJlDjxEBaYYXbqqdVNYtHqVGBGKbxZwtz4uFXKtGUo me"
  private static let config = "{ignition: {version: 3.4.0}, storage: {files: [{path: /etc/x, mode: 420}]}}"

  private func machines(_ fields: String...) -> String {
    "pools: {main: {path: /srv/main}}\nhosts: {alpha: {uri: qemu+tls://alpha/system}}\nvms:\n"
      + fields.enumerated().map { "  m\($0): {memory: 1GiB, \($1)}\n" }.joined()
  }

  @Test("a config is written out, or read from a file, with the words beside it")
  func configs() throws {
    let directory = try TemporaryDirectory(
      texts: ["a.ign": #"{"ignition": {"version": "3.3.0"}, "x": [1, 2.5, true, null]}"#])
    let site = try site(
      machines(
        "ignition: {config: \(Self.config)}", "ignition: {file: \(directory.path)/a.ign, hostname: core-1}",
        "ignition: {ssh_keys: [\(Self.key)]}"))
    #expect(
      try site.machine("m0").ignition
        == IgnitionSpec(
          config: [
            "ignition": .map(["version": .string("3.4.0")]),
            "storage": .map(["files": .list([.map(["path": .string("/etc/x"), "mode": .int(420)])])]),
          ], hostname: nil, sshKeys: []))
    #expect(
      try site.machine("m1").ignition
        == IgnitionSpec(
          config: [
            "ignition": .map(["version": .string("3.3.0")]),
            "x": .list([.int(1), .double(2.5), .bool(true), .null]),
          ], hostname: "core-1", sshKeys: []))
    #expect(
      try site.machine("m2").ignition
        == IgnitionSpec(
          config: ["ignition": .map(["version": .string("3.0.0")])], hostname: nil, sshKeys: [Self.key]))
    #expect(try site.machine("m2").pool?.rawValue == "main")
  }

  @Test("what Ignition would not read is told where it stands")
  func errors() throws {
    let directory = try TemporaryDirectory(texts: [
      "b.bu": "variant: fcos\nversion: 1.5.0\n", "c.ign": "{",
      "d.ign": #"{"ignition": {"version": "2.3.0"}}"#,
    ])
    let butane = "this is Butane; make a config of it: butane --strict site.bu > site.ign"
    let files = ["b.bu", "c.ign", "d.ign"].map { "\(directory.path)/\($0)" }
    #expect(
      findings(
        in: machines(
          "ignition: {file: 1️⃣\(files[0])}", "ignition: {file: 2️⃣\(files[1])}",
          "ignition: {file: 3️⃣\(files[2])}", "ignition: {config: 4️⃣{variant: fcos}}",
          "ignition: {config: 5️⃣{storage: {}}}", "ignition: {config: 6️⃣[]}", "ignition: 7️⃣{}",
          "ignition: {hostname: 8️⃣a b, 9️⃣ssh_kyes: []}")
      ).map { $0.replacing(directory.path, with: "") } == [
        "1️⃣ '/b.bu' is not JSON, which Ignition reads | help: \(butane)",
        "2️⃣ '/c.ign' is not JSON, which Ignition reads | help: butane makes it of what people write",
        "3️⃣ the config is of Ignition's version 2.3.0 | help: virtform hands on version 3, such as 3.4.0, which the systems of today read",
        "4️⃣ Ignition does not read this config | help: \(butane)",
        "5️⃣ the config has no ignition.version | help: such as ignition: {version: 3.4.0}",
        "6️⃣ 'ignition.config' must be a map, not a list",
        "7️⃣ 'config' is missing in ignition | help: write the config, or file: and a *.ign of this machine",
        "8️⃣ 'a b' is not a name of the DNS | help: it has parts of up to 63 letters, digits and '-', with dots between them, such as db.shop.example",
        "9️⃣ unknown key 'ssh_kyes' | help: did you mean 'ssh_keys'?",
      ])
  }

  @Test("one of two that say the same is too much")
  func contradictions() throws {
    let directory = try TemporaryDirectory(texts: ["a.ign": #"{"ignition": {"version": "3.3.0"}}"#])
    #expect(
      findings(
        in: machines(
          "2️⃣cloud_init: {}, 1️⃣ignition: {config: \(Self.config)}",
          "ignition: {file: \(directory.path)/a.ign, config: 3️⃣\(Self.config)}",
          "ignition: {hostname: 4️⃣a, config: {ignition: {version: 3.4.0}, storage: {files: [{path: /etc/hostname}]}}}"
        )
      ) == [
        "1️⃣ 'ignition' does not go with 'cloud_init' | help: a system reads one of the two at its first boot | 2️⃣ cloud_init is here",
        "3️⃣ 'config' does not go with 'file' | help: write the config here, or name its file",
        "4️⃣ the config writes /etc/hostname, too | help: leave out one of the two",
      ])
  }
}

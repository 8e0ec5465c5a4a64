import FoundationEssentials
import SpecModel
import Testing

@testable import CloudInit

@Suite("Ignition's config")
struct IgnitionTests {
  private static let key =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIEJlDjxEBaYYXbqqdVNYtHqVGBGKbxZwtz4uFXKtGUo me"
  private static let other = Self.key.replacing(" me", with: " you")

  private func config(_ ignition: String) throws -> IgnitionConfig {
    let text = "virtform: 1\nstack: s\nvms: {w: {memory: 1GiB, ignition: \(ignition)}}\n"
    let result = SpecLoader(environment: [:]).load([SourceText(path: "site.yaml", text: text)])
    let site = try #require(result.site, "\(result.rendered.joined(separator: "\n"))")
    return IgnitionConfig(try #require(site.machines.first?.ignition))
  }

  /// What a JSON parser makes of it.
  private func value(_ config: IgnitionConfig) throws -> StructuredValue {
    try JSONDecoder().decode(StructuredValue.self, from: Data(config.text.utf8))
  }

  @Test("what the spec says is what the guest reads, and the same text each time")
  func plain() throws {
    let spec = "{config: {ignition: {version: 3.4.0}, systemd: {units: [{name: a.service, enabled: true}]}}}"
    let config = try config(spec)
    #expect(
      try value(config)
        == .map([
          "ignition": .map(["version": .string("3.4.0")]),
          "systemd": .map(["units": .list([.map(["name": .string("a.service"), "enabled": .bool(true)])])]),
        ]))
    #expect(try self.config(spec) == config)
    #expect(config.length == config.text.utf8.count && config.digest.count == 64)
  }

  @Test("a host name is a file, and keys are the user's, beside what the config has")
  func words() throws {
    let words = "hostname: core-1, ssh_keys: [\(Self.key)]"
    #expect(
      try value(config("{\(words)}"))
        == .map([
          "ignition": .map(["version": .string("3.0.0")]),
          "passwd": .map([
            "users": .list([.map(["name": .string("core"), "sshAuthorizedKeys": .list([.string(Self.key)])])])
          ]),
          "storage": .map([
            "files": .list([
              .map([
                "path": .string("/etc/hostname"), "mode": .int(420), "overwrite": .bool(true),
                "contents": .map(["source": .string("data:,core-1")]),
              ])
            ])
          ]),
        ]))
    let users =
      "[{name: ann}, {name: core, uid: 1000, sshAuthorizedKeys: [\(Self.key), \(Self.other)]}]"
    let merged = try value(
      config(
        "{\(words), config: {ignition: {version: 3.4.0}, passwd: {users: \(users)}, storage: {files: [{path: /x}]}}}"
      ))
    guard case .map(let all) = merged, case .map(let passwd)? = all["passwd"],
      case .map(let storage)? = all["storage"], case .list(let files)? = storage["files"]
    else {
      Issue.record("\(merged)")
      return
    }
    #expect(
      passwd["users"]
        == .list([
          .map(["name": .string("ann")]),
          .map([
            "name": .string("core"), "uid": .int(1000),
            "sshAuthorizedKeys": .list([.string(Self.key), .string(Self.other)]),
          ]),
        ]))
    #expect(files.count == 2 && files[0] == .map(["path": .string("/x")]))
  }
}

import FoundationEssentials
import Libvirt
import TestLab
import Testing

/// A guest that reads its config from QEMU's firmware device, as Ignition does.
extension QEMUTests {
  @Test("a guest reads the config that the spec has for Ignition, and another one after its restart")
  func ignition() async throws {
    try await Guests.inLab { guests in
      func site(_ ignition: String) -> SiteText {
        var site = SiteText("ignite")
        site.vms["core"] = SiteText.guest("core", ["ignition": ignition])
        return site
      }
      /// The file of the config, by the definition.
      func file() async throws -> String {
        let entries = try await guests.definition("core").all(at: "sysinfo", "entry")
        #expect(entries.map { $0[attribute: "name"] } == ["opt/com.coreos/config"])
        return try #require(entries.first?[attribute: "file"])
      }
      /// The start of the digest that is in the file's name, and of what the guest reads.
      func digest(_ file: String) throws -> String {
        String(try #require(file.firstMatch(of: /core\.ignition-([0-9a-f]{12})-/)).1)
      }

      let inline = """
        {config: {ignition: {version: 3.4.0}, storage: {files: [{path: /etc/told, contents: {source: "data:,hush"}}]}}}
        """
      let output = try await guests.apply(site(inline))
      #expect(!output.contains("hush"), "\(output)")
      let first = try await file()
      #expect(try String(contentsOfFile: first, encoding: .utf8).contains("data:,hush"))
      let mode = try FileManager.default.attributesOfItem(atPath: first)[.posixPermissions] as? Int
      #expect(mode == 0o600)
      #expect(try await guests.lab.status(of: "core")["ignition"] == digest(first))

      try guests.lab.write(#"{"ignition": {"version": "3.3.0"}}"#, to: "core.ign")
      let staged = try await guests.apply(site("{file: core.ign, hostname: core-1}"))
      #expect(effects(staged)["ignition"] == "restart", "\(staged)")
      let second = try await file()
      #expect(!FileManager.default.fileExists(atPath: first))
      #expect(try await guests.lab.status(of: "core")["ignition"] == digest(first))
      let restarted = try await guests.run("apply", "--auto-approve", "--restart")
      #expect(restarted.status == 0, "\(restarted.output)\(restarted.errors)")
      let wanted = try digest(second)
      _ = try await guests.lab.status(of: "core", until: { $0["ignition"] == wanted })
      try await guests.expectQuiet()

      let destroy = try await guests.run("destroy", "--auto-approve", "--allow-data-loss")
      #expect(destroy.status == 0, "\(destroy.output)\(destroy.errors)")
      #expect(try await guests.lab.virsh("vol-list", "default").filter { !$0.isWhitespace }.isEmpty)
    }
  }
}

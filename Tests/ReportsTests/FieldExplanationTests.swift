import SpecModel
import Testing

@testable import Reports

@Suite("Explanations of keys")
struct FieldExplanationTests {
  private static func explain(_ path: String) throws -> FieldExplanation {
    FieldExplanation(try Language.place(at: path))
  }

  @Test("a key has its type, its default, and what changing it does")
  func field() throws {
    #expect(
      try Self.explain("vms.web-1.nics.lan.link").text == """
        vms.NAME.nics.NAME.link
        Whether its cable is plugged in.

          type      one of up, down
          default   up
          changed   live; on Xen restart
          left out  back to up

        """)
  }

  @Test("a map has its keys, each with what it is in short, and words have their meaning")
  func map() throws {
    #expect(
      try Self.explain("vms.shares").text == """
        vms.NAME.shares
        Directories of the host. The guest mounts each by its name.

          type      map by names
          example   shares: {home: {path: /srv/home}}
          changed   restart; on Xen refused
          left out  goes

        Keys of vms.NAME.shares.NAME:
          path       path, required  The directory on the host.
          type       choice          How the guest reaches it.
          read_only  boolean         Whether the guest can only read it.

        """)
    #expect(
      try Self.explain("hosts.rack1.accel").text == """
        hosts.NAME.accel
        What runs the CPUs of its VMs that do not choose.

          type     one of auto, kvm, tcg
          default  auto

        Words:
          auto  KVM where the host has it, else emulation
          kvm   KVM
          tcg   emulation by QEMU itself

        """)
  }

  @Test("the tree has all keys below")
  func tree() throws {
    #expect(
      try Self.explain("vms.cpus").tree == """
        vms.NAME.cpus  <number or map>
          count  <number, required>
          max  <number>
          shares  <number>
          limit  <number>
          pin  <CPU set or map by name>
          topology  <map>
            sockets  <number>
            cores  <number>
            threads  <number>

        """)
    let all = try Self.explain("").tree
    #expect(all.contains("\nvms  <map by name>\n  profile  <name>\n"))
  }

  @Test("a program gets the same")
  func json() throws {
    #expect(
      try Self.explain("vms.cpus.shares").json() == [
        "path": "vms.NAME.cpus.shares", "type": "whole number from 2 to 262144", "kind": "number",
        "description": "Its weight among other VMs when CPU time is short.", "required": false,
        "default_text": "1024, as libvirt has it; 256 on Xen", "example": "2048",
        "change": [
          "qemu": "live if it has a weight afterwards, else restart",
          "xen": "live if it has a weight afterwards, else restart", "unset": "goes",
        ],
      ])
    let host = try Self.explain("hosts").json(isRecursive: true)
    guard case .list(let fields)? = host["fields"] else { throw Missing() }
    #expect(
      fields.map { $0["path"] } == [
        "hosts.NAME.uri", "hosts.NAME.accel", "hosts.NAME.size", "hosts.NAME.labels", "hosts.NAME.reserve",
        "hosts.NAME.overcommit", "hosts.NAME.state", "hosts.NAME.migration",
      ])
    #expect(fields[1]["default"] == "auto" && fields[0]["required"] == true)
  }

  private struct Missing: Error {}
}

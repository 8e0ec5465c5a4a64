import Testing

@testable import SpecModel

/// What is there already: `adopt`, disks and CD-ROMs by their paths, bridges without a network.
@Suite("What is there already")
struct AdoptedTests {
  private static let spec = """
    hosts: {a: {uri: "qemu+tls://a/system"}}
    pools: {main: {external: true}}
    networks:
      plain: {mode: bridge, bridge: br0, direct: true}
      out: {external: true}
    vms:
      web: {memory: 1GiB, count: 2, nics: {plain: {}}}
      db:
        memory: 1GiB
        disks:
          root: {volume: db.qcow2, format: qcow2, bus: scsi}
          old: {path: /srv/old.img, format: raw}
          cd: {cdrom: /srv/cd.iso}
        xml: <domain><devices/></domain>

    """

  @Test("it is named by what it is, and adopted by its address or with all others")
  func adopted() throws {
    let site = try loaded(Self.spec + "adopt: [vms.web, vms.db, networks.plain]\n")
    #expect(
      site.adopted.map(\.subject) == [
        .machine(try ResourceName(parsing: "web-1")), .machine(try ResourceName(parsing: "web-2")),
        .machine(try ResourceName(parsing: "db")), .network(try ResourceName(parsing: "plain")),
      ])
    let db = try site.machine("db")
    #expect(
      db.disks.map(\.source) == [
        .existing(volume: "db.qcow2", pool: try ResourceName(parsing: "main"), format: .qcow2),
        .path("/srv/old.img", format: .raw), .hostMedium("/srv/cd.iso"),
      ])
    #expect(db.disks.map(\.keep) == [true, true, false])
    #expect(db.xml == "<domain><devices/></domain>")
    let plain = try #require(site.networks.first { $0.name.rawValue == "plain" })
    #expect(plain.isDirect && !plain.isObject)
    let all = try loaded(Self.spec + "adopt: vms\n")
    #expect(all.machines.allSatisfy { all.adopts(machine: $0.name) })
    #expect(!all.adopts(network: plain.name))
  }

  private func loaded(_ text: String) throws -> Site { try site(text) }

  @Test("what can be no part of it is an error where it stands")
  func errors() {
    #expect(
      findings(in: Self.spec + "adopt: [1️⃣vms.dab, 2️⃣networks.out, 3️⃣disks.d, 4️⃣pools, 5️⃣vms.db.disks.root]\n")
        == [
          "1️⃣ no VM 'dab' in this spec | help: did you mean 'db'?",
          "2️⃣ network 'out' is external, so it never becomes the stack's | help: leave out 'external', and describe it",
          "3️⃣ 'disks.d' cannot become the stack's | help: a VM uses what is there by 'volume' or 'path'",
          "4️⃣ 'pools' is nothing that can become the stack's | help: write vms.VM, networks.NETWORK, or vms or networks for all of the spec",
          "5️⃣ 'vms.db.disks.root' goes with its VM | help: write vms.VM, networks.NETWORK, or vms or networks for all of the spec",
        ])
    func disk(_ text: String) -> [String] {
      findings(
        in:
          "hosts: {a: {uri: \"qemu+tls://a/system\"}}\nvms: {a: {memory: 1GiB, disks: {x: {\(text)}, y: {path: /srv/y, format: raw}}}}\n"
      )
    }
    #expect(
      disk("1️⃣path: /srv/x") == ["site.yaml:4:36 'format' is missing in disks.x | help: of a device it is raw"]
    )
    #expect(disk("path: 1️⃣srv/x, format: raw").first?.hasPrefix("1️⃣ 'srv/x' is not an absolute path") == true)
    #expect(
      disk("path: /srv/x, format: raw, size: 1️⃣1GiB") == [
        "1️⃣ 'size' does not go with 'path' | help: what is there already is used as it is"
      ])
    #expect(disk("path: 1️⃣/srv/y, format: raw").first?.contains("'/srv/y' is used twice") == true)
    #expect(
      findings(in: "networks: {a: {mode: nat, cidr: 10.0.0.0/24, direct: 1️⃣true}}\n").first?.contains(
        "a network of mode nat has no 'direct'") == true)
    #expect(
      findings(in: "networks: {a: {mode: bridge, bridge: br0, direct: true, mtu: 1️⃣1500}}\n") == [
        "1️⃣ 'mtu' does not go with 'direct' | help: 'direct' goes without a network of libvirt's"
      ])
  }
}

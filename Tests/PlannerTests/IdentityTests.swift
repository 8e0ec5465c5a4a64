import FoundationEssentials
import SpecModel
import Testing

@testable import Planner

@Suite("Identity")
struct IdentityTests {
  private static func identity(_ stack: String = "shop") throws -> Identity {
    Identity(stack: try ResourceName(parsing: stack))
  }

  /// Were one of these to change, every stack would lose what it has on its hosts.
  @Test("identities are the same for ever")
  func frozen() throws {
    let identity = try Self.identity()
    #expect(identity.uuid(.machine, "web").uuidString == "DEDBA291-12BC-5EFC-AFB2-421EFF8876AA")
    #expect(identity.uuid(.network, "lan").uuidString == "7C39007D-0D32-50C3-85A0-CB044C9A0AEF")
    #expect(identity.uuid(.pool, "main").uuidString == "3CEAC162-BC37-5835-9D35-874A0B4748EA")
    #expect(identity.mac(machine: "web", nic: "lan").description == "52:54:f5:bc:31:56")
    #expect(identity.volumeName(.machineDisk, base: "web.root", format: .qcow2) == "web.root-c5743a42.qcow2")
    #expect(identity.volumeName(.sharedDisk, base: "data", format: .raw) == "data-5b9313d2.raw")
    #expect(identity.volumeName(.image, base: "debian", format: .qcow2) == "debian-e429342d.qcow2")
  }

  @Test("a UUID is of version 5 and of RFC 4122's variant", arguments: 1...100)
  func versionAndVariant(number: Int) throws {
    let bytes = try Self.identity().uuid(.machine, "web-\(number)").uuid
    #expect(bytes.6 >> 4 == 5)
    #expect(bytes.8 >> 6 == 0b10)
  }

  @Test("stack, kind and name all make a difference")
  func distinct() throws {
    let (shop, office) = (try Self.identity(), try Self.identity("office"))
    let uuids = [
      shop.uuid(.machine, "a"), shop.uuid(.network, "a"), shop.uuid(.pool, "a"), shop.uuid(.machine, "b"),
      office.uuid(.machine, "a"),
    ]
    #expect(Set(uuids).count == uuids.count)
  }

  @Test("a MAC address is unicast and locally administered", arguments: 1...100)
  func macs(number: Int) throws {
    let address = try Self.identity().mac(machine: "web-\(number)", nic: "lan").description
    let first = try #require(UInt8(address.prefix(2), radix: 16))
    #expect(first & 1 == 0)
    #expect(first & 2 == 2)
  }

  @Test("a volume's tag says what it is", arguments: Identity.VolumeKind.allCases)
  func tags(kind: Identity.VolumeKind) throws {
    let identity = try Self.identity()
    for base in ["web.root", "a", "web-1.data-2", "x.y-deadbeef"] {
      for format in DiskFormat.allCases {
        let name = identity.volumeName(kind, base: base, format: format)
        #expect(identity.volume(named: name) == Identity.TaggedVolume(kind: kind, base: base))
        #expect(try Self.identity("office").volume(named: name) == nil)
      }
    }
  }

  @Test(
    "names without a tag of the stack are others'",
    arguments: [
      "", ".", "-", "-.qcow2", "web.qcow2", "web.root.qcow2", "web.root-00000000.qcow2", "web.root-c5743a42",
      "-c5743a42.qcow2", "web.root-C5743A42.qcow2", "web.rooT-c5743a42.qcow2", "web.root-c5743a4.qcow2",
      "web.root-c5743a422.qcow2", "web.root_c5743a42.qcow2",
    ])
  func foreignNames(name: String) throws {
    #expect(try Self.identity().volume(named: name) == nil)
  }

  @Test("an object is the stack's own by UUID and mark together")
  func ownership() throws {
    let identity = try Self.identity()
    var machine = Machine(name: "web", uuid: identity.uuid(.machine, "web"), settings: MachineSettings())
    machine.mark = Mark(stack: "shop")
    #expect(identity.owns(machine))
    machine.mark = Mark(stack: "office")
    #expect(!identity.owns(machine))
    machine.mark = nil
    #expect(!identity.owns(machine))
    machine.mark = Mark(stack: "shop")
    machine.name = "web-clone"
    #expect(!identity.owns(machine))
    // Renamed: the UUID is that of the name it was made with.
    machine.mark?.origin = "web"
    #expect(identity.owns(machine))
    machine.uuid = UUID()
    #expect(!identity.owns(machine))
  }
}

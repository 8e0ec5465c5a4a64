import SpecModel
import Testing

@testable import Planner

@Suite("Effects of the language's fields")
struct FieldEffectTests {
  @Test(
    "a field of a spec has the effect of its row, or of the row that it is a part of",
    arguments: [
      ("vms memory", "live if the maximum stays, else restart"),
      ("vms memory size", "live if the maximum stays, else restart"),
      ("vms memory huge_pages", "restart"),
      ("vms memory devices", "live if it is added, else restart"),
      ("profiles cpus shares", "live if it has a weight afterwards, else restart"),
      ("defaults shutdown timeout", "–"),
      ("vms disks keep", "–"),
      ("vms disks size", "live if it grows, in a pool of files or of Ceph, else refused"),
      ("vms disks iotune read_iops", "live"),
      ("vms nics address", "live"),
      ("networks ipv6 dhcp from", "live if its block of addresses stays, else restart"),
      ("pools source device", "refused"),
      ("disks format", "refused"),
    ])
  func effects(keys: String, expected: String) {
    #expect(FieldEffect(of: keys.split(separator: " ").map { "\($0)" })?.qemu == expected)
  }

  @Test("a disk of a guest on Xen grows while the guest is off")
  func growthOnXen() {
    #expect(FieldEffect(of: ["disks", "size"])?.xen == "while no guest that has it runs, else refused")
  }

  @Test(
    "what no table has a row for has no effect", arguments: ["vms", "vms host", "hosts uri", "stack", ""])
  func none(keys: String) {
    #expect(FieldEffect(of: keys.split(separator: " ").map { "\($0)" }) == nil)
  }

  @Test("every row of a VM's table is of a field that the language has")
  func rows() throws {
    let documents: [MachineField] = [.name, .metaData, .networkConfig, .userData]
    for field in MachineField.allCases where !documents.contains(field) {
      #expect(try Language.place(at: "vms.\(field.rawValue)").field != nil)
    }
  }
}

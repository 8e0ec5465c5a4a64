import Testing

@testable import SpecModel

/// What the spec says of where VMs run and how they move.
@Suite("Places and moves in a spec")
struct PlacementSpecTests {
  private let hosts = "hosts: {a: {uri: qemu+tls://a/system}, b: {uri: qemu+tls://b/system}}\n"

  private func machine(_ fields: String) -> [String] {
    findings(in: hosts + "vms: {web: {memory: 1GiB, \(fields)}}\n")
  }

  @Test("labels of hosts that are none have one error, and so has a misspelt word for all hosts")
  func hostWords() {
    #expect(machine("host: {labels: 1️⃣[]}") == ["1️⃣ 'host.labels' must be a map, not a list"])
    #expect(
      machine("host: {labels: {room: 1️⃣[a]}}") == ["1️⃣ 'room' must be a string, not a list"])
    #expect(
      machine("host: {labels: 1️⃣{}}") == ["1️⃣ 'labels' is empty | help: write host: any for all hosts"])
    #expect(machine("host: 1️⃣ANY") == ["1️⃣ no host 'ANY' in this spec | help: did you mean 'any'?"])
  }

  @Test("the URI for migrations says which machine it means")
  func migrationURI() throws {
    func host(_ uri: String) -> [String] {
      findings(in: "hosts: {a: {uri: qemu+tls://a/system, migration: {uri: 1️⃣\(uri)}}}\n")
    }
    let help = " | help: such as qemu+tls://rack1/system"
    #expect(host("qemu+tls://10.0.0.2/system") == [])
    #expect(host("embedded") == ["1️⃣ no other host reaches a libvirt of virtform's own\(help)"])
    #expect(
      host("\"test:///default\"")
        == ["1️⃣ only the libvirts of QEMU migrate guests among themselves\(help)"])
    #expect(
      host("\"qemu:///system\"")
        == ["1️⃣ by 'qemu:///system' each other host would reach its own libvirt\(help)"])
  }

  @Test("bounds of a migration say what they are")
  func migration() {
    #expect(
      machine("host: a, migration: {bandwidth: 1️⃣1000000TiB}")
        == ["1️⃣ a bandwidth of 1000000 TiB a second is too much | help: at most 1TiB"])
    #expect(
      machine("host: a, migration: {bandwidth: 1️⃣1500KiB}")
        == ["1️⃣ libvirt counts the bandwidth of migrations in whole MiB a second | help: such as 100MiB"])
    #expect(
      machine("host: a, migration: {timeout: 1️⃣0s}")
        == ["1️⃣ no guest moves in '0s' | help: leave it out for as long as it takes"])
  }

  @Test("a host of no memory is a slip of the pen")
  func size() {
    #expect(
      findings(in: "hosts: {a: {uri: qemu+tls://a/system, size: {cpus: 4, memory: 1️⃣0GiB}}}\n")
        == ["1️⃣ memory of 0 B is too little for a host | help: such as 256GiB"])
  }

  @Test("a pool that the VM names in error is one error, however many disks it has")
  func pool() {
    let pools = "pools: {fast: {path: /fast, hosts: [a]}, slow: {path: /slow}}\n"
    let disks = "disks: {root: {size: 1GiB}, data: {size: 1GiB}, own: {size: 1GiB, pool: slow}}"
    #expect(
      findings(in: hosts + pools + "vms: {web: {memory: 1GiB, host: b, pool: 1️⃣fast, \(disks)}}\n")
        == ["1️⃣ pool 'fast' is not on host 'b' | help: it is on a"])
    #expect(
      findings(in: hosts + pools + "vms: {web: {memory: 1GiB, host: b, pool: 1️⃣fasst, \(disks)}}\n")
        == ["1️⃣ no pool 'fasst' in this spec | help: did you mean 'fast'?"])
  }
}

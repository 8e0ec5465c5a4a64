import Testing

@testable import SpecModel

/// How vCPUs and memory are arranged.
@Suite struct NUMATests {
  private func machine(_ fields: String) -> [String] { findings(in: "vms: {w: {\(fields)}}\n") }

  private func settings(_ fields: String) throws -> MachineSettings {
    try site("vms: {w: {\(fields)}}\n").machine("w").settings
  }

  private let two =
    "memory: 2GiB, cpus: 4, numa: {cells: [{cpus: 0-1, memory: 1GiB}, {cpus: 2-3, memory: 1GiB}]}"

  @Test("sockets, cores and threads make as many vCPUs as there can be")
  func topology() throws {
    let settings = try settings("memory: 1GiB, cpus: {count: 2, max: 8, topology: {sockets: 2, cores: 4}}")
    #expect(settings.cpuTopology == CPUTopology(sockets: 2, cores: 4, threads: 1))
    #expect(
      machine("memory: 1GiB, cpus: {count: 4, topology: 1️⃣{cores: 2}}") == [
        "1️⃣ sockets, cores and threads make 2 vCPUs, but the VM has 4 | help: their product is 'max' of cpus, or else 'count'"
      ])
    #expect(
      machine("memory: 1GiB, cpus: {count: 1, topology: {cores: 1️⃣0}}") == [
        "1️⃣ 'cores' is 0, but must be from 1 to 4096"
      ])
    #expect(
      machine("memory: 1GiB, cpus: {count: 1, topology: 1️⃣{}}") == [
        "1️⃣ 'topology' is empty | help: such as topology: {sockets: 1, cores: 2, threads: 2}"
      ])
  }

  @Test("cells share out all vCPUs and all memory")
  func cells() throws {
    let cells = try #require(try settings(two).numaCells)
    #expect(cells.map(\.description) == ["vCPU 0-1 and 1 GiB", "vCPU 2-3 and 1 GiB"])
    #expect(
      machine(two.replacing("2-3", with: "1-2").replacing("cells: [", with: "cells: 1️⃣[")) == [
        "1️⃣ the cells have the vCPUs 0-1; 1-2, but the VM has 4 | help: each vCPU is in one cell, and vCPUs are numbered from 0"
      ])
    #expect(
      machine(two.replacing("2GiB", with: "3GiB").replacing("cells: [", with: "cells: 1️⃣[")) == [
        "1️⃣ the cells have 2 GiB together, but the VM has 3 GiB | help: their sum is 'max' of memory, or else 'size'"
      ])
    #expect(
      machine("memory: 1GiB, numa: {cells: 1️⃣[{cpus: 0, memory: 1GiB}]}") == [
        "1️⃣ a guest has from 2 to 128 NUMA cells, not 1 | help: leave 'cells' out where there is but one"
      ])
    #expect(
      machine("memory: 1GiB, cpus: 2, numa: {cells: [1️⃣{cpus: 0}, 2️⃣{memory: 1GiB}]}") == [
        "1️⃣ 'memory' is missing in numa.cells.0 | help: such as memory: 1GiB",
        "2️⃣ 'cpus' is missing in numa.cells.1 | help: the numbers of its vCPUs, such as cpus: 0-1",
      ])
  }

  @Test("nodes of the host are a set of numbers")
  func nodes() throws {
    #expect(try settings("memory: 1GiB, numa: {nodes: 0-1}").numaNodes == CPUSet([0, 1]))
    #expect(
      machine("memory: 1GiB, numa: {nodes: 1️⃣first}") == [
        "1️⃣ 'first' is no set of NUMA nodes | help: write the host's nodes, such as 0-1"
      ])
    #expect(
      machine("memory: 1GiB, numa: {1️⃣node: 0}") == ["1️⃣ unknown key 'node' | help: did you mean 'nodes'?"])
  }

  @Test("huge pages are the host's, or of a size that memory is a multiple of")
  func hugePages() throws {
    #expect(try settings("memory: {size: 1GiB, huge_pages: true}").hugePages == .present(.standard))
    #expect(try settings("memory: {size: 1GiB, huge_pages: false}").hugePages == .absent)
    #expect(
      try settings("memory: {size: 1GiB, huge_pages: 2MiB}").hugePages == .present(.size(.mebibytes(2))))
    #expect(
      machine("memory: {size: 1GiB, huge_pages: 1️⃣3MiB}") == [
        "1️⃣ no host has huge pages of 3 MiB | help: mostly they are 2MiB or 1GiB"
      ])
    #expect(
      machine("memory: {size: 1536MiB, huge_pages: 1️⃣1GiB}") == [
        "1️⃣ 1.5 GiB of memory is no multiple of huge pages of 1 GiB"
      ])
  }
}

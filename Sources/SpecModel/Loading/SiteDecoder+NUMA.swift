extension SiteDecoder {
  private static let maximumCells = 128

  func decodeNUMA(_ reader: MappingReader, isComplete: Bool, into settings: inout MachineSettings) {
    let help =
      "write cells of the guest, such as cells: [{cpus: 0-1, memory: 1GiB}, …], or nodes of the host, nodes: 0"
    guard let numa = reader.nonEmpty("numa", help: help) else { return }
    defer { numa.finish() }
    settings.numaNodes = numa.value("nodes", Self.nodes)
    settings.numaCells = decodeCells(numa, isComplete: isComplete)
    if isComplete, let cells = settings.numaCells { check(cells, numa, settings) }
  }

  private static func nodes(_ text: String) throws(ValueError) -> CPUSet {
    do {
      return try CPUSet(parsing: text)
    } catch {
      throw ValueError("'\(text)' is no set of NUMA nodes", help: "write the host's nodes, such as 0-1")
    }
  }

  private func decodeCells(_ numa: MappingReader, isComplete: Bool) -> [NUMACell]? {
    guard let items = numa.items("cells") else { return nil }
    guard (2...Self.maximumCells).contains(items.count) else {
      numa.error(
        "a guest has from 2 to \(Self.maximumCells) NUMA cells, not \(items.count)", at: "cells",
        help: items.count < 2 ? "leave 'cells' out where there is but one" : nil)
      return nil
    }
    let cells = items.enumerated().compactMap { index, item -> NUMACell? in
      guard let cell = numa.nested(item, "cells", "\(index)") else { return nil }
      defer { cell.finish() }
      let cpus = cell.value("cpus") { text throws(ValueError) in try CPUSet(parsing: text) }
      let memory = cell.value("memory", Self.memorySize)
      if isComplete {
        cell.missing("cpus", help: "the numbers of its vCPUs, such as cpus: 0-1")
        cell.missing("memory", help: "such as memory: 1GiB")
      }
      return cpus.flatMap { cpus in memory.map { NUMACell(cpus: cpus, memory: $0) } }
    }
    return cells.count == items.count ? cells : nil
  }

  /// Each vCPU is in one cell, and all memory is.
  private func check(_ cells: [NUMACell], _ numa: MappingReader, _ settings: MachineSettings) {
    let count = settings.cpus?.max ?? 1
    let vcpus = cells.flatMap(\.cpus.numbers)
    if vcpus.sorted() != Array(0..<count) {
      numa.error(
        "the cells have the vCPUs \(cells.map(\.cpus.description).joined(separator: "; ")), but the VM has \(count)",
        at: "cells", help: "each vCPU is in one cell, and vCPUs are numbered from 0")
    }
    let total = ByteCount(rawValue: cells.reduce(0) { $0 + $1.memory.rawValue })
    if let memory = settings.memory?.max, memory != total {
      numa.error(
        "the cells have \(total) together, but the VM has \(memory)", at: "cells",
        help: "their sum is 'max' of memory, or else 'size'")
    }
  }

  // MARK: Huge pages

  /// `true` for the host's usual size.
  func decodeHugePages(_ memory: MappingReader) -> OptionalDevice<HugePages>? {
    guard let node = memory.node("huge_pages") else { return nil }
    switch node.scalar?.bool {
    case true: return .present(.standard)
    case false: return .absent
    case nil: return memory.value("huge_pages", Self.pageSize).map { .present(.size($0)) }
    }
  }

  private static func pageSize(_ text: String) throws(ValueError) -> ByteCount {
    let size = try ByteCount(parsing: text)
    guard size.rawValue.nonzeroBitCount == 1, size >= .kibibytes(64), size <= .gibibytes(16) else {
      throw ValueError("no host has huge pages of \(size)", help: "mostly they are 2MiB or 1GiB")
    }
    return size
  }

  func checkPages(_ memory: MappingReader, _ settings: MachineSettings) {
    guard case .present(.size(let page))? = settings.hugePages, let max = settings.memory?.max,
      max.rawValue % page.rawValue != 0
    else { return }
    memory.error("\(max) of memory is no multiple of huge pages of \(page)", at: "huge_pages")
  }
}

import Libvirt
import Planner
import SpecModel

/// Where memory comes from: <https://libvirt.org/formatdomain.html#memory-backing>, `#numa-node-tuning` and
/// `#guest-numa-topology`.
extension DomainDocument {
  // MARK: Pages

  mutating func writeHugePages(_ pages: OptionalDevice<HugePages>?) {
    guard let pages else { return }
    editMemoryBacking { backing in
      backing.removeChildren(named: "hugepages")
      guard let kind = pages.kind else { return }
      backing.insert(
        XMLElement("hugepages") {
          if case .size(let size) = kind {
            XMLElement("page", ["size": "\(size.rawValue >> 10)", "unit": "KiB"])
          }
        }, .first)
    }
  }

  /// Edits `<memoryBacking>`, which is there only as long as it says something.
  mutating func editMemoryBacking(_ edit: (inout XMLElement) -> Void) {
    tree.mutateFirst("memoryBacking", otherwise: .after(["maxMemory", "memory", "currentMemory"]), edit)
    if tree.first("memoryBacking")?.elements.isEmpty == true { tree.removeChildren(named: "memoryBacking") }
  }

  /// nil where a person gave NUMA cells pages of several sizes.
  static func hugePages(of document: XMLElement) -> OptionalDevice<HugePages>? {
    guard let element = document.at("memoryBacking", "hugepages") else { return .absent }
    let pages = element.all("page")
    guard let page = pages.first else { return .present(.standard) }
    guard pages.count == 1, page[attribute: "nodeset"] == nil, page[attribute: "unit"] ?? "KiB" == "KiB",
      let size = page[attribute: "size"].flatMap({ UInt64($0) })
    else { return nil }
    return .present(.size(.kibibytes(size)))
  }

  // MARK: Cells of the guest

  /// What a person set beside vCPUs and memory of a cell, such as distances, stays with its number.
  mutating func writeNUMACells(_ cells: [NUMACell]?) {
    editCPU { cpu in
      let there = cpu.all(at: "numa", "cell")
      cpu.removeChildren(named: "numa")
      guard let cells else { return }
      cpu.insert(
        XMLElement("numa") {
          cells.enumerated().map { index, cell in
            var element = index < there.count ? there[index] : XMLElement("cell", ["id": "\(index)"])
            element[attribute: "cpus"] = "\(cell.cpus)"
            element[attribute: "memory"] = "\(cell.memory.rawValue >> 10)"
            element[attribute: "unit"] = "KiB"
            return element
          }
        })
    }
    if cells == nil { addMemoryCell() }
  }

  static func numaCells(of document: XMLElement) -> [NUMACell]? {
    let cells = document.all(at: "cpu", "numa", "cell")
    guard cells.count > 1 else { return nil }
    return cells.map { cell in
      NUMACell(
        cpus: cell[attribute: "cpus"].flatMap { try? CPUSet(parsing: $0) } ?? CPUSet([]),
        memory: .kibibytes(cell[attribute: "memory"].flatMap { UInt64($0) } ?? 0))
    }
  }

  // MARK: Nodes of the host

  mutating func writeNUMANodes(_ nodes: CPUSet?) {
    tree.mutateFirst(
      "numatune", otherwise: .after(["vcpu", "vcpus", "iothreads", "iothreadids", "cputune"])
    ) { tune in
      guard let nodes else {
        tune.removeChildren(named: "memory")
        return
      }
      tune.mutateFirst("memory", otherwise: .first) { memory in
        memory[attribute: "mode"] = memory[attribute: "mode"] ?? "strict"
        memory[attribute: "placement"] = nil
        memory[attribute: "nodeset"] = "\(nodes)"
      }
    }
    if tree.first("numatune")?.elements.isEmpty == true { tree.removeChildren(named: "numatune") }
  }

  static func numaNodes(of document: XMLElement) -> CPUSet? {
    document.at("numatune", "memory")?[attribute: "nodeset"].flatMap { try? CPUSet(parsing: $0) }
  }
}

import SpecModel

/// Renders for people how few hosts are enough.
public struct ConsolidationText {
  private let found: SiteConsolidation
  private let style: TextStyle

  public init(_ found: SiteConsolidation, style: TextStyle = .plain) {
    self.found = found
    self.style = style
  }

  /// The whole text, ending with a newline.
  public func render() -> String {
    var text = summary + "\n"
    text += usage
    text += measurements
    text += moves
    text += found.gaps.map { style(.yellow, "Not survived: ") + printable($0) + "\n" }.joined()
    if let room = found.room { text += self.text(of: room) }
    return text
  }

  private var summary: String {
    let headroom = found.options.headroom.description
    let machines = Self.count(found.machineCount, "VM")
    let others = found.otherCount == 0 ? "" : " and \(Self.count(found.otherCount, "VM")) of others"
    let kept = headroom.isEmpty ? "" : ", with \(headroom) left free on each"
    let after = found.hostsAfter.count
    let bound =
      found.gap == 0
      ? "No choice of hosts needs fewer."
      : "At least \(Self.count(found.lowerBound, "host")) are needed: \(found.gap) fewer may be possible, and were not found."
    return style(.bold, "stack \(found.stack)")
      + "  \(machines)\(others), on \(Self.count(found.hostsBefore.count, "host")) now; \(after) \(after == 1 ? "is" : "are") enough\(kept).\n\(bound)\n"
  }

  private var usage: String {
    table(
      ["HOST", "VMS", "MEMORY", "OF", found.cpuUnit == 1 ? "VCPUS" : "CPUS", "OF", "FULLEST"],
      found.usage.map { host in
        [host.name.rawValue, Self.change("\(host.machinesBefore)", "\(host.machinesAfter)")]
          + PlacementResource.allCases.flatMap { resource in
            let use = host[resource]
            return [
              Self.change(percent(use, use.before), percent(use, use.after)),
              use.capacity.map { resource == .memory ? ByteCount(rawValue: $0).rounded : cpus($0) }
                ?? "unknown",
            ]
          } + [host.isEmptied ? "emptied" : host.fullest.map(title) ?? ""]
      })
  }

  private func percent(_ use: SiteConsolidation.Use, _ amount: UInt64) -> String {
    use.percent(amount).map { "\($0) %" } ?? ""
  }

  private func cpus(_ amount: UInt64) -> String {
    found.cpuUnit == 1 ? "\(amount)" : SiteConsolidation.cpus(amount)
  }

  private func title(_ resource: PlacementResource) -> String {
    resource == .cpus && found.cpuUnit > 1 ? "CPUs" : resource.title
  }

  private var measurements: String {
    guard let load = found.options.load else { return "" }
    return table(
      ["VM", "VCPUS", "IN USE", "COUNTED", "MEMORY", "IN USE"],
      found.measurements.map { machine in
        [
          machine.name, "\(machine.vCPUs)", SiteConsolidation.cpus(machine.peak.cpus),
          SiteConsolidation.cpus(load.factor.of(machine.peak.cpus)), Self.size(machine.memory),
          machine.peak.usedMemory.map(Self.size) ?? "",
        ]
      })
  }

  private var moves: String {
    guard !found.moves.isEmpty || !found.stuck.isEmpty else { return "No VM moves.\n" }
    let waits = found.moves.contains { !$0.waitsFor.isEmpty }
    var text = table(
      ["VM", "FROM", "TO", "EFFECT", "MEMORY", "DISKS", "WHY"] + (waits ? ["AFTER"] : []),
      found.moves.map { move in
        [
          move.name, move.from?.rawValue ?? "", move.to.rawValue, move.effect.rawValue,
          Self.size(move.memory), Self.size(move.disks), move.reason,
        ] + (waits ? [move.waitsFor.joined(separator: " ")] : [])
      })
    let moves = found.moves.filter { $0.from != nil }
    let memory = moves.reduce(0) { $0 + $1.memory }
    let disks = moves.reduce(0) { $0 + $1.disks }
    let verb = moves.count == 1 ? "move copies" : "moves copy"
    text +=
      "\(moves.count) \(verb) \(ByteCount(rawValue: memory).rounded) of memory and \(ByteCount(rawValue: disks).rounded) of disks.\n"
    if !found.stuck.isEmpty {
      let names = found.stuck.map { "'\($0)'" }.joined(separator: ", ")
      text += style(.red, "These wait for each other and cannot move: ") + printable(names)
      text += found.stopping.map { "; they can once '\(printable($0))' is stopped" } ?? ""
      text += "\n"
    }
    return text
  }

  private func text(of room: SiteConsolidation.Room) -> String {
    let size = "\(room.size)" + (room.isMedian ? " (the median)" : "")
    let isKept = found.options.headroom.description.isEmpty
    return "Room for \(Self.count(room.count, "more VM")) of \(size) on these hosts"
      + (isKept ? "" : ", \(room.countWithoutHeadroom) with nothing left free") + ".\n"
  }

  private static func size(_ bytes: UInt64) -> String { bytes == 0 ? "" : ByteCount(rawValue: bytes).rounded }

  private static func change(_ before: String, _ after: String) -> String {
    before == after ? after : "\(before) → \(after)"
  }

  private static func count(_ number: Int, _ noun: String) -> String {
    "\(number) \(noun)\(number == 1 ? "" : "s")"
  }
}

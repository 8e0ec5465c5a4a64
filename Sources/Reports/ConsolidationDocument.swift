public import Planner
public import SpecModel

/// A proposal for programs: what `virtform consolidate --json` prints. `docs/schemas/consolidation.schema.json` describes it.
public struct ConsolidationDocument {
  /// Counts as that of plans does.
  public static let formatVersion = "1.0"

  private let found: SiteConsolidation
  private let version: String

  public init(_ found: SiteConsolidation, version: String) {
    self.found = found
    self.version = version
  }

  public var json: StructuredValue {
    var members: [String: StructuredValue] = [
      "format_version": .string(Self.formatVersion), "virtform_version": .string(version),
      "stack": .string(found.stack.rawValue), "basis": .string(found.options.basis.rawValue),
      "headroom_percent": Self.byResource { StructuredValue(found.options.headroom.percent(of: $0)) },
      "vms": [
        "considered": StructuredValue(found.machineCount), "others": StructuredValue(found.otherCount),
      ],
      "hosts": [
        "before": StructuredValue(found.hostsBefore.map(\.rawValue)),
        "after": StructuredValue(found.hostsAfter.map(\.rawValue)),
        "emptied": StructuredValue(found.emptied.map(\.rawValue)),
        "lower_bound": StructuredValue(found.lowerBound), "gap": StructuredValue(found.gap),
      ],
      "usage": .list(found.usage.map(usage)), "moves": .list(found.moves.map(Self.move)),
      "stuck": StructuredValue(found.stuck), "not_survived": StructuredValue(found.gaps),
    ]
    if let stopping = found.stopping { members["stop_first"] = .string(stopping) }
    if let load = found.options.load {
      members["measured"] = .list(
        found.measurements.map { machine in
          [
            "vm": .string(machine.name), "vcpus": StructuredValue(machine.vCPUs),
            "cpus_in_use": Self.cpus(machine.peak.cpus, 100),
            "cpus_counted": Self.cpus(load.factor.of(machine.peak.cpus), 100),
            "memory": StructuredValue(machine.memory),
            "memory_in_use": StructuredValue(machine.peak.usedMemory),
          ]
        })
    }
    if let room = found.room {
      members["room"] = [
        "cpus": StructuredValue(room.size.cpus), "memory": StructuredValue(room.size.memory.rawValue),
        "is_median": .bool(room.isMedian), "count": StructuredValue(room.count),
        "count_without_headroom": StructuredValue(room.countWithoutHeadroom),
      ]
    }
    return .map(members)
  }

  /// A whole number of vCPUs, or CPUs with decimals.
  private static func cpus(_ amount: UInt64, _ unit: UInt64) -> StructuredValue {
    amount % unit == 0 ? StructuredValue(amount / unit) : .double(Double(amount) / Double(unit))
  }

  private static func byResource(_ value: (PlacementResource) -> StructuredValue) -> StructuredValue {
    .map(
      Dictionary(
        PlacementResource.allCases.map { ("\($0)", value($0)) }, uniquingKeysWith: { first, _ in first }))
  }

  private func usage(_ host: SiteConsolidation.HostUse) -> StructuredValue {
    [
      "host": .string(host.name.rawValue), "emptied": .bool(host.isEmptied),
      "vms": [
        "before": StructuredValue(host.machinesBefore), "after": StructuredValue(host.machinesAfter),
      ],
      "resources": Self.byResource { resource in
        let use = host[resource]
        func value(_ amount: UInt64) -> StructuredValue {
          resource == .cpus ? Self.cpus(amount, found.cpuUnit) : StructuredValue(amount)
        }
        return [
          "capacity": use.capacity.map(value) ?? .null, "before": value(use.before),
          "after": value(use.after),
        ]
      },
      "fullest": host.fullest.map { .string("\($0)") } ?? .null,
    ]
  }

  private static func move(_ move: SiteConsolidation.Move) -> StructuredValue {
    [
      "vm": .string(move.name), "from": move.from.map { .string($0.rawValue) } ?? .null,
      "to": .string(move.to.rawValue), "effect": .string(move.effect.rawValue),
      "memory_bytes": StructuredValue(move.memory), "disk_bytes": StructuredValue(move.disks),
      "reason": .string(move.reason), "waits_for": StructuredValue(move.waitsFor),
      "detour": .bool(move.isDetour),
    ]
  }
}

public import SpecModel

/// An estate for machines: what `virtform show --json` prints. Sizes are in bytes.
public struct EstateDocument {
  private let estate: Estate
  private let stack: ResourceName

  public init(_ estate: Estate, stack: ResourceName) {
    self.estate = estate
    self.stack = stack
  }

  public var json: StructuredValue {
    [
      "format_version": .string(PlanDocument.formatVersion), "stack": .string(stack.rawValue),
      "hosts": .list(estate.hosts.map(Self.host)),
    ]
  }

  private static func host(_ host: Estate.Host) -> StructuredValue {
    [
      "name": .string(host.name), "uri": StructuredValue(host.uri),
      "utilisation": .list(
        host.gauges.map { gauge in
          [
            "name": .string(gauge.name), "unit": .string(gauge.unit == .bytes ? "bytes" : "count"),
            "total": StructuredValue(gauge.total), "used": StructuredValue(gauge.before),
          ]
        }),
      "networks": .list(
        host.networks.map {
          ["name": .string($0.name), "mode": StructuredValue($0.mode), "blocks": StructuredValue($0.blocks)]
        }),
      "vms": .list(host.machines.map(machine)),
    ]
  }

  private static func machine(_ machine: Estate.Machine) -> StructuredValue {
    [
      "name": .string(machine.name), "state": StructuredValue(machine.state),
      "cpus": StructuredValue(machine.cpus.map(UInt64.init)), "memory": StructuredValue(machine.memory),
      "networks": StructuredValue(machine.networks), "in_stack": .bool(!machine.isForeign),
      "disks": .list(
        machine.disks.map {
          ["name": .string($0.name), "kind": .string($0.kind.rawValue), "size": StructuredValue($0.size)]
        }),
    ]
  }
}

import Applier
import Planner
import Reports
import SpecModel

/// All that is known of one VM.
struct GuestText {
  private let entry: GuestEntry

  init(_ entry: GuestEntry) { self.entry = entry }

  private var machine: Machine { entry.guest.machine }

  private struct Disk {
    let name: String
    let path: String
    let volume: Volume?
    let target: String
  }

  private var disks: [Disk] {
    let volumes = Dictionary(
      entry.guest.state.pools.flatMap(\.volumes).map { ($0.path, $0) },
      uniquingKeysWith: { first, _ in first })
    return machine.disks.map {
      Disk(name: $0.name, path: $0.path, volume: volumes[$0.path], target: $0.target ?? "")
    }
      + machine.drives.map {
        Disk(
          name: $0.name, path: $0.media ?? "", volume: $0.media.flatMap { volumes[$0] },
          target: $0.target ?? "")
      }
  }

  private var pending: [String] {
    entry.guest.state.guests[machine.uuid].map(machine.pendingRestart) ?? []
  }

  /// All that the tables of fields know of it, but for what has a place of its own here or is nobody's to see.
  private var fields: [(path: String, value: String)] {
    let values = machine.values
    let elsewhere: Set<MachineField> = [
      .name, .state, .password, .metaData, .networkConfig, .userData, .ignition,
    ]
    let own = MachineField.allCases.filter { !elsewhere.contains($0) }.map(\.rawValue)
    let devices = values.keys.filter { path in
      ["memory.devices.", "shares.", "host_devices."].contains { path.hasPrefix($0) }
    }
    // Of a secret that was changed since, nobody here knows the value that the host has.
    let wanted = Machine(name: machine.name, uuid: machine.uuid, settings: entry.spec.settings).values
    return (own + devices.sorted()).compactMap { path in
      let isSecret = wanted[path].map { Terminal.redacted($0) != $0 } ?? false
      return values[path].map { (path, isSecret ? "(secret)" : $0) }
    }
  }

  func render() -> String {
    let settings = machine.settings
    var lines: [(String, String?)] = [
      ("host", "\(entry.spec.host)  \(entry.guest.session.connection.uri)"),
      ("state", settings.state?.rawValue),
      ("uuid", machine.uuid.uuidString.lowercased()),
      ("libvirt name", machine.domainName == entry.spec.name.rawValue ? nil : machine.domainName),
    ]
    lines += fields.map { ($0.path, $0.value) }
    lines += [
      ("pending restart", pending.isEmpty ? nil : pending.joined(separator: " "))
    ]
    let order = entry.spec.startAfter.map(\.rawValue).joined(separator: ", ")
    lines += [("starts after", order.isEmpty ? nil : order), ("ready", entry.spec.readiness?.description)]
    let width = lines.filter { $0.1 != nil }.map(\.0.count).max() ?? 0
    var text = "vm.\(entry.spec.name)\n"
    for case (let name, let value?) in lines {
      text += "  \(name)\(String(repeating: " ", count: width - name.count))  \(printable(value))\n"
    }
    text += "\n"
    text += table(
      ["NIC", "NETWORK", "MAC", "ADDRESSES"],
      entry.nics.map {
        [$0.name, $0.network ?? "", $0.mac?.description ?? "", $0.addresses.joined(separator: " ")]
      })
    text += table(
      ["DISK", "TARGET", "SIZE", "ON HOST", "PATH"],
      disks.map { disk in
        [
          disk.name, disk.target, disk.volume.map { "\($0.capacity)" } ?? "",
          disk.volume?.physical.map(\.rounded) ?? "", disk.path,
        ]
      })
    return text
  }

  var json: StructuredValue {
    let settings = machine.settings
    return [
      "name": .string(entry.spec.name.rawValue), "host": .string(entry.spec.host.rawValue),
      "uuid": .string(machine.uuid.uuidString.lowercased()),
      "state": StructuredValue(settings.state?.rawValue),
      "cpus": StructuredValue(settings.cpus.map { UInt64($0.count) }),
      "memory": StructuredValue(settings.memory?.size.rawValue),
      "pending_restart": StructuredValue(pending),
      "fields": .map(
        Dictionary(fields.map { ($0.path, .string($0.value)) }, uniquingKeysWith: { first, _ in first })),
      "nics": .list(
        entry.nics.map {
          [
            "name": .string($0.name), "network": StructuredValue($0.network),
            "mac": StructuredValue($0.mac?.description),
            "addresses": StructuredValue($0.addresses),
          ]
        }),
      "disks": .list(
        disks.map {
          [
            "name": .string($0.name), "target": .string($0.target), "path": .string($0.path),
            "size": StructuredValue($0.volume?.capacity.rawValue),
          ]
        }),
    ]
  }
}

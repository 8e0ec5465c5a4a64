import Applier
import ArgumentParser
import Libvirt
import Planner
import Reports
import SpecModel

/// Shows the hosts of a spec.
struct HostsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    subcommand: "hosts", abstract: "Show the hosts: processors, memory, what VMs use, versions.")

  @OptionGroup var options: SpecOptions

  @Flag(name: .customLong("json"), help: "As JSON, sizes in bytes.")
  var isJSON = false

  private struct Row {
    let name: String
    let uri: String
    let node: NodeInfo
    /// Bytes that new guests could have; nil where the driver does not say.
    let availableMemory: UInt64?
    let driver: String
    let hypervisor: Version
    let libvirt: Version
    let state: HostState

    /// Running VMs, whoever made them.
    var running: [Machine] { state.machines.filter(\.isActive) }
    /// In bytes, as policies count it.
    var totalMemory: UInt64 { state.capabilities.memory?.rawValue ?? node.memoryKibibytes << 10 }
    var cpusInUse: Int { running.reduce(0) { $0 + ($1.settings.cpus?.count ?? 1) } }
    var memoryOfVMs: UInt64 { running.reduce(0) { $0 + ($1.settings.memory?.size.rawValue ?? 0) } }
    var memoryOfDom0: UInt64 { state.dom0Memory.rawValue }
  }

  func run() async throws {
    try await Workspace.open(options, access: .readOnly).closing { workspace in
      var rows: [Row] = []
      for state in workspace.states {
        guard let session = workspace.fleet.sessions[state.name] else { continue }
        do {
          rows.append(try await row(state, session.connection))
        } catch let error as LibvirtError {
          throw Terminal.fail(
            "host '\(state.name)' (\(session.connection.uri)): \(error)",
            at: workspace.site.origins.location(of: SpecPath("hosts.\(state.name).uri")))
        }
      }
      if isJSON { return Terminal.print(json(rows)) }
      Terminal.print(text(rows), terminator: "")
    }
  }

  private func row(_ state: HostState, _ connection: Connection) async throws -> Row {
    // Xen has no caches to tell of.
    var available = (try? await connection.nodeMemory()).map { $0.available << 10 }
    if available == nil { available = try? await connection.freeMemory() }
    return Row(
      name: state.name.rawValue, uri: connection.uri, node: try await connection.nodeInfo(),
      availableMemory: available, driver: try await connection.driver(),
      hypervisor: try await connection.hypervisorVersion(), libvirt: try await connection.libvirtVersion(),
      state: state)
  }

  private func text(_ rows: [Row]) -> String {
    table(
      ["HOST", "CPUS", "USED", "MEMORY", "FREE", "USED", "VMS", "HYPERVISOR", "LIBVIRT", "URI"],
      rows.map { row in
        [
          row.name, "\(row.node.cpus)", "\(row.cpusInUse)",
          ByteCount(rawValue: row.totalMemory).rounded,
          row.availableMemory.map { ByteCount(rawValue: $0).rounded } ?? "",
          ByteCount(rawValue: row.memoryOfVMs + row.memoryOfDom0).rounded,
          "\(row.running.count) of \(row.state.machines.count)",
          "\(row.driver) \(row.hypervisor)", "\(row.libvirt)", row.uri,
        ]
      })
  }

  private func json(_ rows: [Row]) -> StructuredValue {
    .list(
      rows.map { row in
        [
          "name": .string(row.name), "uri": .string(row.uri), "driver": .string(row.driver),
          "hypervisor_version": .string("\(row.hypervisor)"), "libvirt_version": .string("\(row.libvirt)"),
          "cpus": [
            "total": StructuredValue(row.node.cpus), "used_by_running_vms": StructuredValue(row.cpusInUse),
          ],
          "memory": [
            "total": StructuredValue(row.totalMemory),
            "available": StructuredValue(row.availableMemory),
            "used_by_running_vms": StructuredValue(row.memoryOfVMs),
            "used_by_dom0": StructuredValue(row.memoryOfDom0),
          ],
          "vms": [
            "defined": StructuredValue(row.state.machines.count),
            "running": StructuredValue(row.running.count),
          ],
        ]
      })
  }
}

/// The reference of all fields, written from the tables that the planner goes by.
public enum FieldReference {
  /// The page as Markdown.
  public static func markdown() -> String {
    """
    # Fields and what changing them does

    This page is written from the tables in `Sources/Planner/Fields`; `make docs` writes it again.

    Per driver it says what a change does to a guest that runs (or a network that is active). **live**: it takes the change
    while it runs, and the definition gets it, too. **restart**: the definition gets it, and the guest has it from its next
    start; until then the plan and `show` say *pending restart*, and `on_change` or `--restart` decide whether virtform
    restarts it. **–**: nothing that runs notices. **refused**: it cannot change, or the host has no such thing; the plan says so. A guest that is off
    notices nothing, and takes every change that is not refused.

    *Unset* says what becomes of a field that the spec set when it was last applied and sets no more. A field that the spec
    never set is never compared.

    ## VMs
    \(table(MachineField.allCases.map { ($0.rawValue, Row($0.rule)) }))
    ## Memory devices of a VM: `memory.devices.NAME`
    \(table(MemoryDeviceField.allCases.map { ($0.rawValue, Row($0.rule)) }))
    ## Disks of a VM: `disks.NAME.…`
    \(table(DiskField.allCases.map { ($0.rawValue, Row($0.rule)) }))
    ## CD-ROM drives: `disks.NAME.…`
    \(table(DriveField.allCases.map { ($0.rawValue, Row($0.rule)) }))
    ## Network interfaces: `nics.NAME.…`
    \(table(NICField.allCases.map { ($0.rawValue, Row($0.rule)) }))
    ## Directories of the host: `shares.NAME`
    \(table(ShareField.allCases.map { ($0.rawValue, Row($0.rule)) }))
    ## Devices of the host: `host_devices.NAME`
    \(table(HostDeviceField.allCases.map { ($0.rawValue, Row($0.rule)) }))
    ## Volumes, which is what disks hold
    \(table(VolumeField.allCases.map { ($0.rawValue, Row($0.rule)) }))
    ## Networks
    \(table(NetworkField.allCases.map { ($0.rawValue, Row($0.rule)) }))
    ## Pools
    \(table(PoolField.allCases.map { ($0.rawValue, Row($0.rule)) }))
    """
  }

  /// A rule as text.
  private struct Row {
    let cells: [String]

    init<Object>(_ rule: FieldRule<Object>) {
      let effect = FieldEffect(rule)
      cells = [
        rule.summary, "`\(rule.element)`", rule.call.map { "`\($0)`" } ?? "", effect.qemu, effect.xen,
        effect.test, effect.unset,
      ]
    }
  }

  private static func table(_ rows: [(name: String, row: Row)]) -> String {
    let header = [
      "field", "what it is", "where libvirt has it", "changed by", "QEMU", "Xen", "test", "unset",
    ]
    let lines = [header, header.map { _ in "---" }] + rows.map { ["`\($0.name)`"] + $0.row.cells }
    return lines.map { "| " + $0.joined(separator: " | ") + " |\n" }.joined()
  }
}

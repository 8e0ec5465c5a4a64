import SpecModel

/// The fields of a VM, each with its rule: how its value reads, and what changing it does to a running guest.
///
/// This is the one table of them: the differ, the mark on the host and the documents all go by it.
public enum MachineField: String, CaseIterable, Sendable, Comparable {
  case title, description, accel, cpus, memory, machine, firmware, cpu, kernel, initrd, cmdline, graphics,
    console
  case autostart, running

  /// The field's normal form: equal texts are equal values. nil where the VM has no value.
  public func value(of machine: Machine) -> String? {
    let settings = machine.settings
    return switch self {
    case .title: settings.title
    case .description: settings.description
    case .accel: settings.accel?.rawValue
    case .cpus: settings.cpus?.description
    case .memory: settings.memory?.description
    case .machine: settings.machine
    case .firmware: settings.firmware?.rawValue
    case .cpu: settings.cpu
    case .kernel: machine.kernel
    case .initrd: machine.initrd
    case .cmdline: settings.cmdline
    case .graphics: settings.graphics?.rawValue
    case .console: settings.console.map(String.init)
    case .autostart: settings.autostart.map(String.init)
    case .running: settings.running.map(String.init)
    }
  }

  /// What changing the field from what `actual` has to what `wanted` has does to a guest that runs on. A guest that
  /// is off notices nothing.
  func effectWhileRunning(from actual: Machine, to wanted: Machine) -> Effect {
    // What waits for a restart is not what the guest runs with: nothing can be built on it before.
    let isPending = actual.pendingRestart.contains(rawValue)
    return switch self {
    case .autostart, .title, .description: .live
    case .running: .stop
    case .cpus:
      // A guest takes further vCPUs; whether it gives one back is its own decision, so that waits.
      if let from = actual.settings.cpus, let to = wanted.settings.cpus, from.max == to.max,
        to.count > from.count,
        !isPending
      {
        .live
      } else {
        .restart
      }
    case .memory:
      // The balloon goes both ways, within what the guest booted with.
      if actual.settings.memory?.max == wanted.settings.memory?.max, !isPending { .live } else { .restart }
    case .accel, .machine, .firmware, .cpu, .kernel, .initrd, .cmdline, .graphics, .console: .restart
    }
  }

  public static func < (a: MachineField, b: MachineField) -> Bool { a.position < b.position }
  private var position: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

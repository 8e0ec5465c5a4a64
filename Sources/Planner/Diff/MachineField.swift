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

  /// What changing the field does to a guest that runs on. A guest that is off notices nothing.
  var effectWhileRunning: Effect {
    switch self {
    case .autostart, .title, .description: .live
    case .running: .stop
    case .accel, .cpus, .memory, .machine, .firmware, .cpu, .kernel, .initrd, .cmdline, .graphics, .console:
      .restart
    }
  }

  public static func < (a: MachineField, b: MachineField) -> Bool { a.position < b.position }
  private var position: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

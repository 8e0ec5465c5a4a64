import FoundationEssentials
import Glibc

/// What tells a process of this machine from all others, of other machines, boots and containers, too.
struct ProcessIdentity: Hashable, Sendable {
  /// The boot of the machine, and the namespaces in which the process's number and start count.
  let machine: String
  let pid: Int32
  /// When it started, in the kernel's ticks since the boot (`proc_pid_stat(5)`, field 22).
  let start: UInt64

  init(machine: String, pid: Int32, start: UInt64) {
    self.machine = machine
    self.pid = pid
    self.start = start
  }

  /// A process of this machine that /proc shows.
  init?(of pid: Int32) {
    guard let status = ProcessStatus(of: pid), let machine = Self.thisMachine else { return nil }
    self.init(machine: machine, pid: pid, start: status.start)
  }

  /// This process; nil where /proc does not tell, or belongs to another container.
  static let current: ProcessIdentity? = {
    let pid = getpid()
    return link("/proc/self") == "\(pid)" ? ProcessIdentity(of: pid) : nil
  }()

  /// True only if the process ran on this machine and has ended.
  var isGone: Bool {
    guard machine == Self.current?.machine, pid > 0 else { return false }
    if kill(pid, 0) != 0, errno == ESRCH { return true }
    // One that may not be looked at, as another user's where /proc hides them, counts as running.
    guard let status = ProcessStatus(of: pid) else { return false }
    return status.start != start || status.hasEnded
  }

  private static let thisMachine: String? = {
    guard let boot = FileManager.default.contents(atPath: "/proc/sys/kernel/random/boot_id"),
      let processes = link("/proc/self/ns/pid")
    else { return nil }
    // Old kernels have one time for all.
    let parts = [String(decoding: boot, as: UTF8.self).filter { !$0.isWhitespace }, processes]
    return (parts + [link("/proc/self/ns/time")].compactMap { $0 }).joined(separator: " ")
  }()

  private static func link(_ path: String) -> String? {
    try? FileManager.default.destinationOfSymbolicLink(atPath: path)
  }
}

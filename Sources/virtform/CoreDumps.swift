import Glibc

/// What a crash leaves of this process's memory, in which the secrets of a spec are: nothing.
enum CoreDumps {
  /// The kernel writes no core file, and shows a program that takes dumps (`core(5)`: a `core_pattern` that is a pipe, for
  /// which no limit holds) none of the memory. Programs that are run from here have the same.
  static func forbid() {
    let resource = __rlimit_resource_t(RLIMIT_CORE.rawValue)
    var limit = rlimit()
    if getrlimit(resource, &limit) == 0 {
      // What may be raised again, as libvirt does for its guests, stays.
      limit.rlim_cur = 0
      _ = setrlimit(resource, &limit)
    }
    let filter = open("/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC)
    guard filter >= 0 else { return }
    _ = write(filter, "0", 1)
    close(filter)
  }
}

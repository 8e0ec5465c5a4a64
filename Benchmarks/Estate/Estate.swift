import Glibc
import Libvirt
import TestLab

/// A spec of many VMs, each with a disk and an address, written out one by one.
struct Estate {
  var hosts: [(name: String, uri: String)]
  var count: Int
  var isRunning = false
  /// The memory of the first tenth of them.
  var memory = "64MiB"
  let directory: String
  /// The driver that they are for.
  var driver = "test"

  var text: String {
    var text = "virtform: 1\nstack: bench\nhosts:\n"
    for host in hosts { text += "  \(host.name): {uri: \"\(host.uri)\"}\n" }
    text += "pools:\n  disks: {type: dir, path: \(directory)/disks}\n"
    // It goes with the last VM: an active network takes a call for each address that it is to reserve.
    if count > 0 { text += "networks:\n  lan: {mode: nat, cidr: 10.64.0.0/10, bridge: vfbench0}\n" }
    text += "profiles:\n  small: {cpus: 1, state: \(isRunning ? "running" : "off")"
    // No system that hears the power button is in these guests.
    text += driver == "qemu" ? ", accel: tcg, shutdown: {timeout: 0s}}\n" : "}\n"
    text += count == 0 ? "vms: {}\n" : "vms:\n"
    for number in 1..<(count + 1) {
      let address = number + 256  // the first ones are the host's
      text += "  web-\(number):\n    profile: small\n    memory: \(number <= count / 10 ? memory : "64MiB")\n"
      if hosts.count > 1 { text += "    host: \(hosts[number % hosts.count].name)\n" }
      text += "    disks: {root: {size: 1GiB}}\n"
      text += "    nics: {lan: {ip: 10.\(64 + address >> 16).\(address >> 8 & 255).\(address & 255)}}\n"
    }
    return text
  }

  /// Writes the spec and returns its path.
  func write(_ name: String = "site.yaml") throws -> String {
    let path = "\(directory)/\(name)"
    guard let file = fopen(path, "w") else { throw Measurement.Failure(text: "cannot write \(path)") }
    defer { fclose(file) }
    fputs(text, file)
    return path
  }
}

import SpecModel

@testable import Planner

/// Makes a random spec and then, again and again, another one that could follow it.
///
/// What a spec may not change, such as the pool of a disk, follows from names, so that few successors are refused.
struct SpecGenerator {
  var random: SeededNumbers
  let hosts: [String]
  let driver: HostCapabilities.Driver
  let hasKVM: Bool

  var machines: [String: MachineDraft] = [:]
  var networks: [String: NetworkDraft] = [:]
  var shared: [String: SharedDraft] = [:]
  var firewalls = ["closed": "{}", "open": "{in: any}"]
  var hasSecondPool = false
  /// Whether the second pool is one of devices, which have raw disks that never grow.
  let isSecondLogical: Bool
  var autostartsPool: Bool?
  /// In GiB, by VM and disk. They are kept for each name, since disks only grow.
  var sizes: [String: Int] = [:]
  /// New addresses by their old ones: `vms.web-1`.
  var moved: [String: String] = [:]
  var removed: Set<String> = []
  /// Names that something else carries on: they are not given again.
  var spent: Set<String> = []

  static let machineNames = ["db", "mail", "web-1", "web-2", "web-10", "front", "back"]
  static let networkNames = ["dmz", "lan", "trunk"]
  static let furtherNetworkNames = ["edge", "office"]
  static let sharedNames = ["data", "home"]
  static let furtherSharedNames = ["store", "vault"]
  static let diskNames = ["logs", "scratch", "second", "extra"]
  static let nicNames = ["eth0", "eth1", "wan"]

  init(seed: UInt64) {
    random = SeededNumbers(seed: seed)
    hosts = random.chance(20) ? ["alpha", "beta"] : ["alpha"]
    driver = random.pick([.qemu, .qemu, .qemu, .xen, .test])
    hasKVM = random.chance(50)
    isSecondLogical = seed % 5 < 2
    for _ in 0..<random.number(2..<10) { mutate() }
  }

  /// Where a name lives, which never changes.
  func host(of name: String) -> String { hosts[name.utf8.reduce(0) { $0 + Int($1) } % hosts.count] }

  // MARK: Successors

  mutating func advance() {
    // What was renamed may be said for as long as one likes.
    for old in moved.keys.sorted() where random.chance(50) { moved[old] = nil }
    for name in removed.sorted() where random.chance(30) { removed.remove(name) }
    for _ in 0..<random.number(1..<7) { mutate() }
  }

  /// Takes back whatever keeps things from being removed.
  mutating func unprotect() {
    for name in machines.keys {
      machines[name]?.fields["protect"] = nil
      for disk in machines[name]?.disks.keys.sorted() ?? [] {
        machines[name]?.disks[disk]?.isProtected = false
        machines[name]?.disks[disk]?.keep = false
      }
    }
    for name in networks.keys { networks[name]?.isProtected = false }
    for name in shared.keys { shared[name]?.isProtected = false }
  }

  private mutating func mutate() {
    switch random.number(0..<21) {
    case 0, 1, 2: addMachine()
    case 3: if let name = random.any(of: machines.keys.sorted()) { remove(machine: name) }
    case 4...10: if let name = random.any(of: machines.keys.sorted()) { change(machine: name) }
    case 11, 12:
      let number = random.number(0..<Self.networkNames.count)
      let name = Self.networkNames[number]
      if networks[name] == nil, !spent.contains("networks.\(name)") {
        networks[name] = NetworkDraft(isSwitch: name == "trunk", number: number)
      }
    case 13, 14: if let name = random.any(of: networks.keys.sorted()) { change(network: name) }
    case 15:
      guard let name = random.any(of: networks.keys.sorted()) else { break }
      random.chance(40) ? move(network: name) : remove(network: name)
    case 16:
      let name =
        random.any(of: random.chance(50) ? shared.keys.sorted() : []) ?? random.pick(Self.sharedNames)
      if shared[name] == nil {
        if !spent.contains("disks.\(name)") {
          shared[name] = SharedDraft(isProtected: random.chance(30), size: sizes[name] ?? 3)
        }
      } else if random.chance(30) {
        move(shared: name)
      } else if random.chance(50) {
        remove(shared: name)
      } else {
        shared[name]?.size += random.number(0..<2)
        shared[name]?.isProtected.toggle()
      }
    case 20:
      firewalls[random.pick(["closed", "open"])] = random.pick([
        "{}", "{in: any}", "{in: [{protocol: tcp, port: [80, 8000-8099]}], out: [{to: 10.0.0.0/8}]}",
        "{in: [{protocol: icmp, from: 10.9.0.0/16}], include: [clean-traffic]}",
      ])
    case 17: autostartsPool = random.pick([nil, true, false])
    case 18:
      if let name = random.any(of: machines.keys.sorted()), random.chance(60) { move(machine: name) }
    default: hasSecondPool.toggle()
    }
    guard !hasSecondPool else { return }
    for name in machines.keys {
      for disk in machines[name]?.disks.keys.sorted() ?? [] where disk.hasPrefix("second") {
        remove(disk: disk, of: name)
      }
    }
  }

  private mutating func addMachine() {
    let name = random.pick(Self.machineNames)
    guard machines[name] == nil, !spent.contains("vms.\(name)") else { return }
    var machine = MachineDraft()
    machine.image = random.chance(60) ? "debian" : nil
    machine.fields["clone"] = random.pick([nil, "full"])
    machine.fields["on_image_change"] = random.pick([nil, "replace"])
    machine.fields["on_change"] = random.pick([nil, "stage", "restart-if-needed", "restart-if-needed"])
    machines[name] = machine
    for _ in 0..<random.number(0..<6) { change(machine: name) }
    for _ in 0..<random.number(0..<4) { random.chance(50) ? changeDisks(of: name) : changeNICs(of: name) }
  }

  private mutating func remove(machine name: String) {
    machines[name] = nil
    moved = moved.filter { $0.value != "vms.\(name)" && !$0.value.hasPrefix("vms.\(name).") }
    if random.chance(8) {
      removed.insert("vms.\(name)")
      spent.insert("vms.\(name)")
    }
  }

  private mutating func move(machine old: String) {
    let new = random.pick(Self.machineNames)
    guard driver != .xen, machines[new] == nil, host(of: old) == host(of: new), !spent.contains("vms.\(new)")
    else { return }
    // What was said of it under its old name is said no more; a rename takes one step at a time.
    moved = moved.filter { $0.value != "vms.\(old)" && !$0.value.hasPrefix("vms.\(old).") }
    moved["vms.\(old)"] = "vms.\(new)"
    spent.insert("vms.\(old)")
    machines[new] = machines[old]
    machines[old] = nil
    for disk in machines[new]?.disks.keys.sorted() ?? [] {
      inheritSize("\(new).\(disk)", from: "\(old).\(disk)")
    }
  }

  /// A disk that has the new name may be left from before.
  private mutating func inheritSize(_ new: String, from old: String) {
    sizes[new] = max(sizes[new] ?? 1, sizes[old] ?? 1)
  }

  mutating func move(device old: String, to new: String, _ kind: String, of machine: String) {
    let path = "vms.\(machine).\(kind)"
    guard !spent.contains("\(path).\(new)"), moved["\(path).\(new)"] == nil else { return }
    moved = moved.filter { $0.value != "\(path).\(old)" }
    moved["\(path).\(old)"] = "\(path).\(new)"
    spent.insert("\(path).\(old)")
    if kind == "disks" {
      let draft = machines[machine]?.disks.removeValue(forKey: old)
      machines[machine]?.disks[new] = draft
      inheritSize("\(machine).\(new)", from: "\(machine).\(old)")
    } else {
      let draft = machines[machine]?.nics.removeValue(forKey: old)
      machines[machine]?.nics[new] = draft
    }
    let boots = machines[machine]?.boots ?? []
    machines[machine]?.boots = boots.map { $0 == old ? new : $0 }
  }

  mutating func remove(disk: String, of machine: String) {
    machines[machine]?.disks[disk] = nil
    machines[machine]?.boots.removeAll { $0 == disk }
    moved = moved.filter { $0.value != "vms.\(machine).disks.\(disk)" }
  }

  mutating func remove(nic: String, of machine: String) {
    machines[machine]?.nics[nic] = nil
    machines[machine]?.boots.removeAll { $0 == nic }
    moved = moved.filter { $0.value != "vms.\(machine).nics.\(nic)" }
  }

  private mutating func move(network old: String) {
    let new = random.pick(Self.furtherNetworkNames)
    guard networks[new] == nil, !spent.contains("networks.\(new)"), moved["networks.\(new)"] == nil else {
      return
    }
    moved = moved.filter { $0.value != "networks.\(old)" }
    moved["networks.\(old)"] = "networks.\(new)"
    spent.insert("networks.\(old)")
    networks[new] = networks.removeValue(forKey: old)
    for machine in machines.keys {
      for nic in machines[machine]?.nics.keys.sorted() ?? []
      where machines[machine]?.nics[nic]?.network == old {
        machines[machine]?.nics[nic]?.network = new
      }
    }
  }

  private mutating func remove(network name: String) {
    networks[name] = nil
    moved = moved.filter { $0.value != "networks.\(name)" }
    if random.chance(20) {
      removed.insert("networks.\(name)")
      spent.insert("networks.\(name)")
    }
    for machine in machines.keys {
      for nic in machines[machine]?.nics.keys.sorted() ?? []
      where machines[machine]?.nics[nic]?.network == name {
        remove(nic: nic, of: machine)
      }
    }
  }

  private mutating func move(shared old: String) {
    let new = random.pick(Self.furtherSharedNames)
    // One rename for each: the next would be about a name that the host may not have heard of.
    guard Self.sharedNames.contains(old), shared[new] == nil, host(of: old) == host(of: new),
      !spent.contains("disks.\(new)")
    else { return }
    moved = moved.filter { $0.value != "disks.\(old)" }
    moved["disks.\(old)"] = "disks.\(new)"
    spent.insert("disks.\(old)")
    shared[new] = shared.removeValue(forKey: old)
    for machine in machines.keys {
      for disk in machines[machine]?.disks.keys.sorted() ?? []
      where machines[machine]?.disks[disk]?.shared == old {
        machines[machine]?.disks[disk]?.content = .shared(new)
      }
    }
  }

  private mutating func remove(shared name: String) {
    sizes[name] = shared.removeValue(forKey: name)?.size
    moved = moved.filter { $0.value != "disks.\(name)" }
    // Left behind with its content, it keeps the name that it was made with.
    if Self.furtherSharedNames.contains(name) { spent.insert("disks.\(name)") }
    for machine in machines.keys { unplug(shared: name, of: machine) }
  }

  mutating func unplug(shared name: String, of machine: String) {
    for disk in machines[machine]?.disks.keys.sorted() ?? []
    where machines[machine]?.disks[disk]?.shared == name {
      remove(disk: disk, of: machine)
    }
  }

  private mutating func change(network name: String) {
    switch random.number(0..<11) {
    case 9:
      let vlan =
        networks[name]?.isSwitch == true ? random.pick(["vlan: 42", "vlan: {trunk: [42, 60-69]}"]) : ""
      let limit = vlan.isEmpty || random.chance(30) ? "qos: {inbound: {average: 10MiB}}" : ""
      let group = [vlan, limit].filter { !$0.isEmpty }.joined(separator: ", ")
      networks[name]?.portgroups[random.pick(["a", "b"])] = random.pick([
        nil, "{\(group)}", "{}",
      ])
      if random.chance(30), networks[name]?.portgroups["a"] != nil {
        networks[name]?.portgroups["a"] = "{\(group), default: \(random.chance(50))}"
      }
    case 0: networks[name]?.domain = random.pick([nil, "shop.example", "other.example"])
    case 1: networks[name]?.mtu = random.pick([nil, 1400, 9000])
    case 2: networks[name]?.rangeEnd = random.pick([nil, 150, 199])
    case 3: networks[name]?.block = random.number(0..<4)
    case 4, 5: networks[name]?.records[random.pick(["db", "ns"])] = random.pick([nil, 5, 6])
    case 7, 8: networks[name]?.ipv6 = random.pick([nil, "", "", "range", "range, nat: false"])
    case 6: networks[name]?.isProtected = random.chance(30)
    default: networks[name]?.autostart = random.pick([nil, true, false])
    }
  }
}

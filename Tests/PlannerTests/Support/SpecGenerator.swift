import SpecModel

/// A generator of the same numbers for the same seed: SplitMix64.
struct SeededNumbers: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }

  mutating func pick<Element>(_ elements: [Element]) -> Element {
    elements[Int.random(in: 0..<elements.count, using: &self)]
  }
}

/// Makes a random spec and then, again and again, another one that could follow it.
///
/// What a spec may not change, such as the pool of a disk, follows from names, so that few successors are refused.
struct SpecGenerator {
  private struct MachineDraft {
    var memory = 1
    var title: String?
    var autostart: Bool?
    var running: Bool?
    var restarts = false
    var kernel: String?
    var image: String?
    /// Sizes in GiB are kept for each name, since disks only grow.
    var disks: [String: Bool] = [:]
    var shared: String?
    var nics: [String: NICDraft] = [:]
  }

  private struct NICDraft {
    var network: String
    var address: Int?
  }

  private struct NetworkDraft {
    var domain: String?
    var mtu: Int?
    var block = 0
    var autostart = true
  }

  var random: SeededNumbers
  let hosts: [String]
  private var machines: [String: MachineDraft] = [:]
  private var networks: [String: NetworkDraft] = [:]
  private var shared: [String: Bool] = [:]
  private var images: Set<String> = ["debian"]
  private var hasSecondPool = false
  private var autostartsPool = true
  private var sizes: [String: Int] = [:]

  private static let machineNames = ["db", "mail", "web-1", "web-2", "web-10"]
  private static let networkNames = ["dmz", "lan"]
  private static let sharedNames = ["data", "home"]

  init(seed: UInt64) {
    random = SeededNumbers(seed: seed)
    hosts = random.chance(30) ? ["alpha", "beta"] : ["alpha"]
    for _ in 0..<Int.random(in: 1...8, using: &random) { mutate() }
  }

  /// Where a name lives, which never changes.
  private func host(of name: String) -> String { hosts[name.utf8.reduce(0) { $0 + Int($1) } % hosts.count] }

  // MARK: Successors

  mutating func advance() {
    for _ in 0..<Int.random(in: 1...4, using: &random) { mutate() }
  }

  private mutating func mutate() {
    switch Int.random(in: 0..<14, using: &random) {
    case 0, 1, 2: addMachine()
    case 3: if let name = machines.keys.sorted().randomElement(using: &random) { machines[name] = nil }
    case 4, 5, 6, 7:
      if let name = machines.keys.sorted().randomElement(using: &random) { changeMachine(name) }
    case 8: networks[random.pick(Self.networkNames)] = NetworkDraft()
    case 9: if let name = networks.keys.sorted().randomElement(using: &random) { changeNetwork(name) }
    case 10:
      if let name = networks.keys.sorted().randomElement(using: &random) { removeNetwork(name) }
    case 11:
      let name = random.pick(Self.sharedNames)
      if shared[name] == nil { shared[name] = random.chance(30) } else { removeShared(name) }
    case 12: autostartsPool.toggle()
    default: hasSecondPool.toggle()
    }
    if !hasSecondPool {
      for name in machines.keys {
        for disk in machines[name]?.disks.keys.sorted() ?? [] where isInSecondPool(disk) {
          machines[name]?.disks[disk] = nil
        }
      }
    }
  }

  private mutating func addMachine() {
    let name = random.pick(Self.machineNames)
    guard machines[name] == nil else { return }
    var machine = MachineDraft()
    machine.image = random.chance(60) ? "debian" : nil
    machine.restarts = random.chance(50)
    machines[name] = machine
    for _ in 0..<Int.random(in: 0...3, using: &random) { changeMachine(name) }
  }

  private mutating func changeMachine(_ name: String) {
    guard var machine = machines[name] else { return }
    switch Int.random(in: 0..<12, using: &random) {
    case 0: machine.memory = Int.random(in: 1...4, using: &random)
    case 1: machine.title = random.chance(50) ? "Title \(Int.random(in: 0...9, using: &random))" : nil
    case 2: machine.autostart = random.pick([nil, true, false])
    case 3: machine.running = random.pick([nil, true, false])
    case 4: machine.restarts.toggle()
    case 5: machine.kernel = random.chance(50) ? "linux" : nil
    case 6:
      let disk = random.pick(["logs", "scratch", "second"])
      machine.disks[disk] = machine.disks[disk] == nil ? random.chance(30) : nil
    case 7:
      for disk in machine.disks.keys where random.chance(50) { sizes["\(name).\(disk)", default: 1] += 1 }
    case 8:
      machine.shared = nil
      let free = shared.keys.sorted().filter { host(of: $0) == host(of: name) }
      if let disk = free.randomElement(using: &random), random.chance(70) {
        for other in machines.keys where machines[other]?.shared == disk { machines[other]?.shared = nil }
        machine.shared = disk
      }
    case 9, 10:
      if let network = networks.keys.sorted().randomElement(using: &random) {
        machine.nics[random.pick(["eth0", "eth1"])] = NICDraft(
          network: network, address: random.chance(50) ? Int.random(in: 10...14, using: &random) : nil)
      }
    default: machine.nics[random.pick(["eth0", "eth1"])] = nil
    }
    machines[name] = machine
  }

  private mutating func changeNetwork(_ name: String) {
    switch Int.random(in: 0..<4, using: &random) {
    case 0: networks[name]?.domain = random.pick([nil, "shop.example", "other.example"])
    case 1: networks[name]?.mtu = random.pick([nil, 1400, 9000])
    case 2: networks[name]?.block = Int.random(in: 0...3, using: &random)
    default: networks[name]?.autostart.toggle()
    }
  }

  private mutating func removeNetwork(_ name: String) {
    networks[name] = nil
    for machine in machines.keys {
      for nic in machines[machine]?.nics.keys.sorted() ?? []
      where machines[machine]?.nics[nic]?.network == name {
        machines[machine]?.nics[nic] = nil
      }
    }
  }

  private mutating func removeShared(_ name: String) {
    shared[name] = nil
    for machine in machines.keys where machines[machine]?.shared == name { machines[machine]?.shared = nil }
  }

  private func isInSecondPool(_ disk: String) -> Bool { disk == "second" }

  // MARK: YAML

  var text: String {
    var text = Scenario.header(hosts: hosts)
    text +=
      "pools:\n  main: {path: /srv/main, autostart: \(autostartsPool)}\n"
      + (hasSecondPool ? "  second: {path: /srv/second}\n" : "")
    text += "images:\n"
    for image in ["debian", "linux"] { text += "  \(image): {source: \(Images.file), format: raw}\n" }
    if !networks.isEmpty { text += "networks:\n" }
    for (name, network) in networks.sorted(by: { $0.key < $1.key }) { text += line(name, network) }
    if !shared.isEmpty { text += "disks:\n" }
    for (name, isProtected) in shared.sorted(by: { $0.key < $1.key }) {
      text += "  \(name): {size: 3GiB, pool: main, host: \(host(of: name)), protect: \(isProtected)}\n"
    }
    if !machines.isEmpty { text += "vms:\n" }
    for (name, machine) in machines.sorted(by: { $0.key < $1.key }) { text += paragraph(name, machine) }
    return text
  }

  private func block(_ name: String, _ network: NetworkDraft) -> String {
    "10.\(Self.networkNames.firstIndex(of: name) ?? 0).\(network.block)"
  }

  private func line(_ name: String, _ network: NetworkDraft) -> String {
    let block = block(name, network)
    var line = "  \(name): {mode: nat, cidr: \(block).0/24, dhcp: {from: \(block).100, to: \(block).199}"
    if let domain = network.domain { line += ", dns: {domain: \(domain)}" }
    if !network.autostart { line += ", autostart: false" }
    if let mtu = network.mtu { line += ", mtu: \(mtu)" }
    return line + "}\n"
  }

  private func paragraph(_ name: String, _ machine: MachineDraft) -> String {
    var text = "  \(name):\n    host: \(host(of: name))\n    pool: main\n    memory: \(machine.memory)GiB\n"
    if let title = machine.title { text += "    title: \(title)\n" }
    if let autostart = machine.autostart { text += "    autostart: \(autostart)\n" }
    if let running = machine.running { text += "    running: \(running)\n" }
    if machine.restarts { text += "    on_change: restart-if-needed\n" }
    if let kernel = machine.kernel { text += "    kernel: \(kernel)\n" }
    if let image = machine.image { text += "    image: \(image)\n" }
    var disks = machine.disks.sorted { $0.key < $1.key }.map { disk, keep in
      let pool = isInSecondPool(disk) ? ", pool: second" : ""
      return
        "      \(disk): {size: \(sizes["\(name).\(disk)"] ?? 1)GiB\(pool)\(keep ? ", keep: true" : "")}\n"
    }
    if let shared = machine.shared { disks.append("      \(shared): {disk: \(shared)}\n") }
    if !disks.isEmpty { text += "    disks:\n" + disks.joined() }
    let nics = machine.nics.sorted { $0.key < $1.key }.map { nic, draft -> String in
      let block = networks[draft.network].map { self.block(draft.network, $0) } ?? ""
      let number = draft.address.map { address in
        // Each interface has a range of its own, so that no address is given twice.
        let index = Self.machineNames.firstIndex(of: name) ?? 0
        return ", ip: \(block).\(address + index * 10 + (nic == "eth1" ? 5 : 0))"
      }
      return "      \(nic): {network: \(draft.network)\(number ?? "")}\n"
    }
    if !nics.isEmpty { text += "    nics:\n" + nics.joined() }
    return text
  }
}

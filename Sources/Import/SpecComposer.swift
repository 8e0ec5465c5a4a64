import FoundationEssentials
import Planner
public import SpecModel

/// Writes a spec of what hosts have, as a person would: what VMs have in common stands once, what libvirt chose is left out.
public struct SpecComposer {
  let hosts: [ImportedHost]
  let choice: ImportChoice
  private(set) var omissions: [Omission] = []
  /// The names of networks and pools that can be referred to, by host.
  var networks = ImportedNetworks()
  /// The pools that the spec has.
  var usedPools: Set<ResourceName> = []
  /// The VM that has a disk first.
  private(set) var owners: [DiskPlace: UUID] = [:]

  /// The VM that has an address first.
  private(set) var addresses: [MACAddress: UUID] = [:]

  /// A file or a device of a host.
  struct DiskPlace: Hashable {
    let host: ResourceName
    let path: String
  }

  /// The spec of `hosts`.
  ///
  /// - Parameter xml: what to say of VMs beside the language, by their names.
  public static func compose(
    _ hosts: [ImportedHost], _ choice: ImportChoice, xml: [ResourceName: String] = [:]
  ) -> ImportedSpec {
    var composer = SpecComposer(hosts: hosts.sorted { $0.name < $1.name }, choice: choice)
    return composer.compose(xml)
  }

  private init(hosts: [ImportedHost], choice: ImportChoice) {
    self.hosts = hosts
    self.choice = choice
  }

  mutating func omit(_ subject: String, on host: ResourceName, _ reason: String) {
    omissions.append(Omission(host: host, subject: subject, reason: reason))
  }

  private mutating func compose(_ xml: [ResourceName: String]) -> ImportedSpec {
    let taken = machines()
    for machine in taken {
      for disk in machine.machine.unnamed.disks {
        let place = DiskPlace(host: machine.host.name, path: disk.path)
        if owners[place] == nil { owners[place] = machine.machine.uuid }
      }
      for mac in machine.machine.unnamed.nics.compactMap(\.mac) where addresses[mac] == nil {
        addresses[mac] = machine.machine.uuid
      }
    }
    let poolSection = self.poolSection(used: taken)
    let networkSection = self.networkSection(used: taken)
    var entries = taken.map { machine in
      MachineEntry(
        name: machine.name, host: machine.host.name,
        fields: fields(of: machine.machine, on: machine.host, xml: xml[machine.name]),
        comments: comments(on: machine.machine, machine.host))
    }
    let factored = Factoring.factor(&entries, hosts: hosts.count)
    var spec = SpecMap(["virtform": 1, "stack": .text(choice.stack.rawValue)])
    spec["hosts"] = hostSection(taken.map(\.machine)).value
    spec["pools"] = poolSection.value
    spec["images"] = imageSection().value
    // Networks that are not libvirt's come with the VMs that are plugged into them.
    spec["networks"] = networks.adding(to: networkSection).value
    spec["defaults"] = factored.defaults.value
    spec["profiles"] = factored.profiles.value
    var vms = SpecMap()
    for entry in entries { vms.add(entry.key, .map(entry.fields), comments: entry.comments) }
    spec["vms"] = vms.value
    let adopted = [vms.isEmpty ? nil : "vms", networks.managed.isEmpty ? nil : "networks"].compactMap { $0 }
    if !adopted.isEmpty, hosts.contains(where: { $0.uri != nil }) {
      spec.add(
        "adopt", .list(adopted.map(SpecValue.text)),
        comments: ["What is there becomes the stack's as it is. Once applied, this can go."])
    }
    var rest = omissions.map(\.description)
    if taken.contains(where: { ($0.machine.settings.graphics ?? Graphics.none) != .none }) {
      rest.append(
        "Passwords of screens, which no host shows to those who only read: what is made anew has none")
    }
    if !rest.isEmpty { spec.closing = ["", "Not in this spec:"] + rest.map { "- \($0)" } }
    return ImportedSpec(
      text: head() + SpecText.document(spec),
      machines: taken.map { ImportedMachine(name: $0.name, host: $0.host.name) }, omissions: omissions)
  }

  private func head() -> String {
    choice.origin.map { "# \($0)\n" }.joined() + (choice.origin.isEmpty ? "" : "\n")
  }

  // MARK: Hosts

  private func hostSection(_ machines: [Machine]) -> SpecMap {
    var section = SpecMap()
    for host in hosts {
      guard let uri = host.uri else { continue }
      section[host.name.rawValue] = .map(
        SpecMap([
          "uri": .text(uri), "accel": accelerator(of: host).map { .text($0.rawValue) },
        ]))
    }
    return section
  }

  private func imageSection() -> SpecMap {
    var section = SpecMap()
    for image in hosts.flatMap(\.images) {
      let isURL = image.source.contains("://")
      section[image.name.rawValue] = .map(
        SpecMap([
          "source": .text(image.source), "format": image.format.map { .text($0) },
          "disk": image.member.map { .text($0) },
          "sha256": (image.sha256 ?? (isURL ? "none" : nil)).map { .text($0) },
        ]))
    }
    return section
  }

  /// The accelerator of most of the host's VMs, where that is not what virtform would choose.
  func accelerator(of host: ImportedHost) -> Accelerator? {
    guard host.state.capabilities.driver == .qemu, host.uri != nil else { return nil }
    let used = host.state.machines.compactMap(\.settings.accel)
    let emulated = used.count { $0 == .tcg }
    return emulated * 2 > used.count && host.state.capabilities.hasKVM ? .tcg : nil
  }

  // MARK: VMs

  struct TakenMachine {
    let name: ResourceName
    let machine: Machine
    let host: ImportedHost
  }

  private mutating func machines() -> [TakenMachine] {
    var taken: [TakenMachine] = []
    var places: [ResourceName: ResourceName] = [:]
    for host in hosts {
      for machine in host.state.machines.sorted(by: {
        $0.domainName.isOrderedNaturally(before: $1.domainName)
      }) {
        let title = machine.domainName
        guard choice.machines.isEmpty || choice.machines.contains(title)
        else { continue }
        let subject = "VM '\(title)'"
        guard let name = try? ResourceName(parsing: title) else {
          omit(
            subject, on: host.name,
            title.utf8.count > ResourceName.maximumLength
              ? "its name is longer than \(ResourceName.maximumLength) characters: rename it first"
              : "its name has characters that a spec's names do not have: rename it first"
          )
          continue
        }
        if let stack = machine.mark?.stack {
          omit(subject, on: host.name, "it belongs to stack '\(stack)'")
        } else if machine.isTransient {
          omit(subject, on: host.name, "it has no definition: once it stops, it is gone")
        } else if let other = places[name] {
          omit(subject, on: host.name, "one of this name is on \(other), and a spec has a name once")
        } else if let fault = fault(of: machine.settings) {
          omit(subject, on: host.name, fault)
        } else {
          places[name] = host.name
          taken.append(TakenMachine(name: name, machine: machine, host: host))
        }
      }
    }
    return taken
  }

  /// Why the language has no VM of that size; nil if it has.
  private func fault(of settings: MachineSettings) -> String? {
    guard let memory = settings.memory, memory.size >= .mebibytes(1) else {
      return "it has no memory but what is plugged in"
    }
    guard memory.max <= .gibibytes(1 << 16) else {
      return "a VM of a spec has at most 64 TiB, and it has \(memory.max)"
    }
    guard let cpus = settings.cpus, cpus.max <= 4096 else { return "a VM of a spec has at most 4096 vCPUs" }
    return nil
  }

  /// What there is to say of a VM that no field says.
  private func comments(on machine: Machine, _ host: ImportedHost) -> [String] {
    let bases = machine.unnamed.disks.compactMap { disk -> String? in
      let chain = backingChain(of: disk.path, on: host)
      return chain.isEmpty
        ? nil : "\(disk.target ?? disk.path) lies over \(chain.joined(separator: ", over "))"
    }
    return bases + (machine.hasSavedState ? ["It has a saved state: its next start goes on from there."] : [])
  }

  /// The files below one, as far as pools know them.
  private func backingChain(of path: String, on host: ImportedHost) -> [String] {
    let volumes = host.state.pools.flatMap(\.volumes)
    var chain: [String] = []
    var next: String? = path
    while let path = next, chain.count < 100, let volume = volumes.first(where: { $0.path == path }),
      let below = volume.backingPath, !chain.contains(below)
    {
      chain.append(below)
      next = below
    }
    return chain
  }
}

/// The names that a spec has for networks.
struct ImportedNetworks {
  /// libvirt's networks, by host.
  var known: [ResourceName: Set<ResourceName>] = [:]
  /// Those of them that the spec describes.
  var managed: Set<ResourceName> = []
  /// Bridges and user-mode networks that VMs are plugged into without one of libvirt's, by what they are.
  var direct: [Machine.Link: ResourceName] = [:]
  /// What files name without describing it.
  var unknown: [Machine.Link: ResourceName] = [:]

  /// The spec's name of what a NIC is plugged into; nil for what the language has no word for.
  func name(of link: Machine.Link, on host: ResourceName) -> ResourceName? {
    if case .network(let name) = link {
      return (try? ResourceName(parsing: name)).flatMap { known[host]?.contains($0) == true ? $0 : nil }
        ?? unknown[link]
    }
    return direct[link]
  }

  /// - Parameter isThere: false if no host says which networks there are.
  mutating func note(_ link: Machine.Link, on host: ResourceName, isThere: Bool) {
    if !isThere, name(of: link, on: host) == nil, noteUnknown(link, on: host) { return }
    guard direct[link] == nil else { return }
    let wish: String
    switch link {
    case .bridge(let name) where name.utf8.count <= 15 && (try? ResourceName(parsing: name)) != nil:
      wish = name
    case .user: wish = "user"
    case .bridge, .network, .other: return
    }
    let used = Set(known.values.flatMap { $0 } + direct.values)
    let names = [wish] + (2..<100).map { "\(wish)-\($0)" }
    direct[link] = names.lazy.compactMap { try? ResourceName(parsing: $0) }.first { !used.contains($0) }
  }

  /// A network that the files name and do not describe: which one it is only its host can say.
  private mutating func noteUnknown(_ link: Machine.Link, on host: ResourceName) -> Bool {
    guard case .network(let text) = link, let name = try? ResourceName(parsing: text),
      known[host]?.contains(name) != true,
      !unknown.values.contains(name)
    else { return false }
    unknown[link] = name
    return true
  }

  func adding(to section: SpecMap) -> SpecMap {
    var section = section
    for (_, name) in unknown.sorted(by: { $0.value < $1.value }) {
      section.add(
        name.rawValue, .map(SpecMap(["external": true])),
        comments: [
          "Nobody says what it is: the host has to have a network of this name, or describe it here."
        ])
    }
    for (link, name) in direct.sorted(by: { $0.value < $1.value }) {
      switch link {
      case .bridge(let bridge):
        section[name.rawValue] = .map(
          SpecMap(["mode": "bridge", "bridge": .text(bridge), "direct": true]))
      case .user: section[name.rawValue] = .map(SpecMap(["mode": "user"]))
      case .network, .other: continue
      }
    }
    return section
  }
}

import Libvirt
import Planner
import SpecModel

/// vCPUs, as <https://libvirt.org/formatdomain.html#cpu-allocation>, `#cpu-tuning` and `#cpu-model-and-topology` have them.
extension DomainDocument {
  mutating func writeCPUs(_ cpus: VCPUs?) {
    guard let cpus else { return }
    tree.mutateFirst("vcpu") { vcpu in
      vcpu.setText("\(cpus.max)")
      vcpu[attribute: "current"] = cpus.count == cpus.max ? nil : "\(cpus.count)"
    }
    fitMemoryCell()
    tree.removeChildren(named: "vcpus")
    guard tree[attribute: "type"] == "kvm", cpus.max > 1 else { return }
    // A vCPU that is there from the start can be taken away again only if it is said so. QEMU that emulates does not
    // get one back from its guest at all.
    tree.insert(
      XMLElement("vcpus") {
        (0..<cpus.max).map { id in
          XMLElement(
            "vcpu",
            [
              "id": "\(id)", "enabled": id < cpus.count ? "yes" : "no",
              "hotpluggable": id == 0 ? "no" : "yes",
            ])
        }
      }, .after(["vcpu"]))
  }

  mutating func writeCPUShares(_ shares: Int?) {
    editCPUTune { tune in
      guard let shares else {
        tune.removeChildren(named: "shares")
        return
      }
      tune.mutateFirst("shares", otherwise: .first) { $0.setText("\(shares)") }
    }
  }

  /// libvirt limits a VM with all its vCPUs by so many microseconds of CPU time in each period of so many. Its driver for Xen
  /// keeps both in the definition and never gives them to the guest: there it is what the definition remembers.
  mutating func writeCPULimit(_ limit: CPULimit?) {
    editCPUTune { tune in
      guard let limit else {
        tune.removeChildren(named: "global_period")
        tune.removeChildren(named: "global_quota")
        return
      }
      let others = ["shares", "period", "quota"]
      tune.mutateFirst("global_period", otherwise: .after(others)) { $0.setText("\(CPULimit.period)") }
      tune.mutateFirst("global_quota", otherwise: .after(others + ["global_period"])) {
        $0.setText("\(limit.quota)")
      }
    }
  }

  mutating func writeCPUPinning(_ pinning: VCPUPinning?) {
    editCPUTune { tune in
      tune.removeChildren(named: "vcpupin")
      for (vcpu, set) in (pinning?.sets ?? [:]).sorted(by: { $0.key < $1.key }) {
        tune.insert(
          XMLElement("vcpupin", ["vcpu": "\(vcpu)", "cpuset": "\(set)"]), Self.pinPlacement)
      }
    }
  }

  private static let pinPlacement = XMLPlacement.after([
    "shares", "period", "quota", "global_period", "global_quota", "emulator_period", "emulator_quota",
    "iothread_period", "iothread_quota", "vcpupin",
  ])

  private mutating func editCPUTune(_ edit: (inout XMLElement) -> Void) {
    tree.mutateFirst("cputune", otherwise: .after(["vcpu", "vcpus", "iothreads", "iothreadids"]), edit)
    if tree.first("cputune")?.elements.isEmpty == true { tree.removeChildren(named: "cputune") }
  }

  mutating func writeCPUModel(_ model: String?) {
    guard let model else { return }
    let cpu =
      switch model {
      case "host-passthrough": XMLElement("cpu", ["mode": model, "migratable": "on"])
      case "host-model": XMLElement("cpu", ["mode": model])
      case "max": XMLElement("cpu", ["mode": "maximum"])
      default:
        XMLElement("cpu", ["mode": "custom", "match": "exact"]) {
          XMLElement("model", ["fallback": "forbid"], text: model)
        }
      }
    // The rest belongs to the memory, as `<numa>` does, or to a person, as `<topology>` and `<feature>` do.
    let others = tree.first("cpu")?.elements.filter { !["model", "vendor"].contains($0.name) } ?? []
    tree.setChild(cpu, otherwise: Self.cpuPlacement)
    tree.mutateFirst("cpu") { cpu in for other in others { cpu.insert(other) } }
  }

  mutating func writeCPUTopology(_ topology: CPUTopology?) {
    editCPU { cpu in
      cpu.removeChildren(named: "topology")
      guard let topology else { return }
      cpu.insert(
        XMLElement(
          "topology",
          [
            "sockets": "\(topology.sockets)", "cores": "\(topology.cores)", "threads": "\(topology.threads)",
          ]), .before(["cache", "maxphysaddr", "feature", "numa"]))
    }
  }

  private static let cpuPlacement = XMLPlacement.before(["clock", "on_poweroff", "devices"])

  /// Edits `<cpu>`, which is there only as long as it says something.
  mutating func editCPU(_ edit: (inout XMLElement) -> Void) {
    tree.mutateFirst("cpu", otherwise: Self.cpuPlacement, edit)
    if let cpu = tree.first("cpu"), cpu.elements.isEmpty, cpu.attributes.isEmpty {
      tree.removeChildren(named: "cpu")
    }
  }

  // MARK: Reading

  /// nil where there is none, as libvirt says with a negative quota, too.
  static func cpuLimit(of document: XMLElement) -> CPULimit? {
    func number(_ name: String) -> Int? { document.at("cputune", name).flatMap { Int($0.text) } }
    let period = number("global_period").flatMap { $0 > 0 ? $0 : nil } ?? CPULimit.period
    guard let quota = number("global_quota"), quota > 0 else { return nil }
    // Beyond this nothing is limited, and no number fits.
    let percent = min((Double(quota) / Double(period) * 100).rounded(), 1e9)
    return CPULimit(percent: max(1, Int(percent)))
  }

  static func topology(of document: XMLElement) -> CPUTopology? {
    guard let element = document.at("cpu", "topology") else { return nil }
    func count(_ name: String) -> Int { element[attribute: name].flatMap { Int($0) } ?? 1 }
    // Of what the language has no word for, nothing is known.
    guard count("dies") == 1, count("clusters") == 1 else { return nil }
    return CPUTopology(sockets: count("sockets"), cores: count("cores"), threads: count("threads"))
  }
}

extension CPULimit {
  /// Microseconds: as long as the kernel has it.
  static let period = 100_000

  /// Microseconds of CPU time in each period.
  var quota: Int { percent * Self.period / 100 }
}

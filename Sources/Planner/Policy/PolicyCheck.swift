public import FoundationEssentials
public import SpecModel

extension Plan {
  /// The same plan with the rules of the site's policy that forbid it.
  ///
  /// - Parameters:
  ///   - hosts: what the plan was made from.
  ///   - time: when it is to be carried out.
  public func checked(against site: Site, hosts: [HostState], at time: Date) -> Plan {
    var plan = self
    let check = PolicyCheck(plan: self, site: site, hosts: hosts, time: time)
    plan.breaches = site.policy.flatMap(check.breaches)
    return plan
  }

  /// Why `step` of this plan may not begin at `time`, since its guest would restart outside of a window; nil if it may.
  public func hold(on step: Step, of policy: [PolicyRule], at time: Date) -> String? {
    guard step.operation.stopped != nil else { return nil }
    for rule in policy {
      if case .restartWindows(let windows) = rule.limit, !windows.contains(where: { $0.contains(time) }) {
        guard restarts.contains(where: { $0.id == step.id }) else { return nil }
        return "\(rule.name) (\(rule.location)): \(RestartWindow.texts(windows, at: time))"
      }
    }
    return nil
  }
}

/// Compares one plan with the rules of a policy.
struct PolicyCheck {
  let plan: Plan
  let site: Site
  let hosts: [HostState]
  let time: Date

  func breaches(of rule: PolicyRule) -> [PolicyBreach] {
    switch rule.limit {
    case .noDataLoss:
      let lost = plan.changes.filter { $0.effect == .dataLoss }
      return breach(of: rule, lost.map(\.address), if: !lost.isEmpty) {
        "content would be lost, which no consent allows"
      }
    case .changes(let limit):
      return excess(of: rule, plan.changes.map(\.address), limit, "object changes", "objects change")
    case .removals(let limit):
      let removed = plan.changes.filter { $0.action == .delete }
      return excess(of: rule, removed.map(\.address), limit, "object is removed", "objects are removed")
    case .replacements(let limit):
      let replaced = plan.changes.filter { $0.action == .replace && $0.address.kind == .vm }
      return excess(of: rule, replaced.map(\.address), limit, "VM is replaced", "VMs are replaced")
    case .restarts(let limit):
      return excess(of: rule, plan.restarts.map(\.address), limit, "guest restarts", "guests restart")
    case .restartWindows(let windows):
      let restarted = plan.restarts.map(\.address)
      let isOpen = windows.contains { $0.contains(time) }
      return breach(of: rule, restarted, if: !restarted.isEmpty && !isOpen) {
        let subject = restarted.count == 1 ? "1 guest restarts" : "\(restarted.count) guests restart"
        return "\(subject), and \(RestartWindow.texts(windows, at: time))"
      }
    case .cpuOvercommit(let ratio): return hosts.flatMap { overcommit(of: rule, on: $0, cpus: ratio) }
    case .memoryOvercommit(let ratio): return hosts.flatMap { overcommit(of: rule, on: $0, memory: ratio) }
    case .survival:
      return plan.gaps.map { PolicyBreach(rule, $0, by: []) }
    case .labels(let labels):
      return labels.flatMap { label in
        let lacking = changedMachines.filter { $0.spec.labels[label] == nil }
        return breach(of: rule, lacking.map(\.address), if: !lacking.isEmpty) {
          "the label '\(label)' is missing"
        }
      }
    case .fields(let fields):
      return fields.flatMap { field in
        let lacking = changedMachines.filter { !$0.spec.has(field) }
        return breach(of: rule, lacking.map(\.address), if: !lacking.isEmpty) {
          "\(field == .protect ? "'protect: true'" : "'\(field.rawValue)'") is missing"
        }
      }
    }
  }

  private func breach(
    of rule: PolicyRule, _ addresses: [Address], if isBroken: Bool, _ message: () -> String
  ) -> [PolicyBreach] {
    isBroken ? [PolicyBreach(rule, message(), by: addresses)] : []
  }

  private func excess(
    of rule: PolicyRule, _ addresses: [Address], _ limit: Int, _ one: String, _ several: String
  ) -> [PolicyBreach] {
    breach(of: rule, addresses, if: addresses.count > limit) {
      let subject = addresses.count == 1 ? "1 \(one)" : "\(addresses.count) \(several)"
      return "\(subject), and \(limit == 0 ? "none" : "\(limit)") may" + (limit == 0 ? "" : " at most")
    }
  }

  /// The VMs of the spec that the plan makes or changes.
  private var changedMachines: [(spec: MachineSpec, address: Address)] {
    plan.changes.compactMap { change in
      guard change.address.kind == .vm, [.create, .update, .replace].contains(change.action) else {
        return nil
      }
      return site.machine(named: change.address.name).map { ($0, change.address) }
    }
  }

  // MARK: Hosts

  private func overcommit(of rule: PolicyRule, on host: HostState, cpus ratio: Ratio) -> [PolicyBreach] {
    overcommit(
      of: rule, on: host, HostLoad.cpus(host, plan: plan), host.capabilities.size.map { UInt64($0.cpus) },
      ratio, "CPUs"
    ) { "\($0) \($0 == 1 ? "vCPU" : "vCPUs")" }
  }

  private func overcommit(of rule: PolicyRule, on host: HostState, memory ratio: Ratio) -> [PolicyBreach] {
    let load = HostLoad.memory(host, plan: plan)
    return overcommit(of: rule, on: host, load, host.capabilities.size?.memory.rawValue, ratio, "memory") {
      ByteCount(rawValue: $0).rounded
    }
  }

  /// A plan that makes it no worse breaks nothing.
  ///
  /// - Parameter total: what the host has; nil if it does not say.
  private func overcommit(
    of rule: PolicyRule, on host: HostState, _ load: HostLoad, _ total: UInt64?, _ ratio: Ratio,
    _ noun: String,
    _ text: (UInt64) -> String
  ) -> [PolicyBreach] {
    guard load.after > load.before else { return [] }
    guard let total else {
      return breach(of: rule, load.raisers, if: true) {
        "host '\(host.name)' does not say what \(noun) it has"
      }
    }
    return breach(of: rule, load.raisers, if: load.after > ratio.of(total)) {
      "the VMs that run on host '\(host.name)' would have \(text(load.after)), and \(text(ratio.of(total))) may be: "
        + "\(ratio) times its \(noun == "CPUs" ? "\(total) CPUs" : text(total))"
    }
  }
}

extension RestartWindow {
  /// `it is Thu 14:05 (Europe/Berlin): they may on sat, sun from 22:00 to 05:00 (Europe/Berlin)`
  fileprivate static func texts(_ windows: [RestartWindow], at time: Date) -> String {
    var zones: [TimeZoneRules] = []
    for window in windows where !zones.contains(window.zone) { zones.append(window.zone) }
    let clocks = zones.map { zone in
      let (day, clock) = zone.clock(at: time)
      return "\(day.title) \(clock) (\(zone))"
    }
    return
      "it is \(clocks.joined(separator: ", ")): they may on \(windows.map(\.description).joined(separator: "; "))"
  }
}

extension MachineSpec {
  fileprivate func has(_ field: PolicyField) -> Bool {
    switch field {
    case .title: settings.title != nil
    case .description: settings.description != nil
    case .groups: !groups.isEmpty
    case .protect: isProtected
    case .ready: readiness != nil
    case .autostart: settings.autostart != nil
    }
  }
}

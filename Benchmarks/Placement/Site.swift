import Placement

/// A large site: 10,000 machines on 1,000 hosts.
enum Site {
  static func measure() {
    var dice = Dice(1)
    let instance = Instance(
      capacity: [512, 256],
      demands: (0..<10_000).map { _ in
        let memory = 1 << dice.number(2...6)
        return [UInt64(memory), UInt64(max(1, memory / dice.number(1...4)))]
      })
    let clock = ContinuousClock()
    let yardstick = seconds(clock.measure { _ = FirstFit.bins(instance) })
    var problem = instance.problem(hosts: 1_000)
    for host in problem.hosts.indices { problem.hosts[host].labels = ["room": "room-\(host % 8)"] }
    for group in 0..<300 {
      problem.rules.append(.spread("group-\(group)", (0..<4).map { group * 4 + $0 }))
      problem.rules.append(
        .spread("rooms-\(group)", (0..<4).map { 2_000 + group * 4 + $0 }, over: .label("room")))
    }
    report("10,000 new machines on 1,000 hosts", problem, yardstick)
    guard case .placed(let assignment) = problem.converged() else { return print("not placed") }
    for machine in problem.machines.indices { problem.machines[machine].current = assignment.hosts[machine] }
    report("the same again", problem, yardstick)
    for host in 0..<50 { problem.hosts[host * 20].availability = .drained }
    report("with 50 hosts drained", problem, yardstick)
    var wanted = assignment.hosts
    if case .placed(let after) = problem.converged() { wanted = after.hosts }
    show("order of those moves", clock.measure { _ = problem.order(to: wanted) }, yardstick, "")
    var gaps = 0
    let time = clock.measure { gaps = problem.gaps(after: 1, hosts: wanted).count }
    show("failure of each host", time, yardstick, "\(gaps) not survived")
    measureRefusal(problem, yardstick)
    let small = Array(wanted.prefix(1_000))
    var part = problem
    part.rules = []
    part.machines = Array(problem.machines.prefix(1_000))
    for machine in part.machines.indices { part.machines[machine].current = small[machine] % 100 }
    part.hosts = (0..<100).map { PlacementHost(name: "host-\(1_000 + $0)", capacity: [512, 256]) }
    let pairs = clock.measure { gaps = part.gaps(after: 2, hosts: small.map { $0 % 100 }).count }
    show("failure of each two of 100 hosts", pairs, yardstick, "\(gaps) not survived")
    for host in problem.hosts.indices { problem.hosts[host].availability = .open }
    var text = ""
    let consolidation = clock.measure {
      guard case .consolidated(let result) = problem.consolidated(headroom: [0.1, 0.1]) else { return }
      text = "\(result.hostsBefore.count) → \(result.hostsAfter.count) hosts, bound \(result.lowerBound)"
    }
    show("consolidation, 10 % headroom", consolidation, yardstick, text)
  }

  /// Twice as many machines as there is room for.
  private static func measureRefusal(_ problem: PlacementProblem, _ yardstick: Double) {
    var full = problem
    for host in full.hosts.indices { full.hosts[host].capacity = full.hosts[host].capacity.map { $0 / 3 } }
    var text = "placed"
    let time = ContinuousClock().measure {
      guard case .infeasible(let explanation) = full.converged() else { return }
      text = "\(explanation.isProven ? "proven" : "not proven"), \(explanation.relaxations.count) ways out"
    }
    show("hosts of a third of the size", time, yardstick, text)
  }

  private static func report(_ name: String, _ problem: PlacementProblem, _ yardstick: Double) {
    let clock = ContinuousClock()
    var text = "not placed"
    let time = clock.measure {
      guard case .placed(let assignment) = problem.converged() else { return }
      let moves = assignment.decisions.count { $0.from != nil }
      text = "\(moves) moves, \(assignment.isProvenMinimal ? "proven minimal" : "not proven")"
    }
    show(name, time, yardstick, text)
  }

  private static func show(_ name: String, _ time: Duration, _ yardstick: Double, _ text: String) {
    print("\(name): \(rounded(seconds(time))) s, \(rounded(seconds(time) / yardstick)) × first fit. \(text)")
  }
}

extension PlacementProblem {
  /// A host for each machine. Machines stay where they are unless a rule, capacity, a drained host or their allowed hosts
  /// forbid it: as few as possible move, then as few bytes.
  public func converged(_ options: PlacementOptions = PlacementOptions()) -> PlacementOutcome {
    let model = Model(self)
    switch Convergence(model, options).run() {
    case .found(var hosts, let isMinimal):
      if options.survivedFailures > 0 { hosts = Reserve(model, options).improved(hosts) }
      return .placed(Assignment(model, hosts: hosts, isProvenMinimal: isMinimal))
    case .none(let isProven, let partial, let unplaced):
      return .infeasible(
        InfeasibilityFinder(
          model: model, partial: partial, unplaced: unplaced, isProven: isProven, options: options
        ).find())
    }
  }

  /// The order of the moves from where machines are to `hosts`, of which there is one for each machine.
  public func order(to hosts: [Int]) -> MoveOrder {
    var ordering = MoveOrdering(Model(self), to: hosts)
    return ordering.run()
  }

  /// The failures after which machines on `hosts`, one for each machine, find no place on what is left while all others stay:
  /// of one host, and with a `count` of 2 of two at once, where each of them alone is survived. In the order of the names.
  public func gaps(after count: Int, hosts: [Int]) -> [FailureGap] {
    FailureCheck(self, hosts: hosts).gaps(count)
  }

  /// As few hosts as possible for all machines, then as few moved bytes.
  /// - Parameter headroom: The share of each resource that stays free on each host, from 0 to below 1.
  public func consolidated(headroom: [Double], _ options: PlacementOptions = PlacementOptions())
    -> ConsolidationOutcome
  {
    Consolidator(self, headroom: headroom, options).run()
  }

  /// How many more machines of this demand the open hosts take while machines are on `hosts`, one for each machine.
  public func remaining(for demand: [UInt64], hosts: [Int]) -> Int {
    Remaining(self, hosts: hosts).count(of: demand)
  }
}

extension Assignment {
  /// - Parameter hosts: The host of each unit.
  init(_ model: Model, hosts: [Int], isProvenMinimal: Bool, isConsolidation: Bool = false) {
    self.init(
      hosts: model.machineIndex.map { model.hostOrder[hosts[model.unitOfMachine[$0]]] },
      decisions: Decisions(model, hosts: hosts).all(isConsolidation: isConsolidation),
      isProvenMinimal: isProvenMinimal)
  }
}

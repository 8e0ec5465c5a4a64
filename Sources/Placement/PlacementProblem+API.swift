extension PlacementProblem {
  /// A host for each machine. Machines stay where they are unless a rule, capacity, a drained host or their allowed hosts
  /// forbid it: as few as possible move, then as few bytes.
  public func converged(_ options: PlacementOptions = PlacementOptions()) -> PlacementOutcome {
    .placed(Assignment(hosts: machines.map { $0.current ?? 0 }, decisions: [], isProvenMinimal: false))
  }

  /// The order of the moves from where machines are to `hosts`, of which there is one for each machine.
  public func order(to hosts: [Int]) -> MoveOrder {
    .sequence([])
  }

  /// The failures of `count` hosts at once (1 or 2) after which machines on `hosts`, one for each machine, find no place on
  /// the others while all others stay. In the order of the names of the hosts.
  public func gaps(after count: Int, hosts: [Int]) -> [FailureGap] {
    []
  }

  /// As few hosts as possible for all machines, then as few moved bytes.
  /// - Parameter headroom: The share of each resource that stays free on each host, from 0 to below 1.
  public func consolidated(headroom: [Double], _ options: PlacementOptions = PlacementOptions())
    -> ConsolidationOutcome
  {
    .infeasible(Infeasibility(isProven: false, cause: .combination, machines: [], relaxations: []))
  }

  /// How many more machines of this demand the open hosts take while machines are on `hosts`, one for each machine.
  public func remaining(for demand: [UInt64], hosts: [Int]) -> Int {
    0
  }
}

/// Brings amounts into a range in which no sum of them overflows: where it would, the lowest bits are cut off, at the expense of
/// capacity.
struct Scale: Sendable {
  private var shifts: [UInt64] = []
  private let byteShift: UInt64

  init(_ problem: PlacementProblem) {
    for resource in problem.resources.indices {
      shifts.append(
        Self.shift(
          problem.machines.map { $0.demand[resource] } + problem.hosts.map { $0.foreignLoad[resource] }))
    }
    byteShift = Self.shift(problem.machines.map(\.moveCost))
  }

  /// The least shift with which the sum of the amounts stays small.
  private static func shift(_ amounts: [UInt64]) -> UInt64 {
    var (high, low) = (UInt64(0), UInt64(0))
    for amount in amounts {
      let (sum, overflow) = low.addingReportingOverflow(amount)
      low = sum
      if overflow { high += 1 }
    }
    if high > 0 { return UInt64(64 - high.leadingZeroBitCount + 5) }
    return low > UInt64(1) << 60 ? 4 : 0
  }

  func demand(_ amount: UInt64, _ resource: Int) -> Int {
    let shift = shifts[resource]
    let shifted = amount >> shift
    return Int(shifted << shift == amount ? shifted : shifted + 1)
  }

  func capacity(_ amount: UInt64, _ resource: Int) -> Int {
    Int(min(amount >> shifts[resource], UInt64(1) << 61))
  }

  func bytes(_ amount: UInt64) -> Int { Int(amount >> byteShift) }
}

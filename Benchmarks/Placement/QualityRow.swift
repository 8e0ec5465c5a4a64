import Placement

/// A share as a number with two digits after the point, in percent.
func percent(_ share: Double) -> String {
  share.isInfinite ? "∞" : "\(Double(Int(share * 10_000 + 0.5)) / 100) %"
}

func seconds(_ duration: Duration) -> Double {
  let parts = duration.components
  return Double(parts.seconds) + Double(parts.attoseconds) / 1e18
}

/// A number with three digits after the point.
func rounded(_ number: Double) -> String { "\(Double(Int(number * 1000 + 0.5)) / 1000)" }

/// What a class of instances comes to.
struct QualityRow: CustomStringConvertible {
  static let heading = row([
    "class", "items", "instances", "mean gap", "at the bound", "seconds each", "× first fit",
  ])

  let name: String
  let items: Int
  let instances: Int
  /// The mean share of hosts above the lower bound, or the known optimum where that is higher.
  private(set) var gap = 0.0
  private var optimal = 0
  private var time = Duration.zero
  private var yardstick = Duration.zero

  init(_ kind: InstanceClass, instances: Int) {
    name = kind.name
    self.instances = instances
    var items = 0
    let clock = ContinuousClock()
    for seed in 0..<instances {
      var dice = Dice(seed)
      let instance = kind.make(&dice)
      items += instance.demands.count
      var bins = 0
      yardstick += clock.measure { bins = FirstFit.bins(instance) }
      let problem = instance.problem(hosts: bins)
      var outcome: ConsolidationOutcome?
      time += clock.measure { outcome = problem.consolidated(headroom: instance.capacity.map { _ in 0 }) }
      guard case .consolidated(let result) = outcome else {
        print("\(name), seed \(seed): no placement on as many hosts as first fit needs")
        gap = .infinity
        continue
      }
      let bound = max(result.lowerBound, instance.optimum ?? 0)
      gap += Double(result.hostsAfter.count - bound) / Double(bound) / Double(instances)
      if result.hostsAfter.count == bound { optimal += 1 }
    }
    self.items = items / max(1, instances)
  }

  var description: String {
    let each = rounded(seconds(time) / Double(instances))
    let ratio = Int(seconds(time) / max(seconds(yardstick), 0.000_001))
    return Self.row([name, "\(items)", "\(instances)", percent(gap), "\(optimal)", each, "\(ratio)"])
  }

  private static func row(_ cells: [String]) -> String {
    zip(cells, [26, 7, 10, 9, 13, 13, 12]).enumerated().map { index, cell in
      let padding = String(repeating: " ", count: max(0, cell.1 - cell.0.count))
      return index == 0 ? cell.0 + padding : padding + cell.0
    }.joined(separator: " ")
  }
}

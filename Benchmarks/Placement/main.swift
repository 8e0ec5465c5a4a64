@testable import Placement

import Glibc
func say(_ s: String) { let t = s + "\n"; t.withCString { _ = write(1, $0, strlen($0)) } }

let filter = CommandLine.arguments.dropFirst().first ?? ""
let budget = Int(CommandLine.arguments.dropFirst(2).first ?? "") ?? 3_000_000
let instances = Int(CommandLine.arguments.dropFirst(3).first ?? "") ?? 5
let clock = ContinuousClock()
var totalGap = 0.0
for kind in InstanceClass.all where kind.name.hasPrefix(filter) {
  var (gap, optimal) = (0.0, 0)
  let started = clock.now
  for seed in 0..<instances {
    var dice = Dice(seed)
    let instance = kind.make(&dice)
    let problem = PackingProblem(capacity: instance.capacity.map { Int($0) }, demands: instance.demands.map { $0.map { Int($0) } })
    let (bins, bound) = Packer.pack(problem, budget: budget)
    let lower = max(bound, instance.optimum ?? 0)
    gap += Double(bins.count - lower) / Double(lower)
    if bins.count == lower { optimal += 1 }
  }
  totalGap += gap / 20
  say("\(kind.name) \(gap / Double(instances) * 100) \(optimal) \(clock.now - started)")
}
print(totalGap / Double(InstanceClass.all.count) * 100)

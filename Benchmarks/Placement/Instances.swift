import Placement

/// Numbers that look random and are the same in every run (SplitMix64).
struct Dice: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: Int) { state = UInt64(seed) &* 0xD134_2543_DE82_EF95 ^ 0x5851_F42D_4C95_7F2D }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
}

/// A problem of vector bin packing.
struct Instance: Sendable {
  var capacity: [UInt64]
  var demands: [[UInt64]]
  /// Where the instance was made by cutting full bins.
  var optimum: Int?

  /// New machines for so many hosts that are alike.
  func problem(hosts: Int) -> PlacementProblem {
    PlacementProblem(
      resources: capacity.indices.map { "resource \($0)" },
      hosts: (0..<hosts).map { PlacementHost(name: "host-\(10_000 + $0)", capacity: capacity) },
      machines: demands.enumerated().map { PlacementMachine(name: "machine-\(100_000 + $0)", demand: $1) })
  }
}

/// Instances of one kind.
struct InstanceClass: Sendable {
  var name: String
  var make: @Sendable (inout Dice) -> Instance

  /// Falkenauer's classes (1996), and vectors.
  static let all: [InstanceClass] =
    [120, 250, 500, 1000].map(uniform) + [60, 120, 249, 501].map(triplets)
    + [
      cut("2 resources, 4 to 8 a bin", bins: 50, resources: 2, pieces: 4...8),
      cut("3 resources, 4 to 8 a bin", bins: 50, resources: 3, pieces: 4...8),
      cut("2 resources, 8 to 16 a bin", bins: 100, resources: 2, pieces: 8...16),
      cut("3 resources, 8 to 16 a bin", bins: 100, resources: 3, pieces: 8...16),
      machines("machines, 200", 200), machines("machines, 1000", 1000), machines("machines, 5000", 5000),
    ]

  private static func uniform(_ count: Int) -> InstanceClass {
    InstanceClass(name: "uniform u\(count)") { dice in
      Instance(capacity: [150], demands: (0..<count).map { _ in [UInt64(dice.number(20...100))] })
    }
  }

  /// Three items fill each bin, and no other number does.
  private static func triplets(_ count: Int) -> InstanceClass {
    InstanceClass(name: "triplets t\(count)") { dice in
      var demands: [[UInt64]] = []
      for _ in 0..<count / 3 {
        let first = dice.number(380...490)
        let second = dice.number(250...(1000 - first) / 2)
        demands += [first, second, 1000 - first - second].map { [UInt64($0)] }
      }
      return Instance(capacity: [1000], demands: demands.shuffled(using: &dice), optimum: count / 3)
    }
  }

  /// Full bins, cut at random: no bin of the optimum has anything free.
  private static func cut(_ name: String, bins: Int, resources: Int, pieces: ClosedRange<Int>)
    -> InstanceClass
  {
    InstanceClass(name: name) { dice in
      var demands: [[UInt64]] = []
      for _ in 0..<bins {
        let count = dice.number(pieces)
        let cuts = (0..<resources).map { _ in
          [0] + (1..<count).map { _ in dice.number(0...1000) }.sorted() + [1000]
        }
        for piece in 0..<count { demands.append(cuts.map { UInt64($0[piece + 1] - $0[piece]) }) }
      }
      return Instance(
        capacity: Array(repeating: 1000, count: resources), demands: demands.shuffled(using: &dice),
        optimum: bins)
    }
  }

  /// Memory in GiB and processors as people give them to machines: more of one with more of the other.
  private static func machines(_ name: String, _ count: Int) -> InstanceClass {
    InstanceClass(name: name) { dice in
      let demands = (0..<count).map { _ in
        let memory = 1 << dice.number(0...6)
        let processors = max(1, memory / (1 << dice.number(0...3)))
        return [UInt64(memory), UInt64(min(32, processors))]
      }
      return Instance(capacity: [250, 128], demands: demands)
    }
  }
}

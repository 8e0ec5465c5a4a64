import Testing

@testable import Placement

/// How near to the lower bound packings come: a sample of what `make bench` measures.
@Suite("Packing")
struct PackingTests {
  private func isValid(_ bins: [[Int]], _ problem: PackingProblem) -> Bool {
    bins.flatMap { $0 }.sorted() == Array(0..<problem.count)
      && bins.allSatisfy { bin in
        (0..<problem.resources).allSatisfy { resource in
          bin.reduce(0) { $0 + problem.demand($1, resource) } <= problem.capacity[resource]
        }
      }
  }

  @Test("uniform items need no bin more than the bound, or one")
  func uniform() {
    var more = 0
    for seed in 0..<5 {
      var dice = Dice(seed)
      let problem = PackingProblem(capacity: [150], demands: (0..<120).map { _ in [dice.number(20...100)] })
      let (bins, bound) = Packer.pack(problem, budget: 20_000)
      #expect(isValid(bins, problem), "seed \(seed)")
      #expect(bins.count <= bound + 1, "seed \(seed)")
      more += bins.count - bound
    }
    #expect(more <= 3)
  }

  @Test("triplets that fill bins are found")
  func triplets() {
    for seed in 0..<3 {
      var dice = Dice(seed)
      var demands: [[Int]] = []
      for _ in 0..<10 {
        let first = dice.number(380...490)
        let second = dice.number(250...(1000 - first) / 2)
        demands += [[first], [second], [1000 - first - second]]
      }
      let problem = PackingProblem(capacity: [1000], demands: demands.shuffled(using: &dice))
      let (bins, bound) = Packer.pack(problem, budget: 200_000)
      #expect(isValid(bins, problem) && (bins.count, bound) == (10, 10), "seed \(seed)")
    }
  }

  @Test("two resources: full bins that were cut cost one bin more at most")
  func vectors() {
    for seed in 0..<3 {
      var dice = Dice(seed)
      var demands: [[Int]] = []
      for _ in 0..<12 {
        let cuts = (0..<2).map { _ in [0] + (1..<5).map { _ in dice.number(0...100) }.sorted() + [100] }
        demands += (0..<5).map { piece in cuts.map { $0[piece + 1] - $0[piece] } }
      }
      let problem = PackingProblem(capacity: [100, 100], demands: demands)
      let (bins, bound) = Packer.pack(problem, budget: 50_000)
      #expect(isValid(bins, problem) && bins.count <= 13 && bound == 12, "seed \(seed)")
    }
  }

  @Test("bounds are what is known of textbook cases")
  func bounds() {
    // Sums alone say 2: three items above a half need three bins.
    #expect(PackingBound.bins([6, 6, 6], capacity: 10) == 3)
    // Three a bin at most, since four are too many.
    #expect(PackingBound.bins([3, 3, 3, 3], capacity: 11) == 2)
    #expect(PackingBound.bins([7, 7, 4, 4, 2], capacity: 10) == 3)
    #expect(PackingBound.bins([], capacity: 10) == 0)
  }
}

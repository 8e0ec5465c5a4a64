/// Packs anew where all hosts are empty but for what can move, and alike, and no rule holds between machines.
struct UniformPacking {
  private let model: Model
  private let hosts: [Int]

  init(_ model: Model, _ isAlwaysUsed: [Bool]) {
    self.model = model
    hosts = (0..<model.hostCount).filter { model.isOpen[$0] && !isAlwaysUsed[$0] }
  }

  /// The host of each unit; nil where hosts or rules forbid it.
  func packed(budget: Int) -> [Int]? {
    let resources = model.resourceCount
    guard let first = hosts.first, model.groups.isEmpty,
      (0..<model.hostCount).allSatisfy({
        !model.isClosed[$0] || model.foreignLoad[$0 * resources..<($0 + 1) * resources].allSatisfy { $0 == 0 }
      })
    else { return nil }
    let capacity = Array(model.capacity[first * resources..<(first + 1) * resources])
    for host in hosts {
      guard capacity == Array(model.capacity[host * resources..<(host + 1) * resources]) else { return nil }
    }
    guard model.units.indices.allSatisfy({ model.candidates(of: $0) == hosts }) else { return nil }
    let problem = PackingProblem(capacity: capacity, demands: model.units.map(\.demand))
    let (bins, _) = Packer.pack(problem, budget: budget)
    return bins.count <= hosts.count ? assigned(bins) : nil
  }

  /// Each bin goes to the host from which most of it is.
  private func assigned(_ bins: [[Int]]) -> [Int] {
    var gains: [(gain: Cost, bin: Int, host: Int)] = []
    for (index, bin) in bins.enumerated() {
      var byHost: [Int: Cost] = [:]
      for unit in bin {
        for home in model.units[unit].homes where model.isOpen[home.host] {
          byHost[home.host] = (byHost[home.host] ?? Cost()) + home.cost
        }
      }
      gains += byHost.map { ($0.value, index, $0.key) }
    }
    gains.sort { ($1.gain, $0.bin, $0.host) < ($0.gain, $1.bin, $1.host) }
    var hostOfBin: [Int: Int] = [:]
    var taken: Set<Int> = []
    for (_, bin, host) in gains where hostOfBin[bin] == nil && !taken.contains(host) {
      hostOfBin[bin] = host
      taken.insert(host)
    }
    var free = hosts.filter { !taken.contains($0) }.makeIterator()
    var result = model.units.map { _ in -1 }
    for (index, bin) in bins.enumerated() {
      guard let host = hostOfBin[index] ?? free.next() else { continue }
      for unit in bin { result[unit] = host }
    }
    return result
  }
}

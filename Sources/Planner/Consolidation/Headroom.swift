public import SpecModel

/// The share of what hosts give that is to stay free on each of them.
public struct Headroom: Hashable, Sendable, CustomStringConvertible {
  /// In percent, from 0 to 99.
  private var percents: [PlacementResource: Int] = [:]

  public init() {}

  /// Reads `20%` for everything, `memory=20%` or `cpus=10%`; of several the last one counts.
  public init(parsing texts: [String]) throws(ValueError) {
    for text in texts {
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let percent = try Self.percent(parts[parts.count - 1], of: text)
      guard parts.count == 2 else {
        for resource in PlacementResource.allCases { percents[resource] = percent }
        continue
      }
      guard let resource = PlacementResource.allCases.first(where: { "\($0)" == parts[0] }) else {
        throw ValueError("there is no resource '\(parts[0])'", help: "write memory=20% or cpus=20%")
      }
      percents[resource] = percent
    }
  }

  private static func percent(_ text: Substring, of whole: String) throws(ValueError) -> Int {
    let digits = text.dropLast()
    guard text.last == "%", !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.isNumber }),
      let percent = Int(digits), percent < 100
    else {
      throw ValueError(
        "'\(whole)' is no headroom", help: "write 20% or memory=20%, from 0% to 99%")
    }
    return percent
  }

  public func percent(of resource: PlacementResource) -> Int { percents[resource] ?? 0 }

  /// From 0 to below 1, in the order of the resources.
  var shares: [Double] { PlacementResource.allCases.map { Double(percent(of: $0)) / 100 } }

  /// `20 % of memory and 10 % of vCPUs`; empty where nothing is to stay free.
  public var description: String {
    let given = PlacementResource.allCases.filter { percent(of: $0) > 0 }
    if given.count == PlacementResource.allCases.count, Set(given.map(percent)).count == 1 {
      return "\(percent(of: given[0])) % of " + given.map(\.title).joined(separator: " and ")
    }
    return given.map { "\(percent(of: $0)) % of \($0.title)" }.joined(separator: " and ")
  }
}

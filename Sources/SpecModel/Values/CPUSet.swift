/// A set of a host's CPUs by their numbers, written as libvirt writes it: `0-3,7`, or `0-7,^3` without one.
public struct CPUSet: Hashable, Sendable, CustomStringConvertible {
  /// Ascending, with a gap between each and the next: a set of all numbers is as small as one of a few.
  private let ranges: [ClosedRange<Int>]

  /// The largest number that is taken.
  static let maximum = 16383
  /// The most parts that a text may have.
  private static let maximumParts = 1024

  public init(_ numbers: some Sequence<Int>) {
    self.init(ranges: Set(numbers).sorted().map { $0...$0 })
  }

  /// - Parameter ranges: sorted by where they start.
  private init(ranges: [ClosedRange<Int>]) {
    var joined: [ClosedRange<Int>] = []
    for range in ranges {
      if let last = joined.last, range.lowerBound <= last.upperBound + 1 {
        joined[joined.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
      } else {
        joined.append(range)
      }
    }
    self.ranges = joined
  }

  /// Reads `0-3,7`. White space is allowed around the parts; what a later part excludes is not in the set.
  public init(parsing text: String) throws(ValueError) {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    guard parts.count <= Self.maximumParts else {
      throw ValueError(
        "the CPU set has more than \(Self.maximumParts) parts",
        help: "write neighbours as a range, such as 0-3")
    }
    var included: [ClosedRange<Int>] = []
    for part in parts {
      let part = Self.trimmed(part)
      let isExcluded = part.first == "^"
      let range = try Self.range(isExcluded ? part.dropFirst() : part, of: text)
      if isExcluded {
        included = included.flatMap { Self.subtract(range, from: $0) }
      } else {
        included.append(range)
      }
    }
    guard !included.isEmpty else { throw ValueError("the CPU set '\(text)' is empty") }
    self.init(ranges: included.sorted { $0.lowerBound < $1.lowerBound })
  }

  private static func trimmed(_ part: Substring) -> Substring {
    var part = part.drop { $0 == " " }
    while part.last == " " { part.removeLast() }
    return part
  }

  private static func range(_ part: Substring, of text: String) throws(ValueError) -> ClosedRange<Int> {
    let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { end in
      end.allSatisfy { $0.isASCII && $0.isNumber } ? Int(end) : nil
    }
    guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1] else {
      throw ValueError(
        "'\(text)' is no set of CPUs", help: "write numbers and ranges of the host's CPUs, such as 0-3,7")
    }
    guard first <= last else { throw ValueError("the range '\(part)' ends before it starts") }
    guard last <= maximum else {
      throw ValueError("CPU \(last) is more than \(maximum), the most there can be")
    }
    return first...last
  }

  /// What is left of `range` on both sides of `hole`.
  private static func subtract(
    _ hole: ClosedRange<Int>, from range: ClosedRange<Int>
  ) -> [ClosedRange<Int>] {
    guard hole.overlaps(range) else { return [range] }
    var left: [ClosedRange<Int>] = []
    if range.lowerBound < hole.lowerBound { left.append(range.lowerBound...hole.lowerBound - 1) }
    if range.upperBound > hole.upperBound { left.append(hole.upperBound + 1...range.upperBound) }
    return left
  }

  /// Ascending, each once.
  public var numbers: [Int] { ranges.flatMap { Array($0) } }

  public func contains(_ number: Int) -> Bool { ranges.contains { $0.contains(number) } }

  public var description: String {
    ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
      .joined(separator: ",")
  }
}

import FoundationEssentials

/// How often one kind of fault was tried, and what came of it: a row of `docs/reliability.md`.
///
/// A test of faults writes its tallies with ``record()``; `make torture` makes the page of them.
public struct FaultTally: Codable, Hashable, Sendable {
  /// The heading that the row stands under, `Kills`.
  public var area: String
  /// What was done, `killed before a call of apply, on the test driver`.
  public var fault: String
  /// How many times it was done.
  public var tried = 0
  /// How many times everything was as it should be afterwards.
  public var survived = 0
  /// How many times something was lost that nobody gave up: a disk, a guest, a mark, or a secret that got out.
  public var lost = 0
  /// The one command that does it all again.
  public var command: String

  /// Counts one more.
  public mutating func count(hasSurvived: Bool, isLoss: Bool = false) {
    tried += 1
    if hasSurvived { survived += 1 }
    if isLoss { lost += 1 }
  }

  public init(area: String, fault: String, command: String) {
    self.area = area
    self.fault = fault
    self.command = command
  }

  /// Where tallies are kept; nil if nobody asked for them.
  public static let directory = ProcessInfo.processInfo.environment["VIRTFORM_TALLIES"]

  /// Keeps the tally in a file of its own, which an earlier one of the same fault gives way to; nothing if nobody asked for it.
  public func record() throws {
    guard let directory = Self.directory else { return }
    try record(in: directory)
  }

  /// The same in any directory.
  public func record(in directory: String) throws {
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    let name = "\(area) \(fault)".lowercased().split { !$0.isASCII || !($0.isLetter || $0.isNumber) }
      .joined(separator: "-")
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try encoder.encode(self).write(to: URL(filePath: "\(directory)/\(name).json"), options: .atomic)
  }
}

extension FaultTally {
  /// The tallies of a directory.
  public static func all(in directory: String) throws -> [FaultTally] {
    try FileManager.default.contentsOfDirectory(atPath: directory).filter { $0.hasSuffix(".json") }
      .map {
        try JSONDecoder().decode(Self.self, from: Data(contentsOf: URL(filePath: "\(directory)/\($0)")))
      }
  }
}

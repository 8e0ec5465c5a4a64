import FoundationEssentials
import FuzzTargets
import TestLab
import Testing

/// What fuzzing starts from and what it found once, read again, with mutations of it that are the same in every run.
/// `VIRTFORM_TORTURE=1` tries a hundred times as many.
@Suite("Fuzzing") struct CorpusTests {
  private static let corpora = "\(Lab.repository)/Fuzzing/Corpora"
  private static let factor = ProcessInfo.processInfo.environment["VIRTFORM_TORTURE"] == nil ? 1 : 100
  /// Mutations of all files of a target together: what a second or two is enough for without optimization.
  private static let mutations: [FuzzTarget: Int] = [
    .yaml: 800, .spec: 250, .xml: 1500, .plan: 600, .uri: 6000, .import: 600,
  ]

  private func inputs(_ target: FuzzTarget) throws -> [(name: String, bytes: [UInt8])] {
    let directory = "\(Self.corpora)/\(target.rawValue)"
    return try FileManager.default.contentsOfDirectory(atPath: directory).sorted().map {
      ($0, [UInt8](try Data(contentsOf: URL(filePath: "\(directory)/\($0)"))))
    }
  }

  private func check(_ target: FuzzTarget, _ bytes: [UInt8], _ name: String) {
    do { try bytes.withUnsafeBytes(target.run) } catch {
      Issue.record(
        "\(target.rawValue), \(name): \(error)\nof \(String(decoding: bytes, as: UTF8.self).debugDescription)"
      )
    }
  }

  @Test(
    "each reader keeps what it promises on its corpus and on mutations of it", arguments: FuzzTarget.allCases)
  func replay(_ target: FuzzTarget) throws {
    let inputs = try inputs(target)
    try #require(!inputs.isEmpty)
    var tally = FaultTally(
      area: "Hostile input", fault: "\(target.rawValue): mutations of the corpus",
      command: "make torture FILTER=CorpusTests")
    for input in inputs { check(target, input.bytes, input.name) }
    var mutator = Mutator(seed: 20)
    for number in 0..<(Self.mutations[target] ?? 0) * Self.factor {
      let (one, other) = (inputs[number % inputs.count], inputs[mutator.roll(inputs.count)])
      check(target, mutator.mutate(one.bytes, with: other.bytes), "\(one.name), mutation \(number)")
      tally.tried += 1
    }
    // A reader that crashes or hangs ends the test before this.
    tally.survived = tally.tried
    try tally.record()
  }

  @Test("the corpora stay small")
  func size() throws {
    for target in FuzzTarget.allCases {
      let inputs = try inputs(target)
      #expect(inputs.allSatisfy { $0.bytes.count <= 4096 })
      #expect(inputs.reduce(0) { $0 + $1.bytes.count } <= 16 << 10, "\(target)")
    }
  }
}

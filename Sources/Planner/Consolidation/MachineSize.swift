public import SpecModel

/// What a VM takes of its host.
public struct MachineSize: Hashable, Sendable, CustomStringConvertible {
  public var cpus: UInt64
  public var memory: ByteCount

  public init(cpus: UInt64, memory: ByteCount) {
    self.cpus = cpus
    self.memory = memory
  }

  /// Reads `2cpus,4GiB`, in whatever order.
  public init(parsing text: String) throws(ValueError) {
    var parts = text.split(separator: ",", omittingEmptySubsequences: false)
    let words = ["cpus", "cpu"]
    if let last = parts.last, words.contains(where: last.hasSuffix) { parts.reverse() }
    guard parts.count == 2, let word = words.first(where: parts[0].hasSuffix),
      let cpus = UInt64(parts[0].dropLast(word.count)), (1...65_536).contains(cpus)
    else { throw ValueError("'\(text)' is not the size of a VM", help: "write 2cpus,4GiB") }
    self.init(cpus: cpus, memory: try ByteCount(parsing: String(parts[1])))
    guard memory.rawValue > 0 else { throw ValueError("a VM of '\(text)' has no memory") }
  }

  /// `2 vCPUs and 4 GiB`
  public var description: String {
    "\(PlacementResource.cpus.text(cpus)) and \(memory.rounded)"
  }
}

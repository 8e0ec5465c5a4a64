import FoundationEssentials
import Glibc

extension Lab {
  /// The calls of libvirt's remote protocol that the daemon got while `body` ran, by name, as its own log has
  /// them. Calls of the lab's held connection would count, too: `body` must make none.
  public func calls(during body: () async throws -> Void) async throws -> [String: Int] {
    let log = geteuid() == 0 ? "\(home)/log/rpc.log" : "\(home)/rpc.log"
    let before = try Data(contentsOf: URL(filePath: log)).count
    try await body()
    let text = String(decoding: try Data(contentsOf: URL(filePath: log)).dropFirst(before), as: UTF8.self)
    var counts: [String: Int] = [:]
    // … virNetServerProgramDispatch:280 : prog=536903814 ver=1 type=0 status=0 serial=2 proc=2
    for line in text.split(separator: "\n")
    where line.contains("prog=536903814 ") && line.contains(" type=0 ") {
      guard let equals = line.lastIndex(of: "="), let number = Int(line[line.index(after: equals)...]) else {
        continue
      }
      counts[RemoteProcedures.name(number), default: 0] += 1
    }
    return counts
  }

  /// Those of `calls` that change something on the host.
  public static func mutating(_ calls: [String: Int]) -> [String: Int] {
    calls.filter { name, _ in !RemoteProcedures.isReading(name) }
  }
}

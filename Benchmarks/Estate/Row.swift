import Glibc

/// One line of the table: virtform beside its yardstick, both measured in turn.
struct Row {
  var scenario: String
  /// What the yardstick is.
  var yardstick: String
  var floor: Measurement?
  var own: Measurement
  /// Calls of libvirt's remote protocol that virtform made.
  var calls: Int?
  /// How many VMs there are.
  var count: Int?
  /// What is asked of it, and whether it is so.
  var bars: [Bar] = []

  struct Bar {
    let text: String
    let value: Double
    let limit: Double
    var isMet: Bool { value <= limit }
  }

  static let heading = """
    | scenario | yardstick | it takes | virtform | ratio | CPU | peak MiB | calls | for each VM | bars |
    |---|---|---|---|---|---|---|---|---|---|
    """

  var line: String {
    let ratio = floor.map { own.wall / $0.wall }
    let cells = [
      scenario, yardstick, floor.map { Self.time($0.wall) } ?? "", Self.time(own.wall),
      ratio.map { Self.number($0, 2) } ?? "", Self.time(own.cpu), Self.number(own.peak, 0),
      calls.map(String.init) ?? "",
      calls.flatMap { calls in count.map { Self.number(Double(calls) / Double($0), 2) } } ?? "",
      bars.map {
        "\($0.isMet ? "✓" : "✗") \($0.text): \(Self.number($0.value, 2)) of \(Self.number($0.limit, 2))"
      }
      .joined(separator: "; "),
    ]
    return "| " + cells.joined(separator: " | ") + " |"
  }

  static func time(_ seconds: Double) -> String {
    seconds < 1 ? "\(number(seconds * 1000, seconds < 0.1 ? 1 : 0)) ms" : "\(number(seconds, 2)) s"
  }

  static func number(_ value: Double, _ places: Int) -> String {
    var bytes = [CChar](repeating: 0, count: 40)
    withVaList([value]) { _ = vsnprintf(&bytes, bytes.count, "%.\(places)f", $0) }
    return String(cString: bytes)
  }
}

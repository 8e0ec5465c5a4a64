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
  /// The same with a tenth of the VMs.
  var tenth: (floor: Measurement?, own: Measurement)?
  /// What is asked of it, and whether it is so.
  var bars: [Bar] = []

  struct Bar {
    let text: String
    let value: Double
    let limit: Double
    var isMet: Bool { value <= limit }
  }

  static let heading = """
    | scenario | yardstick | it takes | virtform | ratio | CPU | peak MiB | calls | for each VM | growth from a tenth | bars |
    |---|---|---|---|---|---|---|---|---|---|---|
    """

  var line: String {
    let ratio = floor.map { own.wall / $0.wall }
    let share = calls.flatMap { calls in count.map { Double(calls) / Double($0) } }
    var cells = [scenario, yardstick, floor.map { Self.time($0.wall) } ?? "", Self.time(own.wall)]
    cells.append(ratio.map { Self.number($0, 2) } ?? "")
    cells += [Self.time(own.cpu), Self.number(own.peak, 0), calls.map(String.init) ?? ""]
    cells.append(share.map { Self.number($0, 2) } ?? "")
    cells.append(tenth.map(growth) ?? "")
    cells.append(bars.map(\.line).joined(separator: "; "))
    return "| " + cells.joined(separator: " | ") + " |"
  }

  /// `8.1 (yardstick: 8.4)`: how often what the tenth takes goes into what this takes.
  private func growth(_ tenth: (floor: Measurement?, own: Measurement)) -> String {
    let own = Self.number(own.wall / tenth.own.wall, 1)
    guard let floor, let before = tenth.floor else { return own }
    return "\(own) (yardstick: \(Self.number(floor.wall / before.wall, 1)))"
  }

  static func time(_ seconds: Double) -> String {
    seconds < 1 ? "\(number(seconds * 1000, seconds < 0.1 ? 1 : 0)) ms" : "\(number(seconds, 2)) s"
  }

  static func number(_ value: Double, _ places: Int) -> String {
    let scale = (0..<places).reduce(1) { scale, _ in scale * 10 }
    let whole = Int((value * Double(scale)).rounded())
    if places == 0 { return "\(whole)" }
    let rest = "\(whole % scale)"
    return "\(whole / scale)." + String(repeating: "0", count: places - rest.count) + rest
  }
}

extension Row.Bar {
  var line: String { "\(isMet ? "✓" : "✗") \(text): \(Row.number(value, 2)) of \(Row.number(limit, 2))" }
}

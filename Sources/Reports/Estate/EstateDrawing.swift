import SpecModel

/// An estate as a drawing in SVG: a frame for each host, in it its networks as lines, its VMs as boxes that are joined to
/// them, and beside each VM its disks.
///
/// A VM takes a row, so that a drawing is as narrow as its disks allow and grows downwards.
public struct EstateDrawing {
  private let estate: Estate

  public init(_ estate: Estate) { self.estate = estate.folded }

  /// A document of its own.
  public var document: String {
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + drawing(style: Self.style).source + "\n"
  }

  /// A part of a page whose style sheet has `style` in it.
  var element: Markup { drawing(style: nil) }

  // MARK: Measures, in pixels

  private static let margin = 12
  private static let lane = 22
  private static let labelHeight = 20
  private static let headHeight = 34
  private static let boxHeight = 44
  private static let boxWidth = 250
  private static let gap = 10
  private static let diskHeight = 44
  private static let disksInRow = 3

  /// The width of a line: all is in a font whose characters are of one width.
  private static func width(_ text: String, size: Int) -> Int { text.count * size * 62 / 100 }

  /// `text`, cut to what fits.
  private static func fitting(_ text: String, _ width: Int, size: Int) -> String {
    let count = max(width * 100 / (size * 62), 1)
    return text.count <= count ? text : text.prefix(count - 1) + "…"
  }

  // MARK: Drawing

  private func drawing(style: String?) -> Markup {
    let drawn = estate.hosts.map(Self.draw)
    let width = drawn.map(\.size.width).max() ?? 1
    var (parts, y): ([Markup], Int) = ([], 1)
    for (content, size) in drawn {
      let frame = Self.rect(1, 0, width - 2, size.height, "frame")
      parts.append(.element("g", ["transform": "translate(0 \(y))"], [frame, content]))
      y += size.height + Self.gap
    }
    let height = max(y - Self.gap + 1, 1)
    let sheet: [Markup] = style.map { [.element("style", [:], [.trusted($0)])] } ?? []
    return .element(
      "svg",
      [
        "xmlns": "http://www.w3.org/2000/svg", "class": "drawing", "role": "img", "width": "\(width)",
        "height": "\(height)", "viewBox": "0 0 \(width) \(height)",
      ], [.element("title", [:], "Hosts, their networks, VMs and disks")] + sheet + parts)
  }

  private static func draw(_ host: Estate.Host) -> (content: Markup, size: (width: Int, height: Int)) {
    var parts: [Markup] = []
    let left = margin
    func laneX(_ index: Int) -> Int { left + 10 + index * lane }
    let boxX = laneX(host.networks.count) + (host.networks.isEmpty ? 0 : 6)

    let heading = "host \(host.name)" + (host.uri.map { "  \($0)" } ?? "")
    parts.append(text(heading, left, 22, size: 13, "heading"))
    var y = headHeight
    var width = left + Self.width(heading, size: 13) + margin

    var lanes: [(x: Int, start: Int, end: Int)] = []
    for (index, network) in host.networks.enumerated() {
      let label = network.name + "  " + network.details
      let symbol = network.mark.map { "\($0.action.symbol) " } ?? ""
      parts.append(text(symbol + label, laneX(index) + 10, y + 14, size: 11, "label"))
      lanes.append((laneX(index), y + 10, y + 10))
      width = max(width, laneX(index) + 10 + Self.width(symbol + label, size: 11) + margin)
      y += labelHeight
    }
    y += host.networks.isEmpty ? 0 : 6

    let indices = Dictionary(
      host.networks.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    var wires: [Markup] = []
    for machine in host.machines {
      let rows = max((machine.disks.count + disksInRow - 1) / disksInRow, 1)
      let height = max(boxHeight, rows * (diskHeight + 4) - 4)
      let joined = machine.networks.compactMap { indices[$0] }
      for (number, index) in joined.enumerated() {
        let wireY = y + (number + 1) * boxHeight / (joined.count + 1)
        lanes[index].end = wireY
        wires.append(line(from: (laneX(index), wireY), to: (boxX, wireY), "lane lane\(index % 8)"))
        wires.append(
          .element(
            "circle",
            ["cx": "\(laneX(index))", "cy": "\(wireY)", "r": "4", "class": "dot lane\(index % 8)"]))
      }
      parts.append(box(machine, boxX, y))
      var diskX = boxX + boxWidth + gap
      for (number, disk) in machine.disks.enumerated() {
        if number % disksInRow == 0 { diskX = boxX + boxWidth + gap }
        let (part, diskWidth) = cylinder(disk, diskX, y + number / disksInRow * (diskHeight + 4))
        parts.append(part)
        diskX += diskWidth + 6
        width = max(width, diskX + margin)
      }
      width = max(width, boxX + boxWidth + margin)
      y += height + gap
    }
    if host.machines.isEmpty {
      parts.append(text("no VMs", boxX, y + 14, size: 11, "label"))
      y += labelHeight
    }

    let columns = lanes.enumerated().map { index, lane in
      Markup.sequence([
        line(from: (lane.x, lane.start), to: (lane.x, lane.end), "lane lane\(index % 8)"),
        .element(
          "circle", ["cx": "\(lane.x)", "cy": "\(lane.start)", "r": "5", "class": "dot lane\(index % 8)"]),
      ])
    }
    return (.sequence(columns + wires + parts), (width, y))
  }

  private static func box(_ machine: Estate.Machine, _ x: Int, _ y: Int) -> Markup {
    let kind = machine.mark.map { "action-\($0.action.rawValue)" } ?? (machine.isForeign ? "foreign" : "")
    let state = machine.state.map { "state-\($0)" } ?? ""
    let symbol = machine.mark.map { "\($0.action.symbol) " } ?? ""
    var parts: [Markup] = [
      .element("title", [:], machine.title + ": " + machine.details)
    ]
    if !machine.members.isEmpty {
      parts.append(rect(x + 4, y + 4, boxWidth, boxHeight, "box under"))
    }
    parts.append(rect(x, y, boxWidth, boxHeight, "box \(kind)"))
    parts.append(
      .element("circle", ["cx": "\(x + 13)", "cy": "\(y + 14)", "r": "4", "class": "state \(state)"]))
    parts.append(
      text(fitting(symbol + machine.title, boxWidth - 30, size: 12), x + 23, y + 18, size: 12, "name"))
    parts.append(text(fitting(machine.details, boxWidth - 30, size: 11), x + 23, y + 34, size: 11, "label"))
    return .element("g", [:], parts)
  }

  private static func cylinder(_ disk: Estate.Disk, _ x: Int, _ y: Int) -> (Markup, width: Int) {
    let lines = disk.lines
    let width = max(lines.map { Self.width($0, size: 11) }.max() ?? 0, 40) + 16
    let (right, bottom, middle) = (x + width, y + diskHeight - 6, width / 2)
    let top = y + 6
    let body =
      "M\(x) \(top) A\(middle) 5 0 0 0 \(right) \(top) A\(middle) 5 0 0 0 \(x) \(top) V\(bottom)"
      + " A\(middle) 5 0 0 0 \(right) \(bottom) V\(top)"
    var parts: [Markup] = [
      .element("title", [:], disk.title),
      .element("path", ["d": body, "class": "disk disk-\(disk.kind.rawValue)"]),
    ]
    for (number, line) in lines.enumerated() {
      parts.append(text(line, x + 8, y + 22 + number * 13, size: 11, "label"))
    }
    return (.element("g", [:], parts), width)
  }

  private static func rect(_ x: Int, _ y: Int, _ width: Int, _ height: Int, _ kind: String) -> Markup {
    .element(
      "rect",
      [
        "x": "\(x)", "y": "\(y)", "width": "\(width)", "height": "\(height)", "rx": "5", "class": kind,
      ])
  }

  private static func line(from: (x: Int, y: Int), to: (x: Int, y: Int), _ kind: String) -> Markup {
    .element(
      "line",
      ["x1": "\(from.x)", "y1": "\(from.y)", "x2": "\(to.x)", "y2": "\(to.y)", "class": kind])
  }

  private static func text(_ text: String, _ x: Int, _ y: Int, size: Int, _ kind: String) -> Markup {
    .element("text", ["x": "\(x)", "y": "\(y)", "font-size": "\(size)", "class": kind], text)
  }
}

extension Estate.Disk {
  /// Two lines: what it is, and its size or its kind.
  fileprivate var lines: [String] {
    switch kind {
    case .own: [name, sizeText]
    case .shared: ["\(name) (shared)", sizeText]
    case .existing: [name, "existing"]
    case .cdrom: [name, "CD"]
    }
  }

  private var sizeText: String { size.map { ByteCount(rawValue: $0).rounded } ?? "as its image" }
}

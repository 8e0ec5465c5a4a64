import SpecModel

/// An estate as a graph: VMs are joined to the networks that they are on and to the disks that they share.
public struct EstateGraph {
  private let estate: Estate

  public init(_ estate: Estate) { self.estate = estate }

  /// A node's name, which no other node has.
  private struct Node {
    let id: String
    let lines: [String]
  }

  private static func id(_ kind: String, _ host: Estate.Host, _ name: String) -> String {
    "\(kind)/\(host.name)/\(name)"
  }

  private func nodes(of host: Estate.Host) -> (networks: [Node], machines: [Node], disks: [Node]) {
    let shared = host.machines.flatMap(\.disks).filter { $0.kind == .shared }
    var seen: Set<String> = []
    return (
      host.networks.map { Node(id: Self.id("network", host, $0.name), lines: [$0.name, $0.details]) },
      host.machines.map {
        let own = $0.disks.filter { $0.kind != .shared }.map(\.title)
        return Node(id: Self.id("vm", host, $0.name), lines: [$0.title, $0.details] + own)
      },
      shared.filter { seen.insert($0.name).inserted }.map {
        Node(id: Self.id("disk", host, $0.name), lines: [$0.title])
      }
    )
  }

  private func edges(of host: Estate.Host) -> [(from: String, to: String)] {
    let networks = Set(host.networks.map(\.name))
    return host.machines.flatMap { machine in
      let from = Self.id("vm", host, machine.name)
      return machine.networks.filter(networks.contains).map { (from, Self.id("network", host, $0)) }
        + machine.disks.filter { $0.kind == .shared }.map { (from, Self.id("disk", host, $0.name)) }
    }
  }

  // MARK: DOT

  /// For Graphviz (<https://graphviz.org/doc/info/lang.html>).
  public var dot: String {
    var text = "graph virtform {\n  rankdir=LR\n  node [fontname=\"sans-serif\" fontsize=11]\n"
    text += "  edge [color=gray50]\n"
    for (number, host) in estate.hosts.enumerated() {
      let (networks, machines, disks) = nodes(of: host)
      text +=
        "  subgraph cluster_\(number) {\n    label=\(Self.quoted(["host \(host.name)"]))\n    style=rounded\n"
      for (nodes, shape) in [(machines, "box"), (networks, "hexagon"), (disks, "cylinder")] {
        for node in nodes {
          text += "    \(Self.quoted([node.id])) [shape=\(shape) label=\(Self.quoted(node.lines))]\n"
        }
      }
      text += "  }\n"
      for edge in edges(of: host) {
        text += "  \(Self.quoted([edge.from])) -- \(Self.quoted([edge.to]))\n"
      }
    }
    return text + "}\n"
  }

  private static func quoted(_ lines: [String]) -> String {
    let lines = lines.filter { !$0.isEmpty }.map {
      printable($0).replacingScalars("\\", with: "\\\\").replacingScalars("\"", with: "\\\"")
    }
    return "\"" + lines.joined(separator: "\\n") + "\""
  }

  // MARK: Mermaid

  /// For code hosts that draw it in a page (<https://mermaid.js.org/syntax/flowchart.html>).
  public var mermaid: String {
    var text = "flowchart LR\n"
    var names: [String: String] = [:]
    for (number, host) in estate.hosts.enumerated() {
      let (networks, machines, disks) = nodes(of: host)
      text += "  subgraph h\(number)[\(Self.label(["host \(host.name)"]))]\n"
      for (nodes, brackets) in [(machines, ("[", "]")), (networks, ("{{", "}}")), (disks, ("[(", ")]"))] {
        for node in nodes {
          let name = "n\(names.count)"
          names[node.id] = name
          text += "    \(name)\(brackets.0)\(Self.label(node.lines))\(brackets.1)\n"
        }
      }
      text += "  end\n"
      for edge in edges(of: host) {
        guard let from = names[edge.from], let to = names[edge.to] else { continue }
        text += "  \(from) --- \(to)\n"
      }
    }
    return text
  }

  /// Mermaid takes HTML's entities in a quoted text, written with a `#`.
  private static func label(_ lines: [String]) -> String {
    let lines = lines.filter { !$0.isEmpty }.map { line in
      printable(line).replacingScalars("#", with: "#35;").replacingScalars("\"", with: "#quot;")
        .replacingScalars("<", with: "#lt;").replacingScalars(">", with: "#gt;")
    }
    return "\"" + lines.joined(separator: "<br/>") + "\""
  }
}

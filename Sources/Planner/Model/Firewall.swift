public import FoundationEssentials
import SpecModel

/// The rules between the NICs that have it and their networks, as wanted or as a host reports them: a network filter of
/// libvirt's, whose words its rules use (<https://libvirt.org/formatnwfilter.html>). A change is in effect at once for all
/// guests.
public struct Firewall: Hashable, Sendable {
  public struct Rule: Hashable, Sendable {
    public enum Direction: String, Sendable, CaseIterable {
      /// To the guest.
      case inbound = "in"
      case outbound = "out"
      case both = "inout"
    }

    public var action: String
    public var direction: Direction
    /// The rule with the lowest one comes first.
    public var priority: Int
    /// The element that says what packets it is about: `tcp`, `all`, `icmpv6` …
    public var packets: String
    /// The attributes of that element.
    public var attributes: [String: String]
    /// False if it is about each packet by itself, not about connections and their answers.
    public var matchesState: Bool

    public init(
      _ action: String, _ direction: Direction, priority: Int, _ packets: String,
      _ attributes: [String: String] = [:], matchesState: Bool = true
    ) {
      self.action = action
      self.direction = direction
      self.priority = priority
      self.packets = packets
      self.attributes = attributes
      self.matchesState = matchesState
    }
  }

  /// libvirt's name, which has the stack's in it: filters are for the whole host.
  public var name: String
  /// The name in the spec.
  public var specName: String
  public var uuid: UUID
  public var rules: Set<Rule>
  /// Filters that count, too.
  public var includes: Set<String>

  public init(name: String, specName: String, uuid: UUID, rules: Set<Rule> = [], includes: Set<String> = []) {
    self.name = name
    self.specName = specName
    self.uuid = uuid
    self.rules = rules
    self.includes = includes
  }
}

extension Firewall {
  /// What the spec wants, as libvirt has it.
  init(_ spec: FirewallSpec, _ identity: Identity) {
    self.init(
      name: identity.filterName(spec.name), specName: spec.name.rawValue,
      uuid: identity.uuid(.filter, spec.name.rawValue), includes: Set(spec.includes))
    rules = Self.always
    rules.formUnion(Self.rules(.inbound, spec.inbound))
    rules.formUnion(Self.rules(.outbound, spec.outbound))
  }

  /// What a guest needs to get addresses, for IPv4 and for IPv6, and to hear that its packets do not arrive.
  static let always = Set<Rule>([
    Rule("accept", .inbound, priority: 100, "udp", ["srcportstart": "67", "dstportstart": "68"]),
    Rule("accept", .outbound, priority: 100, "udp", ["srcportstart": "68", "dstportstart": "67"]),
    Rule("accept", .inbound, priority: 100, "udp-ipv6", ["srcportstart": "547", "dstportstart": "546"]),
    Rule("accept", .outbound, priority: 100, "udp-ipv6", ["srcportstart": "546", "dstportstart": "547"]),
    Rule("accept", .inbound, priority: 100, "icmp", ["state": "RELATED"]),
    Rule("accept", .outbound, priority: 100, "icmp", ["state": "RELATED"]),
  ]).union(linkRules(.inbound, [134, 130])).union(linkRules(.outbound, [133, 131, 132, 143]))

  /// What IPv6 does not work without (RFC 4890, 4.4): errors (1 to 4), neighbours (135, 136), and of `types` those of
  /// routers and groups that go one way only. The kernel tracks no state of these.
  private static func linkRules(_ direction: Rule.Direction, _ types: [Int]) -> [Rule] {
    ([1, 2, 3, 4, 135, 136] + types).map {
      Rule("accept", direction, priority: 100, "icmpv6", ["type": "\($0)"], matchesState: false)
    }
  }

  private static func rules(_ direction: Rule.Direction, _ traffic: FirewallSpec.Traffic) -> [Rule] {
    // One for each family of addresses.
    func all(_ action: String, priority: Int) -> [Rule] {
      ["all", "all-ipv6"].map { Rule(action, direction, priority: priority, $0) }
    }
    // Rules of included filters mostly have 500: what they drop is dropped before all else passes.
    guard case .only(let rules) = traffic else { return all("accept", priority: 900) }
    return rules.flatMap { self.rules(direction, $0) } + all("drop", priority: 1000)
  }

  private static func rules(_ direction: Rule.Direction, _ rule: FirewallRule) -> [Rule] {
    let side = direction == .inbound ? "src" : "dst"
    let ports: [[String: String]] =
      rule.ports.isEmpty
      ? [[:]]
      : rule.ports.map { range in
        var ports = ["dstportstart": "\(range.lowerBound)"]
        if range.count > 1 { ports["dstportend"] = "\(range.upperBound)" }
        return ports
      }
    // Anybody may have an address of either family.
    let peers: [(family: AddressFamily, attributes: [String: String])] =
      rule.peers.isEmpty
      ? AddressFamily.allCases.map { ($0, [:]) } : rule.peers.map { attributes(of: $0, side) }
    return peers.flatMap { family, peer in
      ports.map {
        Rule(
          "accept", direction, priority: 300, packets(rule.transport, family), peer.merging($0) { $1 })
      }
    }
  }

  private static func attributes(of peer: IPBlock, _ side: String) -> (AddressFamily, [String: String]) {
    switch peer {
    case .ipv4(let block):
      (.ipv4, ["\(side)ipaddr": "\(block.network)", "\(side)ipmask": "\(block.prefix)"])
    case .ipv6(let block):
      (.ipv6, ["\(side)ipaddr": "\(block.network)", "\(side)ipmask": "\(block.prefix)"])
    }
  }

  /// libvirt's word for what is carried.
  private static func packets(_ transport: FirewallRule.Transport, _ family: AddressFamily) -> String {
    let name = transport == .any ? "all" : transport.rawValue
    switch family {
    case .ipv4: return name
    case .ipv6: return transport == .icmp ? "icmpv6" : "\(name)-ipv6"
    }
  }
}

extension Firewall.Rule: CustomStringConvertible, Comparable {
  /// `tcp 5432 from 10.0.0.11`; what this program does not write is told as it stands.
  public var description: String {
    var rest = attributes
    func take(_ name: String) -> String? { rest.removeValue(forKey: name) }
    var words = [action == "accept" ? nil : action, packets].compactMap { $0 }
    if let first = take("dstportstart") { words.append(take("dstportend").map { "\(first)-\($0)" } ?? first) }
    for (side, word) in [("src", "from"), ("dst", "to")] {
      guard let address = take("\(side)ipaddr") else { continue }
      let whole = address.contains(":") ? "128" : "32"
      let mask = take("\(side)ipmask") ?? whole
      words.append("\(word) \(address)" + (mask == whole ? "" : "/\(mask)"))
    }
    if !matchesState { words.append("statematch=false") }
    words += rest.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    return words.joined(separator: " ")
  }

  public static func < (a: Self, b: Self) -> Bool {
    (a.direction.rawValue, a.priority, a.description) < (b.direction.rawValue, b.priority, b.description)
  }
}

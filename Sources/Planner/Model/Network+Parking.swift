extension Network {
  /// The name of the network that guests are plugged into while the one they are on restarts. No name of a spec has
  /// such a character.
  public static func parkingName(for name: String) -> String { "\(name)~parked" }

  /// The network whose guests are parked on this one; nil for any other network.
  public var parkedFor: String? { Self.parkedFor(name) }

  /// The network whose guests are parked on the one of this name; nil for any other name.
  public static func parkedFor(_ name: String) -> String? {
    name.hasSuffix("~parked") ? String(name.dropLast("~parked".count)) : nil
  }
}

extension Machine {
  /// Counts interfaces of a guest that are parked as what they are on their own network, which takes them back.
  mutating func unpark(as definition: Machine?) {
    for index in nics.indices {
      guard case .network(let name) = nics[index].link, let origin = Network.parkedFor(name) else { continue }
      let defined = definition?.nics.first { $0.name == nics[index].name && $0.link == .network(origin) }
      nics[index].link = .network(origin)
      nics[index].linkState = defined?.linkState ?? .up
      (nics[index].portgroup, nics[index].vlan) = (defined?.portgroup, defined?.vlan)
    }
    for (name, count) in otherNetworks {
      guard let origin = Network.parkedFor(name) else { continue }
      otherNetworks[name] = nil
      otherNetworks[origin, default: 0] += count
    }
  }
}

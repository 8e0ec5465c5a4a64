extension Network {
  /// The name of the network that guests are plugged into while the one they are on restarts. No name of a spec has
  /// such a character.
  public static func parkingName(for name: String) -> String { "\(name)~parked" }

  /// The network whose guests are parked on this one; nil for any other network.
  public var parkedFor: String? { name.hasSuffix("~parked") ? String(name.dropLast("~parked".count)) : nil }
}

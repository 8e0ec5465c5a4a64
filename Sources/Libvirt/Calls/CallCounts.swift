/// How often each function of libvirt was called on a connection.
public struct CallCounts: Hashable, Sendable {
  /// Calls by the name of the C function. Functions that only read what a handle carries are not counted.
  public private(set) var byFunction: [String: Int] = [:]
  /// Calls of functions that change something on the host, whether they succeeded or not.
  public private(set) var mutating = 0

  public init() {}

  /// All calls.
  public var total: Int { byFunction.values.reduce(0, +) }

  /// Calls of one function.
  public subscript(_ function: String) -> Int { byFunction[function, default: 0] }

  mutating func add(_ function: String, _ effect: CallEffect) {
    byFunction[function, default: 0] += 1
    if effect == .changes { mutating += 1 }
  }
}

/// Whether a call can change anything on the host.
enum CallEffect {
  case reads
  case changes
}

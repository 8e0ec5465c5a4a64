/// A version of libvirt or of a hypervisor, `9.0.0`.
public struct Version: Hashable, Sendable {
  public let major: Int
  public let minor: Int
  public let patch: Int

  public init(_ major: Int, _ minor: Int, _ patch: Int) {
    self.major = major
    self.minor = minor
    self.patch = patch
  }

  /// Takes libvirt's number apart, which is 1,000,000 × major + 1,000 × minor + patch.
  init(number: UInt) {
    self.init(Int(number / 1_000_000), Int(number / 1000 % 1000), Int(number % 1000))
  }
}

extension Version: Comparable {
  public static func < (a: Version, b: Version) -> Bool {
    (a.major, a.minor, a.patch) < (b.major, b.minor, b.patch)
  }
}

extension Version: CustomStringConvertible {
  public var description: String { "\(major).\(minor).\(patch)" }
}

/// The path of a value in the resolved spec, such as `vms.web-1.memory`.
public struct SpecPath: Hashable, Sendable, CustomStringConvertible {
  public let description: String

  public init(_ description: String) { self.description = description }

  public static func + (path: SpecPath, key: String) -> SpecPath {
    SpecPath(path.description.isEmpty ? key : "\(path.description).\(key)")
  }

  /// The path one level up, or nil at the top.
  public var parent: SpecPath? {
    description.lastIndex(of: ".").map { SpecPath(String(description[..<$0])) }
  }
}

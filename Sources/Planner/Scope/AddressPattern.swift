public import SpecModel

/// Names objects on the command line: `vm.web-2`, `vm.web-*`, or, on one of several hosts, `rack1/vm.web-2`.
public struct AddressPattern: Hashable, Sendable, CustomStringConvertible {
  private let host: String?
  let kind: Address.Kind
  let name: String

  init(_ kind: Address.Kind, _ name: String) {
    host = nil
    self.kind = kind
    self.name = name
  }

  public init(parsing text: String) throws(ValueError) {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let address = parts[parts.count - 1]
    host = parts.count == 2 ? parts[0] : nil
    guard let dot = address.firstIndex(of: "."), let kind = Address.Kind(rawValue: String(address[..<dot]))
    else {
      throw ValueError(
        "'\(text)' is no address",
        help: "write KIND.NAME, such as vm.web-2; kinds are "
          + Address.Kind.allCases.map(\.rawValue).joined(separator: ", "))
    }
    self.kind = kind
    name = String(address[address.index(after: dot)...])
    guard !name.isEmpty, host != "" else {
      throw ValueError("'\(text)' is no address", help: "such as vm.web-2")
    }
  }

  public func matches(_ address: Address) -> Bool {
    guard address.kind == kind, host == nil || address.host.rawValue == host else { return false }
    let pieces = name.split(separator: "*", omittingEmptySubsequences: false)
    guard pieces.count > 1 else { return address.name == name }
    var rest = Substring(address.name)
    for (index, piece) in pieces.enumerated() where !piece.isEmpty {
      if index == 0 {
        guard rest.hasPrefix(piece) else { return false }
        rest = rest.dropFirst(piece.count)
      } else if index == pieces.count - 1 {
        return rest.hasSuffix(piece)
      } else {
        guard let found = rest.firstRange(of: piece) else { return false }
        rest = rest[found.upperBound...]
      }
    }
    return true
  }

  public var description: String { (host.map { "\($0)/" } ?? "") + "\(kind.rawValue).\(name)" }
}

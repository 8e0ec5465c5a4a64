internal import CLibvirt

/// A named value that libvirt takes in lists (`virTypedParameter`).
public struct TypedParameter: Hashable, Sendable {
  public enum Value: Hashable, Sendable {
    case unsignedInt(UInt32)
    case long(Int64)
    case unsignedLong(UInt64)
    case string(String)
  }

  /// One of libvirt's names, such as `cpu_shares`.
  public let name: String
  public let value: Value

  public init(_ name: String, _ value: Value) {
    self.name = name
    self.value = value
  }

  public init(_ name: String, _ value: UInt64) { self.init(name, .unsignedLong(value)) }

  public init(_ name: String, _ value: String) { self.init(name, .string(value)) }
}

extension Call {
  /// Lends `body` a list of libvirt's own kind, which is freed afterwards.
  func withParameters<Result>(
    _ parameters: [TypedParameter],
    _ body: (_ list: virTypedParameterPtr?, _ count: Int32) throws -> Result
  ) throws -> Result {
    var list: virTypedParameterPtr?
    var count: Int32 = 0
    var capacity: Int32 = 0
    defer { virTypedParamsFree(list, count) }
    for parameter in parameters {
      switch parameter.value {
      case .unsignedInt(let value):
        try check(virTypedParamsAddUInt(&list, &count, &capacity, parameter.name, value))
      case .long(let value):
        try check(virTypedParamsAddLLong(&list, &count, &capacity, parameter.name, value))
      case .unsignedLong(let value):
        try check(virTypedParamsAddULLong(&list, &count, &capacity, parameter.name, value))
      case .string(let text):
        try check(virTypedParamsAddString(&list, &count, &capacity, parameter.name, text))
      }
    }
    return try body(list, count)
  }
}

public import SpecModel

/// One field that differs.
public struct FieldChange: Hashable, Sendable {
  /// The field's path in its object: `memory`, `disks.root.size`.
  public let path: String
  /// The value there is, as text for people; nil where there is none.
  public let from: String?
  /// The value that is wanted; nil where it goes.
  public let to: String?
  public let effect: Effect

  public init(_ path: String, from: String?, to: String?, effect: Effect) {
    self.path = path
    self.from = from
    self.to = to
    self.effect = effect
  }
}

/// What happens to one object.
public struct Change: Sendable, Hashable {
  public enum Action: String, Sendable, CaseIterable {
    case create, update, replace, delete
  }

  public let address: Address
  public let action: Action
  public let fields: [FieldChange]
  /// The worst of what the change does.
  public let effect: Effect
  /// Why, for people; it decides nothing.
  public let reason: String?
  /// Where the spec asks for it; nil where the spec no longer has the object.
  public let path: SpecPath?

  public init(
    _ address: Address, _ action: Action, fields: [FieldChange] = [], effect: Effect = .none,
    reason: String? = nil,
    path: SpecPath? = nil
  ) {
    self.address = address
    self.action = action
    self.fields = fields
    self.effect = effect
    self.reason = reason
    self.path = path
  }
}

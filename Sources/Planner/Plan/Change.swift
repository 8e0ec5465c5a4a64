public import SpecModel

/// One field that differs.
public struct FieldChange: Hashable, Sendable {
  /// Why a field differs from what is wanted.
  public enum Cause: String, Sendable {
    /// The spec wants something else than when it was last applied.
    case change
    /// The spec wants what was last applied: somebody changed the object beside virtform.
    case drift

    /// - Parameter applied: the value that was last applied; nil if the spec did not set the field then, or if
    ///   nobody remembers.
    static func of(wanted: String?, applied: String?) -> Cause {
      applied != nil && applied == wanted ? .drift : .change
    }
  }

  /// The field's path in its object: `memory`, `disks.root.size`.
  public let path: String
  /// The value there is, as text for people; nil where there is none.
  public let from: String?
  /// The value that is wanted; nil where it goes.
  public let to: String?
  public let effect: Effect
  public let cause: Cause
  /// What was last applied, where the spec wants something else by now, and somebody has changed the object, too.
  public let overwritten: String?

  /// True if somebody changed the object beside virtform.
  public var isDrift: Bool { cause == .drift || overwritten != nil }

  public init(
    _ path: String, from: String?, to: String?, effect: Effect, cause: Cause = .change,
    overwritten: String? = nil
  ) {
    self.path = path
    self.from = from
    self.to = to
    self.effect = effect
    self.cause = cause
    self.overwritten = overwritten
  }
}

extension FieldChange {
  /// What stands for a secret.
  static let concealed = "(secret)"

  /// The same to look at, with every value as `redact` says.
  ///
  /// Where the wanted value holds a secret, what is there is most likely an older one, which no spec names any more: nothing
  /// of it is shown.
  func redacted(_ redact: (String) -> String) -> FieldChange {
    let isSecret = to.map { redact($0) != $0 } == true
    func shown(_ value: String?) -> String? { value.map { isSecret ? Self.concealed : redact($0) } }
    return FieldChange(
      path, from: shown(from), to: to.map(redact), effect: effect, cause: cause,
      overwritten: shown(overwritten))
  }
}

/// What happens to one object.
public struct Change: Sendable, Hashable {
  public enum Action: String, Sendable, CaseIterable {
    /// `move`: it comes from another host, and may be updated, too. `adopt`: it was there before, becomes the stack's, and may
    /// be updated, too. `forget`: it stays as it is, and is no longer the stack's.
    case create, adopt, update, move, replace, delete, forget
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

import SpecModel

/// Compares an object as wanted with its persistent definition and with what its guest runs with, by the rules of its
/// fields. Only what the spec sets, or set when it was last applied, is compared.
struct Comparison {
  let driver: HostCapabilities.Driver
  /// Whether there is a guest that is to go on.
  let staysUp: Bool
  /// Whether the guest stays paused: it lets go of no device.
  var isPaused = false
  /// What the spec set when it was last applied, by path.
  let applied: [String: String]
  /// The fields that wait for a restart.
  let staged: Set<String>
  /// The fields that a run was giving the guest when it was cut off, or the guest refused one of them.
  let unfinished: Set<String>
  /// What the spec had set when the guest was started, by path.
  let startedWith: [String: String]

  /// What `wanted` has otherwise than the definition, or than the guest where that can be changed at once; nil where
  /// there is nothing to do.
  func difference<Object>(
    _ rule: FieldRule<Object>, at path: String, from definition: Object, guest: Object?, to wanted: Object
  ) -> FieldChange? {
    let (from, to) = (rule.value(definition), rule.value(wanted))
    let isUnfinished = unfinished.contains(path)
    guard to != nil || isUnset(rule, at: path) || isUnfinished else { return nil }
    let cause = FieldChange.Cause.of(wanted: to, applied: applied[path])
    let guest = staysUp ? guest : nil
    if from == to {
      if let guest, isUnfinished, rule.scope == .request || rule.scope == .secret,
        rule.isLive(from: guest, to: wanted, on: driver)
      {
        return FieldChange(path, from: rule.value(guest), to: to, effect: .live, cause: .change)
      }
      guard let guest, case .guest = rule.scope, rule.value(guest) != to,
        rule.isLive(from: guest, to: wanted, on: driver)
      else { return nil }
      return FieldChange(
        path, from: rule.value(guest), to: to, effect: .live, cause: isUnfinished ? .change : cause)
    }
    let isOverwritten = applied[path] != nil && applied[path] != from && cause == .change
    return FieldChange(
      path, from: from, to: to, effect: effect(rule, at: path, guest: guest, to: wanted), cause: cause,
      overwritten: isOverwritten ? applied[path] : nil)
  }

  /// True for a field that has to lose its value, since the spec sets it no more.
  private func isUnset<Object>(_ rule: FieldRule<Object>, at path: String) -> Bool {
    if case .removed = rule.unset { applied[path] != nil } else { false }
  }

  private func effect<Object>(
    _ rule: FieldRule<Object>, at path: String, guest: Object?, to wanted: Object
  ) -> Effect {
    switch rule.scope {
    case .definition, .power, .creation, .idle, .fixed, .content: return .none
    case .secret:
      guard let guest else { return .none }
      return rule.isLive(from: guest, to: wanted, on: driver) ? .live : .restart
    case .guest, .request:
      guard let guest else { return .none }
      let to = rule.value(wanted)
      // What was staged, or only defined, and is taken back again is what the guest runs with.
      if rule.value(guest) == to || (staged.contains(path) && startedWith[path] == to) { return .none }
      return rule.isLive(from: guest, to: wanted, on: driver) ? .live : .restart
    }
  }

  /// True if what the guest runs with, although the definition is as wanted, can only be mended by a restart.
  func isPending<Object>(
    _ rule: FieldRule<Object>, at path: String, definition: Object, guest: Object?, wanted: Object
  ) -> Bool {
    guard staysUp, let guest, case .guest = rule.scope, rule.live.drivers.contains(driver),
      rule.value(wanted) != nil,
      rule.value(definition) == rule.value(wanted)
    else { return false }
    return rule.value(guest) != rule.value(wanted) && !rule.isLive(from: guest, to: wanted, on: driver)
  }
}

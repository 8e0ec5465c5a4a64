import SpecModel

/// One row of the tables of fields: what a field is, how it is read and written, and what changing it does.
///
/// The tables are `MachineField`, `DiskField`, `DriveField`, `NICField`, `NetworkField` and `PoolField`; the differ,
/// the executor and the reference in `docs/fields.md` all go by them.
public final class FieldRule<Object: Sendable>: Sendable {
  /// What a running guest (or an active network) does with a change.
  public struct Live: Sendable {
    /// The drivers that can change the field while it is in use; with all others it waits for a restart.
    let drivers: [HostCapabilities.Driver]
    /// What has to hold for that, for people; nil if it always can.
    let condition: String?
    /// The condition: from what the guest has to what is wanted.
    let holds: @Sendable (_ guest: Object, _ wanted: Object) -> Bool

    /// Nothing takes it while it is in use.
    static var never: Live { Live(drivers: [], condition: nil) { _, _ in false } }

    static func on(_ drivers: HostCapabilities.Driver...) -> Live {
      Live(drivers: drivers, condition: nil) { _, _ in true }
    }

    static func on(
      _ drivers: HostCapabilities.Driver..., if condition: String,
      _ holds: @escaping @Sendable (_ guest: Object, _ wanted: Object) -> Bool
    ) -> Live {
      Live(drivers: drivers, condition: condition, holds: holds)
    }
  }

  /// What becomes of a field that the spec set when it was last applied, and sets no more.
  public enum Unset: Sendable {
    /// It has to be set.
    case required
    /// It stays as it is, and is the host's from then on.
    case stays
    /// It has no value any more.
    case removed
    /// It goes back to what a new object has.
    case back(to: String, @Sendable (inout Object) -> Void)
  }

  /// How a change is made that nothing in use has to take: at once, and nothing notices.
  public enum Scope: Sendable {
    /// The field has a value in the running guest, too.
    case guest
    /// It is asked of the guest, which has the last word: what the guest has is not compared.
    case request
    /// The guest has it and tells nobody: it is given what is wanted whenever that changes.
    case secret
    /// Only the definition or the mark has it: changing it is noticed by nothing that runs.
    case definition
    /// It is what the object does: running, paused, off.
    case power
    /// It counts when the object is made, and for an object that is there no more.
    case creation
    /// It changes while it is in use, or while nothing uses it; the plan refuses what is in use and does not take it.
    case idle
    /// It never changes: the plan refuses.
    case fixed
    /// It is destroyed, never changed, and only with consent.
    case content
  }

  /// What the field is, for people.
  public let summary: String
  /// Where libvirt reports it: an element of the object's document, or a call.
  public let element: String
  /// The call that changes it while it is in use; the definition is always edited and defined again.
  public let call: String?
  public let scope: Scope
  public let live: Live
  public let unset: Unset
  /// The drivers that have no such thing: the plan refuses it there.
  public let lacking: [HostCapabilities.Driver]
  /// Its normal form: equal texts are equal values. nil where the object has no value.
  let value: @Sendable (Object) -> String?

  init(
    _ summary: String, _ element: String, by call: String? = nil, scope: Scope = .guest, live: Live = .never,
    unset: Unset = .stays, lacking: [HostCapabilities.Driver] = [],
    value: @escaping @Sendable (Object) -> String?
  ) {
    self.summary = summary
    self.element = element
    self.call = call
    self.scope = scope
    self.live = live
    self.unset = unset
    self.lacking = lacking
    self.value = value
  }

  /// True if `object` is to have what the driver never gives.
  func isLacking(in object: Object, on driver: HostCapabilities.Driver) -> Bool {
    guard lacking.contains(driver), let value = value(object) else { return false }
    return value != OptionalDevice<TPMModel>.absent.description
  }

  /// True if what is in use takes the change from what it has to `wanted`.
  func isLive(from guest: Object, to wanted: Object, on driver: HostCapabilities.Driver) -> Bool {
    live.drivers.contains(driver) && live.holds(guest, wanted)
  }
}

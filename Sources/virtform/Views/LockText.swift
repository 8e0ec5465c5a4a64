import Applier
import FoundationEssentials
import Reports
import SpecModel

/// What locks say, for people.
enum LockText {
  /// `stack 'shop' is locked on host 'rack1' by anna@desk (pid 4711): 'apply', taken 2 min 5 s ago; …`
  static func sentence(_ held: HeldLock, stack: ResourceName) -> String {
    "stack '\(stack)' is locked on host '\(held.host)' \(details(held))"
  }

  /// `by anna@desk (pid 4711): 'apply', …`
  static func details(_ held: HeldLock) -> String {
    guard let lock = held.record else {
      return "by '\(ResourceName.lockPrefix)…', which this virtform did not make and cannot read"
    }
    var parts = ["by \(lock.holder): '\(printable(lock.command))', taken \(age(lock.taken)) ago"]
    if let reason = lock.reason { parts.append("reason: \(printable(reason))") }
    parts.append(lease(lock.leaseEnd))
    if held.abandonment == .processGone { parts.append("its process is gone") }
    return parts.joined(separator: "; ")
  }

  static func json(_ record: LockRecord) -> StructuredValue {
    [
      "holder": .string("\(record.holder)"), "command": .string(record.command),
      "reason": StructuredValue(record.reason), "taken": .string(record.taken.formatted(.iso8601)),
      "lease_end": StructuredValue(record.leaseEnd?.formatted(.iso8601)),
    ]
  }

  static func line(_ event: LockEvent, stack: ResourceName) -> String {
    switch event {
    case .waiting(let held): "Waiting: \(sentence(held, stack: stack))"
    case .watching(let held, let time):
      "Waiting: \(sentence(held, stack: stack)); it is broken if nobody renews it within "
        + span(Int(time.components.seconds))
    case .broke(let held, let abandonment):
      "Broke the lock on host '\(held.host)' of \(held.record.map { "\($0.holder)" } ?? "somebody"), "
        + reason(abandonment)
    }
  }

  private static func reason(_ abandonment: LockAbandonment) -> String {
    switch abandonment {
    case .processGone: "whose process is gone."
    case .leaseOver: "whose lease has run out."
    }
  }

  private static func lease(_ end: Date?) -> String {
    guard let end else { return "without end" }
    let left = Int(end.timeIntervalSinceNow)
    return left < 0 ? "its lease ended \(span(-left)) ago" : "its lease ends in \(span(left))"
  }

  /// Clocks of two machines differ: what was taken in the future was taken just now.
  private static func age(_ taken: Date) -> String { span(max(Int(-taken.timeIntervalSinceNow), 0)) }

  /// The two largest units: `12 s`, `2 min 5 s`, `3 h 2 min`, `4 d 0 h`.
  private static func span(_ seconds: Int) -> String {
    switch seconds {
    case ..<60: "\(seconds) s"
    case ..<3600: "\(seconds / 60) min \(seconds % 60) s"
    case ..<86400: "\(seconds / 3600) h \(seconds / 60 % 60) min"
    default: "\(seconds / 86400) d \(seconds / 3600 % 24) h"
    }
  }
}

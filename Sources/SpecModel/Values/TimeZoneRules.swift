public import FoundationEssentials

/// A time zone: how far its clocks are ahead of UTC, at any time.
public struct TimeZoneRules: Hashable, Sendable, CustomStringConvertible {
  /// A time from which on clocks are ahead of UTC by so many seconds.
  struct Transition: Hashable, Sendable {
    /// Seconds since 1970 in UTC.
    let time: Int
    let offset: Int
  }

  /// `UTC`, `+01:00` or `Europe/Berlin`
  public let description: String
  /// What holds before the first transition, in seconds.
  let firstOffset: Int
  /// In the order of time.
  let transitions: [Transition]
  /// What holds after the last transition; nil if that stays.
  let future: RecurringOffsets?

  public static let utc = TimeZoneRules("UTC", offset: 0)

  init(_ name: String, offset: Int) {
    self.init(name, firstOffset: offset, transitions: [], future: nil)
  }

  init(_ name: String, firstOffset: Int, transitions: [Transition], future: RecurringOffsets?) {
    description = name
    self.firstOffset = firstOffset
    self.transitions = transitions
    self.future = future
  }

  /// The zone of `UTC` or of an offset such as `+01:00`; nil if `text` is neither.
  init?(fixed text: String) {
    if text == "UTC" {
      self = .utc
      return
    }
    guard let sign = text.first, "+-".contains(sign),
      let clock = try? ClockTime(parsing: String(text.dropFirst())), clock.minutes <= 14 * 60
    else { return nil }
    self.init(text, offset: (sign == "-" ? -60 : 60) * clock.minutes)
  }

  /// How far clocks are ahead of UTC at `time`, in seconds.
  func offset(at time: Int) -> Int {
    guard let last = transitions.last else { return future?.offset(at: time) ?? firstOffset }
    if time >= last.time { return future?.offset(at: time) ?? last.offset }
    return transitions.last { $0.time <= time }?.offset ?? firstOffset
  }

  /// What clocks and calendars show at `time`.
  public func clock(at time: Date) -> (day: Weekday, time: ClockTime) {
    let seconds = Int(time.timeIntervalSince1970.rounded(.down))
    let local = seconds + offset(at: seconds)
    let (day, second) = local.flooredQuotientAndRemainder(dividingBy: 86_400)
    // The first of January 1970 was a Thursday.
    let weekday = (day + 3).flooredQuotientAndRemainder(dividingBy: 7).remainder
    return (Weekday.allCases[weekday], ClockTime(minutes: second / 60))
  }
}

extension Int {
  /// As `quotientAndRemainder`, with a remainder that is never negative.
  func flooredQuotientAndRemainder(dividingBy divisor: Int) -> (quotient: Int, remainder: Int) {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }
}

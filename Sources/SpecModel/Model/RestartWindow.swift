public import FoundationEssentials

/// The times at which guests may restart: on some days of the week, from one time of day to another.
public struct RestartWindow: Hashable, Sendable, CustomStringConvertible {
  /// The days on which it begins.
  public let days: Set<Weekday>
  public let from: ClockTime
  /// Where this is no later than `from`, it is of the next day.
  public let to: ClockTime
  public let zone: TimeZoneRules

  public init(days: Set<Weekday>, from: ClockTime, to: ClockTime, zone: TimeZoneRules) {
    self.days = days
    self.from = from
    self.to = to
    self.zone = zone
  }

  public func contains(_ time: Date) -> Bool {
    let (day, clock) = zone.clock(at: time)
    if from < to { return days.contains(day) && from <= clock && clock < to }
    let week = Weekday.allCases
    let yesterday = week[((week.firstIndex(of: day) ?? 0) + week.count - 1) % week.count]
    return (days.contains(day) && from <= clock) || (days.contains(yesterday) && clock < to)
  }

  /// `sat, sun from 22:00 to 05:00 (Europe/Berlin)`
  public var description: String {
    let names = Weekday.allCases.filter(days.contains).map(\.rawValue)
    let days = names.count == Weekday.allCases.count ? "every day" : names.joined(separator: ", ")
    let isWholeDay = from == .midnight && to == .endOfDay
    return "\(days)\(isWholeDay ? "" : " from \(from) to \(to)") (\(zone))"
  }
}

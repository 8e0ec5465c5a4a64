/// A time of day as clocks show it: `22:00`.
public struct ClockTime: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// Minutes since midnight; 1440 is the end of the day.
  public let minutes: Int

  public static let midnight = ClockTime(minutes: 0)
  public static let endOfDay = ClockTime(minutes: 24 * 60)

  init(minutes: Int) { self.minutes = minutes }

  /// Reads hours and minutes of two digits each, up to 24:00.
  public init(parsing text: String) throws(ValueError) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    let isClock = parts.count == 2 && parts.allSatisfy { $0.count == 2 && $0.allSatisfy(isDigit) }
    guard isClock, let hours = Int(parts[0]), let minutes = Int(parts[1]), minutes < 60,
      hours < 24 || (hours == 24 && minutes == 0)
    else { throw ValueError("'\(text)' is not a time of day", help: "write it as 22:00 or 05:30") }
    self.minutes = hours * 60 + minutes
  }

  public var description: String {
    [minutes / 60, minutes % 60].map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
  }

  public static func < (a: ClockTime, b: ClockTime) -> Bool { a.minutes < b.minutes }
}

/// A day of the week, in the order of ISO 8601.
public enum Weekday: String, CaseIterable, Sendable {
  case mon, tue, wed, thu, fri, sat, sun

  /// `Mon`
  public var title: String { rawValue.prefix(1).uppercased() + rawValue.dropFirst() }
}

private func isDigit(_ character: Character) -> Bool { character.isASCII && character.isNumber }

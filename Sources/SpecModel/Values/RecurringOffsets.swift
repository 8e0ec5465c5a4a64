/// How a zone's clocks change every year, from now on: what the `TZ` variable of POSIX says
/// (<https://pubs.opengroup.org/onlinepubs/9699919799/basedefs/V1_chap08.html>), `CET-1CEST,M3.5.0,M10.5.0/3`.
struct RecurringOffsets: Hashable, Sendable {
  /// A day of a month by its weekday, and the time of that day: `M3.5.0/2`.
  struct Rule: Hashable, Sendable {
    let month: Int
    /// 1 to 5; the fifth is the last.
    let week: Int
    /// 0 is Sunday.
    let weekday: Int
    /// Seconds since that day's midnight; may be beyond the day.
    let time: Int
  }

  /// What holds for a part of the year, from when to when by the clocks of then.
  struct Summer: Hashable, Sendable {
    /// Seconds ahead of UTC.
    let offset: Int
    let start: Rule
    let end: Rule
  }

  /// Seconds ahead of UTC.
  let standard: Int
  /// nil where clocks do not change.
  let summer: Summer?

  /// Fails for what is no such text, and for days that are counted through the year, which no zone has now.
  init?(parsing text: Substring) {
    var rest = text
    guard Self.skipName(&rest), let standard = Self.offset(&rest) else { return nil }
    self.standard = -standard
    if rest.isEmpty {
      summer = nil
      return
    }
    guard Self.skipName(&rest) else { return nil }
    let offset = rest.first == "," ? self.standard + 3600 : Self.offset(&rest).map { -$0 }
    let rules = rest.split(separator: ",", omittingEmptySubsequences: false)
    guard let offset, rules.count == 3, rules[0].isEmpty, let start = Self.rule(rules[1]),
      let end = Self.rule(rules[2])
    else { return nil }
    summer = Summer(offset: offset, start: start, end: end)
  }

  /// How far clocks are ahead of UTC at `time`, seconds since 1970, in seconds.
  func offset(at time: Int) -> Int {
    guard let summer else { return standard }
    let year = Self.year(of: time + standard)
    let start = summer.start.seconds(in: year) - standard
    let end = summer.end.seconds(in: year) - summer.offset
    // In the south, summer lasts over the turn of the year.
    let isSummer = start < end ? (start..<end).contains(time) : !(end..<start).contains(time)
    return isSummer ? summer.offset : standard
  }

  // MARK: Reading

  /// `CET`, or `<+03>`
  private static func skipName(_ rest: inout Substring) -> Bool {
    if rest.first == "<" {
      guard let end = rest.firstIndex(of: ">") else { return false }
      rest = rest[rest.index(after: end)...]
      return true
    }
    let name = rest.prefix { $0.isASCII && $0.isLetter }
    rest = rest.dropFirst(name.count)
    return name.count >= 3
  }

  /// `-1`, `5:30`, `+10:00:00` in seconds.
  private static func offset(_ rest: inout Substring) -> Int? {
    let sign = rest.first == "-" ? -1 : 1
    if let first = rest.first, "+-".contains(first) { rest = rest.dropFirst() }
    let text = rest.prefix { $0 == ":" || ($0.isASCII && $0.isNumber) }
    rest = rest.dropFirst(text.count)
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
    guard (1...3).contains(parts.count), !parts.contains(nil) else { return nil }
    let seconds = zip(parts, [3600, 60, 1]).reduce(0) { $0 + ($1.0 ?? 0) * $1.1 }
    return seconds < 200 * 3600 ? sign * seconds : nil
  }

  private static func rule(_ text: Substring) -> Rule? {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    let numbers = parts[0].dropFirst().split(separator: ".").map { Int($0) ?? 0 }
    guard parts[0].first == "M", numbers.count == 3, (1...12).contains(numbers[0]),
      (1...5).contains(numbers[1]), (0...6).contains(numbers[2])
    else { return nil }
    var time = parts.count == 2 ? parts[1] : "2"
    guard let seconds = offset(&time), time.isEmpty else { return nil }
    return Rule(month: numbers[0], week: numbers[1], weekday: numbers[2], time: seconds)
  }

  // MARK: The calendar

  private static func year(of seconds: Int) -> Int {
    let day = seconds.flooredQuotientAndRemainder(dividingBy: 86_400).quotient
    var year = 1970 + day / 366
    while days(before: year + 1, 1) <= day { year += 1 }
    while days(before: year, 1) > day { year -= 1 }
    return year
  }

  /// The days from the first of January 1970 to the first of a month.
  fileprivate static func days(before year: Int, _ month: Int) -> Int {
    let years = year - 1
    let leapDays = years / 4 - years / 100 + years / 400 - (1969 / 4 - 1969 / 100 + 1969 / 400)
    let months = [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    return (year - 1970) * 365 + leapDays + months[..<(month - 1)].reduce(0, +)
  }

  private static func isLeap(_ year: Int) -> Bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
  }
}

extension RecurringOffsets.Rule {
  /// The rule's time in `year` by the zone's own clocks, as if they were UTC's.
  fileprivate func seconds(in year: Int) -> Int {
    let first = RecurringOffsets.days(before: year, month)
    let next =
      month == 12
      ? RecurringOffsets.days(before: year + 1, 1) : RecurringOffsets.days(before: year, month + 1)
    // The first of January 1970 was a Thursday, day 4.
    let weekdayOfFirst = (first + 4).flooredQuotientAndRemainder(dividingBy: 7).remainder
    var day = first + (weekday - weekdayOfFirst + 7) % 7 + (week - 1) * 7
    if day >= next { day -= 7 }
    return day * 86_400 + time
  }
}

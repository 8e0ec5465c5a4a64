import FoundationEssentials
import Testing

@testable import SpecModel

@Suite("Time zones and windows of time")
struct TimeZoneTests {
  private static func time(_ text: String) throws -> Date { try Date(text, strategy: .iso8601) }

  @Test(
    "clocks show the zone's time, in summer and winter, in the past and the future",
    arguments: [
      ("UTC", "2026-11-26T14:05:59Z", "Thu 14:05"),
      ("+05:30", "2026-11-26T20:00:00Z", "Fri 01:30"),
      ("-08:00", "2026-11-26T00:00:00Z", "Wed 16:00"),
      ("Europe/Berlin", "2026-11-26T14:05:00Z", "Thu 15:05"),
      // Clocks change on the 29th of March at 01:00 UTC, and back on the 25th of October.
      ("Europe/Berlin", "2026-03-29T00:59:59Z", "Sun 01:59"),
      ("Europe/Berlin", "2026-03-29T01:00:00Z", "Sun 03:00"),
      ("Europe/Berlin", "2026-10-25T00:59:59Z", "Sun 02:59"),
      ("Europe/Berlin", "2026-10-25T01:00:00Z", "Sun 02:00"),
      // Beyond the years that a database lists one by one.
      ("Europe/Berlin", "2050-07-01T12:00:00Z", "Fri 14:00"),
      ("Europe/Berlin", "2050-12-31T23:30:00Z", "Sun 00:30"),
      ("Europe/Berlin", "1969-12-31T23:30:00Z", "Thu 00:30"),
      ("America/New_York", "2044-03-13T06:59:59Z", "Sun 01:59"),
      ("America/New_York", "2044-03-13T07:00:00Z", "Sun 03:00"),
      // Summer over the turn of the year, and half hours.
      ("Australia/Adelaide", "2060-01-15T00:00:00Z", "Thu 10:30"),
      ("Australia/Adelaide", "2060-06-15T00:00:00Z", "Tue 09:30"),
      ("Asia/Tokyo", "2040-08-01T15:00:00Z", "Thu 00:00"),
    ])
  func clocks(zone: String, time: String, expected: String) throws {
    let (day, clock) = try ZoneDatabase(environment: [:]).zone(zone).clock(at: Self.time(time))
    #expect("\(day.title) \(clock)" == expected)
  }

  @Test("every zone of this machine can be read")
  func all() throws {
    let database = ZoneDatabase(environment: [:])
    let text = try String(contentsOfFile: "/usr/share/zoneinfo/tzdata.zi", encoding: .utf8)
    let names = text.split(separator: "\n").filter { $0.hasPrefix("Z ") }.map { $0.split(separator: " ")[1] }
    #expect(names.count > 300)
    for name in names { #expect(throws: Never.self) { try database.zone(String(name)) } }
  }

  @Test("a file that is damaged is no zone, wherever it ends")
  func damaged() throws {
    let whole = try FileReader.bytes("/usr/share/zoneinfo/Europe/Berlin", maximum: 1 << 20)
    let directory = try TemporaryDirectory()
    let database = ZoneDatabase(environment: ["TZDIR": directory.path])
    // What lies before the last line, which may lack.
    for length in stride(from: 0, to: whole.count - 40, by: 37) {
      try directory.write("Cut", Array(whole.prefix(length)))
      #expect(throws: ValueError.self) { try database.zone("Cut") }
    }
  }

  @Test("a machine without zones says so")
  func noDatabase() {
    let database = ZoneDatabase(environment: ["TZDIR": "/nonexistent"])
    #expect(
      problem("Europe/Berlin") { text throws(ValueError) in try database.zone(text) }
        == "this machine knows no time zone 'Europe/Berlin' | help: there are no zones in /nonexistent: install tzdata, or write an offset such as +01:00"
    )
  }

  @Test(
    "a window over midnight belongs to the day on which it begins",
    arguments: [
      ("2026-11-28T20:59:00Z", false), ("2026-11-28T21:00:00Z", true), ("2026-11-29T03:59:00Z", true),
      ("2026-11-29T04:00:00Z", false), ("2026-11-29T22:00:00Z", true), ("2026-11-30T03:00:00Z", true),
      ("2026-11-30T21:30:00Z", false), ("2026-11-28T03:00:00Z", false),
    ])
  func overMidnight(time: String, isOpen: Bool) throws {
    let window = RestartWindow(
      days: [.sat, .sun], from: try ClockTime(parsing: "22:00"), to: try ClockTime(parsing: "05:00"),
      zone: try ZoneDatabase(environment: [:]).zone("Europe/Berlin"))
    #expect(window.contains(try Self.time(time)) == isOpen)
    #expect(window.description == "sat, sun from 22:00 to 05:00 (Europe/Berlin)")
  }

  @Test(
    "a window within a day ends on it",
    arguments: [
      ("2026-11-26T01:59:00Z", false), ("2026-11-26T02:00:00Z", true), ("2026-11-26T03:29:00Z", true),
      ("2026-11-26T03:30:00Z", false), ("2026-11-27T02:30:00Z", false),
    ])
  func withinDay(time: String, isOpen: Bool) throws {
    let window = RestartWindow(
      days: [.thu], from: try ClockTime(parsing: "02:00"), to: try ClockTime(parsing: "03:30"), zone: .utc)
    #expect(window.contains(try Self.time(time)) == isOpen)
  }
}

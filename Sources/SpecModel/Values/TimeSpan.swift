/// A length of time in whole seconds: `30s`, `5m`, `1h`.
public struct TimeSpan: Hashable, Comparable, Sendable, CustomStringConvertible {
  public let seconds: Int

  public init(seconds: Int) { self.seconds = seconds }

  /// Reads a whole number and `s`, `m` or `h`, up to a million of them.
  public init(parsing text: String) throws(ValueError) {
    let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600]
    let digits = text.dropLast()
    guard let unit = text.last, let factor = units[unit], digits.allSatisfy({ $0.isASCII && $0.isNumber }),
      !digits.isEmpty
    else { throw ValueError("'\(text)' is not a length of time", help: "write 30s, 5m or 1h") }
    guard let count = Int(digits), count <= 1_000_000 else {
      throw ValueError("'\(text)' is too long a time")
    }
    seconds = count * factor
  }

  public var duration: Duration { .seconds(seconds) }

  public var description: String {
    switch seconds {
    case let s where s > 0 && s % 3600 == 0: "\(s / 3600)h"
    case let s where s > 0 && s % 60 == 0: "\(s / 60)m"
    default: "\(seconds)s"
    }
  }

  public static func < (a: TimeSpan, b: TimeSpan) -> Bool { a.seconds < b.seconds }
}

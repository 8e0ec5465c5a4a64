import FoundationEssentials

/// What `/proc/<pid>/stat` says of a process.
struct ProcessStatus {
  let start: UInt64
  /// True for a process whose parent has not yet asked how it ended. The first thread alone may end before the
  /// others, as it does where a main function hands over to a queue: then the process runs on.
  let hasEnded: Bool

  init?(of pid: Int32) {
    guard let bytes = FileManager.default.contents(atPath: "/proc/\(pid)/stat") else { return nil }
    let text = String(decoding: bytes, as: UTF8.self)
    // The second field is the program's name in brackets, and may hold anything.
    guard let bracket = text.lastIndex(of: ")") else { return nil }
    let fields = text[bracket...].split(whereSeparator: \.isWhitespace).dropFirst().map(String.init)
    guard fields.count > 19, let threads = Int(fields[17]), let start = UInt64(fields[19]) else { return nil }
    self.start = start
    hasEnded = ["Z", "X", "x"].contains(fields[0]) && threads <= 1
  }
}

/// The status and the headers of a response.
struct ResponseHead {
  private(set) var status = 0
  /// By name in lower case.
  private var headers: [String: String] = [:]

  subscript(name: String) -> String? { headers[name] }

  /// Takes a line as libcurl gives it. A status line begins the head of another response: after a redirect, say.
  mutating func add(_ line: String) {
    let line = line.trimmingSuffix(while: \.isNewline)
    if line.hasPrefix("HTTP/") {
      self = ResponseHead()
      let words = line.split(separator: " ")
      status = words.count > 1 ? Int(words[1]) ?? 0 : 0
      return
    }
    guard let colon = line.firstIndex(of: ":") else { return }
    let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
    headers[line[..<colon].lowercased()] = String(value.trimmingSuffix { $0 == " " || $0 == "\t" })
  }

  /// The length of the body; nil if the server does not say.
  var length: UInt64? { headers["content-length"].flatMap { UInt64($0) } }

  /// Where the body of a 206 starts in the file: `bytes 100-199/200`.
  var rangeStart: UInt64? {
    guard let range = headers["content-range"], range.hasPrefix("bytes ") else { return nil }
    return UInt64(range.dropFirst(6).prefix { $0 != "-" })
  }
}

extension StringProtocol {
  fileprivate func trimmingSuffix(while isTrimmed: (Character) -> Bool) -> SubSequence {
    var end = endIndex
    while end > startIndex, isTrimmed(self[index(before: end)]) { end = index(before: end) }
    return self[..<end]
  }
}

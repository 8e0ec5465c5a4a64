/// The text of one spec file, kept for the excerpts of diagnostics.
public struct SourceText: Sendable {
  /// The file as the user named it.
  public let path: String
  /// The text, without a byte order mark.
  public let text: String
  private let bytes: [UInt8]
  /// Offsets in `bytes` at which lines start.
  private let lineStarts: [Int]

  public init(path: String, text: String) {
    self.path = path
    self.text = text.unicodeScalars.first == "\u{feff}" ? String(text.unicodeScalars.dropFirst()) : text
    bytes = Array(self.text.utf8)
    lineStarts = Self.lineStarts(in: bytes)
  }

  /// The line with this number, counted from 1, without its end.
  public func line(_ number: Int) -> String? {
    guard lineStarts.indices.contains(number - 1) else { return nil }
    let end = number < lineStarts.count ? lineStarts[number] : bytes.count
    let line = String(decoding: bytes[lineStarts[number - 1]..<end], as: UTF8.self).unicodeScalars
    let isBreak = { (scalar: Unicode.Scalar) in "\n\r\u{85}\u{2028}\u{2029}".unicodeScalars.contains(scalar) }
    return String(line.prefix { !isBreak($0) })
  }

  /// The place of the character that starts at `offset` bytes.
  func location(ofByte offset: Int) -> SourceLocation {
    var (low, high) = (0, lineStarts.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if lineStarts[middle] <= offset { low = middle } else { high = middle }
    }
    let before = bytes[lineStarts[low]..<min(max(offset, lineStarts[low]), bytes.count)]
    let column = String(decoding: before, as: UTF8.self).unicodeScalars.count + 1
    return SourceLocation(path: path, line: low + 1, column: column)
  }

  /// Lines end where libyaml ends them: LF, CR LF, CR, NEL, LS and PS.
  private static func lineStarts(in bytes: [UInt8]) -> [Int] {
    var starts = [0]
    bytes.withUnsafeBufferPointer { bytes in
      for (index, byte) in bytes.enumerated() {
        let isBreak =
          switch byte {
          case 0x0a: true
          case 0x0d: index + 1 == bytes.count || bytes[index + 1] != 0x0a
          case 0x85: index > 0 && bytes[index - 1] == 0xc2
          case 0xa8, 0xa9: index > 1 && bytes[index - 1] == 0x80 && bytes[index - 2] == 0xe2
          default: false
          }
        if isBreak { starts.append(index + 1) }
      }
    }
    return starts
  }
}

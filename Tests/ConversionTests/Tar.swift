/// A tar archive (POSIX ustar).
func tar(_ members: [(name: String, content: [UInt8])]) -> [UInt8] {
  var archive: [UInt8] = []
  for (name, content) in members {
    archive += tarHeader(name, size: UInt64(content.count))
    archive += content
    archive += [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
  }
  return archive + [UInt8](repeating: 0, count: 1024)
}

func tarHeader(_ name: String, size: UInt64, type: UInt8 = UInt8(ascii: "0")) -> [UInt8] {
  var header = [UInt8](repeating: 0, count: 512)
  func put(_ text: String, _ offset: Int) {
    for (index, byte) in text.utf8.enumerated() { header[offset + index] = byte }
  }
  func octal(_ number: UInt64, _ digits: Int) -> String {
    let text = String(number, radix: 8)
    return String(repeating: "0", count: digits - text.count) + text
  }
  put(String(name.prefix(100)), 0)
  put(octal(0o644, 7), 100)
  put(octal(size, 11), 124)
  put("        ", 148)
  header[156] = type
  put("ustar", 257)
  put("00", 263)
  let sum = header.reduce(0) { $0 + UInt64($1) }
  put(octal(sum, 6), 148)
  header[154] = 0
  return header
}

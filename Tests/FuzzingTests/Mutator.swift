/// Changes inputs at random, the same ones for the same seed.
struct Mutator {
  private var state: UInt64

  /// Pieces that readers take for something.
  private static let pieces = [
    "\0", "\u{1b}[31m", "\u{feff}", "\u{85}", "\u{2028}", "\u{202e}", "\r\n", "\t", "\"", "'", "\\", ": ",
    "\n- ", "? ", "{", "}", "[", "]",
    "&a ", "*a", "!!str ", "<<: *a", "---\n", "...\n", "#", "|\n", ">-\n", "%", "${var.x}",
    "99999999999999999999", "-1", "1e999", "<a>", "</a>",
    "<!--", "-->", "<![CDATA[", "<!DOCTYPE a>", "&#27;", "&amp;", "null", "::error::x", "../", "@", ":", "/",
    "?", "=", ",",
  ].map { Array($0.utf8) }

  init(seed: UInt64) { state = seed }

  /// A number below `sides`, which is more than 0.
  mutating func roll(_ sides: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(state >> 33) % sides
  }

  /// `bytes` with up to four changes, some of them pieces of `other`.
  mutating func mutate(_ bytes: [UInt8], with other: [UInt8]) -> [UInt8] {
    var bytes = bytes
    for _ in 0...roll(4) {
      let position = roll(bytes.count + 1)
      let length = min(roll(24), bytes.count - position)
      switch roll(7) {
      case 0: bytes.insert(contentsOf: Self.pieces[roll(Self.pieces.count)], at: position)
      case 1: bytes.replaceSubrange(position..<position + length, with: Self.pieces[roll(Self.pieces.count)])
      case 2: bytes.removeSubrange(position..<position + length)
      case 3: bytes.insert(contentsOf: bytes[position..<position + length], at: roll(bytes.count + 1))
      case 4 where position < bytes.count: bytes[position] ^= UInt8(1 << roll(8))
      case 5 where !other.isEmpty:
        let start = roll(other.count)
        bytes.insert(contentsOf: other[start..<min(other.count, start + roll(64))], at: position)
      default: if roll(4) == 0 { bytes.removeSubrange(position...) }
      }
    }
    return bytes
  }
}

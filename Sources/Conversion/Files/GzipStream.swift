/// What a gzip file holds (RFC 1952), decompressed as it is read (RFC 1951).
///
/// Checksums are not verified: what is read of archives is checked by its own form.
final class GzipStream: ByteStream {
  private enum Block {
    case none
    case stored(Int)
    case codes(HuffmanCode, HuffmanCode)
    case end
  }

  private static let window = 32 << 10
  private static let chunk = 64 << 10

  private let file: SourceFile
  /// How many bytes may be decompressed at all.
  private let limit: UInt64
  private var input: [UInt8] = []
  private var inputPosition = 0
  private var offset: UInt64 = 0
  private var bits: UInt32 = 0
  private var bitCount: UInt32 = 0
  /// The window behind, and what was decompressed and not read yet.
  private var output: [UInt8] = []
  private var outputPosition = 0
  private var total: UInt64 = 0
  private var block = Block.none
  private var isLast = false

  init(_ file: SourceFile, limit: UInt64) throws(ConversionError) {
    self.file = file
    self.limit = limit
    try readHeader()
  }

  /// Whether as much was decompressed as there may be.
  var isExhausted: Bool { total >= limit }

  func read(_ count: Int) throws(ConversionError) -> [UInt8] {
    while output.count - outputPosition < count, try step() {}
    let end = min(output.count, outputPosition + count)
    let bytes = Array(output[outputPosition..<end])
    outputPosition = end
    trim()
    return bytes
  }

  func skip(_ count: UInt64) throws(ConversionError) {
    var rest = count
    while rest > 0 {
      let got = try read(Int(min(rest, UInt64(Self.chunk)))).count
      if got == 0 {
        if isExhausted { return }
        throw broken("ends in the middle of a member")
      }
      rest -= UInt64(got)
    }
  }

  /// Drops what is behind the window.
  private func trim() {
    let surplus = min(outputPosition, output.count - Self.window)
    guard surplus > 1 << 20 else { return }
    output.removeFirst(surplus)
    outputPosition -= surplus
  }

  /// Decompresses a little more; false at the end.
  private func step() throws(ConversionError) -> Bool {
    guard total < limit else { return false }
    switch block {
    case .end: return false
    case .none:
      if isLast {
        block = .end
        return false
      }
      try readBlockHeader()
    case .stored(let count):
      guard count > 0 else {
        block = .none
        return true
      }
      let part = min(count, Self.chunk)
      for _ in 0..<part { append(try byte()) }
      block = .stored(count - part)
    case .codes(let lengths, let distances):
      for _ in 0..<4096 {
        if try symbol(lengths, distances) { continue }
        block = .none
        break
      }
    }
    return true
  }

  /// Decodes one symbol; false at the end of the block.
  private func symbol(_ lengths: HuffmanCode, _ distances: HuffmanCode) throws(ConversionError) -> Bool {
    let symbol = try decode(lengths)
    if symbol < 256 {
      append(UInt8(symbol))
      return true
    }
    if symbol == 256 { return false }
    guard symbol - 257 < Self.lengthBases.count else { throw broken("is broken") }
    let length = Self.lengthBases[symbol - 257] + Int(try take(Self.lengthBits[symbol - 257]))
    let code = try decode(distances)
    guard code < Self.distanceBases.count else { throw broken("is broken") }
    let distance = Self.distanceBases[code] + Int(try take(Self.distanceBits[code]))
    guard distance <= output.count else { throw broken("is broken") }
    for _ in 0..<length { append(output[output.count - distance]) }
    return true
  }

  private func append(_ byte: UInt8) {
    output.append(byte)
    total += 1
  }

  // MARK: Headers

  private func readHeader() throws(ConversionError) {
    guard try byte() == 0x1f, try byte() == 0x8b, try byte() == 8 else {
      throw broken("is not compressed with gzip")
    }
    let flags = try byte()
    for _ in 0..<6 { _ = try byte() }
    if flags & 4 != 0 {
      let length = Int(try byte()) | Int(try byte()) << 8
      for _ in 0..<length { _ = try byte() }
    }
    for flag in [UInt8(8), 16] where flags & flag != 0 { while try byte() != 0 {} }
    if flags & 2 != 0 { for _ in 0..<2 { _ = try byte() } }
  }

  private func readBlockHeader() throws(ConversionError) {
    isLast = try take(1) == 1
    switch try take(2) {
    case 0:
      (bits, bitCount) = (0, 0)
      let length = UInt16(try byte()) | UInt16(try byte()) << 8
      let check = UInt16(try byte()) | UInt16(try byte()) << 8
      guard length == ~check else { throw broken("is broken") }
      block = .stored(Int(length))
    case 1: block = .codes(Self.fixedLengths, Self.fixedDistances)
    case 2: try readCodes()
    default: throw broken("is broken")
    }
  }

  private func readCodes() throws(ConversionError) {
    let lengthCount = Int(try take(5)) + 257
    let distanceCount = Int(try take(5)) + 1
    let codeCount = Int(try take(4)) + 4
    var codeLengths = [UInt8](repeating: 0, count: 19)
    for position in Self.codeOrder.prefix(codeCount) { codeLengths[position] = UInt8(try take(3)) }
    guard let code = HuffmanCode(codeLengths) else { throw broken("is broken") }
    var lengths: [UInt8] = []
    while lengths.count < lengthCount + distanceCount {
      let symbol = try decode(code)
      switch symbol {
      case 0..<16: lengths.append(UInt8(symbol))
      case 16:
        guard let last = lengths.last else { throw broken("is broken") }
        lengths += [UInt8](repeating: last, count: 3 + Int(try take(2)))
      case 17: lengths += [UInt8](repeating: 0, count: 3 + Int(try take(3)))
      default: lengths += [UInt8](repeating: 0, count: 11 + Int(try take(7)))
      }
    }
    guard lengths.count == lengthCount + distanceCount,
      let first = HuffmanCode(Array(lengths[..<lengthCount])),
      let second = HuffmanCode(Array(lengths[lengthCount...]))
    else { throw broken("is broken") }
    block = .codes(first, second)
  }

  // MARK: Bits

  private func byte() throws(ConversionError) -> UInt8 {
    if inputPosition == input.count {
      input = try file.read(offset, Self.chunk)
      inputPosition = 0
      offset += UInt64(input.count)
      guard !input.isEmpty else { throw broken("ends too early") }
    }
    inputPosition += 1
    return input[inputPosition - 1]
  }

  private func take(_ count: Int) throws(ConversionError) -> UInt32 {
    while bitCount < UInt32(count) {
      bits |= UInt32(try byte()) << bitCount
      bitCount += 8
    }
    let value = bits & ((1 << UInt32(count)) - 1)
    bits >>= UInt32(count)
    bitCount -= UInt32(count)
    return value
  }

  private func decode(_ code: HuffmanCode) throws(ConversionError) -> Int {
    var walk = HuffmanCode.Walk()
    while true {
      if let symbol = code.symbol(&walk, bit: Int(try take(1))) { return symbol }
      if walk.isOver { throw broken("is broken") }
    }
  }

  private func broken(_ message: String) -> ConversionError {
    ConversionError(file.path, message, help: "fetch the file again, or unpack it and give what is in it")
  }

  private static let codeOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
  private static let lengthBases = [
    3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195,
    227, 258,
  ]
  private static let lengthBits = [
    0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
  ]
  private static let distanceBases = [
    1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073,
    4097, 6145,
    8193, 12289, 16385, 24577,
  ]
  private static let distanceBits = [
    0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
  ]
  private static let fixedLengths = HuffmanCode(
    complete: [(144, 8), (112, 9), (24, 7), (8, 8)].flatMap { [UInt8](repeating: $1, count: $0) })
  private static let fixedDistances = HuffmanCode(complete: [UInt8](repeating: 5, count: 30))
}

/// A canonical Huffman code (RFC 1951, section 3.2.2).
struct HuffmanCode: Sendable {
  /// How far a code has been read.
  struct Walk {
    fileprivate var code = 0
    fileprivate var first = 0
    fileprivate var index = 0
    fileprivate var length = 1

    /// Whether there is no code that begins so.
    var isOver: Bool { length > 15 }
  }

  /// How many codes there are of each length.
  private var counts = [Int](repeating: 0, count: 16)
  /// In the order of their codes.
  private var symbols: [Int] = []

  /// nil if there are more codes of a length than can be told apart.
  init?(_ lengths: [UInt8]) {
    self.init(complete: lengths)
    var left = 1
    for length in 1...15 {
      left = left * 2 - counts[length]
      if left < 0 { return nil }
    }
  }

  fileprivate init(complete lengths: [UInt8]) {
    for length in lengths where length < 16 { counts[Int(length)] += 1 }
    counts[0] = 0
    for length in 1...15 {
      for (symbol, other) in lengths.enumerated() where Int(other) == length { symbols.append(symbol) }
    }
  }

  /// The symbol of a code that ends with `bit`; nil if it goes on.
  fileprivate func symbol(_ walk: inout Walk, bit: Int) -> Int? {
    walk.code |= bit
    let count = counts[walk.length]
    if walk.code - count < walk.first { return symbols[walk.index + walk.code - walk.first] }
    walk.index += count
    walk.first = (walk.first + count) << 1
    walk.code <<= 1
    walk.length += 1
    return nil
  }
}

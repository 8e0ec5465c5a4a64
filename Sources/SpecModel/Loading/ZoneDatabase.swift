/// The time zones of this machine: files in the format of RFC 8536 (<https://www.rfc-editor.org/rfc/rfc8536>).
struct ZoneDatabase {
  private let directory: String
  /// Bytes of one file.
  private static let maximumSize = 1 << 20

  /// - Parameter environment: `TZDIR` in it names another directory than the usual one.
  init(environment: [String: String]) {
    directory = environment["TZDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/usr/share/zoneinfo"
  }

  /// The zone that `name` names: `UTC`, an offset such as `+01:00`, or one of the database.
  func zone(_ name: String) throws(ValueError) -> TimeZoneRules {
    if let zone = TimeZoneRules(fixed: name) { return zone }
    let help = "write UTC, an offset such as +01:00, or a name such as Europe/Berlin"
    let isName = name.first?.isLetter == true && !name.contains("..") && name.allSatisfy(Self.isAllowed)
    guard isName else { throw ValueError("'\(name)' is not a time zone", help: help) }
    let path = "\(directory)/\(name)"
    guard FileReader(path)?.isRegular == true else {
      let isThere = FileReader("\(directory)/Europe/Berlin") != nil
      throw ValueError(
        "this machine knows no time zone '\(name)'",
        help: isThere
          ? help : "there are no zones in \(directory): install tzdata, or write an offset such as +01:00")
    }
    let bytes = try FileReader.bytes(path, maximum: Self.maximumSize)
    guard let zone = Self.read(bytes, name) else {
      throw ValueError("'\(path)' is not a time zone that virtform can read", help: help)
    }
    return zone
  }

  private static func isAllowed(_ character: Character) -> Bool {
    character.isASCII && (character.isLetter || character.isNumber || "/_+-".contains(character))
  }

  /// The lengths of a block's parts.
  private struct Header {
    let version: UInt8
    let (utFlags, standardFlags, leapSeconds, transitions, types, names): (Int, Int, Int, Int, Int, Int)

    init?(_ bytes: ArraySlice<UInt8>) {
      guard bytes.count >= Header.length, bytes.prefix(4).elementsEqual("TZif".utf8) else { return nil }
      version = bytes[bytes.startIndex + 4]
      let counts = (0..<6).map { integer(bytes, at: 20 + 4 * $0, length: 4) }
      (utFlags, standardFlags, leapSeconds) = (counts[0], counts[1], counts[2])
      (transitions, types, names) = (counts[3], counts[4], counts[5])
    }

    static let length = 44

    /// Bytes of the block after the header.
    ///
    /// - Parameter width: bytes of a time.
    func size(width: Int) -> Int {
      transitions * (width + 1) + types * 6 + names + leapSeconds * (width + 4) + standardFlags + utFlags
    }
  }

  /// The zone of a file of version 2 or later, whose second block has times of 64 bits; nil for anything else.
  private static func read(_ bytes: [UInt8], _ name: String) -> TimeZoneRules? {
    guard let old = Header(bytes[...]), old.version >= UInt8(ascii: "2") else { return nil }
    let start = Header.length + old.size(width: 4)
    guard start <= bytes.count, let header = Header(bytes[start...]) else { return nil }
    let block = bytes[(start + Header.length)...]
    guard header.types > 0, header.size(width: 8) <= block.count else { return nil }
    let indices = header.transitions * 8
    let types = indices + header.transitions
    func offset(ofType type: Int) -> Int { integer(block, at: types + type * 6, length: 4) }
    var transitions: [TimeZoneRules.Transition] = []
    for number in 0..<header.transitions {
      let type = Int(block[block.startIndex + indices + number])
      guard type < header.types else { return nil }
      transitions.append(.init(time: integer(block, at: number * 8, length: 8), offset: offset(ofType: type)))
    }
    // Between two line breaks stands what holds from the last transition on.
    let footer = block.dropFirst(header.size(width: 8))
    let text = String(decoding: footer.dropFirst().prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    let future = text.isEmpty ? nil : RecurringOffsets(parsing: text[...])
    if future == nil, !text.isEmpty { return nil }
    return TimeZoneRules(name, firstOffset: offset(ofType: 0), transitions: transitions, future: future)
  }
}

/// A signed number, the most significant byte first.
private func integer(_ bytes: ArraySlice<UInt8>, at position: Int, length: Int) -> Int {
  let start = bytes.startIndex + position
  let value = bytes[start..<(start + length)].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
  return length == 4 ? Int(Int32(truncatingIfNeeded: value)) : Int(Int64(bitPattern: value))
}

/// The header of a member of a tar archive (POSIX ustar, and GNU's sizes).
struct TarHeader {
  static let size = 512

  let name: String
  /// Bytes.
  let length: UInt64
  /// `0` and NUL are files, `L` is a long name, `x` has records of the next member.
  let type: UInt8

  /// nil unless the checksum fits.
  init?(_ block: [UInt8]) {
    guard block.count >= Self.size, let sum = Self.octal(block[148..<156]) else { return nil }
    var total: UInt64 = 0
    for (index, byte) in block[..<Self.size].enumerated() {
      total += UInt64((148..<156).contains(index) ? 0x20 : byte)
    }
    guard total == sum, let length = Self.number(block[124..<136]) else { return nil }
    self.length = length
    type = block[156]
    let isPOSIX = block[257..<262].elementsEqual("ustar".utf8) && block[262] == 0
    let prefix = isPOSIX ? Self.text(block[345..<500]) : ""
    let name = Self.text(block[..<100])
    self.name = prefix.isEmpty ? name : "\(prefix)/\(name)"
  }

  var isFile: Bool { type == UInt8(ascii: "0") || type == 0 || type == UInt8(ascii: "7") }

  private static func text(_ field: ArraySlice<UInt8>) -> String {
    String(decoding: field.prefix { $0 != 0 }, as: UTF8.self)
  }

  private static func octal(_ field: ArraySlice<UInt8>) -> UInt64? {
    UInt64(text(field).trimmingSpaces, radix: 8)
  }

  /// Octal digits, or in GNU's form a number in base 256 with its first bit set.
  private static func number(_ field: ArraySlice<UInt8>) -> UInt64? {
    guard let first = field.first else { return nil }
    guard first & 0x80 != 0 else { return text(field).trimmingSpaces.isEmpty ? 0 : octal(field) }
    var value = UInt64(first & 0x7f)
    for byte in field.dropFirst() {
      guard value <= UInt64.max >> 8 else { return nil }
      value = value << 8 | UInt64(byte)
    }
    return value
  }
}

/// Bytes that are read once, from the first to the last.
protocol ByteStream: AnyObject {
  /// Up to `count` bytes; fewer only at the end.
  func read(_ count: Int) throws(ConversionError) -> [UInt8]
  func skip(_ count: UInt64) throws(ConversionError)
}

/// A file from its beginning.
final class FileStream: ByteStream {
  private let file: SourceFile
  private(set) var offset: UInt64 = 0

  init(_ file: SourceFile) { self.file = file }

  func read(_ count: Int) throws(ConversionError) -> [UInt8] {
    let bytes = try file.read(offset, count)
    offset += UInt64(bytes.count)
    return bytes
  }

  func skip(_ count: UInt64) throws(ConversionError) {
    let (sum, overflow) = offset.addingReportingOverflow(count)
    guard !overflow, sum <= file.size else {
      throw ConversionError(file.path, "ends in the middle of a member", help: "fetch the archive again")
    }
    offset = sum
  }
}

/// The members of a tar archive, in order.
struct TarArchive {
  struct Member {
    var name: String
    var length: UInt64
  }

  private static let memberLimit = 100_000
  private static let metadataLimit: UInt64 = 64 << 10

  private let path: String
  private let stream: any ByteStream
  private var count = 0
  /// What is left of the member before, with what fills its last block.
  private var rest: UInt64 = 0

  init(_ stream: any ByteStream, path: String) {
    self.stream = stream
    self.path = path
  }

  /// The names of the first members.
  static func names(in file: SourceFile, limit: Int) throws(ConversionError) -> [String] {
    var archive = TarArchive(FileStream(file), path: file.path)
    var names: [String] = []
    while names.count < limit, let member = try archive.next() { names.append(member.name) }
    return names
  }

  /// The next file, whose content may be read until the next call; nil at the end.
  mutating func next() throws(ConversionError) -> Member? {
    var name: String?
    var length: UInt64?
    while true {
      try stream.skip(rest)
      rest = 0
      let block = try stream.read(TarHeader.size)
      if block.isEmpty || block.allSatisfy({ $0 == 0 }) { return nil }
      guard let header = TarHeader(block) else {
        throw ConversionError(path, "is a broken archive: the checksum of a header does not fit")
      }
      count += 1
      guard count <= Self.memberLimit else {
        throw ConversionError(path, "has more than \(Self.memberLimit) members")
      }
      let size =
        header.type == UInt8(ascii: "x") || header.type == UInt8(ascii: "L")
        ? header.length : length ?? header.length
      guard size <= UInt64(Int64.max) - 512 else {
        throw ConversionError(path, "has a member of an impossible size")
      }
      rest = (size + 511) / 512 * 512
      switch header.type {
      case UInt8(ascii: "L"): name = String(decoding: try metadata(size).prefix { $0 != 0 }, as: UTF8.self)
      case UInt8(ascii: "x"):
        let records = Self.records(try metadata(size))
        name = records["path"] ?? name
        length = records["size"].flatMap { UInt64($0) } ?? length
      case _ where header.isFile: return Member(name: name ?? header.name, length: size)
      default: (name, length) = (nil, nil)
      }
    }
  }

  /// The content of the member that was returned last.
  mutating func content(of member: Member, maximum: Int) throws(ConversionError) -> [UInt8] {
    guard member.length <= UInt64(maximum) else {
      throw ConversionError(path, "'\(member.name)' in it is larger than \(maximum >> 20) MiB")
    }
    let bytes = try stream.read(Int(member.length))
    guard bytes.count == Int(member.length) else {
      throw ConversionError(path, "ends in the middle of '\(member.name)'", help: "fetch the archive again")
    }
    rest -= UInt64(bytes.count)
    return bytes
  }

  private mutating func metadata(_ size: UInt64) throws(ConversionError) -> [UInt8] {
    guard size <= Self.metadataLimit else { throw ConversionError(path, "has a member with too long a name") }
    let bytes = try stream.read(Int(size))
    rest -= UInt64(bytes.count)
    return bytes
  }

  /// `LENGTH KEY=VALUE` lines of a pax header.
  private static func records(_ bytes: [UInt8]) -> [String: String] {
    var records: [String: String] = [:]
    var rest = bytes[...]
    while let space = rest.firstIndex(of: 0x20),
      let length = Int(String(decoding: rest[..<space], as: UTF8.self)),
      length > space - rest.startIndex + 1, length <= rest.count
    {
      let record = rest[(space + 1)..<(rest.startIndex + length - 1)]
      if let equals = record.firstIndex(of: UInt8(ascii: "=")) {
        records[String(decoding: record[..<equals], as: UTF8.self)] = String(
          decoding: record[(equals + 1)...], as: UTF8.self)
      }
      rest = rest[(rest.startIndex + length)...]
    }
    return records
  }
}

/// The heads of VMware's disks: text descriptors, and files with one in them
/// (VMware's "Virtual Disk Format 5.0").
struct VMDK {
  /// Bytes; nil where the head does not say.
  var capacity: UInt64?
  /// The disk that it lies over, as its descriptor names it.
  var parent: String?

  private static let headLimit = 128 << 10

  /// nil if the file's head is none of a VMDK.
  init?(_ file: SourceFile) {
    guard let head = try? file.read(0, Self.headLimit) else { return nil }
    if head.starts(with: "KDMV".utf8) {
      guard head.count >= 512, let sectors = Self.integer(head, at: 12) else { return nil }
      capacity = Amount.times(sectors, 512)
      if let start = Self.integer(head, at: 28), let length = Self.integer(head, at: 36), start > 0,
        length <= 256,
        let offset = Amount.times(start, 512), let text = try? file.read(offset, Int(length) * 512)
      {
        readDescriptor(text)
      }
      return
    }
    guard head.starts(with: "# Disk DescriptorFile".utf8) else { return nil }
    readDescriptor(head)
  }

  /// A descriptor is text that ends at the first zero.
  private mutating func readDescriptor(_ bytes: [UInt8]) {
    let text = String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    var sectors: UInt64? = 0
    for line in text.split(whereSeparator: \.isNewline) {
      let words = line.split(separator: " ")
      if let access = words.first, ["RW", "RDONLY", "NOACCESS"].contains(access), words.count >= 3 {
        let (sum, overflow) = (sectors ?? 0).addingReportingOverflow(UInt64(words[1]) ?? 0)
        sectors = overflow ? nil : sum
      } else if line.hasPrefix("parentFileNameHint") {
        parent = line.split(separator: "\"").dropFirst().first.map(String.init)
      }
    }
    if capacity == nil, let sectors, sectors > 0 { capacity = Amount.times(sectors, 512) }
  }

  private static func integer(_ bytes: [UInt8], at offset: Int) -> UInt64? {
    guard offset + 8 <= bytes.count else { return nil }
    return bytes[offset..<offset + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// Adds the file as a volume and an image, with what its head says.
  static func describe(
    _ path: String, of domain: String, place: String, _ use: ConvertedEstate.Use, in estate: EstateBuilder
  ) {
    let disk = path.hasPrefix("[") ? nil : estate.neighbours(path).flatMap(VMDK.init)
    let backing = disk?.parent.map { $0.relative(toFile: path) }
    if let backing {
      estate.note(
        domain, at: place,
        "the disk at \(use.target) is a snapshot over '\(backing)': both files make it up, so consolidate it first"
      )
    } else if isSnapshot(path) {
      estate.note(
        domain, at: place,
        "the disk at \(use.target) is a snapshot by its name, '\(path.lastPathComponent)': consolidate it first"
      )
    }
    if disk == nil {
      estate.note(
        domain, at: place, "how large the disk at \(use.target) is, its file says, which is not here")
    }
    estate.add(
      ConvertedEstate.Volume(
        name: path.lastPathComponent, path: path, capacity: disk?.capacity, format: "vmdk",
        backingPath: backing,
        image: .path(path), usedBy: [use]))
    estate.add(
      ConvertedEstate.Image(
        name: path.stem, source: .path(path), format: "vmdk", capacity: disk?.capacity, usedBy: [use]))
  }

  /// `disk-000002.vmdk`
  private static func isSnapshot(_ path: String) -> Bool {
    let stem = path.stem
    guard let dash = stem.lastIndex(of: "-") else { return false }
    let digits = stem[stem.index(after: dash)...]
    return digits.count == 6 && digits.allSatisfy(\.isNumber)
  }
}

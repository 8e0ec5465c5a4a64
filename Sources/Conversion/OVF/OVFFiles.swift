/// The files and disks of an OVF package.
final class OVFFiles {
  struct Disk {
    var id: String
    /// As a file of the package, or what a blank disk would be called.
    var path: String?
    var file: String?
    var capacity: UInt64?
    var format: String?
    /// The index of its volume in the estate.
    var volume: Int
  }

  private let estate: EstateBuilder
  private let members: [String: UInt64]?
  private let digests: [String: String]
  private var references: [String: String] = [:]
  private(set) var disks: [String: Disk] = [:]
  private var usedFiles: Set<String> = []

  init(
    _ envelope: OVFElement, digests: [String: String], members: [String: UInt64]?, in estate: EstateBuilder
  ) {
    self.estate = estate
    self.members = members
    self.digests = digests
    for file in envelope.first("References")?.all("File") ?? [] { addReference(file) }
    for disk in envelope.first("DiskSection")?.all("Disk") ?? [] { addDisk(disk) }
  }

  private func addReference(_ file: OVFElement) {
    guard let id = file.attribute("id"), let name = file.attribute("href") else {
      estate.note(estate.subject, at: file.path, "a file without a name is not carried")
      return
    }
    references[id] = name
    if let kind = file.attribute("compression"), kind != "identity" {
      estate.note(
        estate.subject, at: file.path, "'\(name)' is compressed with \(kind): unpack it before it is an image"
      )
    }
    if file.attribute("chunkSize") != nil {
      estate.note(estate.subject, at: file.path, "'\(name)' is in pieces: join them before it is an image")
    }
    if let members, members[name] == nil, !name.contains("://") {
      estate.note(estate.subject, at: file.path, "'\(name)' is not in the archive")
    }
  }

  private func addDisk(_ element: OVFElement) {
    guard let id = element.attribute("diskId") else {
      estate.note(estate.subject, at: element.path, "a disk without an id is not carried")
      return
    }
    let unit = element.attribute("capacityAllocationUnits") ?? "byte"
    var capacity: UInt64?
    if let text = element.attribute("capacity") {
      capacity = OVFUnits.bytes(unit).flatMap { Amount.bytes(text, $0) }
      if capacity == nil {
        estate.note(estate.subject, at: element.path, "the size of the disk '\(id)' is not understood")
      }
    }
    if element.attribute("parentRef") != nil {
      estate.note(
        estate.subject, at: element.path, "the disk '\(id)' lies over another one: consolidate it first")
    }
    let file = element.attribute("fileRef").flatMap { references[$0] }
    if element.peek("fileRef") != nil, file == nil {
      estate.note(
        estate.subject, at: element.path, "the file of the disk '\(id)' is not among the references")
    }
    let format = Self.format(element.attribute("format"), file: file)
    let path = file.map { estate.resolve($0) }
    let image = file.map(source)
    estate.add(
      ConvertedEstate.Volume(
        name: file?.lastPathComponent ?? id, path: path, capacity: capacity,
        format: file == nil ? nil : format,
        image: image))
    disks[id] = Disk(
      id: id, path: path, file: file, capacity: capacity, format: file == nil ? nil : format,
      volume: estate.estate.volumes.count - 1)
  }

  /// Where a file of the package is: in the archive, beside the descriptor, or at a URL.
  private func source(_ name: String) -> ConvertedEstate.ImageSource {
    if name.contains("://") { return .url(name) }
    return .path(members == nil ? estate.resolve(name) : estate.file.path)
  }

  private static func format(_ uri: String?, file: String?) -> String? {
    let uri = uri?.lowercased() ?? ""
    for format in ["vmdk", "qcow2", "vhdx", "vdi"] where uri.contains(format) { return format }
    if uri.contains("vhd") || uri.contains("virtualhd") { return "vpc" }
    if uri.contains("iso9660") { return "raw" }
    switch file?.pathExtension {
    case "vmdk", "qcow2", "vhdx", "vdi": return file?.pathExtension
    case "vhd": return "vpc"
    case "img", "raw", "iso": return "raw"
    default: return nil
    }
  }

  // MARK: Use

  /// The disk that `ovf:/disk/ID` is.
  func disk(_ resource: String) -> Disk? {
    guard let id = Self.id(resource, "disk") else { return nil }
    return disks[id]
  }

  /// The name of the file that `ovf:/file/ID` is.
  func file(_ resource: String) -> String? { Self.id(resource, "file").flatMap { references[$0] } }

  private static func id(_ resource: String, _ kind: String) -> String? {
    for prefix in ["ovf:/\(kind)/", "ovf://\(kind)/", "/\(kind)/"] where resource.hasPrefix(prefix) {
      return String(resource.dropFirst(prefix.count))
    }
    return nil
  }

  /// Tells that a disk of a machine is `disk`, or the file `name`.
  func use(_ disk: Disk?, file name: String?, by use: ConvertedEstate.Use) {
    if let disk { estate.use(volumeAt: disk.volume, by: use) }
    guard let name = name ?? disk?.file else { return }
    usedFiles.insert(name)
    estate.add(
      ConvertedEstate.Image(
        name: name.stem, source: source(name),
        format: disk?.format ?? Self.format(nil, file: name), member: isMember(name) ? name : nil,
        sha256: digests[name], capacity: disk?.capacity, usedBy: [use]))
  }

  private func isMember(_ name: String) -> Bool { members != nil && !name.contains("://") }

  /// Tells of files that no machine uses.
  func finish() {
    for name in references.values.sorted() where !usedFiles.contains(name) {
      estate.note(
        estate.subject, at: estate.file.path, "no machine uses the file '\(name)': it is not carried")
    }
  }
}

import Applier
import Conversion
import FoundationEssentials
import Import
import Libvirt
import Planner
import SpecModel

/// Files that are imported: libvirt's own documents, and what other tools have.
struct ImportedFiles {
  private(set) var documents = EstateDocuments()
  private(set) var images: [ImportedImage] = []
  private(set) var sizes: [ImportedImage.Use: ByteCount] = [:]
  /// What the files say and the spec does not.
  private(set) var notes: [String] = []

  /// Bytes of a document of libvirt's.
  private static let maximum = 16 << 20

  /// True if the spec is written where relative paths lead to the same.
  private let isBesideSpec: Bool

  init(_ paths: [String], isBesideSpec: Bool) throws {
    self.isBesideSpec = isBesideSpec
    for path in paths {
      let file: SourceFile
      do { file = try SourceFile(opening: path) } catch { throw Terminal.fail("\(error)") }
      if file.size <= Self.maximum, let text = try? String(contentsOfFile: path, encoding: .utf8),
        let document = try? XMLElement(parsing: text), ["domain", "network", "pool"].contains(document.name)
      {
        add(document)
        continue
      }
      do { add(try Conversion.convert(file)) } catch { throw Terminal.fail("\(error)") }
    }
  }

  private mutating func add(_ document: XMLElement) {
    switch document.name {
    case "domain": documents.domains.append(.init(document))
    case "network": documents.networks.append(document)
    default: documents.pools.append(document)
    }
  }

  private mutating func add(_ converted: ConvertedEstate) {
    let estate = withPlainNames(converted)
    documents.domains += estate.domains.map {
      .init($0.document, autostart: $0.autostart, isRunning: $0.isRunning)
    }
    documents.networks += estate.networks
    documents.pools += estate.pools
    documents.volumes += estate.volumes.compactMap(volume)
    for image in estate.images { add(image, estate.volumes) }
    // A volume without a path is one that is to be made.
    for volume in estate.volumes where volume.path == nil {
      guard let capacity = volume.capacity else { continue }
      for use in volume.usedBy {
        sizes[.init(domain: use.domain, target: use.target)] = ByteCount(rawValue: capacity)
        documents.imaged[use.domain, default: []].insert(use.target)
      }
    }
    notes += estate.notes.map(\.description)
  }

  /// The same with names that a spec can have: nothing of these names is there yet.
  private mutating func withPlainNames(_ estate: ConvertedEstate) -> ConvertedEstate {
    var estate = estate
    var names: [String: String] = [:]
    for index in estate.domains.indices {
      let name = estate.domains[index].document.first("name")?.text ?? ""
      guard (try? ResourceName(parsing: name)) == nil else { continue }
      let plain = Self.plain(name, orElse: "vm")
      let taken = Set(estate.domains.map { $0.document.first("name")?.text ?? "" })
      let new =
        ([plain] + (2...).prefix(10_000).map { "\(plain)-\($0)" }).first { !taken.contains($0) } ?? plain
      names[name] = new
      estate.domains[index].document.mutateFirst("name") { $0.setText(new) }
      notes.append("VM '\(name)' is called '\(new)'")
    }
    func renamed(_ use: ConvertedEstate.Use) -> ConvertedEstate.Use {
      .init(domain: names[use.domain] ?? use.domain, target: use.target)
    }
    for index in estate.volumes.indices {
      estate.volumes[index].usedBy = estate.volumes[index].usedBy.map(renamed)
    }
    for index in estate.images.indices {
      estate.images[index].usedBy = estate.images[index].usedBy.map(renamed)
    }
    return estate
  }

  /// As near to `text` as a name of the language is.
  private static func plain(_ text: String, orElse other: String) -> String {
    let parts = text.split { !($0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0))) }
    let plain = String(parts.joined(separator: "-").drop { !$0.isLetter && !$0.isNumber }.prefix(60))
    return (try? ResourceName(parsing: plain))?.rawValue ?? other
  }

  private func volume(_ volume: ConvertedEstate.Volume) -> Volume? {
    guard let pool = volume.pool, let path = volume.path else { return nil }
    return Volume(
      pool: pool, name: volume.name, path: path, capacity: ByteCount(rawValue: volume.capacity ?? 0),
      format: volume.format.flatMap(DiskFormat.init) ?? .raw, backingPath: volume.backingPath)
  }

  private mutating func add(_ image: ConvertedEstate.Image, _ volumes: [ConvertedEstate.Volume]) {
    // What is a volume of a host already is used as it is.
    let uses = image.usedBy.filter { use in
      !volumes.contains { $0.pool != nil && $0.path != nil && $0.usedBy.contains(use) }
    }
    guard !uses.isEmpty else { return }
    let source =
      switch image.source {
      case .path(let path):
        path.hasPrefix("/")
          ? path : isBesideSpec ? "./\(path)" : "\(FileManager.default.currentDirectoryPath)/\(path)"
      case .url(let url): url
      }
    let format = image.member == nil ? image.format.flatMap(ImageFormat.init) : .ova
    images.append(
      ImportedImage(
        name: name(for: image.name), source: source, format: format?.rawValue, member: image.member,
        sha256: image.member == nil ? image.sha256 : nil,
        uses: Set(uses.map { .init(domain: $0.domain, target: $0.target) })))
    for use in uses { documents.imaged[use.domain, default: []].insert(use.target) }
  }

  /// A name of the language's for an image, as near to its own as there is.
  private func name(for text: String) -> ResourceName {
    let stem = text.split(separator: "/").last.map(String.init) ?? text
    let short =
      stem.split(separator: ".").count > 1
      ? stem.split(separator: ".").dropLast().joined(separator: ".") : stem
    let wish = Self.plain(short, orElse: "image")
    let taken = Set(images.map(\.name.rawValue))
    let names = [wish] + (2...).prefix(10_000).map { "\(wish)-\($0)" }
    let free = names.first { !taken.contains($0) } ?? wish
    guard let name = try? ResourceName(parsing: free) else {
      preconditionFailure("a name with a number is a name")
    }
    return name
  }
}

import Libvirt

/// An OVF package: a descriptor with its files beside it, or all of them in a tar archive
/// (DMTF DSP0243, "Open Virtualization Format").
struct OVA {
  let estate: EstateBuilder

  private static let descriptorLimit = 8 << 20
  private static let manifestLimit = 1 << 20

  init(_ estate: EstateBuilder) { self.estate = estate }

  /// Reads an archive: its descriptor and its manifest, and of the other members the names.
  func convert() throws(ConversionError) {
    let path = estate.file.path
    var archive = TarArchive(FileStream(estate.file), path: path)
    var descriptor: [UInt8]?
    var manifest: [UInt8]?
    var members: [String: UInt64] = [:]
    while let member = try archive.next() {
      members[member.name] = member.length
      switch member.name.pathExtension {
      case "ovf" where descriptor == nil:
        descriptor = try archive.content(of: member, maximum: Self.descriptorLimit)
      case "mf" where manifest == nil:
        manifest = try archive.content(of: member, maximum: Self.manifestLimit)
      case "cert": estate.note(estate.subject, at: path, "its signature is not checked")
      default: break
      }
    }
    guard let descriptor else {
      throw ConversionError(
        path, "has no OVF descriptor in it",
        help: "an OVA is a tar archive with a file whose name ends in .ovf")
    }
    try convert(descriptor, manifest: manifest, members: members)
  }

  /// Reads a descriptor, whose files lie beside it.
  func convertDescriptor() throws(ConversionError) {
    let file = estate.file
    let stem = file.path.hasSuffix(".ovf") ? String(file.path.dropLast(4)) : file.path
    let manifest = try estate.neighbours(stem + ".mf")?.bytes(maximum: Self.manifestLimit)
    try convert(try file.bytes(maximum: Self.descriptorLimit), manifest: manifest, members: nil)
  }

  /// - Parameter members: the files of the archive and their sizes; nil if they lie beside the descriptor.
  private func convert(
    _ descriptor: [UInt8], manifest: [UInt8]?, members: [String: UInt64]?
  ) throws(ConversionError) {
    let path = estate.file.path
    guard let text = String(validating: descriptor, as: UTF8.self) else {
      throw ConversionError(
        path, "its descriptor is not UTF-8 text", help: "convert it, such as with iconv -t UTF-8")
    }
    let tree: XMLElement
    do throws(XMLError) {
      tree = try XMLElement(
        parsing: text.unicodeScalars.first == "\u{feff}" ? String(text.unicodeScalars.dropFirst()) : text)
    } catch {
      if case .malformed(let line, _, let message) = error {
        throw ConversionError(path, line: line, "its descriptor is no XML: \(message)")
      }
      throw ConversionError(path, "its descriptor cannot be read: \(error)")
    }
    let envelope = OVFElement(tree)
    guard envelope.name == "Envelope" else {
      throw ConversionError(path, "is no OVF descriptor: its root is <\(envelope.name)>, not <Envelope>")
    }
    let files = OVFFiles(envelope, digests: digests(manifest), members: members, in: estate)
    var systems: [OVFElement] = []
    collect(envelope, into: &systems)
    guard !systems.isEmpty else {
      throw ConversionError(path, "describes no machine: it has no <VirtualSystem>")
    }
    let configuration = Self.configuration(of: envelope)
    for system in systems {
      OVFMachine(system, files: files, configuration: configuration, in: estate).convert()
    }
    files.finish()
    ignoreUsedNetworks(envelope)
    OVFKeys.ignoreMeaningless(in: envelope)
    for element in envelope.unread {
      let label = (element.peek("key") ?? element.peek("name")).map { " '\($0)'" } ?? ""
      estate.note(subject(of: element), at: element.path, "<\(element.name)>\(label) is not carried")
    }
  }

  /// A network is its name, which the interfaces on it carry.
  private func ignoreUsedNetworks(_ envelope: OVFElement) {
    let interfaces = estate.estate.domains.flatMap { $0.document.all(at: "devices", "interface", "source") }
    let used = Set(interfaces.compactMap { $0[attribute: "network"] })
    for network in envelope.first("NetworkSection")?.all("Network") ?? []
    where network.peek("name").map(used.contains) == true {
      network.ignore()
    }
  }

  /// All machines, in whatever collections.
  private func collect(_ element: OVFElement, into systems: inout [OVFElement]) {
    for child in element.children {
      if child.name == "VirtualSystem" {
        systems.append(child)
      } else if child.name == "VirtualSystemCollection" {
        collect(child, into: &systems)
      }
    }
  }

  private func subject(of element: OVFElement) -> String {
    guard let range = element.path.firstRange(of: "/VirtualSystem[") else { return estate.subject }
    return String(element.path[range.upperBound...].prefix { $0 != "]" })
  }

  /// The configuration that is deployed unless somebody chooses: the default, or the first.
  private static func configuration(of envelope: OVFElement) -> String? {
    let all = envelope.first("DeploymentOptionSection")?.all("Configuration") ?? []
    let chosen = all.first { $0.peek("default") == "true" } ?? all.first
    return chosen?.attribute("id")
  }

  /// `SHA256(disk1.vmdk)= 1f8c…` lines, by the file.
  private func digests(_ manifest: [UInt8]?) -> [String: String] {
    guard let manifest else { return [:] }
    var digests: [String: String] = [:]
    for line in String(decoding: manifest, as: UTF8.self).split(whereSeparator: \.isNewline) {
      guard let open = line.firstIndex(of: "("), let close = line.lastIndex(of: ")"), open < close,
        let equals = line[close...].firstIndex(of: "=")
      else { continue }
      let digest = line[line.index(after: equals)...].trimmingSpaces.lowercased()
      let name = String(line[line.index(after: open)..<close])
      switch line[..<open].trimmingSpaces.uppercased() {
      case "SHA256" where digest.utf8.count == 64 && digest.allSatisfy(\.isHexDigit): digests[name] = digest
      case let other:
        estate.note(
          estate.subject, at: estate.file.path,
          "its manifest has a \(printableAlgorithm(other)) digest of '\(name)', which is not taken: only SHA256 is"
        )
      }
    }
    return digests
  }

  private func printableAlgorithm(_ name: String) -> String { String(name.prefix(16)) }
}

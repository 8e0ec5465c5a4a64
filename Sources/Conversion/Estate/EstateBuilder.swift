import Libvirt
import SpecModel

/// Collects what a conversion finds.
final class EstateBuilder {
  let file: SourceFile
  let neighbours: Conversion.Neighbours
  private(set) var estate = ConvertedEstate()
  private var known: Set<ConvertedEstate.Note> = []
  private var isFull = false

  /// How many notes there may be: hostile input would make a mountain of them.
  private static let noteLimit = 10_000

  init(_ file: SourceFile, neighbours: @escaping Conversion.Neighbours) {
    self.file = file
    self.neighbours = neighbours
  }

  /// The subject of what concerns the whole file.
  var subject: String { file.name }

  func note(_ subject: String, line: Int?, _ text: String) {
    note(subject, at: place(line), text)
  }

  func note(_ subject: String, at place: String, _ text: String) {
    guard !isFull else { return }
    guard estate.notes.count < Self.noteLimit else {
      isFull = true
      estate.notes.append(
        .init(
          subject: self.subject, place: file.path,
          text: "more than \(Self.noteLimit) notes; the rest is left out"))
      return
    }
    let note = ConvertedEstate.Note(
      subject: printable(subject), place: printable(place), text: printable(text))
    if known.insert(note).inserted { estate.notes.append(note) }
  }

  /// `FILE:LINE`
  func place(_ line: Int?) -> String { line.map { "\(file.path):\($0)" } ?? file.path }

  /// A path that the source names, as seen from the working directory.
  func resolve(_ path: String) -> String { path.relative(toFile: file.path) }

  // MARK: Findings

  func add(_ domain: ConvertedEstate.Domain) { estate.domains.append(domain) }

  func add(network: XMLElement) { estate.networks.append(network) }

  func add(pool: XMLElement) { estate.pools.append(pool) }

  func add(_ volume: ConvertedEstate.Volume) { estate.volumes.append(volume) }

  /// Adds an image, or its users to the one that is the same file. Its name is made unique.
  func add(_ image: ConvertedEstate.Image) {
    let same = estate.images.firstIndex { $0.source == image.source && $0.member == image.member }
    if let same {
      estate.images[same].usedBy += image.usedBy.filter { !estate.images[same].usedBy.contains($0) }
      return
    }
    var image = image
    let names = Set(estate.images.map(\.name))
    var number = 2
    let name = image.name
    while names.contains(image.name) {
      image.name = "\(name)-\(number)"
      number += 1
    }
    estate.images.append(image)
  }

  func use(volumeAt index: Int, by use: ConvertedEstate.Use) {
    guard estate.volumes.indices.contains(index), !estate.volumes[index].usedBy.contains(use) else { return }
    estate.volumes[index].usedBy.append(use)
  }

  func setBacking(_ path: String, ofVolumeAt index: Int) {
    guard estate.volumes.indices.contains(index) else { return }
    estate.volumes[index].backingPath = path
  }

  /// Has DHCP keep an address for an interface; false if the estate has no such network, or it has no DHCP there.
  func reserve(_ address: String, mac: String, name: String, inNetwork network: String) -> Bool {
    guard let index = estate.networks.firstIndex(where: { $0.first("name")?.text == network }) else {
      return false
    }
    var isDone = false
    estate.networks[index].mutateChildren(named: "ip") { ip in
      let prefix = ip[attribute: "prefix"] ?? ip[attribute: "netmask"].flatMap(Subnet.prefix(ofMask:))
      guard !isDone, ip.first("dhcp") != nil, let prefix,
        let subnet = Subnet("\(ip[attribute: "address"] ?? "")/\(prefix)"), subnet.contains(address)
      else { return }
      // IPv6 knows guests by another number than their MAC address.
      let host = XMLElement("host", ["mac": subnet.isIPv6 ? nil : mac, "name": name, "ip": address])
      ip.mutateFirst("dhcp") { $0.insert(host) }
      isDone = true
    }
    return isDone
  }

  // MARK: The end

  /// The estate, once its names and documents have been checked.
  func finished() throws(ConversionError) -> ConvertedEstate {
    check(names: estate.domains.map(\.document), "")
    check(names: estate.networks, "network ")
    check(names: estate.pools, "pool ")
    checkUUIDs()
    for document in estate.domains.map(\.document) + estate.networks + estate.pools {
      do throws(XMLError) {
        try document.validate()
      } catch {
        throw ConversionError(file.path, "cannot be told in libvirt's words: \(error)")
      }
    }
    return estate
  }

  private func checkUUIDs() {
    var seen: Set<String> = []
    for document in estate.domains.map(\.document) {
      guard let uuid = document.first("uuid")?.text, !seen.insert(uuid).inserted else { continue }
      note(document.first("name")?.text ?? "", at: file.path, "has the UUID of another machine")
    }
  }

  private func check(names documents: [XMLElement], _ kind: String) {
    var seen: Set<String> = []
    for document in documents {
      let name = document.first("name")?.text ?? ""
      if !seen.insert(name).inserted {
        note(kind + name, at: file.path, "there is more than one of this name, and libvirt takes one")
      }
      if name.isEmpty || name.contains("/") || name.contains(where: \.isNewline) {
        note(
          kind + name, at: file.path, "'\(name)' is no name for libvirt, which takes no '/' and nothing empty"
        )
      }
    }
  }
}

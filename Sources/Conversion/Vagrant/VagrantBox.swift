import Libvirt

/// A box of vagrant-libvirt: `metadata.json` beside its images, or all of it in a tar archive
/// (<https://vagrant-libvirt.github.io/vagrant-libvirt/boxes.html>).
struct VagrantBox {
  let estate: EstateBuilder

  private static let metadataLimit = 1 << 20
  /// How much of a compressed box is looked through; its metadata come first.
  private static let lookLimit: UInt64 = 64 << 20
  /// What vagrant-libvirt gives a machine unless its Vagrantfile says otherwise.
  private static let memory: UInt64 = 512 << 10

  init(_ estate: EstateBuilder) { self.estate = estate }

  func convert() throws(ConversionError) {
    let head = try estate.file.read(0, TarHeader.size)
    if head.starts(with: [0x1f, 0x8b]) {
      let stream = try GzipStream(estate.file, limit: Self.lookLimit)
      try convertArchive(stream, isCompressed: true)
    } else if TarHeader(head) != nil {
      try convertArchive(FileStream(estate.file), isCompressed: false)
    } else if head.starts(with: [0xfd, 0x37, 0x7a, 0x58]) || head.starts(with: [0x28, 0xb5, 0x2f, 0xfd]) {
      throw ConversionError(
        estate.file.path, "is compressed with something else than gzip",
        help: "unpack it, such as with tar xf, and give its metadata.json")
    } else {
      try convert(try JSONReader.read(estate.file), inArchive: false)
    }
  }

  private func convertArchive(_ stream: any ByteStream, isCompressed: Bool) throws(ConversionError) {
    let path = estate.file.path
    var archive = TarArchive(stream, path: path)
    var metadata: [UInt8]?
    var hasVagrantfile = false
    var names: [String] = []
    while let member = try archive.next() {
      names.append(member.name.lastPathComponent)
      if names.last == "metadata.json", metadata == nil {
        metadata = try archive.content(of: member, maximum: Self.metadataLimit)
      }
      if names.last == "Vagrantfile" { hasVagrantfile = true }
    }
    guard let metadata else {
      throw ConversionError(
        path,
        "has no metadata.json" + (isCompressed ? " near its beginning" : "")
          + ": it is no box of vagrant-libvirt",
        help: isCompressed ? "unpack it with tar xzf, and give its metadata.json" : nil)
    }
    if hasVagrantfile { noteVagrantfile() }
    if isCompressed {
      estate.note(
        estate.subject, at: path,
        "is compressed: unpack it with tar xzf before its images can be taken out of it")
    }
    try convert(try JSONReader.read(metadata, path: path), inArchive: true)
  }

  private func noteVagrantfile() {
    estate.note(
      estate.subject, at: estate.file.path,
      "its Vagrantfile is not carried, since it is a program: what it sets is not known")
  }

  private func convert(_ root: SourceNode, inArchive: Bool) throws(ConversionError) {
    guard let provider = root["provider"]?.text ?? (root["disks"] == nil ? nil : "libvirt") else {
      throw ConversionError(estate.file.path, "is no metadata.json of a box: it names no provider")
    }
    guard provider == "libvirt" else {
      throw ConversionError(
        estate.file.path, "is a box for '\(provider)', not for libvirt",
        help: "vagrant mutate makes one for libvirt of it")
    }
    if !inArchive, estate.neighbours("Vagrantfile".relative(toFile: estate.file.path)) != nil {
      noteVagrantfile()
    }
    var draft = DomainDraft(name: name)
    draft.arch = root["architecture"]?.word.map { ["amd64": "x86_64", "arm64": "aarch64"][$0] ?? $0 }
    draft.memory = Self.memory
    draft.cpu = XMLElement("cpu", ["mode": "host-model"])
    draft.features = [XMLElement("acpi"), XMLElement("apic"), XMLElement("pae")]
    draft.clock = XMLElement("clock", ["offset": "utc"])
    draft.disks = disks(root, of: draft.name, inArchive: inArchive)
    estate.note(
      draft.name, line: nil,
      "a box does not say how large its machine is: 1 CPU and 512 MiB are what vagrant-libvirt gives it unless the Vagrantfile says otherwise"
    )
    estate.note(
      draft.name, line: nil,
      "a box says nothing of networks: vagrant-libvirt gives the machine a NIC on 'vagrant-libvirt'")
    estate.noteUnread(root, of: draft.name)
    estate.add(ConvertedEstate.Domain(document: draft.document))
  }

  /// The name of the box: of its directory among Vagrant's, or its file's.
  private var name: String {
    let parts = estate.file.path.split(separator: "/").map(String.init)
    if let part = parts.first(where: { $0.contains("-VAGRANTSLASH-") }) {
      return part.components(separatedBy: "-VAGRANTSLASH-").last ?? part
    }
    if estate.file.name != "metadata.json" { return estate.file.path.stem }
    return parts.count > 1 ? parts[parts.count - 2] : "box"
  }

  private func disks(_ root: SourceNode, of domain: String, inArchive: Bool) -> [XMLElement] {
    struct Disk {
      var file: String
      var format: String?
      var capacity: UInt64?
    }
    let format = root["format"]?.word
    let capacity = root["virtual_size"]?.bytes(1 << 30)
    var disks: [Disk] = []
    if let list = root["disks"] {
      for item in list.items {
        guard let file = item["path"]?.word else {
          estate.note(domain, line: item.line, "a disk without a path is not carried")
          item.ignore()
          continue
        }
        item["name"]?.ignore()
        disks.append(
          Disk(
            file: file, format: item["format"]?.word ?? format ?? "qcow2",
            capacity: item["virtual_size"]?.bytes(1 << 30) ?? (disks.isEmpty ? capacity : nil)))
      }
    } else {
      disks = [Disk(file: "box.img", format: format ?? "qcow2", capacity: capacity)]
    }
    return disks.enumerated().map { index, disk in
      let target = DiskTarget.name("vd", index)
      let use = ConvertedEstate.Use(domain: domain, target: target)
      let path = estate.resolve(disk.file)
      let source = ConvertedEstate.ImageSource.path(inArchive ? estate.file.path : path)
      estate.add(
        ConvertedEstate.Volume(
          name: disk.file.lastPathComponent, path: path, capacity: disk.capacity, format: disk.format,
          image: source,
          usedBy: [use]))
      estate.add(
        ConvertedEstate.Image(
          name: index == 0 ? domain : "\(domain)-\(index + 1)", source: source, format: disk.format,
          member: inArchive ? disk.file : nil, capacity: disk.capacity, usedBy: [use]))
      return XMLElement("disk", ["type": "file", "device": "disk"]) {
        XMLElement("driver", ["name": "qemu", "type": disk.format])
        XMLElement("source", ["file": path])
        XMLElement("target", ["dev": target, "bus": "virtio"])
      }
    }
  }
}

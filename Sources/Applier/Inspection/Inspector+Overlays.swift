import Libvirt
import Planner

extension Inspector {
  /// What lies over the files of a VM's disks, by the file. Asks for more only where a definition has another file in the
  /// place of a disk.
  ///
  /// A raw file lies over nothing, and neither does one that is known to be based on others: these are disks of a
  /// person's. Into one that is in no active pool nobody can look while the VM is off.
  func overlays(in document: XMLElement, of domain: Domain, isActive: Bool) async throws
    -> [String: Machine.Overlay]
  {
    let mark = MarkDocument.read(from: document)
    let displaced = DomainDocument.displacedDisks(of: mark, in: document).filter { _, device in
      device.first("driver")?[attribute: "type"] != "raw"
    }
    guard !displaced.isEmpty else { return [:] }
    let live = isActive ? try await present({ try await domain.xml(.live) }, unless: .noDomain) : nil
    var overlays: [String: Machine.Overlay] = [:]
    for (file, device) in displaced {
      guard let path = DomainDocument.path(device) else { continue }
      let opened = live.flatMap { DomainDocument.disk(withFile: path, in: $0) }
      let below =
        if let opened { DomainDocument.backingFiles(of: opened) } else { try await backingFiles(of: path) }
      if let below, !below.contains(file) { continue }
      overlays[file] = .init(path: path, isProven: below != nil)
    }
    return overlays
  }

  /// The files below the one at `path`, as pools know them; nil if it is in no active pool.
  private func backingFiles(of path: String) async throws -> [String]? {
    var files: [String]?
    var next: String? = path
    while let path = next, files?.contains(path) != true,
      let volume = try await session.connection.storageVolume(path: path),
      let document = try await present({ try await volume.xml() }, unless: .noStorageVolume)
    {
      next = document.at("backingStore", "path")?.text
      files = (files ?? []) + (next.map { [$0] } ?? [])
    }
    return files
  }
}

import SpecModel

/// The fields of a pool, each with its rule. libvirt keeps no metadata for pools, so drift is not told from change.
public enum PoolField: String, CaseIterable, Sendable {
  case type, source, path, active, autostart

  public var rule: FieldRule<Pool> { Self.rules[self, default: row] }

  private static let rules = Dictionary(uniqueKeysWithValues: allCases.map { ($0, $0.row) })

  private var row: FieldRule<Pool> {
    switch self {
    case .type:
      .init("what its volumes are made of", "<pool type>", scope: .fixed) { $0.source?.type.rawValue }
    case .source:
      .init("where they come from", "<source>", scope: .fixed, unset: .required) { $0.source?.origin }
    case .path:
      .init("its directory, or where it is mounted", "<target><path>", scope: .fixed, unset: .required) {
        $0.source?.path
      }
    case .active:
      .init("whether it is started", "virStoragePoolIsActive", by: "virStoragePoolCreate", scope: .definition)
      {
        "\($0.isActive)"
      }
    case .autostart:
      .init(
        "whether it starts with its host", "virStoragePoolGetAutostart", by: "virStoragePoolSetAutostart",
        scope: .definition, unset: .back(to: "true", { $0.autostart = true })
      ) { $0.autostart.map(String.init) }
    }
  }
}

/// The fields of a volume, which is what a disk holds, each with its rule.
public enum VolumeField: String, CaseIterable, Sendable {
  case name, size, format, pool, image, clone, protect, content

  public var rule: FieldRule<Volume> { Self.rules[self, default: row] }

  private static let rules = Dictionary(uniqueKeysWithValues: allCases.map { ($0, $0.row) })

  private var row: FieldRule<Volume> {
    switch self {
    case .name:
      .init(
        "its name in the spec; its file keeps the one that it was made with",
        "a volume FILE~NAME.renamed beside it, or the mark of its VM", scope: .definition, unset: .required
      ) { $0.name }
    case .size:
      .init(
        "the size that the guest sees", "<capacity>",
        by: "virDomainBlockResize; virStorageVolResize while it is off", scope: .idle,
        live: .on(.qemu, if: "it grows, in a pool of files or of Ceph", { $0.capacity < $1.capacity })
      ) { "\($0.capacity)" }
    case .format: .init("the format of its file", "<format type>", scope: .fixed) { $0.format.rawValue }
    case .pool: .init("the pool that it lies in", "virStorageVolGetPath", scope: .fixed) { $0.pool }
    case .image:
      .init(
        "the image that it is made from; by on_image_change: replace it is made anew from another one",
        "<backingStore>, or a volume FILE.IMAGE.copied beside it",
        by: "virStorageVolDelete and virStorageVolCreateXML",
        scope: .creation
      ) { $0.backingPath }
    case .clone:
      .init(
        "whether it refers to its image or is a copy of it", "<backingStore>",
        by: "virStorageVolCreateXMLFrom", scope: .creation
      ) { $0.backingPath == nil ? CloneKind.full.rawValue : CloneKind.linked.rawValue }
    case .protect:
      .init(
        "whether nothing may delete it", "a volume NAME.protected beside it, or the mark of its VM",
        scope: .definition, unset: .removed
      ) { $0.isProtected ? "true" : nil }
    case .content:
      .init("what is on it", "virStorageVolDelete", scope: .content, unset: .stays) { $0.path }
    }
  }
}

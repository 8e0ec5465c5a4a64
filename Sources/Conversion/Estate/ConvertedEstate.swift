public import Libvirt

/// Machines of another tool, in libvirt's words: documents as a host would report them, and what they rest on.
///
/// Everything is in the order of the source. What the source says and nothing here does is in `notes`.
public struct ConvertedEstate: Sendable {
  public var domains: [Domain] = []
  /// `<network>` documents, <https://libvirt.org/formatnetwork.html>. A `<uuid>` stands where the source has one.
  public var networks: [XMLElement] = []
  /// `<pool>` documents, <https://libvirt.org/formatstorage.html>. A `<uuid>` stands where the source has one.
  public var pools: [XMLElement] = []
  /// Volumes and files that the source describes, whether a domain uses them or not.
  public var volumes: [Volume] = []
  /// Files that volumes and disks are to be made of.
  public var images: [Image] = []
  public var notes: [Note] = []

  public init() {}
}

extension ConvertedEstate {
  /// A machine.
  public struct Domain: Hashable, Sendable {
    /// A `<domain>` document, <https://libvirt.org/formatdomain.html>: memory is in KiB, the name is the source's, and a
    /// `<uuid>` stands only where the source has one. Passwords of graphics are left out.
    public var document: XMLElement
    /// Whether it starts with its host.
    public var autostart: Bool
    /// Whether it runs, or is meant to; nil where the source does not say.
    public var isRunning: Bool?

    public init(document: XMLElement, autostart: Bool = false, isRunning: Bool? = nil) {
      self.document = document
      self.autostart = autostart
      self.isRunning = isRunning
    }
  }

  /// A disk of a domain, known by its target.
  public struct Use: Hashable, Sendable {
    /// The domain's name.
    public var domain: String
    /// The disk's target, such as `vda`.
    public var target: String

    public init(domain: String, target: String) {
      self.domain = domain
      self.target = target
    }
  }

  /// A volume of a pool, or a file that is a disk.
  public struct Volume: Hashable, Sendable {
    /// nil for a file that is in no pool that the source knows.
    public var pool: String?
    public var name: String
    /// On the host, or beside the source; nil where the source does not say.
    public var path: String?
    /// Of the disk in it, in bytes; nil where the source does not say.
    public var capacity: UInt64?
    /// libvirt's name of it, such as `qcow2`; nil where the source does not say.
    public var format: String?
    /// What it lies over: a path, or `POOL/NAME` where the source tells no path.
    public var backingPath: String?
    /// What it was made of, or is to be made of.
    public var image: ImageSource?
    public var usedBy: [Use]

    public init(
      pool: String? = nil, name: String, path: String? = nil, capacity: UInt64? = nil, format: String? = nil,
      backingPath: String? = nil, image: ImageSource? = nil, usedBy: [Use] = []
    ) {
      self.pool = pool
      self.name = name
      self.path = path
      self.capacity = capacity
      self.format = format
      self.backingPath = backingPath
      self.image = image
      self.usedBy = usedBy
    }
  }

  /// Where an image comes from.
  public enum ImageSource: Hashable, Sendable {
    /// A file: absolute, or relative to the working directory as the source's own path is.
    case path(String)
    case url(String)
  }

  /// A file that disks are to be made of.
  public struct Image: Hashable, Sendable {
    /// Unique among the images; no path.
    public var name: String
    public var source: ImageSource
    /// libvirt's name of it, such as `vmdk`; nil where nobody can tell without reading it.
    public var format: String?
    /// The file's name in the archive that `source` is; nil if it is the file itself.
    public var member: String?
    /// In lower case, of the file itself; nil where the source has none.
    public var sha256: String?
    /// Of the disk in it, in bytes; nil where the source does not say.
    public var capacity: UInt64?
    public var usedBy: [Use]

    public init(
      name: String, source: ImageSource, format: String? = nil, member: String? = nil, sha256: String? = nil,
      capacity: UInt64? = nil, usedBy: [Use] = []
    ) {
      self.name = name
      self.source = source
      self.format = format
      self.member = member
      self.sha256 = sha256
      self.capacity = capacity
      self.usedBy = usedBy
    }
  }

  /// What was not carried, or is otherwise than it looks.
  public struct Note: Hashable, Sendable, CustomStringConvertible {
    /// What it is about: a domain's name, `network lan`, `volume root.qcow2`, or the file.
    public var subject: String
    /// Where it stands: `FILE:LINE`, or the path of elements in a document that has no lines.
    public var place: String
    /// One clause without a full stop. No values that may be secret are in it.
    public var text: String

    public init(subject: String, place: String, text: String) {
      self.subject = subject
      self.place = place
      self.text = text
    }

    /// `plan.yaml:12: web: 'cmds' is not carried`
    public var description: String { "\(place): \(subject): \(text)" }
  }
}

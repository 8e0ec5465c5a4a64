import CloudInit
import SpecModel

/// What the spec wants on one host, in the same types as what the host reports.
struct DesiredHost {
  /// A volume whose content comes from here.
  struct WantedImage {
    enum Source {
      /// A file of this machine, and where the spec has it from.
      case file(String, ImageContent)
      case seed(Seed)
      case ignition(IgnitionConfig)
    }

    /// What a plan calls it.
    let name: String
    let source: Source
    let volume: Volume
    let path: SpecPath

    var length: ByteCount {
      switch source {
      case .file(_, let content): content.length
      case .seed(let seed): ByteCount(rawValue: UInt64(seed.length))
      case .ignition(let config): ByteCount(rawValue: UInt64(config.length))
      }
    }
  }

  struct WantedVolume {
    let address: Address
    let volume: Volume
    /// False where the spec leaves the size to the image.
    let hasSize: Bool
    /// The image that the spec has it made from; nil if it starts empty.
    var source: WantedImage?
    /// How the spec wants it made from its image, if it says so.
    var clone: CloneKind?
    /// True if the content of a VM's own disk stays when the VM goes.
    var keep = false
    /// True if a VM's own disk has to be made.
    var isMade = false
    /// That one which is there was made from another image.
    var imageChange: ImageChange?
    let path: SpecPath

    /// The image that it is made from in this run.
    var image: WantedImage? { isMade ? source : nil }

    /// True if the image is sent into the volume itself: where it is no file, no image lies beside it.
    var isSent: Bool { source != nil && volume.type != .file }
  }

  /// That a disk was made from another image than the spec has for it now.
  struct ImageChange {
    enum Outcome: Equatable {
      /// It stays as it is; with what there is to say on that.
      case stays(String)
      /// The spec wants it made anew, and the run may not.
      case lacksConsent
      case replaces
    }

    /// The images with the starts of their digests.
    let from: String
    let to: String
    let outcome: Outcome
  }

  /// A class, since it is large and handed on often.
  final class WantedMachine: Sendable {
    let spec: MachineSpec
    let machine: Machine
    /// What the spec sets, by the path of the field: what goes back to a default is not among it.
    let applied: [String: String]
    /// Indices into `volumes`, in the order of the disks that have one.
    let volumes: [Int]
    /// Images that the VM uses as they are: a kernel, an initrd, a CD, a seed.
    let images: [WantedImage]

    init(
      spec: MachineSpec, machine: Machine, applied: [String: String], volumes: [Int], images: [WantedImage]
    ) {
      self.spec = spec
      self.machine = machine
      self.applied = applied
      self.volumes = volumes
      self.images = images
    }
  }

  struct WantedPool {
    let spec: PoolSpec
    let pool: Pool
  }

  struct WantedNetwork {
    let spec: NetworkSpec
    let network: Network
  }

  struct WantedFirewall {
    let spec: FirewallSpec
    let firewall: Firewall
  }

  /// Those that a NIC on the host has.
  var firewalls: [WantedFirewall] = []
  var pools: [WantedPool] = []
  var networks: [WantedNetwork] = []
  var volumes: [WantedVolume] = []
  var machines: [WantedMachine] = []

  /// The sources of all pools of the spec, external ones included, by pool name.
  var sources: [ResourceName: PoolSource] = [:]

  func type(ofPool name: String) -> PoolType? {
    (try? ResourceName(parsing: name)).flatMap { sources[$0]?.type }
  }
}

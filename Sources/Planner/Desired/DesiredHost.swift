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
      }
    }
  }

  struct WantedVolume {
    let address: Address
    let volume: Volume
    /// False where the spec leaves the size to the image.
    let hasSize: Bool
    /// The image it is a clone of, if it has to be made.
    let image: WantedImage?
    /// The image that is copied into it, if it has to be made and has no backing file.
    var copy: WantedCopy?
    /// What a clone that is there would be made from now, if its VM were made anew.
    var replacement: Replacement?
    let path: SpecPath
  }

  /// An image that a volume gets a copy of.
  struct WantedCopy {
    let name: String
    /// Where the spec has it from.
    let origin: String
    let content: ImageContent
    let format: DiskFormat
  }

  struct Replacement {
    let image: WantedImage
    let machine: ResourceName
  }

  struct WantedMachine {
    let spec: MachineSpec
    let machine: Machine
    /// What the spec sets, by the path of the field: what goes back to a default is not among it.
    let applied: [String: String]
    /// Indices into `volumes`, in the order of the disks that have one.
    let volumes: [Int]
    /// Images that the VM uses as they are: a kernel, an initrd, a CD, a seed.
    let images: [WantedImage]
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

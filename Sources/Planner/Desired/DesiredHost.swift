import SpecModel

/// What the spec wants on one host, in the same types as what the host reports.
struct DesiredHost {
  struct WantedImage {
    let spec: ImageSpec
    let content: ImageContent
    let volume: Volume
  }

  struct WantedVolume {
    let address: Address
    let volume: Volume
    /// False where the spec leaves the size to the image.
    let hasSize: Bool
    /// The image it is a clone of, if it has to be made.
    let image: WantedImage?
    /// What a clone that is there would be made from now, if its VM were made anew.
    var replacement: Replacement?
    let path: SpecPath
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
    /// Indices into `volumes`, in the order of the disks.
    let volumes: [Int]
    /// Images that the VM uses as they are: a kernel, an initrd, a CD.
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

  var pools: [WantedPool] = []
  var networks: [WantedNetwork] = []
  var volumes: [WantedVolume] = []
  var machines: [WantedMachine] = []

  /// The directories of all pools of the spec, external ones included, by pool name.
  var directories: [ResourceName: String] = [:]
}

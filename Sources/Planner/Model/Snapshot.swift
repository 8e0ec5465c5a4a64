/// What libvirt knows of a VM's snapshot.
public struct Snapshot: Hashable, Sendable {
  public let name: String
  /// The files beside the VM's disks that it is made of, such as overlays; empty if its content lies in the disks.
  public let files: Set<String>

  public init(name: String, files: Set<String> = []) {
    self.name = name
    self.files = files
  }
}

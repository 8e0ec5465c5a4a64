import FoundationEssentials
import TestLab

/// Objects that somebody else made on the same host, one of each kind.
struct Strangers {
  let lab: Lab
  /// Of their network, which no other test may have.
  let bridge: String
  /// The first three numbers of its addresses.
  let subnet: String

  /// Makes them, and starts the guest.
  func make() async throws {
    try FileManager.default.createDirectory(atPath: "\(lab.work)/foreign", withIntermediateDirectories: true)
    let network = try lab.write(
      """
      <network><name>theirs</name><bridge name='\(bridge)'/><ip address='\(subnet).1' netmask='255.255.255.0'/></network>
      """, to: "network.xml")
    let domain = try lab.write(
      """
      <domain type='qemu'><name>theirs</name><memory unit='MiB'>96</memory><vcpu>1</vcpu>
      <metadata><x:note xmlns:x='urn:somebody'>keep me</x:note></metadata>
      <os><type arch='x86_64' machine='q35'>hvm</type><kernel>\(Lab.guest)/vmlinuz</kernel>
      <initrd>\(Lab.guest)/initrd.gz</initrd><cmdline>console=ttyS0 quiet vf.host=theirs</cmdline></os>
      <features><acpi/></features>
      <devices><disk type='file'><driver name='qemu' type='raw'/><source file='\(lab.work)/foreign/disk.raw'/>
      <target dev='vda' bus='virtio'/></disk><interface type='network'><source network='theirs'/><model type='virtio'/></interface>
      <serial type='pty'/><console type='pty'/></devices></domain>
      """, to: "domain.xml")
    _ = try await lab.virsh("pool-create-as", "theirs", "dir", "--target", "\(lab.work)/foreign")
    _ = try await lab.virsh("vol-create-as", "theirs", "disk.raw", "16M")
    _ = try await lab.virsh("net-define", network)
    _ = try await lab.virsh("net-start", "theirs")
    _ = try await lab.virsh("define", domain)
    _ = try await lab.virsh("start", "theirs")
  }

  /// Their documents and the content of their disk.
  func contents() async throws -> [String] {
    [
      try await lab.virsh("dumpxml", "theirs"), try await lab.virsh("dumpxml", "theirs", "--inactive"),
      try await lab.virsh("net-dumpxml", "theirs"), try await lab.virsh("pool-dumpxml", "theirs"),
      try await lab.virsh("vol-dumpxml", "disk.raw", "theirs").replacing(
        /<timestamps>.*<\/timestamps>/.dotMatchesNewlines(), with: ""),
      try Data(contentsOf: URL(filePath: "\(lab.work)/foreign/disk.raw")).base64EncodedString(),
    ]
  }
}

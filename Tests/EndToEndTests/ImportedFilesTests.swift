import FoundationEssentials
import TestLab
import Testing

/// Files of other tools that become a spec.
@Suite("Files that are imported")
struct ImportedFilesTests {
  private func imported(_ files: [String: String], _ arguments: [String]) async throws -> Lab.Outcome {
    let directory = "\(FileManager.default.temporaryDirectory.path)/virtform-files-\(UUID())"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    for (name, text) in files {
      try text.write(toFile: "\(directory)/\(name)", atomically: true, encoding: .utf8)
    }
    return try await Lab.virtform(["import"] + arguments, home: "\(directory)/home", in: directory)
  }

  @Test("a machine of VMware becomes a VM with an image, and what is not carried is told")
  func vmx() async throws {
    let vmx = """
      .encoding = "UTF-8"
      config.version = "8"
      virtualHW.version = "13"
      displayName = "web"
      memsize = "2048"
      numvcpus = "2"
      firmware = "efi"
      scsi0.present = "TRUE"
      scsi0.virtualDev = "lsilogic"
      scsi0:0.present = "TRUE"
      scsi0:0.fileName = "web.vmdk"
      ethernet0.present = "TRUE"
      ethernet0.virtualDev = "vmxnet3"
      ethernet0.networkName = "VM Network"
      ethernet0.addressType = "vpx"
      ethernet0.generatedAddress = "00:50:56:aa:bb:cc"
      guestinfo.password = "hunter2"

      """
    let found = try await imported(["web.vmx": vmx], ["web.vmx"])
    #expect(found.status == 0, "\(found.errors)")
    #expect(
      found.output == """
        # Written by virtform import from web.vmx.
        # Without 'hosts' it is for a libvirt of your own on this machine.

        virtform: 1
        stack: imported

        images:
          web: {source: ./web.vmdk, format: vmdk}

        networks:
          # Nobody says what it is: the host has to have a network of this name, or describe it here.
          VM-Network: {external: true}

        vms:
          web:
            cpus: 2
            memory: 2GiB
            firmware: uefi
            console: false
            rng: false
            disks: {root: {image: web, bus: scsi}}
            nics: {VM-Network: {mac: "00:50:56:aa:bb:cc", model: vmxnet3}}
            xml: |
              <domain>
                <devices>
                  <controller type="scsi" index="0" model="lsilogic"/>
                  <video>
                    <model type="vmvga" vram="4096" primary="yes"/>
                  </video>
                </devices>
              </domain>

        """, "\(found.output)")
    #expect(found.errors.contains("the spec has an error yet: no image file at './web.vmdk'"))
    #expect(found.errors.contains("'guestinfo.password' is not carried") && !found.errors.contains("hunter2"))
  }

  @Test("a plan of kcli's and a document of libvirt's become one spec; hosts and files do not")
  func several() async throws {
    let plan = """
      web:
        memory: 1024
        numcpus: 2
        disks: [10]
        nets: [lan]
      lan:
        type: network
        cidr: 10.9.0.0/24

      """
    let domain = """
      <domain type='kvm'>
        <name>old</name>
        <memory unit='GiB'>2</memory>
        <vcpu>1</vcpu>
        <os><type arch='x86_64' machine='pc'>hvm</type></os>
        <devices>
          <disk type='file' device='disk'>
            <driver name='qemu' type='raw'/><source file='/srv/old.img'/><target dev='vda' bus='virtio'/>
          </disk>
        </devices>
      </domain>
      """
    let found = try await imported(
      ["plan.yaml": plan, "old.xml": domain], ["plan.yaml", "old.xml", "--stack", "both"])
    #expect(found.status == 0, "\(found.errors)")
    #expect(
      found.output.contains("  lan: {mode: nat, cidr: 10.9.0.0/24")
        && found.output.contains("disks: {root: {size: 10GiB}}") && found.output.contains("nics: {lan: {}}")
        && found.output.contains("disks: {root: {path: /srv/old.img, format: raw}}"), "\(found.output)")
    #expect(try await imported([:], ["test:///default", "old.xml"]).errors.contains("each by themselves"))
    let nothing = try await imported(["x.txt": "hello\n"], ["x.txt"])
    #expect(
      nothing.status == 1 && nothing.errors.contains("x.txt: is nothing that can be converted"),
      "\(nothing.errors)")
    #expect(try await imported([:], ["gone.vmx"]).errors.contains("gone.vmx: cannot be opened"))
  }
}

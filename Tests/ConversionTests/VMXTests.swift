import Conversion
import Libvirt
import Testing

@Suite struct VMXTests {
  static let server = """
    .encoding = "UTF-8"
    config.version = "8"
    virtualHW.version = "14"
    displayName = "web 1"
    annotation = "Front end.|0ASee |22the wiki|22."
    guestOS = "debian10-64"
    uuid.bios = "42 2c 01 52 63 ab cd 03-96 50 43 01 ae 77 ae fd"
    firmware = "efi"
    uefi.secureBoot.enabled = "TRUE"
    nvram = "web.nvram"
    memSize = "4096"
    numvcpus = "4"
    cpuid.coresPerSocket = "2"
    sched.cpu.shares = "high"
    sched.mem.minsize = "1024"
    scsi0.present = "TRUE"
    scsi0.virtualDev = "pvscsi"
    scsi0:0.present = "TRUE"
    scsi0:0.deviceType = "scsi-hardDisk"
    scsi0:0.fileName = "web.vmdk"
    SCSI0:1.PRESENT = "true"
    scsi0:1.fileName = "/vmfs/volumes/5669422e-699d77db/web/data-000002.vmdk"
    scsi0:1.mode = "independent-nonpersistent"
    sata0.present = "TRUE"
    sata0:0.present = "TRUE"
    sata0:0.deviceType = "cdrom-image"
    sata0:0.fileName = "install.iso"
    ide0:0.present = "FALSE"
    ide0:0.fileName = "old.vmdk"
    floppy0.present = "FALSE"
    ethernet0.present = "TRUE"
    ethernet0.virtualDev = "vmxnet3"
    ethernet0.networkName = "VM Network"
    ethernet0.addressType = "vpx"
    ethernet0.generatedAddress = "00:50:56:AC:3E:A1"
    ethernet0.pciSlotNumber = "192"
    ethernet1.present = "TRUE"
    ethernet1.virtualDev = "e1000"
    ethernet1.connectionType = "nat"
    ethernet1.addressType = "static"
    ethernet1.address = "00:50:56:00:00:07"
    ethernet1.startConnected = "FALSE"
    serial0.present = "TRUE"
    serial0.fileType = "network"
    serial0.fileName = "telnet://:7001"
    vtpm.present = "TRUE"
    RemoteDisplay.vnc.enabled = "TRUE"
    RemoteDisplay.vnc.port = "5903"
    RemoteDisplay.vnc.password = "hunter2"
    guestinfo.userdata = "cGFzc3dvcmQ="
    sched.cpu.max = "4000"
    pciBridge0.present = "TRUE"
    """

  static let descriptor = """
    # Disk DescriptorFile
    version=1
    CID=fffffffe
    parentCID=ffffffff
    createType="vmfs"

    # Extent description
    RW 41943040 VMFS "web-flat.vmdk"
    RW 2048 VMFS "web-flat2.vmdk"
    """

  @Test("a VMX file becomes a domain, with what its disks' heads say")
  func server() throws {
    let estate = try converted(
      Self.server, "vms/web.vmx", beside: ["vms/web.vmdk": Array(Self.descriptor.utf8)])
    #expect(
      estate.domainText
        == """
        <domain type="vmware">
          <name>web 1</name>
          <uuid>422c0152-63ab-cd03-9650-4301ae77aefd</uuid>
          <description>Front end.
        See "the wiki".</description>
          <memory unit="KiB">4194304</memory>
          <currentMemory unit="KiB">4194304</currentMemory>
          <memtune>
            <min_guarantee unit="KiB">1048576</min_guarantee>
          </memtune>
          <vcpu placement="static">4</vcpu>
          <cputune>
            <shares>8000</shares>
          </cputune>
          <os firmware="efi">
            <type arch="x86_64">hvm</type>
            <firmware>
              <feature enabled="yes" name="enrolled-keys"/>
              <feature enabled="yes" name="secure-boot"/>
            </firmware>
          </os>
          <cpu>
            <topology sockets="2" dies="1" cores="2" threads="1"/>
          </cpu>
          <clock offset="utc"/>
          <on_poweroff>destroy</on_poweroff>
          <on_reboot>restart</on_reboot>
          <on_crash>destroy</on_crash>
          <devices>
            <disk type="file" device="disk">
              <source file="vms/web.vmdk"/>
              <target dev="sda" bus="scsi"/>
              <address type="drive" controller="0" bus="0" target="0" unit="0"/>
            </disk>
            <disk type="file" device="disk">
              <source file="/vmfs/volumes/5669422e-699d77db/web/data-000002.vmdk"/>
              <target dev="sdb" bus="scsi"/>
              <transient/>
              <address type="drive" controller="0" bus="0" target="0" unit="1"/>
            </disk>
            <disk type="file" device="cdrom">
              <source file="vms/install.iso"/>
              <target dev="sdc" bus="sata"/>
              <readonly/>
              <address type="drive" controller="0" bus="0" target="0" unit="0"/>
            </disk>
            <controller type="scsi" index="0" model="vmpvscsi"/>
            <controller type="sata" index="0"/>
            <interface type="bridge">
              <mac address="00:50:56:ac:3e:a1" type="generated"/>
              <source bridge="VM Network"/>
              <model type="vmxnet3"/>
            </interface>
            <interface type="user">
              <mac address="00:50:56:00:00:07" type="static"/>
              <model type="e1000"/>
              <link state="down"/>
            </interface>
            <serial type="tcp">
              <source mode="bind" service="7001"/>
              <protocol type="telnet"/>
              <target port="0"/>
            </serial>
            <tpm model="tpm-crb">
              <backend type="emulator" version="2.0"/>
            </tpm>
            <graphics type="vnc" port="5903" autoport="no">
              <listen type="address"/>
            </graphics>
            <video>
              <model type="vmvga" vram="4096" primary="yes"/>
            </video>
          </devices>
        </domain>

        """)
    #expect(
      estate.volumeText
        == """
        - web.vmdk vms/web.vmdk 21475885056 vmdk - vms/web.vmdk web 1/sda
        - data-000002.vmdk /vmfs/volumes/5669422e-699d77db/web/data-000002.vmdk - vmdk - /vmfs/volumes/5669422e-699d77db/web/data-000002.vmdk web 1/sdb

        """)
    #expect(
      estate.imageText
        == """
        web vms/web.vmdk vmdk - - 21475885056 web 1/sda
        data-000002 /vmfs/volumes/5669422e-699d77db/web/data-000002.vmdk vmdk - - - web 1/sdb

        """)
    #expect(
      estate.noteText
        == """
        vms/web.vmx:10: web 1: the variables of its UEFI firmware stay with VMware: boot entries are made anew
        vms/web.vmx:46: web 1: its TPM begins empty: what VMware's holds is not carried
        vms/web.vmx:22: web 1: the disk at sdb is a snapshot by its name, 'data-000002.vmdk': consolidate it first
        vms/web.vmx:22: web 1: how large the disk at sdb is, its file says, which is not here
        vms/web.vmx:47: web 1: the password of its VNC display is not carried
        vms/web.vmx:50: web 1: 'guestinfo.userdata' is not carried
        vms/web.vmx:51: web 1: 'sched.cpu.max' is not carried

        """)
  }

  @Test("a VMX file without a name, a size and a UUID has the file's name and VMware's defaults")
  func minimal() throws {
    let estate = try converted("config.version = \"8\"\n", "/srv/old box.vmx")
    #expect(
      estate.domainText
        == """
        <domain type="vmware">
          <name>old box</name>
          <memory unit="KiB">32768</memory>
          <currentMemory unit="KiB">32768</currentMemory>
          <vcpu placement="static">1</vcpu>
          <os>
            <type arch="i686">hvm</type>
          </os>
          <clock offset="utc"/>
          <on_poweroff>destroy</on_poweroff>
          <on_reboot>restart</on_reboot>
          <on_crash>destroy</on_crash>
          <devices>
            <video>
              <model type="vmvga" vram="4096" primary="yes"/>
            </video>
          </devices>
        </domain>

        """)
    #expect(
      estate.noteText
        == """
        /srv/old box.vmx: old box: has no displayName: the name is the file's
        /srv/old box.vmx: old box: has no memory that can be read: 32 MiB is what VMware takes then

        """)
  }

  @Test("the head of a sparse VMDK file tells its size, and that it is a snapshot")
  func sparseDisk() throws {
    var head = Array("KDMV".utf8) + [1, 0, 0, 0, 3, 0, 0, 0]
    head += [0, 0, 0x20, 0, 0, 0, 0, 0]  // 2,097,152 sectors
    head += [128, 0, 0, 0, 0, 0, 0, 0]
    head += [1, 0, 0, 0, 0, 0, 0, 0] + [1, 0, 0, 0, 0, 0, 0, 0]
    head += [UInt8](repeating: 0, count: 512 - head.count)
    head += Array("# Disk DescriptorFile\nparentFileNameHint=\"base.vmdk\"\n".utf8)
    head += [UInt8](repeating: 0, count: 1024 - head.count)
    let text = """
      virtualHW.version = "8"
      displayName = "snap"
      memsize = "64"
      ide0:0.present = "TRUE"
      ide0:0.fileName = "snap-cl1.vmdk"
      """
    let estate = try converted(text, "snap.vmx", beside: ["snap-cl1.vmdk": head])
    #expect(
      estate.volumeText == "- snap-cl1.vmdk snap-cl1.vmdk 1073741824 vmdk base.vmdk snap-cl1.vmdk snap/hda\n")
    #expect(
      estate.noteText == """
        snap.vmx:5: snap: the disk at hda is a snapshot over 'base.vmdk': both files make it up, so consolidate it first

        """)
  }

  @Test("text in Windows's encoding is read as it is meant")
  func encoding() throws {
    let text = ".encoding = \"windows-1252\"\nconfig.version = \"8\"\nmemsize = \"64\"\ndisplayName = \"caf"
    let estate = try converted(Array(text.utf8) + [0xe9, 0x20, 0x80] + Array("\"\n".utf8), "cafe.vmx")
    #expect(estate.domains.first?.document.first("name")?.text == "café €")
  }

  @Test("what is no VMX file is told at its line")
  func errors() {
    #expect(
      error("config.version = \"8\"\nhello\n", "a.vmx", as: .vmx)
        == """
        a.vmx:2: is no entry of a VMX file; entries are lines such as memsize = "4096"
        """)
    #expect(
      error("config.version = \"8\n", "a.vmx", as: .vmx)
        == "a.vmx:1: the value of 'config.version' has no closing quote")
    #expect(
      error("a = \"b\"\n", "a.vmx", as: .vmx)
        == "a.vmx: is no VMX file: it has neither config.version nor virtualHW.version")
    #expect(
      error(Array(".encoding = \"GBK\"\n".utf8) + [0xb5], "a.vmx", as: .vmx)
        == "a.vmx: is in the encoding 'GBK', which is not known; convert it, such as with iconv -f GBK -t UTF-8, and take its .encoding entry out"
    )
  }

  @Test("numbers that no machine can have are told, and do no harm")
  func hostileNumbers() throws {
    let text = """
      config.version = "8"
      displayName = "x"
      memsize = "18446744073709551615"
      numvcpus = "99999999999"
      cpuid.coresPerSocket = "18446744073709551615"
      svga.vramSize = "18446744073709551615"
      ethernet0.present = "TRUE"
      ethernet0.addressType = "static"
      ethernet0.address = "01:00:00:00:00:00"
      scsi0.present = "TRUE"
      scsi0:9999.present = "TRUE"
      """
    let estate = try converted(text, "x.vmx")
    #expect(
      estate.noteText
        == """
        x.vmx:4: x: 'numvcpus' is no number of CPUs: 1 is taken
        x.vmx:5: x: 1 CPUs are no whole number of sockets with 18446744073709551615 cores: the sockets are not carried
        x.vmx:3: x: has no memory that can be read: 32 MiB is what VMware takes then
        x.vmx:7: x: ethernet0 is on no network that the file names
        x.vmx:9: x: 'ethernet0.address' is no address of an interface: it gets another one
        x.vmx:11: x: 'scsi0:9999.present' is not carried

        """)
  }
}

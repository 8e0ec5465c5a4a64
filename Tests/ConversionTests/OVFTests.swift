import Conversion
import Libvirt
import Testing

@Suite struct OVFTests {
  static let descriptor = """
    <?xml version="1.0" encoding="UTF-8"?>
    <ovf:Envelope xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1" xmlns="http://schemas.dmtf.org/ovf/envelope/1"
      xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData"
      xmlns:vssd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_VirtualSystemSettingData"
      xmlns:vmw="http://www.vmware.com/schema/ovf">
      <References>
        <File ovf:href="app-disk1.vmdk" ovf:id="file1" ovf:size="1024"/>
        <File ovf:href="config.iso" ovf:id="file2"/>
      </References>
      <DiskSection>
        <Info>Disks</Info>
        <Disk ovf:capacity="20" ovf:capacityAllocationUnits="byte * 2^30" ovf:diskId="vmdisk1" ovf:fileRef="file1"
          ovf:format="http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized"/>
        <Disk ovf:capacity="512" ovf:capacityAllocationUnits="MegaBytes" ovf:diskId="vmdisk2"/>
      </DiskSection>
      <NetworkSection>
        <Info>Networks</Info>
        <Network ovf:name="VM Network"><Description>The network</Description></Network>
        <Network ovf:name="Unused"/>
      </NetworkSection>
      <VirtualSystem ovf:id="app">
        <Info>A machine</Info>
        <Name>app-1</Name>
        <OperatingSystemSection ovf:id="96" vmw:osType="debian10_64Guest"><Info>OS</Info></OperatingSystemSection>
        <VirtualHardwareSection ovf:transport="com.vmware.guestInfo">
          <Info>Hardware</Info>
          <System>
            <vssd:ElementName>Hardware</vssd:ElementName>
            <vssd:InstanceID>0</vssd:InstanceID>
            <vssd:VirtualSystemIdentifier>app</vssd:VirtualSystemIdentifier>
            <vssd:VirtualSystemType>vmx-13</vssd:VirtualSystemType>
          </System>
          <Item>
            <rasd:AllocationUnits>hertz * 10^6</rasd:AllocationUnits>
            <rasd:ElementName>2 CPUs</rasd:ElementName>
            <rasd:InstanceID>1</rasd:InstanceID>
            <rasd:Reservation>1000</rasd:Reservation>
            <rasd:ResourceType>3</rasd:ResourceType>
            <rasd:VirtualQuantity>2</rasd:VirtualQuantity>
            <vmw:CoresPerSocket ovf:required="false">2</vmw:CoresPerSocket>
          </Item>
          <Item>
            <rasd:AllocationUnits>byte * 2^20</rasd:AllocationUnits>
            <rasd:ElementName>4096MB of memory</rasd:ElementName>
            <rasd:InstanceID>2</rasd:InstanceID>
            <rasd:ResourceType>4</rasd:ResourceType>
            <rasd:VirtualQuantity>4096</rasd:VirtualQuantity>
          </Item>
          <Item>
            <rasd:Address>0</rasd:Address>
            <rasd:ElementName>SCSI Controller 0</rasd:ElementName>
            <rasd:InstanceID>3</rasd:InstanceID>
            <rasd:ResourceSubType>VirtualSCSI</rasd:ResourceSubType>
            <rasd:ResourceType>6</rasd:ResourceType>
          </Item>
          <Item>
            <rasd:ElementName>IDE 0</rasd:ElementName>
            <rasd:InstanceID>4</rasd:InstanceID>
            <rasd:ResourceType>5</rasd:ResourceType>
          </Item>
          <Item>
            <rasd:AddressOnParent>0</rasd:AddressOnParent>
            <rasd:ElementName>Hard disk 1</rasd:ElementName>
            <rasd:HostResource>ovf:/disk/vmdisk1</rasd:HostResource>
            <rasd:InstanceID>5</rasd:InstanceID>
            <rasd:Parent>3</rasd:Parent>
            <rasd:ResourceType>17</rasd:ResourceType>
          </Item>
          <Item>
            <rasd:AddressOnParent>1</rasd:AddressOnParent>
            <rasd:ElementName>Hard disk 2</rasd:ElementName>
            <rasd:HostResource>ovf:/disk/vmdisk2</rasd:HostResource>
            <rasd:InstanceID>6</rasd:InstanceID>
            <rasd:Parent>3</rasd:Parent>
            <rasd:ResourceType>17</rasd:ResourceType>
          </Item>
          <Item ovf:required="false">
            <rasd:AddressOnParent>0</rasd:AddressOnParent>
            <rasd:ElementName>CD/DVD drive 1</rasd:ElementName>
            <rasd:HostResource>ovf:/file/file2</rasd:HostResource>
            <rasd:InstanceID>7</rasd:InstanceID>
            <rasd:Parent>4</rasd:Parent>
            <rasd:ResourceType>15</rasd:ResourceType>
          </Item>
          <Item>
            <rasd:AddressOnParent>7</rasd:AddressOnParent>
            <rasd:AutomaticAllocation>true</rasd:AutomaticAllocation>
            <rasd:Connection>VM Network</rasd:Connection>
            <rasd:ElementName>Network adapter 1</rasd:ElementName>
            <rasd:InstanceID>8</rasd:InstanceID>
            <rasd:ResourceSubType>VmxNet3</rasd:ResourceSubType>
            <rasd:ResourceType>10</rasd:ResourceType>
            <vmw:Config ovf:required="false" vmw:key="slotInfo.pciSlotNumber" vmw:value="192"/>
          </Item>
          <Item ovf:required="false">
            <rasd:ElementName>Scanner</rasd:ElementName>
            <rasd:InstanceID>9</rasd:InstanceID>
            <rasd:ResourceType>1</rasd:ResourceType>
          </Item>
          <vmw:Config ovf:required="false" vmw:key="firmware" vmw:value="efi"/>
          <vmw:Config ovf:required="false" vmw:key="cpuHotAddEnabled" vmw:value="false"/>
          <vmw:ExtraConfig vmw:key="guestinfo.seed" vmw:value="hunter2"/>
        </VirtualHardwareSection>
        <AnnotationSection><Info>Note</Info><Annotation>The application.</Annotation></AnnotationSection>
        <ProductSection>
          <Info>Product</Info>
          <Property ovf:key="password" ovf:type="string" ovf:value="hunter2"/>
        </ProductSection>
      </VirtualSystem>
    </ovf:Envelope>
    """

  static let manifest = """
    SHA256(app.ovf)= 0000000000000000000000000000000000000000000000000000000000000001
    SHA256(app-disk1.vmdk)= ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef0123456789
    SHA1(config.iso)= 0123456789012345678901234567890123456789
    """

  @Test("a descriptor becomes a domain, with its files beside it")
  func descriptor() throws {
    let estate = try converted(
      Self.descriptor, "ova/app.ovf", beside: ["ova/app.mf": Array(Self.manifest.utf8)])
    #expect(
      estate.domainText
        == """
        <domain type="vmware">
          <name>app-1</name>
          <description>The application.</description>
          <memory unit="KiB">4194304</memory>
          <currentMemory unit="KiB">4194304</currentMemory>
          <vcpu placement="static">2</vcpu>
          <os firmware="efi">
            <type arch="x86_64">hvm</type>
          </os>
          <features>
            <acpi/>
            <apic/>
          </features>
          <cpu>
            <topology sockets="1" dies="1" cores="2" threads="1"/>
          </cpu>
          <clock offset="utc"/>
          <devices>
            <disk type="file" device="disk">
              <driver name="qemu" type="vmdk"/>
              <source file="ova/app-disk1.vmdk"/>
              <target dev="sda" bus="scsi"/>
            </disk>
            <disk type="file" device="disk">
              <target dev="sdb" bus="scsi"/>
            </disk>
            <disk type="file" device="cdrom">
              <source file="ova/config.iso"/>
              <target dev="hda" bus="ide"/>
              <readonly/>
            </disk>
            <controller type="scsi" index="0" model="vmpvscsi"/>
            <controller type="ide" index="0"/>
            <interface type="network">
              <source network="VM Network"/>
              <model type="vmxnet3"/>
            </interface>
          </devices>
        </domain>

        """)
    #expect(
      estate.volumeText
        == """
        - app-disk1.vmdk ova/app-disk1.vmdk 21474836480 vmdk - ova/app-disk1.vmdk app-1/sda
        - vmdisk2 - 536870912 - - - app-1/sdb

        """)
    #expect(
      estate.imageText
        == """
        app-disk1 ova/app-disk1.vmdk vmdk - abcdef01 21474836480 app-1/sda
        config ova/config.iso raw - - - app-1/hda

        """)
    #expect(
      estate.noteText
        == """
        ova/app.ovf: app.ovf: its manifest has a SHA1 digest of 'config.iso', which is not taken: only SHA256 is
        Envelope/VirtualSystem[app]/VirtualHardwareSection/Item[1]: app-1: the reservation of '2 CPUs' is not carried
        Envelope/VirtualSystem[app]/VirtualHardwareSection: app-1: it expects properties from VMware by 'com.vmware.guestInfo': they are not carried
        Envelope/VirtualSystem[app]/VirtualHardwareSection/Item[6]: app-1: the disk 'Hard disk 2' at sdb is empty: the package has no file of it
        Envelope/VirtualSystem[app]/VirtualHardwareSection/Item[9]: app-1: the device 'Scanner' of the type 1 is not carried
        Envelope/NetworkSection/Network[2]: app.ovf: <Network> 'Unused' is not carried
        Envelope/VirtualSystem[app]/VirtualHardwareSection/ExtraConfig: app: <ExtraConfig> 'guestinfo.seed' is not carried
        Envelope/VirtualSystem[app]/ProductSection/Property: app: <Property> 'password' is not carried

        """)
  }

  @Test("an archive's images are its members")
  func archive() throws {
    let bytes = tar([
      ("app.ovf", Array(Self.descriptor.utf8)), ("app.mf", Array(Self.manifest.utf8)),
      ("app-disk1.vmdk", [UInt8](repeating: 7, count: 1500)),
    ])
    let estate = try converted(bytes, "/srv/app.ova")
    #expect(estate.domains.count == 1)
    #expect(
      estate.imageText
        == """
        app-disk1 /srv/app.ova vmdk app-disk1.vmdk abcdef01 21474836480 app-1/sda
        config /srv/app.ova raw config.iso - - app-1/hda

        """)
    #expect(
      estate.notes.first?.description
        == "/srv/app.ova: app.ova: its manifest has a SHA1 digest of 'config.iso', which is not taken: only SHA256 is"
    )
  }

  @Test("VirtualBox's package of several machines becomes several domains")
  func virtualBox() throws {
    func system(_ id: String, _ more: String) -> String {
      """
      <VirtualSystem ovf:id="\(id)"><Info/>
      <VirtualHardwareSection><Info/>
      <System><vssd:ElementName>x</vssd:ElementName><vssd:InstanceID>0</vssd:InstanceID>
      <vssd:VirtualSystemType>virtualbox-2.2</vssd:VirtualSystemType></System>
      <Item><rasd:InstanceID>1</rasd:InstanceID><rasd:ResourceType>3</rasd:ResourceType>
      <rasd:VirtualQuantity>1</rasd:VirtualQuantity></Item>
      <Item><rasd:AllocationUnits>MegaBytes</rasd:AllocationUnits><rasd:InstanceID>2</rasd:InstanceID>
      <rasd:ResourceType>4</rasd:ResourceType><rasd:VirtualQuantity>512</rasd:VirtualQuantity></Item>\(more)
      </VirtualHardwareSection>
      <vbox:Machine xmlns:vbox="http://www.virtualbox.org/ovf/machine" uuid="{6e55b2f8-0f5a-4b4a-9d3b-0c1c5f1f8a01}">
      <vbox:Hardware><vbox:Firmware type="EFI"/></vbox:Hardware></vbox:Machine></VirtualSystem>
      """
    }
    let nic = """
      <Item><rasd:AutomaticAllocation>false</rasd:AutomaticAllocation><rasd:Connection>NAT</rasd:Connection>
      <rasd:Caption>Ethernet adapter</rasd:Caption><rasd:InstanceID>3</rasd:InstanceID>
      <rasd:ResourceSubType>E1000</rasd:ResourceSubType><rasd:ResourceType>10</rasd:ResourceType></Item>
      """
    let text = """
      <Envelope xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1" xmlns="http://schemas.dmtf.org/ovf/envelope/1"
      xmlns:rasd="r" xmlns:vssd="v"><References/><VirtualSystemCollection ovf:id="lab"><Info/>
      \(system("one", nic))\(system("two", ""))
      <StartupSection><Info/><Item ovf:id="one" ovf:order="1"/></StartupSection>
      </VirtualSystemCollection></Envelope>
      """
    let estate = try converted(text, "lab.ovf")
    #expect(
      estate.domainText
        == """
        <domain type="vbox">
          <name>one</name>
          <uuid>6e55b2f8-0f5a-4b4a-9d3b-0c1c5f1f8a01</uuid>
          <memory unit="KiB">524288</memory>
          <currentMemory unit="KiB">524288</currentMemory>
          <vcpu placement="static">1</vcpu>
          <os firmware="efi">
            <type arch="x86_64">hvm</type>
          </os>
          <features>
            <acpi/>
            <apic/>
          </features>
          <clock offset="utc"/>
          <devices>
            <interface type="network">
              <source network="NAT"/>
              <model type="e1000"/>
              <link state="down"/>
            </interface>
          </devices>
        </domain>
        <domain type="vbox">
          <name>two</name>
          <uuid>6e55b2f8-0f5a-4b4a-9d3b-0c1c5f1f8a01</uuid>
          <memory unit="KiB">524288</memory>
          <currentMemory unit="KiB">524288</currentMemory>
          <vcpu placement="static">1</vcpu>
          <os firmware="efi">
            <type arch="x86_64">hvm</type>
          </os>
          <features>
            <acpi/>
            <apic/>
          </features>
          <clock offset="utc"/>
          <devices/>
        </domain>

        """)
    #expect(estate.domains.map { $0.document.first("name")?.text } == ["one", "two"])
    #expect(
      estate.noteText
        == """
        Envelope/VirtualSystemCollection[lab]/VirtualSystem[one]/Machine: one: VirtualBox's own description of it is not carried, but for its UUID and its firmware
        Envelope/VirtualSystemCollection[lab]/VirtualSystem[two]/Machine: two: VirtualBox's own description of it is not carried, but for its UUID and its firmware
        Envelope/VirtualSystemCollection[lab]/StartupSection/Item: lab.ovf: <Item> is not carried
        lab.ovf: two: has the UUID of another machine

        """)
  }

  @Test("units are those of the specification, and never overflow")
  func units() throws {
    func memory(_ unit: String, _ quantity: String) throws -> String? {
      let text = """
        <Envelope><VirtualSystem id="x"><VirtualHardwareSection>
        <Item><InstanceID>1</InstanceID><ResourceType>3</ResourceType><VirtualQuantity>1</VirtualQuantity></Item>
        <Item><AllocationUnits>\(unit)</AllocationUnits><InstanceID>2</InstanceID><ResourceType>4</ResourceType>
        <VirtualQuantity>\(quantity)</VirtualQuantity></Item></VirtualHardwareSection></VirtualSystem></Envelope>
        """
      return try converted(text, "x.ovf").domains.first?.document.first("memory")?.text
    }
    #expect(try memory("byte * 2^30", "2") == "2097152")
    #expect(try memory("byte * 1024^2", "3") == "3072")
    #expect(try memory("byte*1024", "1500") == "1500")
    #expect(try memory("GigaBytes", "1") == "1048576")
    #expect(try memory("byte", "1025") == "2")
    // What cannot be read is told, and 512 MiB.
    #expect(try memory("byte * 2^60", "999999") == "524288")
    #expect(try memory("parsec", "1") == "524288")
    #expect(try memory("byte * 2^999", "1") == "524288")
    #expect(try memory("byte", "99999999999999999999") == "524288")
  }

  @Test("what is no package is told")
  func errors() {
    #expect(
      error("<Envelope>", "a.ovf", as: .ovf)
        == "a.ovf:1: its descriptor is no XML: Premature end of data in tag Envelope line 1")
    #expect(
      error("<domain/>", "a.ovf", as: .ovf)
        == "a.ovf: is no OVF descriptor: its root is <domain>, not <Envelope>")
    #expect(
      error("<Envelope/>", "a.ovf", as: .ovf)
        == "a.ovf: describes no machine: it has no <VirtualSystem>")
    #expect(
      error("<!DOCTYPE a [<!ENTITY b \"c\">]><Envelope/>", "a.ovf", as: .ovf)
        == "a.ovf: its descriptor cannot be read: XML: a document type declaration is not accepted")
    #expect(
      error(tar([("a.txt", [])]), "a.ova", as: .ova)
        == "a.ova: has no OVF descriptor in it; an OVA is a tar archive with a file whose name ends in .ovf")
    var broken = tar([("a.ovf", Array("<Envelope/>".utf8))])
    broken[0] = 0x62
    #expect(
      error(broken, "a.ova", as: .ova)
        == "a.ova: is a broken archive: the checksum of a header does not fit")
    #expect(
      error(Array(tar([("a.ovf", [UInt8](repeating: 0x20, count: 2000))]).prefix(700)), "a.ova", as: .ova)
        == "a.ova: ends in the middle of 'a.ovf'; fetch the archive again")
  }
}

import Conversion
import Libvirt
import Testing

@Suite struct XLTests {
  static let hvm = """
    # Made by hand.
    name = 'db1'
    uuid = "c7a5fdb2-cdaf-9455-926a-d65c16db1809"
    type = "hvm"
    memory = 2048; maxmem = 4096
    vcpus = 2
    maxvcpus = 4
    cpus = [ "0", '2-3' ]
    cpu_weight = 512
    boot = "dc"
    bios = "ovmf"
    localtime = 1
    on_crash = "soft-reset"
    disk = [ 'phy:/dev/vg0/db1,hda,w',
             "format=qcow2,vdev=xvdb,access=ro,backendtype=qdisk,target=/srv/xen/data,1.qcow2",  # with a comma
             '/srv/iso/debian.iso,raw,hdc:cdrom,ro',
             'vdev=xvdc,target=rbd:pool/db:mon_host=mon1\\\\:6789\\\\;mon2:auth_supported=none',
           ]
    vif = [ 'mac=00:16:3e:66:92:9c,bridge=ovsbr0.42,script=vif-openvswitch,model=e1000,rate=10Mb/s',
            'type=ioemu,backend=router' ]
    vnc = 1
    vnclisten = "0.0.0.0"
    vncpasswd = "hunter2"
    serial = [ "pty", "tcp:127.0.0.1:7001,server" ]
    usbdevice = "tablet"
    pci = [ "01:1a.1,permissive=1" ]
    soundhw = "hda"
    """

  static let pv = """
    name = "pv1"
    memory = 512
    vcpus = 1
    bootloader = "/usr/bin/pygrub"
    root = "/dev/xvda1"
    extra = "ro quiet"
    kernel = "boot/vmlinuz"
    disk = [ "file:images/pv1.img,xvda,w" ]
    vif = [ "mac=00:16:3e:00:00:01" ]
    vfb = [ "type=vnc,vncdisplay=3,vncpasswd=secret" ]
    """

  @Test("a configuration of a whole machine becomes a domain")
  func hvm() throws {
    let estate = try converted(Self.hvm, "/etc/xen/db1.cfg")
    #expect(
      estate.domainText
        == """
        <domain type="xen">
          <name>db1</name>
          <uuid>c7a5fdb2-cdaf-9455-926a-d65c16db1809</uuid>
          <memory unit="KiB">4194304</memory>
          <currentMemory unit="KiB">2097152</currentMemory>
          <vcpu placement="static" current="2">4</vcpu>
          <cputune>
            <vcpupin vcpu="0" cpuset="0"/>
            <vcpupin vcpu="1" cpuset="2-3"/>
          </cputune>
          <os firmware="efi">
            <type arch="x86_64" machine="xenfv">hvm</type>
            <boot dev="cdrom"/>
            <boot dev="hd"/>
          </os>
          <features>
            <acpi/>
            <apic/>
            <pae/>
          </features>
          <clock offset="variable" adjustment="0" basis="localtime"/>
          <on_poweroff>destroy</on_poweroff>
          <on_reboot>restart</on_reboot>
          <on_crash>restart</on_crash>
          <devices>
            <disk type="block" device="disk">
              <driver name="phy" type="raw"/>
              <source dev="/dev/vg0/db1"/>
              <target dev="hda" bus="ide"/>
            </disk>
            <disk type="file" device="disk">
              <driver name="qemu" type="qcow2"/>
              <source file="/srv/xen/data,1.qcow2"/>
              <target dev="xvdb" bus="xen"/>
              <readonly/>
            </disk>
            <disk type="file" device="cdrom">
              <driver name="qemu" type="raw"/>
              <source file="/srv/iso/debian.iso"/>
              <target dev="hdc" bus="ide"/>
              <readonly/>
            </disk>
            <disk type="network" device="disk">
              <driver name="qemu" type="raw"/>
              <source protocol="rbd" name="pool/db">
                <host name="mon1" port="6789"/>
                <host name="mon2"/>
              </source>
              <target dev="xvdc" bus="xen"/>
            </disk>
            <controller type="xenbus" index="0"/>
            <controller type="ide" index="0"/>
            <interface type="bridge">
              <mac address="00:16:3e:66:92:9c"/>
              <source bridge="ovsbr0"/>
              <bandwidth>
                <outbound average="1280"/>
              </bandwidth>
              <vlan>
                <tag id="42"/>
              </vlan>
              <virtualport type="openvswitch"/>
              <script path="vif-openvswitch"/>
              <model type="e1000"/>
            </interface>
            <interface type="bridge">
              <source bridge="xenbr0"/>
            </interface>
            <serial type="pty">
              <target port="0"/>
            </serial>
            <serial type="tcp">
              <source mode="bind" host="127.0.0.1" service="7001"/>
              <protocol type="raw"/>
              <target port="1"/>
            </serial>
            <input type="tablet" bus="usb"/>
            <graphics type="vnc" port="-1" autoport="yes" listen="0.0.0.0">
              <listen type="address" address="0.0.0.0"/>
            </graphics>
            <video>
              <model type="cirrus" vram="8192" heads="1" primary="yes"/>
            </video>
            <sound model="ich6"/>
            <hostdev mode="subsystem" type="pci" managed="no">
              <source writeFiltering="no">
                <address domain="0x0000" bus="0x01" slot="0x1a" function="0x1"/>
              </source>
            </hostdev>
          </devices>
        </domain>

        """)
    #expect(
      estate.volumeText
        == """
        - db1 /dev/vg0/db1 - raw - - db1/hda
        - data,1.qcow2 /srv/xen/data,1.qcow2 - qcow2 - - db1/xvdb

        """)
    #expect(
      estate.noteText
        == """
        /etc/xen/db1.cfg:13: db1: the action 'soft-reset' is not known to libvirt: 'restart' is taken
        /etc/xen/db1.cfg:19: db1: 'backend' of an interface is not carried
        /etc/xen/db1.cfg:21: db1: the password of its VNC display is not carried
        /etc/xen/db1.cfg:9: db1: 'cpu_weight' is not carried

        """)
  }

  @Test("a configuration of a paravirtual machine becomes a domain")
  func pv() throws {
    let estate = try converted(Self.pv, "xen/pv1.cfg")
    #expect(
      estate.domainText
        == """
        <domain type="xen">
          <name>pv1</name>
          <memory unit="KiB">524288</memory>
          <currentMemory unit="KiB">524288</currentMemory>
          <vcpu placement="static">1</vcpu>
          <bootloader>/usr/bin/pygrub</bootloader>
          <os>
            <type arch="x86_64" machine="xenpv">linux</type>
            <kernel>xen/boot/vmlinuz</kernel>
            <cmdline>root=/dev/xvda1 ro quiet</cmdline>
          </os>
          <clock offset="utc" adjustment="reset"/>
          <on_poweroff>destroy</on_poweroff>
          <on_reboot>restart</on_reboot>
          <on_crash>restart</on_crash>
          <devices>
            <disk type="file" device="disk">
              <driver name="qemu" type="raw"/>
              <source file="xen/images/pv1.img"/>
              <target dev="xvda" bus="xen"/>
            </disk>
            <controller type="xenbus" index="0"/>
            <interface type="bridge">
              <mac address="00:16:3e:00:00:01"/>
              <source bridge="xenbr0"/>
            </interface>
            <console type="pty">
              <target type="xen" port="0"/>
            </console>
            <graphics type="vnc" port="5903" autoport="no">
              <listen type="address"/>
            </graphics>
          </devices>
        </domain>

        """)
    #expect(
      estate.volumeText
        == """
        - pv1.img xen/images/pv1.img - raw - - pv1/xvda

        """)
    #expect(
      estate.noteText
        == """
        xen/pv1.cfg:10: pv1: the password of its VNC display is not carried

        """)
  }

  @Test("what lies in Xen's directory for it starts with the host")
  func autostart() throws {
    #expect(try converted(Self.pv, "/etc/xen/auto/pv1.cfg").domains.map(\.autostart) == [true])
    #expect(try converted(Self.pv, "/etc/xen/pv1.cfg").domains.map(\.autostart) == [false])
  }

  @Test("programs and broken values are told at their line")
  func errors() {
    #expect(
      error("name = 'x'\nimport os\n", "a.cfg", as: .xlConfig)
        == "a.cfg:2: a '=' is missing after 'import'; an entry is KEY = VALUE with a number, a string in quotes or a list in brackets; programs in Python are not run"
    )
    #expect(error("name = 'x\n", "a.cfg", as: .xlConfig) == "a.cfg:1: a string has no closing quote")
    #expect(
      error("memory = 2 * 512\n", "a.cfg", as: .xlConfig)
        == "a.cfg:1: there is something after the value of 'memory'; an entry is KEY = VALUE with a number, a string in quotes or a list in brackets; programs in Python are not run"
    )
    #expect(
      error("disk = [ 'a' 'b' ]\n", "a.cfg", as: .xlConfig)
        == "a.cfg:1: a ',' or a ']' is missing in a list")
    #expect(
      error("a = " + String(repeating: "[", count: 100), "a.cfg", as: .xlConfig)
        == "a.cfg:1: its lists are too large")
  }
}

import Conversion
import Libvirt
import Testing

@Suite struct TerraformShowTests {
  /// As `terraform show -json` prints what the provider 0.9 keeps.
  static let new = """
    {"format_version": "1.0", "terraform_version": "1.9.0", "values": {"outputs": {"ip": {"value": "1", "sensitive": false}},
     "root_module": {"child_modules": [{"address": "module.lab", "resources": [
      {"address": "module.lab.libvirt_pool.fast", "mode": "managed", "type": "libvirt_pool", "name": "fast", "values": {
        "name": "fast", "type": "logical", "uuid": "0c2e0a4e-9c0d-4f0e-8a63-3d7bb1a4a111", "id": "0c2e0a4e-9c0d-4f0e-8a63-3d7bb1a4a111",
        "capacity": 1, "source": {"name": "vg0", "device": [{"path": "/dev/sdb"}]}, "target": {"path": "/dev/vg0", "permissions": null}}},
      {"address": "module.lab.libvirt_volume.base", "mode": "managed", "type": "libvirt_volume", "name": "base", "values": {
        "name": "base.qcow2", "pool": "default", "path": "/var/lib/libvirt/images/base.qcow2", "capacity": 2, "capacity_unit": "GiB",
        "key": "/var/lib/libvirt/images/base.qcow2", "id": "/var/lib/libvirt/images/base.qcow2",
        "create": {"content": {"url": "file:///srv/images/base.qcow2"}}, "backing_store": null,
        "target": {"path": "/var/lib/libvirt/images/base.qcow2", "format": {"type": "qcow2"}, "encryption": {"format": "luks"}}}},
      {"address": "module.lab.libvirt_volume.root", "mode": "managed", "type": "libvirt_volume", "name": "root", "values": {
        "name": "app.qcow2", "pool": "default", "path": "/var/lib/libvirt/images/app.qcow2", "capacity": 10737418240,
        "id": "/var/lib/libvirt/images/app.qcow2", "target": {"format": {"type": "qcow2"}},
        "backing_store": {"path": "/var/lib/libvirt/images/base.qcow2", "format": {"type": "qcow2"}}}},
      {"address": "module.lab.libvirt_network.lan", "mode": "managed", "type": "libvirt_network", "name": "lan", "values": {
        "name": "lan", "uuid": "51bb9c7e-6d4e-4f0e-8a63-3d7bb1a4a333", "id": "51bb9c7e-6d4e-4f0e-8a63-3d7bb1a4a333", "autostart": true,
        "forward": {"mode": "nat", "dev": null, "nat": {"ports": [{"start": 1024, "end": 65535}]}},
        "bridge": {"name": "virbr9", "stp": "on", "delay": "0"}, "domain": {"name": "lab", "local_only": "yes"},
        "dns": {"enable": "yes", "forwarders": [{"addr": "9.9.9.9"}], "host": [{"ip": "10.9.0.1", "hostnames": [{"hostname": "gw"}]}]},
        "ips": [{"address": "10.9.0.1", "prefix": 24, "family": "ipv4", "dhcp": {"ranges": [{"start": "10.9.0.100", "end": "10.9.0.200"}],
          "hosts": [{"mac": "52:54:00:00:00:01", "ip": "10.9.0.11", "name": "app"}]}}],
        "metadata": {"xml": "<a/>"}}},
      {"address": "module.lab.libvirt_domain.app[\\"a\\"]", "mode": "managed", "type": "libvirt_domain", "name": "app", "index": "a", "values": {
        "id": 7, "uuid": "d1d2d3d4-0000-4f0e-8a63-3d7bb1a4a444", "name": "app", "title": "The application", "type": "kvm",
        "memory": 2, "memory_unit": "GiB", "current_memory": 1048576, "vcpu": 4, "vcpu_current": 2, "vcpu_placement": "static",
        "cpu": {"mode": "host-passthrough", "check": "none", "topology": {"sockets": 1, "cores": 4, "threads": 1}},
        "cpu_tune": {"shares": {"value": 2048}, "vcpu_pin": [{"vcpu": 0, "cpu_set": "2"}]},
        "os": {"type": "hvm", "type_arch": "x86_64", "type_machine": "q35", "firmware": "efi", "loader": "/usr/share/OVMF/CODE.fd",
          "loader_readonly": true, "loader_type": "pflash", "nv_ram": {"nv_ram": "/var/nvram/app.fd", "template": "/usr/share/OVMF/VARS.fd"},
          "boot_devices": [{"dev": "hd"}], "bios": {"use_serial": "yes"}},
        "features": {"acpi": true, "apic": {"eoi": null}, "pae": false, "smm": {"state": "on"}},
        "clock": {"offset": "utc", "timer": [{"name": "rtc", "tick_policy": "catchup"}]},
        "on_poweroff": "destroy", "running": true, "autostart": null, "create": {}, "destroy": {"graceful": true},
        "devices": {
          "emulator": "/usr/bin/qemu-system-x86_64",
          "disks": [
            {"device": "disk", "driver": {"name": "qemu", "type": "qcow2", "discard": "unmap"},
              "source": {"volume": {"pool": "default", "volume": "app.qcow2"}}, "target": {"dev": "vda", "bus": "virtio"},
              "io_tune": {"total_iops_sec": 500}, "boot": {"order": 1}},
            {"device": "cdrom", "source": {"file": {"file": "/srv/iso/seed.iso"}}, "target": {"dev": "sda", "bus": "sata"}, "read_only": true}],
          "interfaces": [
            {"mac": {"address": "52:54:00:00:00:01"}, "model": {"type": "virtio"}, "source": {"network": {"network": "lan", "portgroup": "web"}},
              "vlan": {"trunk": null, "tags": [{"id": 42}]}, "wait_for_ip": {"timeout": 300}},
            {"mac": null, "source": {"direct": {"dev": "eth0", "mode": "bridge"}}, "model": {"type": "e1000"}}],
          "serials": [{"source": {"file": {"path": "/var/log/app.log"}}, "target": {"type": "isa-serial", "port": 0}}],
          "consoles": [{"target": {"type": "serial", "port": 0}}],
          "channels": [{"source": {"unix": {"mode": "bind"}}, "target": {"virt_io": {"name": "org.qemu.guest_agent.0"}}}],
          "graphics": [{"vnc": {"auto_port": true, "listen": "127.0.0.1", "passwd": "hunter2"}}],
          "videos": [{"model": {"type": "virtio", "heads": 1, "primary": "yes"}}],
          "tpms": [{"model": "tpm-crb", "backend": {"emulator": {"version": "2.0"}}}],
          "rngs": [{"model": "virtio", "backend": {"random": "/dev/random"}}],
          "hostdevs": [{"managed": true, "subsys_pci": {"source": {"address": {"domain": 0, "bus": 3, "slot": 0, "function": 1}}}}],
          "mem_balloon": {"model": "virtio", "stats": {"period": 10}}}}}]}]}}}
    """

  @Test("what terraform show prints of the provider 0.9 becomes an estate")
  func newState() throws {
    let estate = try converted(Self.new, "show.json")
    #expect(
      estate.domainText
        == """
        <domain type="kvm">
          <name>app</name>
          <uuid>d1d2d3d4-0000-4f0e-8a63-3d7bb1a4a444</uuid>
          <title>The application</title>
          <memory unit="KiB">2097152</memory>
          <currentMemory unit="KiB">1048576</currentMemory>
          <vcpu placement="static" current="2">4</vcpu>
          <cputune>
            <shares>2048</shares>
            <vcpupin vcpu="0" cpuset="2"/>
          </cputune>
          <os firmware="efi">
            <type arch="x86_64" machine="q35">hvm</type>
            <loader readonly="yes" type="pflash">/usr/share/OVMF/CODE.fd</loader>
            <nvram template="/usr/share/OVMF/VARS.fd">/var/nvram/app.fd</nvram>
            <boot dev="hd"/>
          </os>
          <features>
            <acpi/>
            <smm state="on"/>
            <apic/>
          </features>
          <cpu mode="host-passthrough" check="none">
            <topology sockets="1" cores="4" threads="1"/>
          </cpu>
          <clock offset="utc">
            <timer name="rtc" tickpolicy="catchup"/>
          </clock>
          <on_poweroff>destroy</on_poweroff>
          <devices>
            <emulator>/usr/bin/qemu-system-x86_64</emulator>
            <disk type="volume" device="disk">
              <driver name="qemu" type="qcow2" discard="unmap"/>
              <source pool="default" volume="app.qcow2"/>
              <target dev="vda" bus="virtio"/>
              <iotune>
                <total_iops_sec>500</total_iops_sec>
              </iotune>
              <boot order="1"/>
            </disk>
            <disk type="file" device="cdrom">
              <source file="/srv/iso/seed.iso"/>
              <target dev="sda" bus="sata"/>
              <readonly/>
            </disk>
            <interface type="network">
              <mac address="52:54:00:00:00:01"/>
              <source network="lan" portgroup="web"/>
              <vlan>
                <tag id="42"/>
              </vlan>
              <model type="virtio"/>
            </interface>
            <interface type="direct">
              <source dev="eth0" mode="bridge"/>
              <model type="e1000"/>
            </interface>
            <serial type="file">
              <source path="/var/log/app.log"/>
              <target type="isa-serial" port="0"/>
            </serial>
            <console type="pty">
              <target type="serial" port="0"/>
            </console>
            <channel type="unix">
              <source mode="bind"/>
              <target type="virtio" name="org.qemu.guest_agent.0"/>
            </channel>
            <tpm model="tpm-crb">
              <backend type="emulator" version="2.0"/>
            </tpm>
            <graphics type="vnc" autoport="yes" listen="127.0.0.1">
              <listen type="address" address="127.0.0.1"/>
            </graphics>
            <video>
              <model type="virtio" heads="1" primary="yes"/>
            </video>
            <memballoon model="virtio"/>
            <hostdev mode="subsystem" type="pci" managed="yes">
              <source>
                <address domain="0x0000" bus="0x03" slot="0x00" function="0x1"/>
              </source>
            </hostdev>
            <rng model="virtio">
              <backend model="random">/dev/random</backend>
            </rng>
          </devices>
        </domain>

        """)
    #expect(
      estate.networkText
        == """
        <network>
          <name>lan</name>
          <uuid>51bb9c7e-6d4e-4f0e-8a63-3d7bb1a4a333</uuid>
          <forward mode="nat">
            <nat>
              <port start="1024" end="65535"/>
            </nat>
          </forward>
          <bridge name="virbr9" stp="on" delay="0"/>
          <domain name="lab" localOnly="yes"/>
          <dns enable="yes">
            <forwarder addr="9.9.9.9"/>
            <host ip="10.9.0.1">
              <hostname>gw</hostname>
            </host>
          </dns>
          <ip address="10.9.0.1" prefix="24">
            <dhcp>
              <range start="10.9.0.100" end="10.9.0.200"/>
              <host mac="52:54:00:00:00:01" name="app" ip="10.9.0.11"/>
            </dhcp>
          </ip>
        </network>

        """)
    #expect(
      estate.poolText
        == """
        <pool type="logical">
          <name>fast</name>
          <uuid>0c2e0a4e-9c0d-4f0e-8a63-3d7bb1a4a111</uuid>
          <source>
            <device path="/dev/sdb"/>
            <name>vg0</name>
          </source>
          <target>
            <path>/dev/vg0</path>
          </target>
        </pool>

        """)
    #expect(
      estate.volumeText
        == """
        default base.qcow2 /var/lib/libvirt/images/base.qcow2 2147483648 qcow2 - /srv/images/base.qcow2 
        default app.qcow2 /var/lib/libvirt/images/app.qcow2 10737418240 qcow2 /var/lib/libvirt/images/base.qcow2 - app/vda

        """)
    #expect(
      estate.imageText
        == """
        base /srv/images/base.qcow2 qcow2 - - - app/vda

        """)
    #expect(
      estate.noteText
        == """
        show.json:1: show.json: outputs are not carried
        module.lab.libvirt_volume.base.target.encryption: volume base.qcow2: 'target.encryption' is not carried
        module.lab.libvirt_network.lan.metadata: network lan: 'metadata' is not carried
        module.lab.libvirt_domain.app["a"].devices.graphics: app: the password of its display is not carried
        module.lab.libvirt_domain.app["a"].os.bios: app: 'os.bios' is not carried
        module.lab.libvirt_domain.app["a"].devices.mem_balloon.stats: app: 'devices.mem_balloon.stats' is not carried

        """)
    #expect(!estate.noteText.contains("hunter2"))
  }
}

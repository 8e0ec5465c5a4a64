import Conversion
import Libvirt
import Testing

@Suite struct TerraformConfigurationTests {
  static let configuration = """
    {
      "terraform": {"required_providers": {"libvirt": {"source": "dmacvicar/libvirt"}}},
      "provider": {"libvirt": {"uri": "qemu:///system"}},
      "variable": {"size": {"default": 10}},
      "resource": {
        "libvirt_pool": {"lab": {"name": "lab", "type": "dir", "path": "/srv/lab"}},
        "libvirt_network": {"lan": {"name": "lan", "addresses": ["10.17.3.0/24"], "mode": "nat"}},
        "libvirt_volume": {
          "base": {"name": "base.qcow2", "pool": "${libvirt_pool.lab.name}", "source": "images/base.qcow2", "format": "qcow2"},
          "root": {"count": 2, "name": "web-${count.index + 1}.qcow2", "pool": "${libvirt_pool.lab.name}",
            "base_volume_id": "${libvirt_volume.base.id}", "size": 10737418240}
        },
        "libvirt_domain": {
          "web": [{
            "count": 2,
            "name": "web-${count.index + 1}",
            "memory": 1024,
            "vcpu": "${var.cpus}",
            "disk": [{"volume_id": "${element(libvirt_volume.root.*.id, count.index)}"}],
            "network_interface": {"network_id": "${libvirt_network.lan.id}", "mac": "52:54:00:00:00:0${count.index + 1}",
              "addresses": ["10.17.3.1${count.index}"], "hostname": "web"},
            "lifecycle": {"prevent_destroy": true}
          }],
          "each": {
            "for_each": {"a": {"memory": 512}, "b": {"memory": 768}},
            "name": "each-${each.key}",
            "type": "kvm",
            "memory": "${each.value.memory}",
            "memory_unit": "MiB",
            "vcpu": 1,
            "os": {"type": "hvm"},
            "devices": {"disks": [{"source": {"file": {"file": "${libvirt_volume.base.path}"}}, "target": {"dev": "vda", "bus": "virtio"}}],
              "interfaces": [{"source": {"network": {"network": "${libvirt_network.lan.name}"}}, "model": {"type": "virtio"}}]}
          },
          "many": {"count": "${var.count}", "name": "many"}
        }
      }
    }
    """

  @Test("a configuration in JSON becomes an estate, as far as its values are literal")
  func configurationInJSON() throws {
    let estate = try converted(Self.configuration, "tf/main.tf.json")
    #expect(
      estate.domainText
        == """
        <domain type="kvm">
          <name>web-1</name>
          <memory unit="KiB">1048576</memory>
          <currentMemory unit="KiB">1048576</currentMemory>
          <vcpu placement="static">1</vcpu>
          <os>
            <type arch="x86_64">hvm</type>
          </os>
          <features>
            <acpi/>
            <apic/>
            <pae/>
          </features>
          <devices>
            <disk type="volume" device="disk">
              <driver name="qemu" type="qcow2"/>
              <source pool="lab" volume="web-1.qcow2"/>
              <target dev="vda" bus="virtio"/>
            </disk>
            <interface type="network">
              <mac address="52:54:00:00:00:01"/>
              <source network="lan"/>
              <model type="virtio"/>
            </interface>
            <channel type="unix">
              <target type="virtio" name="org.qemu.guest_agent.0"/>
            </channel>
            <rng model="virtio">
              <backend model="random">/dev/urandom</backend>
            </rng>
          </devices>
        </domain>
        <domain type="kvm">
          <name>web-2</name>
          <memory unit="KiB">1048576</memory>
          <currentMemory unit="KiB">1048576</currentMemory>
          <vcpu placement="static">1</vcpu>
          <os>
            <type arch="x86_64">hvm</type>
          </os>
          <features>
            <acpi/>
            <apic/>
            <pae/>
          </features>
          <devices>
            <disk type="volume" device="disk">
              <driver name="qemu" type="qcow2"/>
              <source pool="lab" volume="web-2.qcow2"/>
              <target dev="vda" bus="virtio"/>
            </disk>
            <interface type="network">
              <mac address="52:54:00:00:00:02"/>
              <source network="lan"/>
              <model type="virtio"/>
            </interface>
            <channel type="unix">
              <target type="virtio" name="org.qemu.guest_agent.0"/>
            </channel>
            <rng model="virtio">
              <backend model="random">/dev/urandom</backend>
            </rng>
          </devices>
        </domain>
        <domain type="kvm">
          <name>each-a</name>
          <memory unit="KiB">524288</memory>
          <currentMemory unit="KiB">524288</currentMemory>
          <vcpu placement="static">1</vcpu>
          <os>
            <type>hvm</type>
          </os>
          <devices>
            <disk type="volume" device="disk">
              <driver name="qemu" type="qcow2"/>
              <source pool="lab" volume="base.qcow2"/>
              <target dev="vda" bus="virtio"/>
            </disk>
            <interface type="network">
              <source network="lan"/>
              <model type="virtio"/>
            </interface>
          </devices>
        </domain>
        <domain type="kvm">
          <name>each-b</name>
          <memory unit="KiB">786432</memory>
          <currentMemory unit="KiB">786432</currentMemory>
          <vcpu placement="static">1</vcpu>
          <os>
            <type>hvm</type>
          </os>
          <devices>
            <disk type="volume" device="disk">
              <driver name="qemu" type="qcow2"/>
              <source pool="lab" volume="base.qcow2"/>
              <target dev="vda" bus="virtio"/>
            </disk>
            <interface type="network">
              <source network="lan"/>
              <model type="virtio"/>
            </interface>
          </devices>
        </domain>

        """)
    #expect(
      estate.networkText
        == """
        <network>
          <name>lan</name>
          <forward mode="nat">
            <nat>
              <port start="1024" end="65535"/>
            </nat>
          </forward>
          <bridge stp="on"/>
          <ip address="10.17.3.1" prefix="24">
            <dhcp>
              <range start="10.17.3.2" end="10.17.3.254"/>
              <host mac="52:54:00:00:00:01" name="web" ip="10.17.3.10"/>
              <host mac="52:54:00:00:00:02" name="web" ip="10.17.3.11"/>
            </dhcp>
          </ip>
        </network>

        """)
    #expect(
      estate.volumeText
        == """
        lab base.qcow2 /srv/lab/base.qcow2 - qcow2 - tf/images/base.qcow2 each-a/vda+each-b/vda
        lab web-1.qcow2 /srv/lab/web-1.qcow2 10737418240 qcow2 /srv/lab/base.qcow2 - web-1/vda
        lab web-2.qcow2 /srv/lab/web-2.qcow2 10737418240 qcow2 /srv/lab/base.qcow2 - web-2/vda

        """)
    #expect(
      estate.imageText
        == """
        base tf/images/base.qcow2 qcow2 - - - each-a/vda+each-b/vda+web-1/vda+web-2/vda

        """)
    #expect(
      estate.noteText
        == """
        tf/main.tf.json:35: libvirt_domain.many: is not carried, since its count is an expression
        tf/main.tf.json:4: main.tf.json: 'variable' is not carried: what refers to it is told where it does
        libvirt_domain.web[0].vcpu: web-1: 'vcpu' is an expression, which is not evaluated
        libvirt_domain.web[1].vcpu: web-2: 'vcpu' is an expression, which is not evaluated

        """)
  }
}

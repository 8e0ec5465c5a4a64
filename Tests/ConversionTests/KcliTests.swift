import Conversion
import Libvirt
import Testing

@Suite struct KcliTests {
  static let plan = """
    parameters:
      cluster: lab
      workers: 2
      password: hunter2

    lab-net:
      type: network
      cidr: 10.20.0.0/24
      dhcp: true
      domain: lab.example
    iso-net:
      type: network
      cidr: fd00:20::/64
      nat: false
      dhcp: false
      vlan: 7
    fast:
      type: pool
      path: /srv/fast
      thinpool: true
    debian12:
      type: image
      url: https://cloud.debian.org/debian-12-generic-amd64.qcow2
    small:
      type: profile
      numcpus: 1
      memory: 1024
      rng: true

    {{ cluster }}-web:  # the first
      profile: small
      image: debian12
      memory: 2048
      uefi: true
      secureboot: true
      tpm: true
      autostart: true
      disks:
      - 20
      - size: 5
        pool: fast
        thin: false
        interface: scsi
        wwn: 5
      nets:
      - name: lab-net
        mac: 52:54:00:12:34:56
        ip: 10.20.0.9
        reserveip: true
      - name: br0
        type: e1000
        ip: 192.168.1.5
        netmask: 24
        gateway: 192.168.1.1
      cmds:
      - echo {{ password }} | passwd --stdin root
      files:
      - /etc/hosts
      keys: [ssh-rsa AAAA]
      rootpassword: hunter2
      notify: true
    db:
      profile: huge
      image: centos9stream
      numcpus: {{ workers }}
      cpumodel: host-passthrough
      start: false
      tags: {{ something | default('x') }}
      kernelargs: quiet
    fake:
      type: cluster
      workers: 3
    """

  @Test("a plan becomes domains, networks and pools")
  func plan() throws {
    let estate = try converted(Self.plan, "lab/plan.yml")
    #expect(
      estate.domainText
        == """
        <domain type="kvm">
          <name>lab-web</name>
          <memory unit="KiB">2097152</memory>
          <currentMemory unit="KiB">2097152</currentMemory>
          <vcpu placement="static">1</vcpu>
          <os firmware="efi">
            <type arch="x86_64" machine="q35">hvm</type>
            <firmware>
              <feature enabled="yes" name="enrolled-keys"/>
              <feature enabled="yes" name="secure-boot"/>
            </firmware>
            <boot dev="hd"/>
            <boot dev="network"/>
          </os>
          <features>
            <acpi/>
            <apic/>
            <pae/>
            <smm state="on"/>
          </features>
          <cpu mode="host-model"/>
          <clock offset="utc"/>
          <on_poweroff>destroy</on_poweroff>
          <on_reboot>restart</on_reboot>
          <on_crash>restart</on_crash>
          <devices>
            <disk type="volume" device="disk">
              <driver name="qemu" type="qcow2"/>
              <source pool="default" volume="lab-web_0.img"/>
              <target dev="vda" bus="virtio"/>
            </disk>
            <disk type="volume" device="disk">
              <driver name="qemu" type="raw"/>
              <source pool="fast" volume="lab-web_1.img"/>
              <target dev="sda" bus="scsi"/>
            </disk>
            <interface type="network">
              <mac address="52:54:00:12:34:56"/>
              <source network="lab-net"/>
              <model type="virtio"/>
            </interface>
            <interface type="network">
              <source network="br0"/>
              <model type="e1000"/>
            </interface>
            <serial type="pty">
              <target port="0"/>
            </serial>
            <console type="pty">
              <target type="serial" port="0"/>
            </console>
            <channel type="unix">
              <target type="virtio" name="org.qemu.guest_agent.0"/>
            </channel>
            <graphics type="vnc" port="-1" autoport="yes"/>
            <tpm model="tpm-crb">
              <backend type="emulator" version="2.0"/>
            </tpm>
            <memballoon model="virtio"/>
            <rng model="virtio">
              <rate bytes="1024" period="1000"/>
              <backend model="random">/dev/random</backend>
            </rng>
          </devices>
        </domain>
        <domain type="kvm">
          <name>db</name>
          <memory unit="KiB">524288</memory>
          <currentMemory unit="KiB">524288</currentMemory>
          <vcpu placement="static">2</vcpu>
          <os>
            <type arch="x86_64" machine="pc">hvm</type>
            <boot dev="hd"/>
            <boot dev="network"/>
          </os>
          <features>
            <acpi/>
            <apic/>
            <pae/>
          </features>
          <cpu mode="host-passthrough"/>
          <clock offset="utc"/>
          <on_poweroff>destroy</on_poweroff>
          <on_reboot>restart</on_reboot>
          <on_crash>restart</on_crash>
          <devices>
            <disk type="volume" device="disk">
              <driver name="qemu" type="qcow2"/>
              <source pool="default" volume="db_0.img"/>
              <target dev="vda" bus="virtio"/>
            </disk>
            <interface type="network">
              <source network="default"/>
              <model type="virtio"/>
            </interface>
            <serial type="pty">
              <target port="0"/>
            </serial>
            <console type="pty">
              <target type="serial" port="0"/>
            </console>
            <channel type="unix">
              <target type="virtio" name="org.qemu.guest_agent.0"/>
            </channel>
            <graphics type="vnc" port="-1" autoport="yes"/>
            <memballoon model="virtio"/>
          </devices>
        </domain>

        """)
    #expect(
      estate.networkText
        == """
        <network>
          <name>lab-net</name>
          <forward mode="nat"/>
          <bridge stp="on" delay="0"/>
          <domain name="lab.example"/>
          <ip address="10.20.0.1" prefix="24">
            <dhcp>
              <range start="10.20.0.2" end="10.20.0.254"/>
              <host mac="52:54:00:12:34:56" name="lab-web" ip="10.20.0.9"/>
            </dhcp>
          </ip>
        </network>
        <network>
          <name>iso-net</name>
          <bridge stp="on" delay="0"/>
          <domain name="iso-net"/>
          <ip family="ipv6" address="fd00:20::1" prefix="64"/>
        </network>

        """)
    #expect(
      estate.poolText
        == """
        <pool type="dir">
          <name>fast</name>
          <target>
            <path>/srv/fast</path>
          </target>
        </pool>

        """)
    #expect(
      estate.volumeText
        == """
        default lab-web_0.img - 21474836480 qcow2 default/debian-12-generic-amd64.qcow2 https://cloud.debian.org/debian-12-generic-amd64.qcow2 lab-web/vda
        fast lab-web_1.img - 5368709120 raw - - lab-web/sda
        default db_0.img - 10737418240 qcow2 default/centos9stream - db/vda

        """)
    #expect(
      estate.imageText
        == """
        debian-12-generic-amd64 https://cloud.debian.org/debian-12-generic-amd64.qcow2 qcow2 - - - lab-web/vda

        """)
    #expect(
      estate.noteText
        == """
        lab/plan.yml:2: plan.yml: its parameters have the values of the plan: what was given with -P or in a file of parameters is not known
        lab/plan.yml:16: network iso-net: 'vlan' is not carried
        lab/plan.yml:20: pool fast: 'thinpool' is not carried
        lab/plan.yml:46: lab-web: 'br0' is not a network of the plan: it is taken for one of libvirt's, and may be a bridge of the host
        lab/plan.yml:46: lab-web: the address 192.168.1.5 of the NIC 2 is set by the first boot, which is not carried: write it as a static address of the NIC
        lab/plan.yml:56: lab-web: the commands of its first boot (1) are not carried: write them as cloud_init
        lab/plan.yml:58: lab-web: the files of its first boot (1) are not carried: write them as cloud_init
        lab/plan.yml:59: lab-web: the SSH keys of its first boot (1) are not carried: write them as cloud_init
        lab/plan.yml:60: lab-web: 'rootpassword' is of the first boot, which is not carried: write it as cloud_init
        lab/plan.yml:44: lab-web: 'disks[1].wwn' is not carried
        lab/plan.yml:63: db: the profile 'huge' is not in the plan: what it sets is not known
        lab/plan.yml:64: db: the image 'centos9stream' is not in the plan: kcli has it in a pool, or knows it by its name
        lab/plan.yml:69: db: 'kernelargs' is not carried
        lab/plan.yml:71: cluster fake: is not carried: kcli's type 'cluster' is no machine, network, pool or image

        """)
    #expect(!estate.noteText.contains("hunter2") && !estate.noteText.contains("AAAA"))
    #expect(estate.domains.map(\.autostart) == [true, false])
    #expect(estate.domains.map(\.isRunning) == [true, false])
  }

  @Test("numbers that no machine can have are told, and do no harm")
  func hostileNumbers() throws {
    let text = """
      vm:
        numcpus: 99999999999999999999
        memory: 18446744073709551615
        sockets: 9999999
        cores: 9999999
        disks:
        - 18446744073709551615
        - [1]
        nets:
        - name: default
          mac: 00:00:00:00:00:00
        pcidevices: [zz]
        cpupinning:
        - vcpus: 0-65535
          hostcpus: 1
      """
    let estate = try converted(text, "plan.yml")
    #expect(
      estate.noteText
        == """
        plan.yml:2: vm: the number of CPUs is none that a machine can have: 2 are taken
        plan.yml:4: vm: the sockets, cores and threads are no numbers that a machine can have
        plan.yml:14: vm: the pinning of the vCPUs '0-65535' is not carried: the machine does not have them
        plan.yml:3: vm: the memory is no number of MiB: 512 MiB are taken
        plan.yml:7: vm: the disk 1 is not carried: it is neither a size in GiB nor a map
        plan.yml:7: vm: the disk 2 is not carried: it is neither a size in GiB nor a map
        plan.yml:10: vm: the MAC address of the NIC 1 is none of an interface: it gets another one
        plan.yml:12: vm: a PCI device is not carried, since its address is not understood

        """)
  }

  @Test("what is no plan that can be read is told")
  func errors() {
    #expect(
      error("a:\n  image: x\n{% for i in [1] %}\n", "plan.yml", as: .kcliPlan)
        == "plan.yml:3: is a Jinja template with statements, which are not run; render it first: kcli render -f plan.yml"
    )
    #expect(
      error("- a\n", "plan.yml", as: .kcliPlan)
        == "plan.yml: is no plan: a plan is a map of machines, networks and the like")
    #expect(
      error("a: {b: [}\n", "plan.yml", as: .kcliPlan)
        == "plan.yml:1: unexpected '}'; a value must stand here")
    #expect(
      error("a: 1\n", "plan.yml", as: .kcliPlan)
        == "plan.yml: is no plan that describes a machine, a network or a pool")
  }
}

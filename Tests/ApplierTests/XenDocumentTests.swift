import FoundationEssentials
import Glibc
import Libvirt
import Planner
import SpecModel
import TestLab
import Testing

@testable import Applier

/// Guests as Xen takes them.
@Suite("Xen documents")
struct XenDocumentTests {
  @Test("a guest of Xen's has Xen's devices, and what is not raw a QEMU that reads it")
  func xen() throws {
    var settings = MachineSettings()
    settings.cpus = VCPUs(count: 1, max: 2)
    settings.cpuShares = 512
    settings.cpuLimit = CPULimit(percent: 50)
    settings.memory = MemoryAmount(size: .mebibytes(96), max: .mebibytes(128))
    settings.cmdline = "console=hvc0"
    let uuid = try #require(UUID(uuidString: "6F000000-0000-4000-8000-000000000001"))
    var machine = Machine(name: "db", uuid: uuid, settings: settings)
    machine.kernel = "/images/kernel"
    machine.disks = [
      .init(name: "root", path: "/images/root.qcow2", format: .qcow2, bus: nil),
      .init(name: "log", path: "/images/log.raw", format: .raw, bus: nil),
    ]
    machine.drives = [.init(name: "cd", media: "/images/cd.iso", bus: nil)]
    machine.nics = [
      .init(
        name: "lan", link: .network("lan"), mac: try MACAddress(parsing: "52:54:00:00:00:01"), model: nil)
    ]
    var host = HostCapabilities(driver: .xen, hostUUID: "")
    host.virtualizations = [.pv]
    var document = DomainDocument.definition(of: machine, on: host)
    document.removeChildren(named: "metadata")
    let expected = try XMLElement(
      parsing: """
        <domain type="xen">
          <name>db</name>
          <uuid>6f000000-0000-4000-8000-000000000001</uuid>
          <memory unit="KiB">131072</memory>
          <currentMemory unit="KiB">98304</currentMemory>
          <vcpu current="1">2</vcpu>
          <cputune>
            <shares>512</shares>
            <global_period>100000</global_period>
            <global_quota>50000</global_quota>
          </cputune>
          <os>
            <type arch="x86_64">linux</type>
            <kernel>/images/kernel</kernel>
            <cmdline>console=hvc0</cmdline>
          </os>
          <clock offset="utc"/>
          <on_poweroff>destroy</on_poweroff>
          <on_reboot>restart</on_reboot>
          <on_crash>destroy</on_crash>
          <devices>
            <console type="pty"/>
            <disk type="file" device="disk">
              <driver name="qemu" type="qcow2"/>
              <source file="/images/root.qcow2"/>
              <target dev="xvda" bus="xen"/>
            </disk>
            <disk type="file" device="disk">
              <driver type="raw"/>
              <source file="/images/log.raw"/>
              <target dev="xvdb" bus="xen"/>
            </disk>
            <disk type="file" device="cdrom">
              <driver name="qemu" type="raw"/>
              <source file="/images/cd.iso"/>
              <target dev="xvdc" bus="xen"/>
              <readonly/>
            </disk>
            <interface type="network">
              <mac address="52:54:00:00:00:01"/>
              <source network="lan"/>
              <model type="netfront"/>
            </interface>
          </devices>
        </domain>
        """)
    #expect(document.isEquivalent(to: expected), "\(document)")

    // Where the processor virtualizes, a guest with a kernel is pvh, and one without a whole machine.
    host.virtualizations = [.pv, .pvh, .hvm]
    func type(_ machine: Machine) -> (String?, Bool) {
      let document = DomainDocument.definition(of: machine, on: host)
      return (document.at("os", "type")?.text, document.first("features") != nil)
    }
    #expect(type(machine) == ("xenpvh", false))
    machine.kernel = nil
    #expect(type(machine) == ("hvm", true))
    machine.settings.virt = .pv
    #expect(type(machine) == ("linux", false))
    // What boots from its disk is looked for by Xen's boot loader, and a kernel takes its place.
    let pv = DomainDocument.definition(of: machine, on: host)
    #expect(pv.first("bootloader")?.text == "pygrub")
    machine.kernel = "/images/kernel"
    let direct = DomainDocument.edit(pv, MachineUpdate(wanted: machine, fields: [.kernel]), on: host)
    #expect(direct.first("bootloader") == nil && direct.at("os", "kernel")?.text == "/images/kernel")
    machine.kernel = nil
    #expect(DomainDocument.read(pv, name: "db", uuid: uuid).settings.virt == .pv)
    machine.settings.virt = .hvm
    var defined = pv
    defined.mutateFirst("devices") { $0.insert(XMLElement("input", ["type": "mouse", "bus": "xen"])) }
    let hvm = DomainDocument.edit(defined, MachineUpdate(wanted: machine, fields: [.virt]), on: host)
    #expect(hvm.at("os", "type")?.text == "hvm" && hvm.first("features") != nil)
    #expect(hvm.at("devices", "input") == nil)
    machine.settings.virt = .pv
    defined = hvm
    defined.mutateFirst("os") { $0.insert(XMLElement("loader", ["type": "rom"], text: "/boot/hvmloader")) }
    let back = DomainDocument.edit(defined, MachineUpdate(wanted: machine, fields: [.virt]), on: host)
    #expect(back.at("os", "loader") == nil && back.at("os", "type")?.text == "linux")
  }

  @Test("how guests are virtualized is what the host's libvirt says")
  func virtualizations() throws {
    func guest(_ type: String, _ arch: String, _ loader: String = "") -> String {
      "<guest><os_type>\(type)</os_type><arch name='\(arch)'>\(loader)<domain type='xen'/></arch></guest>"
    }
    let document = try XMLElement(
      parsing: "<capabilities><host><cpu><arch>x86_64</arch></cpu></host>" + guest("xen", "x86_64")
        + guest("xenpvh", "x86_64") + guest("hvm", "i686") + "</capabilities>")
    #expect(CapabilitiesDocument.read(document, driver: "Xen").virtualizations == [.pv, .pvh])
    let all = try XMLElement(
      parsing: "<capabilities><host><cpu><arch>x86_64</arch></cpu></host>" + guest("xen", "x86_64")
        + guest("xenpvh", "x86_64") + guest("hvm", "x86_64", "<loader>/boot/hvmloader</loader>")
        + "</capabilities>")
    #expect(
      CapabilitiesDocument.read(all, driver: "Xen").guests == [
        .pv: GuestCapabilities(hasFirmware: false, hasHostDevices: true),
        .pvh: GuestCapabilities(hasFirmware: false, hasHostDevices: false),
        .hvm: GuestCapabilities(hasFirmware: true, hasHostDevices: true),
      ])
  }

  @Test("a running guest has the weight and the cap that the scheduler says")
  func scheduler() {
    var guest = MachineSettings()
    var definition = MachineSettings()
    guest.take(xenScheduler: ["weight": 256, "cap": 0], definition: definition)
    #expect(guest.cpuShares == nil && guest.cpuLimit == nil)
    definition.cpuShares = 256
    guest.take(xenScheduler: ["weight": 256, "cap": 150], definition: definition)
    #expect(guest.cpuShares == 256 && guest.cpuLimit == CPULimit(percent: 150))
    guest.take(xenScheduler: ["weight": 300], definition: MachineSettings())
    #expect(guest.cpuShares == 300)
  }

  @Test(
    "guests of Xen's are in the grammar of a domain, however they are virtualized",
    .enabled(if: Lab.hasGrammars, "needs xmllint and libvirt's schemas"), arguments: Virtualization.allCases,
    [nil, "/p/kernel"])
  func xen(virtualization: Virtualization, kernel: String?) async throws {
    var settings = MachineSettings()
    settings.virt = virtualization
    settings.memory = MemoryAmount(size: .gibibytes(1))
    settings.graphics = .vnc
    var machine = Machine(name: "a", uuid: UUID(), settings: settings)
    machine.kernel = kernel
    machine.disks = [.init(name: "root", path: "/p/a.qcow2", format: .qcow2, bus: nil)]
    machine.nics = [.init(name: "lan", link: .network("lan"), mac: nil, model: nil)]
    var document = DomainDocument.definition(of: machine, on: HostCapabilities(driver: .xen, hostUUID: ""))
    document.removeChildren(named: "metadata")
    try await expectValid(document, "domain")
  }

  private func expectValid(_ document: XMLElement, _ grammar: String) async throws {
    let file = "/tmp/vfx-\(UInt32.random(in: 0...UInt32.max)).xml"
    defer { unlink(file) }
    try document.serialized().write(toFile: file, atomically: true, encoding: .utf8)
    let outcome = try await Lab.run(
      "/usr/bin/xmllint", ["--noout", "--relaxng", "/usr/share/libvirt/schemas/\(grammar).rng", file], in: "/"
    )
    #expect(outcome.status == 0, "\(outcome.errors)")
  }
}

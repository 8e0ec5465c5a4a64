import FoundationEssentials
import Libvirt
import TestLab
import Testing

extension HostLabTests {
  /// Hosts that somebody else has set up become a spec, and are managed from then on.
  @Suite("Estates that are imported", .timeLimit(.minutes(20)))
  struct ImportCommandTests {
    /// A VM as people define them by hand.
    private static let document = """
      <domain type='qemu'>
        <name>legacy</name>
        <title>The old one</title>
        <memory unit='MiB'>128</memory>
        <currentMemory unit='MiB'>96</currentMemory>
        <vcpu current='1'>2</vcpu>
        <os>
          <type arch='x86_64' machine='q35'>hvm</type>
          <kernel>\(Lab.guest)/vmlinuz</kernel>
          <initrd>\(Lab.guest)/initrd.gz</initrd>
          <cmdline>console=ttyS0 quiet vf.host=legacy vf.every=1</cmdline>
        </os>
        <features><acpi/></features>
        <devices>
          <disk type='file' device='disk'>
            <driver name='qemu' type='qcow2' cache='none'/>
            <source file='/srv/local/old.qcow2'/>
            <target dev='vdb' bus='virtio'/>
            <serial>OLD-1</serial>
          </disk>
          <interface type='bridge'>
            <mac address='52:54:00:12:34:56'/>
            <source bridge='br0'/>
            <model type='virtio'/>
          </interface>
          <serial type='pty'><log file='/srv/local/web.log' append='on'/></serial>
          <sound model='ich9'/>
        </devices>
      </domain>
      """

    @Test(
      "a guest that was made by hand is adopted without noticing, changed in what the spec says, and let go")
    func guest() async throws {
      try await HostLab.with(hosts: 1) { lab in
        try Self.document.write(toFile: "\(lab.work)/legacy.xml", atomically: true, encoding: .utf8)
        _ = try await lab.run(
          on: "rack1", "sh", "-euc", "qemu-img create -q -f qcow2 /srv/local/old.qcow2 16M")
        try await lab.virsh(on: "rack1", "define", "\(lab.work)/legacy.xml")
        try await lab.virsh(on: "rack1", "start", "legacy")
        let estate = MigrationTests.Estate(lab: lab)
        let before = try await estate.count(beyond: 0, on: "rack1")
        let definition = try await Self.definition(of: "legacy", lab)

        let read = try await lab.virtform("import", lab.uri(of: "rack1"), "--stack", "old", "-o", "site.yaml")
        #expect(read.status == 0, "\(read.output)\(read.errors)")
        #expect(read.errors.contains("its plan adopts 1 of them and changes nothing"), "\(read.errors)")
        #expect(try await Self.definition(of: "legacy", lab) == definition, "an import changes nothing")
        let path = "\(lab.work)/site.yaml"
        var text = try String(contentsOfFile: path, encoding: .utf8)
        let uri = lab.uri(of: "rack1")
        #expect(
          text.split(separator: "\n", omittingEmptySubsequences: false).dropFirst(2).joined(separator: "\n")
            == """
            virtform: 1
            stack: old

            hosts:
              host1: {uri: \(uri)\(text.contains("accel: tcg") ? ", accel: tcg" : "")}

            networks:
              br0: {mode: bridge, bridge: br0, direct: true}

            vms:
              legacy:
                title: The old one
                cpus: {count: 1, max: 2}
                memory: {size: 96MiB, max: 128MiB}
                machine: q35
                cpu: qemu64
                console: {log: /srv/local/web.log}
                rng: false
                disks: {root: {path: /srv/local/old.qcow2, format: qcow2}}
                nics: {br0: {mac: "52:54:00:12:34:56"}}
                xml: |
                  <domain>
                    <os>
                      <kernel>\(Lab.guest)/vmlinuz</kernel>
                      <initrd>\(Lab.guest)/initrd.gz</initrd>
                      <cmdline>console=ttyS0 quiet vf.host=legacy vf.every=1</cmdline>
                    </os>
                    <devices>
                      <disk>
                        <source file="/srv/local/old.qcow2"/>
                        <driver cache="none"/>
                        <target dev="vdb"/>
                        <serial>OLD-1</serial>
                      </disk>
                      <sound model="ich9"/>
                    </devices>
                  </domain>
            # What is there becomes the stack's as it is. Once applied, this can go.
            adopt: [vms]

            """, "\(text)")
        let again = try await lab.virtform("import", uri, "-o", "site.yaml")
        #expect(
          again.status == 1 && again.errors.contains("an import never overwrites one"), "\(again.errors)")

        let plan = try await lab.virtform("plan", "site.yaml")
        #expect(
          plan.output.contains("  = vm.legacy  # it is there, and becomes the stack's\n"), "\(plan.output)")
        #expect(
          plan.output.contains("Plan: 0 to add, 0 to change, 1 to adopt, 0 to remove. 0 guests restart"),
          "\(plan.output)")
        try await Self.apply(lab)
        #expect(try await Self.definition(of: "legacy", lab) == definition, "a mark, and nothing else")
        // The word may go, and the stack still has the VM.
        text = text.replacing("adopt: [vms]\n", with: "")
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        try await Self.expectQuiet(lab)

        text = text.replacing("size: 96MiB", with: "size: 112MiB")
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        let change = try await lab.virtform("plan", "site.yaml")
        #expect(
          change.output.contains("96 MiB (max 128 MiB) → 112 MiB (max 128 MiB)  (live)"), "\(change.output)")
        try await Self.apply(lab)
        let memory = "<currentMemory unit='KiB'>"
        #expect(
          try await Self.definition(of: "legacy", lab)
            == definition.replacing("\(memory)98304<", with: "\(memory)114688<"))

        let vms = try #require(text.firstRange(of: "vms:"))
        text = text[..<vms.lowerBound] + "removed: {vms.legacy: {forget: true}}\n"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        try await Self.apply(lab)
        let after = try await estate.count(beyond: before.tick + 5, on: "rack1")
        #expect(after.boot == before.boot, "the guest never noticed")
        #expect(!(try await lab.virsh(on: "rack1", "dumpxml", "legacy").contains("virtform")))
      }
    }

    private static func apply(_ lab: HostLab) async throws {
      let apply = try await lab.virtform("apply", "site.yaml", "--auto-approve")
      #expect(apply.status == 0, "\(apply.output)\(apply.errors)")
      try await expectQuiet(lab)
    }

    private static func expectQuiet(_ lab: HostLab) async throws {
      let plan = try await lab.virtform("plan", "site.yaml", "--detailed-exitcode")
      #expect(plan.status == 0, "\(plan.output)\(plan.errors)")
    }

    /// The persistent definition without virtform's mark.
    private static func definition(of name: String, _ lab: HostLab) async throws -> String {
      let text = try await lab.virsh(on: "rack1", "dumpxml", name, "--inactive")
      guard let start = text.firstRange(of: "  <metadata>\n"),
        let end = text.firstRange(of: "  </metadata>\n"),
        text[start.lowerBound..<end.upperBound].contains("urn:virtform")
      else { return text }
      return text.replacingCharacters(in: start.lowerBound..<end.upperBound)
    }
  }
}

extension String {
  fileprivate func replacingCharacters(in range: Range<String.Index>) -> String {
    String(self[..<range.lowerBound] + self[range.upperBound...])
  }
}

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
          plan.output.contains(
            "  = vm.legacy  # it is there, and becomes the stack's with disks.root, nics.br0\n"),
          "\(plan.output)")
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

    @Test(
      "what libvirt's tests define for QEMU is adopted, changed, and made again elsewhere as it was",
      .enabled(if: Corpus.isThere, "\(Corpus.absence)"))
    func corpus() async throws {
      try await HostLab.with(hosts: 2) { lab in
        let refused = try await Self.defineCorpus(on: lab.uri(of: "rack1"))
        let read = try await lab.virtform("import", lab.uri(of: "rack1"), "-o", "site.yaml")
        #expect(read.status == 0 && read.errors.contains("and changes nothing"), "\(read.errors)")
        let path = "\(lab.work)/site.yaml"
        let original = try String(contentsOfFile: path, encoding: .utf8)
        print(
          "QEMU: " + read.errors + "not defined by QEMU here: \(refused.sorted().joined(separator: ", "))")

        let before = try await Self.definitions(on: "rack1", lab)
        try await Self.apply(lab)
        let adopted = try await Self.definitions(on: "rack1", lab)
        #expect(adopted.keys.sorted() == before.keys.sorted())
        for (name, document) in before where adopted[name] != document { Issue.record("\(name) was changed") }

        try Self.withMoreMemory(original).write(toFile: path, atomically: true, encoding: .utf8)
        try await Self.apply(lab)
        let larger = try await Self.definitions(on: "rack1", lab)
        var changed = 0
        for (name, document) in before {
          // libvirt sorts controllers when it reads a definition.
          let lines = Set(document.split(separator: "\n")).symmetricDifference(
            (larger[name] ?? "").split(separator: "\n"))
          if !lines.isEmpty { changed += 1 }
          let others = lines.filter {
            !["<memory ", "<currentMemory ", "<cell id="].contains(where: $0.contains)
          }
          #expect(others.isEmpty, "\(name): \(others)")
        }
        #expect(changed > before.count / 2)
        print("QEMU: \(changed) VMs with more memory, and nothing else of them changed")

        // On a host without any of it, the same spec makes the same.
        let there = original.replacing(lab.uri(of: "rack1"), with: lab.uri(of: "rack2"))
        try there.replacing("adopt:", with: "# adopt:").write(toFile: path, atomically: true, encoding: .utf8)
        try await Self.apply(lab)
        let names = try await Self.definitions(on: "rack2", lab).keys.sorted()
        let parts = try #require(there.firstRange(of: "\nvms:\n"))
        let forgotten = names.map { "  vms.\($0): {forget: true}\n" }.joined()
        try (there[..<parts.lowerBound] + "\nremoved:\n\(forgotten)").write(
          toFile: path, atomically: true, encoding: .utf8)
        try await Self.apply(lab)
        let again = try await lab.virtform("import", lab.uri(of: "rack2"), "-o", "again.yaml")
        #expect(again.status == 0, "\(again.errors)")
        let made = try String(contentsOfFile: "\(lab.work)/again.yaml", encoding: .utf8)
        for (name, difference) in Self.differences(there, made) {
          let why = Self.different[name]
          #expect(why != nil, "\(name)\n\(difference)")
          print("QEMU: not as it was: \(name), \(why ?? "for no reason that is known")")
        }
      }
    }

    /// What is left out, by the name of the document: nothing of it could ever be changed.
    private static let invalid = [
      "pci-rom-disabled-invalid": "libvirt's own schema refuses what libvirt has written"
    ]
    /// What is made again in another way.
    private static let different = [
      "net-many-models":
        "two of its NICs have one address, by which the language and the mark tell NICs apart",
      "pcie-expander-bus":
        "libvirt keeps a port free for what has no address, and the document has all of them",
    ]

    /// The VMs whose parts of the two specs are not the same, whatever the order of devices.
    private static func differences(_ a: String, _ b: String) -> [(name: String, text: String)] {
      func entries(_ text: String) -> [Substring: [Substring]] {
        var (entries, key): ([Substring: [Substring]], Substring) = ([:], "")
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
          if !line.hasPrefix("   ") { key = line.prefix { $0 != ":" }.drop { $0 == " " } }
          entries[key, default: []].append(line)
        }
        return entries
      }
      let (first, second) = (entries(a), entries(b))
      return Set(first.keys).union(second.keys).sorted().compactMap { key in
        let (old, new) = ((first[key] ?? []).sorted(), (second[key] ?? []).sorted())
        let text = new.difference(from: old).prefix(12).map { change in
          switch change {
          case .insert(_, let line, _): "  is  \(line)"
          case .remove(_, let line, _): "  was \(line)"
          }
        }
        return old == new ? nil : (String(key), text.joined(separator: "\n"))
      }
    }

    /// Every VM of one size, without cells of its own, gets a mebibyte more.
    private static func withMoreMemory(_ text: String) -> String {
      var blocks: [[Substring]] = [[]]
      for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
        if !line.hasPrefix("   ") { blocks.append([]) }
        blocks[blocks.count - 1].append(line)
      }
      return blocks.flatMap { block -> [String] in
        let isDivided = block.contains { $0.contains("numa:") || $0.contains("<numa>") }
        return block.map { line in
          guard !isDivided, let words = line.wholeMatch(of: /( +memory: )([0-9]+)(KiB|MiB|GiB)/)?.output,
            let number = UInt64(words.2)
          else { return String(line) }
          let shift: UInt64 = words.3 == "KiB" ? 0 : words.3 == "MiB" ? 10 : 20
          return "\(words.1)\((number << shift) + 1024)KiB"
        }
      }.joined(separator: "\n")
    }

    /// Returns what libvirt would not define.
    private static func defineCorpus(on uri: String) async throws -> Set<String> {
      let connection = try await Connection.open(uri, access: .readWrite)
      var refused: Set<String> = []
      for (name, document) in try Corpus.documents(in: "qemuxml2xmloutdata", "domain") {
        if let reason = invalid[name] {
          print("QEMU: \(name) is left out: \(reason)")
          continue
        }
        do {
          _ = try await connection.defineDomain(document, validate: false)
        } catch { refused.insert(name) }
      }
      await connection.close()
      return refused
    }

    /// The persistent definitions of all VMs by their names, without virtform's marks.
    private static func definitions(on host: String, _ lab: HostLab) async throws -> [String: String] {
      let connection = try await Connection.open(lab.uri(of: host), access: .readOnly)
      var documents: [String: String] = [:]
      for domain in try await connection.domains() {
        var document = try await domain.xml(.inactive)
        if document.first("metadata") != nil {
          document.mutateFirst("metadata") { metadata in
            metadata.removeChildren { $0.attributes.contains { $0.value == "urn:virtform:mark:1" } }
          }
          document.removeChildren { $0.name == "metadata" && $0.elements.isEmpty }
        }
        documents[domain.name] = try document.serialized(indented: true)
      }
      await connection.close()
      return documents
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
      withoutMark(try await lab.virsh(on: "rack1", "dumpxml", name, "--inactive"))
    }

    private static func withoutMark(_ text: String) -> String {
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

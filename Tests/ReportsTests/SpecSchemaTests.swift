import FoundationEssentials
import TestLab
import Testing

@testable import SpecModel

/// The JSON Schema of specs, as a validator that is not ours understands it.
@Suite("The schema of specs")
struct SpecSchemaTests {
  private static let head = "virtform: 1\nstack: shop\n"

  /// What is wrong with each text.
  private static func faults(_ texts: [String]) async throws -> [String] {
    let documents = try texts.map { try #require(StructuredValue(yaml: $0)) }
    return try await SchemaCheck.faults(of: documents, in: LanguageSchema.document)
  }

  @Test("the examples are as the schema says")
  func examples() async throws {
    let examples = "\(Lab.repository)/examples"
    // Pipelines, which are examples, too, have no spec beside them.
    let names = try FileManager.default.contentsOfDirectory(atPath: examples).sorted().filter {
      FileManager.default.fileExists(atPath: "\(examples)/\($0)/site.yaml")
    }
    let texts = try names.map {
      try String(contentsOf: URL(filePath: "\(examples)/\($0)/site.yaml"), encoding: .utf8)
    }
    #expect(names.contains("reference"))
    #expect(try await Self.faults(texts) == texts.map { _ in "" })
  }

  @Test("references stand for any scalar, and maps may be empty")
  func references() async throws {
    let text =
      Self.head + """
        hosts: {a: {uri: "${var.uri}", accel: "${var.accel}"}}
        networks: {lan: {mode: "${var.mode}", cidr: "10.${var.n}.0.0/24", mtu: "${var.mtu}", autostart: "${var.b}"}}
        profiles: {small: {memory: {max: 2GiB}}, none: }
        vms:
          web:
            profile: small
            memory: {size: "${var.size}"}
            cpus: ${var.cpus}
            tpm: ${var.tpm}
            nics: {lan: }
            watchdog: ${var.watchdog}
          db: {count: "${var.count}", nics: {lan: {ip: "10.${var.n}.0.1+", mac: "${var.mac}"}}}
        """
    #expect(try await Self.faults([text, "networks: {lan: {mode: nat}}\n"]) == ["", ""])
  }

  /// Specs that are refused by the schema, and by the decoder.
  private static let wrong = [
    "vms: {web: {memroy: 1GiB}}",
    "vms: {web: {memory: 4}}",
    "vms: {web: {memory: 4 apples}}",
    "vms: {web: {memory: 1GiB, cpus: 0}}",
    "vms: {web: {memory: 1GiB, cpus: \"2\"}}",
    "vms: {web: {memory: 1GiB, state: asleep}}",
    "vms: {web: {memory: 1GiB, autostart: yes}}",
    "vms: {web: {memory: 1GiB, title: [a]}}",
    "vms: {web: {memory: 1GiB, disks: [{size: 1GiB}]}}",
    "vms: {web: {memory: 1GiB, start_after: db}}",
    "vms: {web: {memory: 1GiB, shutdown: {timeout: 60}}}",
    "vms: {web: {memory: 1GiB, nics: {lan: {mac: \"52:54:00:aa:00\"}}}}",
    "vms: {../web: {memory: 1GiB}}",
    "vms: [web]",
    "hosts: {a: {}}",
    "hosts: {a: {uri: rack1}}",
    "pools: {a: {type: floppy, path: /a}}",
    "pools: {a: {path: a/b}}",
    "networks: {lan: {mode: nat, cidr: 10.0.0.0/24, dhcp: {from: 10.0.0.9}}}",
    "networks: {lan: {mode: nat, cidr: 10.0.0.0/24, mtu: 9}}",
    "firewalls: {a: {in: [{protocol: tcp, prot: 80}]}}",
    "firewalls: {a: {in: all}}",
    "images: {a: {format: raw}}",
    "disks: {a: {size: 1}}",
    "defaults: {memory: 1GiB, count: 2}",
    "removed: {vms.old: {}}",
    "moved: {web: vms.web}",
    "outputs: {a: [b]}",
    "variables: {a: {defualt: b}}",
    "hots: {}",
  ]

  @Test("what is wrong is refused, by the schema as by the decoder")
  func wrong() async throws {
    let texts = Self.wrong.map { Self.head + $0 + "\n" }
    for (text, fault) in zip(Self.wrong, try await Self.faults(texts)) {
      #expect(fault != "", "the schema takes \(text)")
    }
    for (text, full) in zip(Self.wrong, texts) {
      let result = SpecLoader(environment: [:]).load([SourceText(path: "a.yaml", text: full)])
      #expect(result.site == nil, "the decoder takes \(text)")
    }
  }

  @Test("each example and default of a key is a value of it")
  func values() async throws {
    var keys: [String] = []
    var documents: [StructuredValue] = []
    for (path, object) in Language.places {
      for field in object.fields {
        var values = [try field.example.map { try #require(StructuredValue(yaml: $0)) }].compactMap { $0 }
        if case .value(let value)? = field.defaultValue { values.append(value) }
        for value in values {
          keys.append("\(path).\(field.name)")
          documents.append([object.id: [field.name: value]])
        }
      }
    }
    #expect(documents.count > 200)
    let faults = try await SchemaCheck.faults(
      of: documents, in: LanguageSchema.document, asDefinitions: true)
    for (key, fault) in zip(keys, faults) where !fault.contains("is a required property") {
      #expect(fault == "", "\(key)")
    }
  }
}

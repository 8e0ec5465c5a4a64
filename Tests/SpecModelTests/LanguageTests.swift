import FoundationEssentials
import Testing

@testable import SpecModel

@Suite("The description of the language")
struct LanguageTests {
  /// Branches that the reference has no room for: networks and pools without a mode or a type that the reference has.
  private static let further = """
    virtform: 1
    stack: further
    pools: {default: {path: /srv/a}}
    networks:
      lan:
        mode: nat
        ipv6: {cidr: "fd00:1::/64"}
        portgroups: {slow: {qos: {outbound: {average: 1MiB}}}}
    vms:
      web:
        memory: {size: 1GiB}
        rng: {rate: 1MiB}
        console: {log: /var/log/web.log}
        ready: {tcp: {port: 22}, timeout: 1m}
        cloud_init: {network: {file: NETWORK}, user_data: {file: NETWORK}}
        disks: {root: {size: 1GiB, iotune: {read_bytes: 1MiB}}}
        nics: {lan: {qos: {outbound: {average: 1MiB}}}}
    """

  /// The keys that the decoders know, by the place of the language.
  private static func knownKeys() throws -> [String: Set<String>] {
    let example = try ReferenceExample()
    let directory = try TemporaryDirectory(texts: ["network.yaml": "#cloud-config\nversion: 2\n"])
    let further = Self.further.replacing("NETWORK", with: directory.path + "/network.yaml")
    var known: [String: Set<String>] = [:]
    for sources in [try example.sources, [SourceText(path: "further.yaml", text: further)]] {
      let diagnostics = Diagnostics()
      diagnostics.didRead = { path, keys in
        for place in LanguageTests.places(at: path.description) { known[place, default: []].formUnion(keys) }
      }
      let result = SpecLoader(environment: [:]).load(sources, diagnostics)
      #expect(result.rendered == [])
    }
    return known
  }

  /// The places of the language that a path of a spec may be: names in it may have dots, and items of lists have numbers.
  private static func places(at path: String) -> [String] {
    if path.isEmpty { return [""] }
    let words = path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    let fitting = Set(Language.places.map(\.path)).filter { place in
      !place.isEmpty && matches(words[...], place.split(separator: ".").map(String.init)[...])
    }
    // A name that swallows keys would fit, too.
    func length(_ place: String) -> Int { place.split(separator: ".").count }
    let longest = fitting.map(length).max()
    return fitting.filter { length($0) == longest }
  }

  private static func matches(_ words: ArraySlice<String>, _ place: ArraySlice<String>) -> Bool {
    guard let key = place.first else {
      return words.isEmpty || words.count == 1 && Int(words.first ?? "") != nil
    }
    guard !words.isEmpty else { return false }
    guard key == key.uppercased() else {
      return words.first == key && matches(words.dropFirst(), place.dropFirst())
    }
    return (1...words.count).contains { matches(words.dropFirst($0), place.dropFirst()) }
  }

  @Test("the description has the keys that the decoders know, and no others")
  func keys() throws {
    let known = try Self.knownKeys()
    var described: [String: Set<String>] = [:]
    for (path, object) in Language.places {
      described[path, default: []].formUnion(object.fields.map(\.name))
    }
    // How many VMs an entry makes is read before what they are.
    described["vms.NAME"]?.subtract(SiteDecoder.expansionKeys)
    for (place, keys) in known.sorted(by: { $0.key < $1.key }) {
      #expect(described[place] == keys, "at '\(place)'")
    }
    // What a profile and the defaults have inside is what a VM has inside.
    let unread = Set(described.keys).subtracting(known.keys).filter {
      !$0.hasPrefix("defaults.") && !$0.hasPrefix("profiles.NAME.")
    }
    #expect(unread.sorted() == [])
  }

  @Test("an unknown key is noticed by the comparison")
  func hook() throws {
    var known: [String: Set<String>] = [:]
    let diagnostics = Diagnostics()
    diagnostics.didRead = { known[$0.description, default: []].formUnion($1) }
    _ = SpecLoader(environment: [:]).load(
      [SourceText(path: "a.yaml", text: header + "hosts: {a: {uri: embedded, qqq: 1}}\n")], diagnostics)
    #expect(
      known["hosts.a"] == ["uri", "accel", "size", "labels", "reserve", "overcommit", "state", "migration"])
  }

  @Test("every key stands in the reference example")
  func example() throws {
    let source = try #require(try ReferenceExample().sources.first)
    let objects = Dictionary(grouping: Language.places, by: \.path)
    /// The keys that were seen, by the object that they are of.
    var seen: [String: Set<String>] = [:]
    func walk(_ node: YAMLNode, _ path: String) {
      switch node.content {
      case .scalar: break
      case .sequence(let items): for item in items { walk(item, path) }
      case .mapping(let mapping):
        for object in Self.places(at: path).flatMap({ objects[$0] ?? [] }).map(\.object) {
          seen[object.id, default: []].formUnion(mapping.entries.map(\.key))
        }
        for entry in mapping.entries { walk(entry.value, Language.join(path, entry.key)) }
      }
    }
    walk(try yaml(source.text), "")
    // A profile has what a VM has.
    seen["vm", default: []].formUnion(seen["template"] ?? [])
    seen["template"] = seen["vm"]
    // Some words stand in a comment beside their siblings.
    let comments = source.text.split(separator: "\n").map { $0.drop { $0 != "#" } }.joined(separator: " ")
    let words = Set("\(comments)".split { !$0.isLetter && $0 != "_" }.map { "\($0)" })
    for (path, object) in Language.places {
      for field in object.fields where seen[object.id]?.contains(field.name) != true {
        let isThere = words.contains(field.name)
        #expect(isThere, "\(path).\(field.name) is not in the reference")
      }
    }
  }

  @Test("objects have one name each, and examples are YAML")
  func consistency() {
    var byID: [String: Set<String>] = [:]
    for (path, object) in Language.places {
      let keys = object.fields.map(\.name)
      #expect(Set(keys).count == keys.count, "\(path) has a key twice")
      byID[object.id, default: []].insert(keys.joined(separator: " "))
      for field in object.fields {
        #expect(field.summary.hasSuffix("."), "\(path).\(field.name)")
        if let example = field.example {
          #expect(StructuredValue(yaml: example) != nil, "\(path).\(field.name): \(example)")
        }
        let meanings = field.type.choices.compactMap(\.meaning)
        #expect(meanings.isEmpty || meanings.count >= 2, "\(path).\(field.name)")
      }
    }
    for (id, keys) in byID { #expect(keys.count == 1, "'\(id)' is the name of two objects") }
  }

  @Test("the reference is what the description says, and each example and default is a value of its key")
  func values() throws {
    let source = try #require(try ReferenceExample().sources.first)
    let reference = try #require(StructuredValue(yaml: source.text))
    #expect(LanguageCheck.faults(of: reference) == [])
    for (path, object) in Language.places {
      for field in object.fields {
        var values = [field.example.flatMap(StructuredValue.init(yaml:))].compactMap { $0 }
        if case .value(let value)? = field.defaultValue { values.append(value) }
        for value in values {
          #expect(LanguageCheck.faults(of: value, in: field.type) == [], "\(path).\(field.name)")
        }
      }
    }
  }

  @Test(
    "what is not as the description says is told",
    arguments: [
      ("vms: {web: {memory: 4}}", "vms.web.memory: 4"),
      ("vms: {web: {memroy: 4GiB}}", "vms.web.memroy: unknown"),
      ("hosts: {a: {}}", "hosts.a: no uri"),
      ("vms: {-a: {}}", "vms: key -a"),
      ("networks: {lan: {mtu: 1}}", "networks.lan.mtu: 1"),
    ])
  func faults(text: String, expected: String) throws {
    let value = try #require(StructuredValue(yaml: text))
    #expect(LanguageCheck.faults(of: value) == [expected])
  }

  // MARK: Paths

  @Test(
    "a path leads to a field, with names, with placeholders and without",
    arguments: [
      ("vms.web-1.disks.root.size", "vms.NAME.disks.NAME.size"),
      ("vms.NAME.disks.NAME.size", "vms.NAME.disks.NAME.size"),
      ("vms.disks.size", "vms.NAME.disks.NAME.size"),
      ("vms.web.example.org.disks.size", "vms.NAME.disks.NAME.size"),
      ("vms.web-1", "vms"),
      ("vms.db.numa.cells[0].memory", "vms.NAME.numa.cells.memory"),
      ("vms.db.numa.cells.0.memory", "vms.NAME.numa.cells.memory"),
      ("vms.cpus.pin.0", "vms.NAME.cpus.pin"),
      ("vms.cloud_init.meta_data.role", "vms.NAME.cloud_init.meta_data"),
      ("firewalls.db.in.port", "firewalls.NAME.in.port"),
      ("networks.lan.dns.hosts.mail", "networks.NAME.dns.hosts"),
      ("removed.vms.legacy.forget", "removed.ADDRESS.forget"),
      ("", ""),
    ])
  func paths(written: String, expected: String) throws {
    #expect(try Language.place(at: written).path == expected)
  }

  @Test(
    "a path that leads nowhere says which is near",
    arguments: [
      ("vm.web", "a spec has no key 'vm' | help: did you mean 'vms'?"),
      ("vms.dissk.size", "'vms' has no key 'dissk' | help: did you mean 'vms.disks'?"),
      ("vms.web-1.memroy", "'vms' has no key 'memroy' | help: did you mean 'vms.memory'?"),
      (
        "vms.memory.sizee",
        "'vms.NAME.memory' has no key 'sizee' | help: did you mean 'vms.NAME.memory.size'?"
      ),
      ("hosts.rack1.uri.path", "'hosts.NAME.uri' has no keys of its own"),
      ("networks.lan.dhcp.port", "'networks.NAME.dhcp' has no key 'port' | help: it has from, to"),
    ])
  func unknownPaths(written: String, expected: String) {
    #expect(problem(written) { text throws(ValueError) in try Language.place(at: text) } == expected)
  }

  @Test("a path is completed by the keys that go on from it")
  func completions() {
    #expect(Language.completions(of: "").contains("vms"))
    #expect(
      Language.completions(of: "networks.lan.dhcp.") == ["networks.lan.dhcp.from", "networks.lan.dhcp.to"])
    #expect(Language.completions(of: "hosts.ra").prefix(2) == ["hosts.uri", "hosts.accel"])
    #expect(Language.completions(of: "hosts.rack1.").prefix(2) == ["hosts.rack1.uri", "hosts.rack1.accel"])
    #expect(Language.completions(of: "nothing.") == [])
  }

  // MARK: Documents

  @Test("docs/language.md is as the description is; VIRTFORM_WRITE_DOCS=1 writes it")
  func page() throws { try WrittenPage.check("docs/language.md", LanguagePage.markdown()) }

  @Test("docs/schemas/spec.schema.json is as the description is; VIRTFORM_WRITE_DOCS=1 writes it")
  func schema() throws {
    try WrittenPage.check("docs/schemas/spec.schema.json", LanguageSchema.document.text + "\n")
  }
}

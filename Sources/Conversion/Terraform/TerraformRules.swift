import Libvirt

/// How attributes of the provider since 0.9 become parts of libvirt's documents: it names them after the fields of libvirt's
/// Go bindings, which are the elements and attributes in other letters.
indirect enum TerraformRule {
  /// A scalar that is an attribute of the element.
  case attribute(String, as: String)
  /// An object that is an element of its own.
  case element(String, as: String, [TerraformRule])
  /// A list of objects, each an element.
  case list(String, as: String, [TerraformRule])
  /// A scalar that is the text of an element.
  case leaf(String, as: String)
  /// `true` is an element with nothing in it.
  case flag(String, as: String)
  /// A scalar that is the text of the element itself.
  case text(String)
  /// What is in an object stands in the element itself.
  case inline(String, [TerraformRule])
}

enum TerraformRules {
  /// The elements directly inside, for rules that make elements.
  static func elements(_ node: SourceNode, _ rules: [TerraformRule]) -> [XMLElement] {
    apply(rules, to: node).children
  }

  static func element(_ name: String, _ node: SourceNode, _ rules: [TerraformRule]) -> XMLElement {
    let (attributes, children, text) = apply(rules, to: node)
    var element = XMLElement(name, text: text) { children }
    for (name, value) in attributes { element[attribute: name] = value }
    return element
  }

  private static func apply(
    _ rules: [TerraformRule], to node: SourceNode
  ) -> (attributes: [(String, String)], children: [XMLElement], text: String?) {
    var attributes: [(String, String)] = []
    var children: [XMLElement] = []
    var text: String?
    for rule in rules {
      switch rule {
      case .attribute(let key, let name):
        if let value = scalar(node[key]) { attributes.append((name, value)) }
      case .element(let key, let name, let inner):
        guard let value = node[key]?.items.first, value.isMap else { continue }
        children.append(element(name, value, inner))
      case .list(let key, let name, let inner):
        for item in node[key]?.items ?? [] where item.isMap { children.append(element(name, item, inner)) }
      case .leaf(let key, let name):
        if let value = scalar(node[key]) { children.append(XMLElement(name, text: value)) }
      case .flag(let key, let name):
        if node[key]?.flag == true { children.append(XMLElement(name)) }
      case .text(let key):
        if let value = scalar(node[key]) { text = value }
      case .inline(let key, let inner):
        guard let value = node[key]?.items.first, value.isMap else { continue }
        let (more, elements, ownText) = apply(inner, to: value)
        attributes += more
        children += elements
        text = ownText ?? text
      }
    }
    return (attributes, children, text)
  }

  /// libvirt writes truth as `yes` and `no`.
  static func scalar(_ node: SourceNode?) -> String? {
    guard let node else { return nil }
    if case .bool = node.content { return node.flag.map { $0 ? "yes" : "no" } }
    return node.word
  }

  // MARK: Rules

  static let network: [TerraformRule] = [
    .list(
      "port_groups", as: "portgroup",
      [
        .attribute("name", as: "name"), .attribute("default", as: "default"),
        .element("vlan", as: "vlan", vlan),
      ]),
    .element("vlan", as: "vlan", vlan),
    .element("virtual_port", as: "virtualport", [.attribute("type", as: "type")]),
  ]

  static let vlan: [TerraformRule] = [
    .attribute("trunk", as: "trunk"),
    .list("tags", as: "tag", [.attribute("id", as: "id"), .attribute("native_mode", as: "nativeMode")]),
  ]

  static let cpu: [TerraformRule] = [
    .attribute("mode", as: "mode"), .attribute("match", as: "match"), .attribute("check", as: "check"),
    .attribute("migratable", as: "migratable"),
    .leaf("model", as: "model"), .leaf("vendor", as: "vendor"),
    .element(
      "topology", as: "topology",
      [
        .attribute("sockets", as: "sockets"), .attribute("dies", as: "dies"),
        .attribute("clusters", as: "clusters"),
        .attribute("cores", as: "cores"), .attribute("threads", as: "threads"),
      ]),
    .element("cache", as: "cache", [.attribute("level", as: "level"), .attribute("mode", as: "mode")]),
    .list("features", as: "feature", [.attribute("policy", as: "policy"), .attribute("name", as: "name")]),
    .element(
      "numa", as: "numa",
      [
        .list(
          "cell", as: "cell",
          [
            .attribute("id", as: "id"), .attribute("cpus", as: "cpus"), .attribute("memory", as: "memory"),
            .attribute("unit", as: "unit"), .attribute("mem_access", as: "memAccess"),
          ])
      ]),
  ]

  static let clock: [TerraformRule] = [
    .attribute("offset", as: "offset"), .attribute("basis", as: "basis"),
    .attribute("adjustment", as: "adjustment"),
    .attribute("time_zone", as: "timezone"),
    .list(
      "timer", as: "timer",
      [
        .attribute("name", as: "name"), .attribute("track", as: "track"),
        .attribute("tick_policy", as: "tickpolicy"),
        .attribute("tickpolicy", as: "tickpolicy"), .attribute("frequency", as: "frequency"),
        .attribute("mode", as: "mode"), .attribute("present", as: "present"),
        .element("catch_up", as: "catchup", catchUp), .element("catchup", as: "catchup", catchUp),
      ]),
  ]

  private static let catchUp: [TerraformRule] = [
    .attribute("threshold", as: "threshold"), .attribute("slew", as: "slew"),
    .attribute("limit", as: "limit"),
  ]

  static let features: [TerraformRule] = [
    .flag("acpi", as: "acpi"), .flag("pae", as: "pae"), .flag("hap", as: "hap"),
    .flag("viridian", as: "viridian"),
    .element("smm", as: "smm", [.attribute("state", as: "state")]),
    .element("pmu", as: "pmu", [.attribute("state", as: "state")]),
    .element("gic", as: "gic", [.attribute("version", as: "version")]),
    .element("io_apic", as: "ioapic", [.attribute("driver", as: "driver")]),
    .element("vm_port", as: "vmport", [.attribute("state", as: "state")]),
  ]

  static let cpuTune: [TerraformRule] = [
    .element("shares", as: "shares", [.text("value")]), .leaf("shares", as: "shares"),
    .list("vcpu_pin", as: "vcpupin", [.attribute("vcpu", as: "vcpu"), .attribute("cpu_set", as: "cpuset")]),
    .element("emulator_pin", as: "emulatorpin", [.attribute("cpu_set", as: "cpuset")]),
  ]

  static let memoryBacking: [TerraformRule] = [
    .element(
      "memory_huge_pages", as: "hugepages",
      [
        .list(
          "hugepages", as: "page",
          [
            .attribute("size", as: "size"), .attribute("unit", as: "unit"),
            .attribute("nodeset", as: "nodeset"),
          ])
      ]),
    .flag("memory_nosharepages", as: "nosharepages"), .flag("memory_locked", as: "locked"),
    .element("memory_source", as: "source", [.attribute("type", as: "type")]),
    .element("memory_access", as: "access", [.attribute("mode", as: "mode")]),
    .element("memory_allocation", as: "allocation", [.attribute("mode", as: "mode")]),
  ]

  // MARK: Devices

  static let controller: [TerraformRule] = [
    .attribute("type", as: "type"), .attribute("index", as: "index"), .attribute("model", as: "model"),
  ]

  /// Where a serial port, a console or a channel leads, but for its type.
  static let characterSource: [TerraformRule] = [
    .inline("file", [.attribute("path", as: "path"), .attribute("append", as: "append")]),
    .inline("dev", [.attribute("path", as: "path")]), .inline("pipe", [.attribute("path", as: "path")]),
    .inline("pty", [.attribute("path", as: "path")]),
    .inline("unix", [.attribute("mode", as: "mode"), .attribute("path", as: "path")]),
    .inline(
      "tcp",
      [
        .attribute("mode", as: "mode"), .attribute("host", as: "host"), .attribute("service", as: "service"),
      ]),
  ]

  static let characterTarget: [TerraformRule] = [
    .attribute("type", as: "type"), .attribute("port", as: "port"),
    .element("model", as: "model", [.attribute("name", as: "name")]),
  ]

  static let input: [TerraformRule] = [
    .attribute("type", as: "type"), .attribute("bus", as: "bus"), .attribute("model", as: "model"),
  ]

  static let sound: [TerraformRule] = [.attribute("model", as: "model")]

  static let watchdog: [TerraformRule] = [
    .attribute("model", as: "model"), .attribute("action", as: "action"),
  ]

  static let video: [TerraformRule] = [
    .element(
      "model", as: "model",
      [
        .attribute("type", as: "type"), .attribute("vram", as: "vram"), .attribute("ram", as: "ram"),
        .attribute("heads", as: "heads"), .attribute("primary", as: "primary"),
      ])
  ]

  static let memballoon: [TerraformRule] = [
    .attribute("model", as: "model"), .attribute("auto_deflate", as: "autodeflate"),
    .attribute("free_page_reporting", as: "freePageReporting"),
  ]

  static let rng: [TerraformRule] = [
    .attribute("model", as: "model"),
    .element("rate", as: "rate", [.attribute("bytes", as: "bytes"), .attribute("period", as: "period")]),
  ]

  static let ioTune: [TerraformRule] = [
    .leaf("total_bytes_sec", as: "total_bytes_sec"), .leaf("read_bytes_sec", as: "read_bytes_sec"),
    .leaf("write_bytes_sec", as: "write_bytes_sec"), .leaf("total_iops_sec", as: "total_iops_sec"),
    .leaf("read_iops_sec", as: "read_iops_sec"), .leaf("write_iops_sec", as: "write_iops_sec"),
  ]

  static let diskDriver: [TerraformRule] = [
    .attribute("name", as: "name"), .attribute("type", as: "type"), .attribute("cache", as: "cache"),
    .attribute("io", as: "io"), .attribute("discard", as: "discard"),
    .attribute("detect_zeros", as: "detect_zeroes"),
    .attribute("detect_zeroes", as: "detect_zeroes"), .attribute("queues", as: "queues"),
  ]
}

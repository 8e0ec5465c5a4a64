import TestLab

/// A spec of real guests, put together from the texts of its parts.
struct SiteText {
  let stack: String
  var variables: [String: String] = [:]
  var images = [
    "kernel": "{source: \(Lab.guest)/vmlinuz, format: raw}",
    "initrd": "{source: \(Lab.guest)/initrd.gz, format: raw}",
  ]
  var hosts: [String: String] = [:]
  var pools: [String: String] = [:]
  var networks: [String: String] = [:]
  var firewalls: [String: String] = [:]
  var disks: [String: String] = [:]
  /// The fields of each VM, by its name.
  var vms: [String: [String: String]] = [:]
  var outputs: [String: String] = [:]
  var moved: [String: String] = [:]
  var removed: [String: String] = [:]

  init(_ stack: String) { self.stack = stack }

  /// A site with one VM, `pic`, that has a disk and nothing to boot: it never shuts down by itself.
  static func unbootable(
    _ stack: String, _ fields: [String: String], networks: [String: String]
  ) -> SiteText {
    var site = SiteText(stack)
    site.images = [:]
    site.networks = networks
    site.vms["pic"] = [
      "accel": "tcg", "memory": "64MiB", "shutdown": "{timeout: 1s, force: true}",
      "disks": "{root: {size: 8MiB}}",
    ].merging(fields) { _, given in given }
    return site
  }

  /// The fields of a VM whose guest boots at once and says every second what it has.
  static func guest(_ name: String, _ fields: [String: String] = [:]) -> [String: String] {
    [
      "accel": "tcg", "memory": "96MiB", "kernel": "kernel", "initrd": "initrd",
      "cmdline": "console=ttyS0 quiet vf.host=\(name) vf.every=1", "shutdown": "{timeout: 60s}",
    ].merging(fields) { _, given in given }
  }

  var text: String {
    var text = "virtform: 1\nstack: \(stack)\n"
    let sections = [
      ("variables", variables), ("hosts", hosts), ("images", images), ("pools", pools),
      ("networks", networks),
      ("firewalls", firewalls),
      ("disks", disks), ("outputs", outputs),
      ("moved", moved), ("removed", removed),
    ]
    for (name, entries) in sections where !entries.isEmpty {
      text += "\(name):\n" + Self.lines(entries, indented: "  ")
    }
    text += vms.isEmpty ? "" : "vms:\n"
    for (name, fields) in vms.sorted(by: { $0.key < $1.key }) {
      text += "  \(name):\n" + Self.lines(fields, indented: "    ")
    }
    return text
  }

  private static func lines(_ entries: [String: String], indented indent: String) -> String {
    entries.sorted { $0.key < $1.key }.map { "\(indent)\($0.key): \($0.value)\n" }.joined()
  }
}

import FoundationEssentials
import TestLab
import Testing

/// The whole program on what strangers wrote: whatever is in it, what is printed and written steers no terminal, forges no
/// annotation and is no markup. libvirt's test driver runs in the process, on a host that a file describes.
@Suite("Hostile input")
final class HostileInputTests: Sendable {
  private let directory = "/tmp/vfs-\(UInt32.random(in: 0...UInt32.max))"

  init() throws {
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    try Self.host.write(toFile: "\(directory)/node.xml", atomically: true, encoding: .utf8)
  }

  deinit { try? FileManager.default.removeItem(atPath: directory) }

  /// All that a person could put into a text of XML's or YAML's: no raw control characters of C0, but those of C1, and what turns
  /// the direction of text.
  private static let evil =
    "\u{85}::error::forged ##[error]forged ##vso[task.x]\u{9b}31m\u{202e}\u{2066}<script>alert(1)</script>\"\u{301} onload=alert(1) `[x](http://x)"
  /// The same and more between double quotes of YAML's, which has escapes for what it does not take as it is.
  private static let escaped: String = {
    let escapes = ["\u{85}": "\\x85", "\u{9b}": "\\x9b", "\u{2066}": "\\u2066", "\"": "\\\""]
    return #"\e[2J\r\n::error::forged\n  ::set-output name=a::b\a\0\x9b"#
      + evil.unicodeScalars.map { escapes[String($0)] ?? String($0) }.joined()
  }()

  /// A host with a domain, a network and a lock of somebody else's.
  private static let host: String = {
    let escapes = ["&": "&amp;", "<": "&lt;", "\"": "&quot;"]
    let text = evil.unicodeScalars.map { escapes[String($0)] ?? String($0) }.joined()
    // libvirt takes no slash in a name.
    let name = text.filter { $0 != "/" }
    return """
      <node>
      <domain type="test"><name>theirs\(name)</name><title>\(text)</title><description>&#10;::error::forged&#13;\(text)</description>
      <memory>65536</memory><os><type>hvm</type></os><metadata><a:b xmlns:a="urn:x">\(text)</a:b></metadata></domain>
      <domain type="test"><name>web</name><title>::error::forged\(text)</title><memory>65536</memory><os><type>hvm</type></os></domain>
      <network><name>lan\(name)</name><bridge name="vfbr7"/></network>
      <network><name>virtform-lock-held</name><forward mode="bridge"/><bridge name="virtform-lock"/><metadata>
      <v:lock xmlns:v="urn:virtform:lock:1" command="apply&#10;::error::forged \(text)" taken="2024-01-01T00:00:00Z">
      <v:holder user="&#10;::error::forged\(text)" host="\(text)" pid="1"/><v:reason>&#10;::error::forged\(text)</v:reason></v:lock></metadata></network>
      </node>
      """
  }()

  private func run(_ arguments: String...) async throws -> Lab.Outcome {
    try await Lab.virtform(arguments, home: "\(directory)/home", in: directory)
  }

  private func write(_ text: String, to name: String = "site.yaml") throws {
    try text.write(toFile: "\(directory)/\(name)", atomically: true, encoding: .utf8)
  }

  /// Fails if `text` steers a terminal, forges an annotation, or has live markup.
  ///
  /// - Parameter isAnnotations: true if GitHub's annotations are what was asked for, one a line.
  private func expectHarmless(
    _ text: String, _ what: String, isAnnotations: Bool = false, isMarkup: Bool = false,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let bad = text.unicodeScalars.first { scalar in
      switch scalar.value {
      case 0x0a: false
      case 0...0x1f, 0x7f...0x9f, 0x202a...0x202e, 0x2066...0x2069: true
      default: false
      }
    }
    #expect(bad == nil, "\(what): \(text.debugDescription)", sourceLocation: sourceLocation)
    let lines = text.utf8.split(separator: 0x0a).map { String(Substring($0)) }
    for line in lines {
      let start = line.drop { $0 == " " || $0 == "\t" }
      if isAnnotations {
        #expect(
          line.hasPrefix("::error ") || line.hasPrefix("::warning "), "\(what): \(line)",
          sourceLocation: sourceLocation)
      } else {
        #expect(!start.hasPrefix("::error"), "\(what): \(line)", sourceLocation: sourceLocation)
        #expect(!start.hasPrefix("::set-output"), "\(what): \(line)", sourceLocation: sourceLocation)
      }
      #expect(
        !line.contains("##[") && !line.contains("##vso["), "\(what): \(line)", sourceLocation: sourceLocation)
    }
    if isMarkup { #expect(!text.contains("<script>alert"), "\(what)", sourceLocation: sourceLocation) }
  }

  @Test("a spec of nothing but traps is told of without any of them working, in each form")
  func validate() async throws {
    let evil = Self.escaped
    try write(
      """
      virtform: 1
      stack: "s\(evil)"
      variables: {"v\(evil)": {default: x}, w: {default: "\(evil)"}, f: {file: "\(evil)"}}
      hosts: {h: {uri: "qemu+ssh://\(evil)/system"}, "h\(evil)": {uri: "test:///default"}}
      images: {i: {source: "\(evil)"}, u: {source: "https://x/\(evil)", sha256: none}}
      networks: {"n\(evil)": {mode: nat}, m: {mode: "\(evil)", cidr: "\(evil)"}}
      disks: {d: {size: "\(evil)"}}
      vms:
        "\(evil)": {memory: 1GiB}
        a: {memory: "${var.w}", "\(evil)": 1, profile: "\(evil)", title: "${\(evil)}", xml: "<\(evil)>"}
        b: {memory: 1GiB, for_each: ["\(evil)", 2], nics: {"\(evil)": {}}, start_after: ["\(evil)"]}
      outputs: {o: "${vms.\(evil).ip}"}
      """)
    for format in ["text", "json", "sarif"] {
      let outcome = try await run("validate", "--format", format, "site.yaml")
      #expect(outcome.status == 3)
      expectHarmless(outcome.output, format)
      expectHarmless(outcome.errors, format)
      // Else the test tests nothing.
      #expect(
        (outcome.output + outcome.errors).contains("forged"), "\(format): \(outcome.output)\(outcome.errors)")
    }
    let github = try await run("validate", "--format", "github", "site.yaml")
    #expect(github.status == 3 && !github.output.isEmpty)
    expectHarmless(github.output, "github", isAnnotations: true)
    for arguments in [
      ["plan"], ["plan", "--json"], ["show", "--spec"], ["fmt", "--check"], ["graph"], ["schema"],
    ] {
      let outcome = try await Lab.virtform(
        arguments + (arguments == ["schema"] ? [] : ["site.yaml"]), home: directory, in: directory)
      expectHarmless(outcome.output + outcome.errors, "\(arguments)")
    }
  }

  @Test("texts that are no YAML or no text at all are told of harmlessly")
  func unreadable() async throws {
    let files: [(String, [UInt8])] = [
      ("utf16", [0xff, 0xfe, 0x76, 0, 0x3a, 0]), ("latin1", Array("stack: ".utf8) + [0xe9, 0x9b]),
      ("nul", Array("stack: a\0b\n".utf8)),
      ("escape", Array("stack: \u{1b}[31m\n".utf8)), ("\u{9b}31m::error::x", Array("stack: [\n".utf8)),
      ("tag", Array("stack: !!\u{202e} x\n".utf8)),
      ("alias", Array("stack: *a\u{85}b\n::error::forged: {\n".utf8)),
      ("quote", Array("stack: \"\u{9b}\\q\"\n".utf8)),
    ]
    for (name, bytes) in files {
      try Data(bytes).write(to: URL(filePath: "\(directory)/\(name).yaml"))
      for format in ["text", "json", "sarif"] {
        let outcome = try await run("validate", "--format", format, "\(name).yaml")
        #expect(outcome.status == 3, "\(name)")
        expectHarmless(outcome.output + outcome.errors, name)
      }
      let github = try await run("validate", "--format", "github", "\(name).yaml")
      expectHarmless(github.output, name, isAnnotations: true)
    }
  }

  @Test(
    "what is fine in a spec, and what a host says, are shown harmlessly in each form of a plan and a look at it"
  )
  func plan() async throws {
    let evil = Self.escaped
    // What stands in one line has no control characters.
    let line = "::error::forged ##[error]forged <script>alert(1)</script>'\u{301}> `[x](http://x)"
    try write(
      """
      virtform: 1
      stack: shop
      variables: {t: {default: "\(evil)"}}
      hosts: {sim: {uri: "test://\(directory)/node.xml", labels: {room: "\(line)"}}}
      vms:
        db: {memory: 64MiB, description: "a${var.t}", labels: {owner: "\(line)"}, state: off}
      outputs: {o: "\(evil)"}
      """)
    for format in ["text", "json", "markdown", "gitlab", "html"] {
      let outcome = try await run("plan", "--format", format, "site.yaml")
      expectHarmless(outcome.output, format, isMarkup: format == "html")
      expectHarmless(outcome.errors, format)
      #expect(outcome.status == 0, "\(outcome.errors)")
    }
    for arguments in [
      ["show"], ["show", "--json"], ["show", "db"], ["show", "db", "--json"], ["show", "--spec"], ["drift"],
      ["drift", "--json"], ["output"],
      ["output", "--json"], ["inventory", "--list"], ["hosts"], ["hosts", "--json"],
      ["graph", "--format", "dot"], ["graph", "--format", "mermaid"],
      ["graph", "--format", "svg"], ["consolidate"], ["ssh-config"], ["lock", "--status"],
    ] {
      let outcome = try await Lab.virtform(arguments + ["site.yaml"], home: directory, in: directory)
      expectHarmless(outcome.output + outcome.errors, "\(arguments)")
    }
    let files = ["--json-into", "p.json", "--markdown-into", "p.md", "--html-into", "p.html", "-o", "p.plan"]
    let outcome = try await Lab.virtform(["plan", "site.yaml"] + files, home: directory, in: directory)
    #expect(outcome.status == 0, "\(outcome.errors)")
    for file in ["p.json", "p.md", "p.html"] {
      expectHarmless(
        try String(contentsOfFile: "\(directory)/\(file)", encoding: .utf8), file, isMarkup: file == "p.html")
    }
  }

  @Test("a secret is not shown although marks combine with its letters")
  func combiningSecret() async throws {
    try write(
      """
      virtform: 1
      stack: shop
      variables: {pw: {secret: true, default: hunter2}, mark: {default: "\\u0301"}, sign: {default: "\\u0600"}}
      hosts: {sim: {uri: "test://\(directory)/node.xml"}}
      vms: {db: {memory: 64MiB, title: "${var.pw}${var.mark}", description: "${var.sign}${var.pw}", state: off}}
      """)
    for format in ["text", "json", "markdown", "html"] {
      let outcome = try await run("plan", "--format", format, "site.yaml")
      let bytes = Array(outcome.output.utf8)
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(bytes.firstRange(of: Array("(secret)".utf8)) != nil, "\(format): \(outcome.output)")
      #expect(bytes.firstRange(of: Array("hunter2".utf8)) == nil, "\(format)")
    }
  }

  @Test("objects and locks of somebody else with such names are told of harmlessly")
  func strangers() async throws {
    try write(
      "virtform: 1\nstack: held\nhosts: {sim: {uri: \"test://\(directory)/node.xml\"}}\nvms: {web: {memory: 64MiB, state: off}}\n"
    )
    for arguments in [
      ["plan"], ["plan", "--json"], ["plan", "--format", "markdown"], ["apply", "--auto-approve"],
      ["apply", "--auto-approve", "--json"],
      ["lock", "--status"], ["lock", "--status", "--json"], ["unlock"], ["show"], ["hosts"],
      ["destroy", "--auto-approve"],
    ] {
      let outcome = try await Lab.virtform(arguments + ["site.yaml"], home: directory, in: directory)
      expectHarmless(outcome.output + outcome.errors, "\(arguments)")
    }
    let status = try await run("lock", "--status", "site.yaml")
    #expect(status.output.contains("forged"), "the lock is not shown: \(status.output)\(status.errors)")
    for arguments in [
      ["import", "test://\(directory)/node.xml"], ["init", "--host", "test://\(directory)/node.xml", "made"],
    ] {
      let outcome = try await Lab.virtform(arguments, home: directory, in: directory)
      expectHarmless(outcome.output + outcome.errors, "\(arguments)")
    }
  }

  @Test("files of other tools and saved plans with such texts are told of harmlessly")
  func files() async throws {
    let json = "\\u001b[2J\\r\\n::error::forged\\u009b\\u202e ##[error]x"
    try write(
      #"{"version": 4, "terraform_version": "1", "resources": [{"mode": "managed", "type": "libvirt_domain", "name": "\#(json)", "provider": "provider[\"registry.terraform.io/dmacvicar/libvirt\"]", "instances": [{"attributes": {"name": "\#(json)", "description": "\#(json)", "memory": 512, "vcpu": 1, "\#(json)": "\#(json)", "disk": [{"file": "\#(json)"}], "network_interface": [{"network_name": "\#(json)"}]}}]}]}"#,
      to: "terraform.tfstate")
    try write(
      "displayName = \"\u{1b}[2J::error::forged\u{9b}\"\nmemsize = \"512\"\nguestinfo.\u{202e}x = \"##[error]y\"\nscsi0.present = \"TRUE\"\nscsi0:0.fileName = \"\u{1b}.vmdk\"\n",
      to: "a.vmx")
    try write(
      "name = \"\u{1b}[2J::error::forged\"\nmemory = 64\n\u{9b}x = 1\ndisk = ['\u{202e}']\n", to: "a.cfg")
    for file in ["terraform.tfstate", "a.vmx", "a.cfg"] {
      let outcome = try await run("import", file)
      expectHarmless(outcome.output + outcome.errors, file)
    }
    try write("virtform: 1\nstack: shop\nhosts: {sim: {uri: \"test://\(directory)/node.xml\"}}\n")
    for (name, text) in [
      ("version", #"{"format_version": "9\#(json)"}"#),
      ("damaged", #"{"format_version": "1.1", "\#(json)": "\#(json)", "stack": 1}"#),
      ("cut", #"{"format_version": "1.1", "stack": "\#(json)"#),
      (
        "other",
        #"{"format_version":"1.1","virtform_version":"\#(json)","stack":"\#(json)","spec":{"path":"\#(json)","digest":"\#(json)"},"options":{"destroys":false,"allows_data_loss":["\#(json)"],"restarts":false,"forces_shutdown":false,"replaced":[],"targets":[],"excluded":[]},"hosts":{},"objects":{},"changes":[],"notes":[],"steps":""}"#
      ),
    ] {
      try write(text, to: "\(name).plan")
      for option in [[], ["--json"]] {
        let outcome = try await Lab.virtform(
          ["apply", "\(name).plan", "--auto-approve"] + option, home: directory, in: directory)
        #expect(outcome.status != 0)
        expectHarmless(outcome.output + outcome.errors, name)
      }
    }
    for path in ["/dev/zero", "/dev/null"] {
      let outcome = try await run("apply", path, "--auto-approve")
      #expect(outcome.status != 0, "\(path)")
    }
  }

  @Test("the name of an image is a file, not a host to fetch it from, and no option")
  func imageNames() async throws {
    for name in ["somewhere:x.ova", "-x.ova", "--checkpoint-action=exec=id.ova"] {
      try Data([0]).write(to: URL(filePath: "\(directory)/\(name)"))
      try write(
        "virtform: 1\nstack: shop\nhosts: {sim: {uri: \"test:///default\"}}\npools: {default-pool: {external: true}}\nimages: {i: {source: \"\(name)\"}}\nvms: {w: {memory: 64MiB, disks: {root: {image: i, pool: default-pool}}}}\n"
      )
      let outcome = try await run("plan", "site.yaml")
      #expect(
        outcome.errors.contains("has no *.vmdk in it") || outcome.errors.contains("tar failed: "),
        "\(outcome.errors)")
      #expect(!outcome.errors.contains("rsh") && !outcome.errors.contains("remote"), "\(outcome.errors)")
    }
  }
}

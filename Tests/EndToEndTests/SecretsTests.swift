import FoundationEssentials
import Glibc
import Libvirt
import SpecModel
import Synchronization
import TestLab
import Testing

/// A marker in every field that can hold a secret, and a search for them in all that virtform leaves anywhere.
@Suite(
  "Secrets", .serialized, .timeLimit(.minutes(10)),
  .enabled(if: Lab.hasQEMU, "needs root, libvirtd, QEMU, and the guest that Lab/guest/image.sh makes"))
struct SecretsTests {
  @Test(
    "secrets are where a guest or a host needs them, and nowhere else: no output, file, log, argument or core"
  )
  func search() async throws {
    try await Lab.with { lab in
      let site = try SecretSite(lab)
      try await site.useEveryCommand()
      try await site.makeMistakes()
      try await site.crash()
      try await site.startDaemon()
      try await site.searchHost()
      site.watch.end()
      site.expectNothing(in: site.watch.findings, "process arguments")
      try site.tally.record()
      let report = site.places.withLock { $0 }
      #expect(report > 100, "only \(report) places were searched")
    }
  }
}

/// A spec with a marker in each field that takes a secret, and what is done with it.
private final class SecretSite: Sendable {
  /// By what they are a secret of.
  let markers: [String: String]
  let lab: Lab
  let server: HTTPServer
  let watch: ArgumentWatch
  let places = Mutex(0)
  private let leaks = Mutex(0)
  private let temporary: String
  private let environment: [String: String]

  /// What a variable is read from decides nothing: each way is there.
  private static let fromEnvironment = ["screen", "file", "command", "token", "output", "next", "lines"]
  private static let fromFiles = ["login", "meta", "ignition"]
  private static let given = ["userdata", "description"]

  init(_ lab: Lab) throws {
    self.lab = lab
    server = try HTTPServer()
    let tag = String(UInt32.random(in: 0...UInt32.max), radix: 36)
    var markers: [String: String] = [:]
    for name in Self.fromEnvironment + Self.fromFiles + Self.given { markers[name] = "vfmark\(name)\(tag)" }
    // VNC takes eight characters.
    markers["screen"] = "q" + String((tag + "0000000").prefix(7))
    self.markers = markers
    watch = ArgumentWatch(Array(markers.values))
    temporary = "\(lab.work)/tmp"
    try FileManager.default.createDirectory(atPath: temporary, withIntermediateDirectories: true)
    var environment = ["VIRTFORM_HOME": lab.home, "TMPDIR": temporary]
    for name in Self.fromEnvironment { environment["VF_\(name)"] = markers[name] }
    // A secret of several lines, as private keys are.
    environment["VF_lines"] = "-----BEGIN\n\(markers["lines"] ?? "")\n-----END"
    self.environment = environment
    try FileManager.default.createDirectory(atPath: "\(lab.work)/in", withIntermediateDirectories: true)
    for name in Self.fromFiles { try lab.write((markers[name] ?? "") + "\n", to: "in/\(name).txt") }
    try lab.write(
      Self.given.map { "\($0): \(markers[$0] ?? "")\n" }.joined(), to: "in/given.yaml")
    server["/disk.raw?token=\(markers["token"] ?? "")"] = HTTPServer.Resource(
      [UInt8](repeating: 0, count: 1 << 20))
    try write()
  }

  var tally: FaultTally {
    var tally = FaultTally(
      area: "Secrets", fault: "places searched for the markers of every field that takes a secret",
      command: "make torture FILTER=SecretsTests")
    tally.tried = places.withLock { $0 }
    tally.lost = leaks.withLock { $0 }
    tally.survived = tally.tried - tally.lost
    return tally
  }

  /// - Parameters:
  ///   - login: the variable of the user's password.
  ///   - extra: further lines of VM `web`.
  func write(login: String = "login", extra: String = "", to name: String = "site.yaml") throws {
    let variables =
      Self.fromEnvironment.map { "  \($0): {env: VF_\($0), secret: true}\n" }
      + Self.fromFiles.map { "  \($0): {file: ./in/\($0).txt, secret: true}\n" }
      + Self.given.map { "  \($0): {secret: true}\n" }
    try lab.write(
      """
      virtform: 1
      stack: secret
      variables:
      \(variables.joined())
      images: {disk: {source: "\(server.url("/disk.raw"))?token=${var.token}", format: raw, sha256: none}}
      pools: {files: {type: dir, path: \(lab.work)/files}}
      defaults: {pool: files}
      networks: {lan: {mode: isolated, cidr: 10.93.0.0/24, bridge: vft-s0}}
      outputs: {handed: "${var.output}", host: "${vms.web.host}"}
      vms:
        web:
          accel: tcg
          memory: 64MiB
          shutdown: {timeout: 1s, force: true}
          graphics: {type: vnc, password: "${var.screen}"}
          disks: {root: {size: 8MiB}, data: {image: disk, size: 8MiB}}
          nics: {lan: {ip: 10.93.0.10}}
          cloud_init:
            users: {anna: {password: "${var.\(login)}"}}
            files:
              /etc/secret: {content: "${var.file}"}
              /etc/key: {content: "${var.lines}"}
            run: ["echo ${var.command}"]
            user_data: {final_message: "${var.userdata}"}
            meta_data: {word: "${var.meta}"}
      \(extra)
        core:
          accel: tcg
          memory: 64MiB
          state: off
          ignition:
            config:
              ignition: {version: 3.4.0}
              passwd: {users: [{name: core, passwordHash: "${var.ignition}"}]}

      """, to: name)
  }

  /// Whether all of it is done.
  private let isLong = ProcessInfo.processInfo.environment["VIRTFORM_TORTURE"] == "1"

  // MARK: Runs

  /// Runs `virtform` and searches what it says.
  @discardableResult
  func run(_ arguments: [String], place: Testing.SourceLocation = #_sourceLocation) async throws
    -> Lab.Outcome
  {
    let outcome = try await Lab.run(Lab.binary, arguments, in: lab.work, environment: environment)
    search(outcome, arguments, place)
    return outcome
  }

  private func search(_ outcome: Lab.Outcome, _ arguments: [String], _ place: Testing.SourceLocation) {
    expectNothing(in: found(in: outcome.output), "the output of \(arguments)", place)
    expectNothing(in: found(in: outcome.errors), "the errors of \(arguments)", place)
  }

  private func runWell(_ arguments: [String], place: Testing.SourceLocation = #_sourceLocation) async throws {
    let outcome = try await run(arguments, place: place)
    #expect(outcome.status == 0, "\(arguments): \(outcome.output)\(outcome.errors)", sourceLocation: place)
  }

  private let given = ["--var-file", "in/given.yaml"]

  func useEveryCommand() async throws {
    let spec = ["site.yaml"] + given
    try await runWell(
      ["plan"] + spec + [
        "-o", "plan.json", "--json-into", "plan-doc.json", "--markdown-into", "plan.md", "--gitlab-into",
        "gitlab.json", "--html-into", "plan.html",
      ])
    for form in ["json", "markdown", "gitlab", "html"] {
      try await runWell(["plan"] + spec + ["--format", form])
    }
    try await runWell(
      ["apply", "plan.json"] + given + ["--json-into", "events.json", "--junit-into", "junit.xml"])
    for words in [
      ["validate"], ["validate", "--json"], ["validate", "--format", "github"],
      ["validate", "--format", "sarif"], ["validate", "--sarif-into", "report.sarif"], ["plan"], ["drift"],
      ["drift", "--json"], ["show"], ["show", "--json"], ["show", "--spec"],
      ["show", "--html-into", "show.html"],
      ["graph", "--format", "dot"], ["graph", "--format", "mermaid"], ["graph", "--format", "svg"],
      ["inventory", "--list"], ["inventory", "--host", "web"], ["output"], ["output", "--json"], ["hosts"],
      ["hosts", "--json"], ["consolidate"], ["consolidate", "--json"], ["lock", "--status"],
      ["lock", "--status", "--json"], ["verify"], ["verify", "--json"], ["ssh-config"],
    ] {
      try await runWell([words[0]] + spec + words.dropFirst())
    }
    for words in [["show", "web"], ["show", "core"], ["output", "handed"]] {
      try await runWell(words + spec)
    }
    try await runWell(["show", "web"] + spec + ["--json"])
    try await runWell(["fmt", "site.yaml"])
    try await runWell(["import", lab.uri, "--stack", "other", "-o", "imported.yaml"])
    let console = try await Lab.run(
      "/usr/bin/timeout", ["1", Lab.binary, "console", "web"] + spec, in: lab.work, environment: environment)
    search(console, ["console"], #_sourceLocation)

    // Another secret in the place of one that no variable has any more.
    try write(login: "next")
    for words in [["plan"], ["plan", "--json"], ["drift"], ["apply", "--auto-approve", "--json"]] {
      try await runWell([words[0]] + spec + words.dropFirst())
    }
  }

  /// Secrets in the wrong places, so that messages quote them, and steps that fail.
  func makeMistakes() async throws {
    for (field, name) in [
      ("memory: \"${var.token}\"", "type"), ("cpus: \"${var.token}\"", "number"),
      ("title: [\"${var.token}\"]", "list"),
      ("firmware: \"${var.token}\"", "choice"), ("${var.token}: 1", "key"),
      ("host: \"${var.token}\"", "name"),
      ("kernel: \"${var.token}\"", "reference"),
      // What is cut off in a message is no less a secret.
      ("firmware: \"\(String(repeating: "x", count: 470))${var.token}\"", "long"),
    ] {
      try write(extra: "  wrong:\n    \(field)", to: "wrong-\(name).yaml")
      for words in [["validate"], ["plan", "--json"]] + (isLong ? [["plan"], ["apply", "--json"]] : []) {
        let outcome = try await run([words[0], "wrong-\(name).yaml"] + given + words.dropFirst())
        #expect(outcome.status != 0, "\(name): \(outcome.output)")
      }
    }
    // A file of values that is damaged, or has others for another spec.
    let token = markers["token"] ?? ""
    for (text, name) in [
      ("token: \(token)\nunknown: \(token)\n", "unknown"), ("token: [\(token)]\n", "list"),
      ("token: \"\(token)\n", "open"), ("\ttoken: \(token)\n", "tab"),
      ("token: \(token): \(token)\n", "colons"),
      ("- \(token)\n", "sequence"), ("token: \(token)\ntoken: \(token)\n", "twice"),
    ] {
      try lab.write(text, to: "in/\(name).yaml")
      for form in isLong ? [[], ["--json"]] : [[]] {
        try await run(["plan", "site.yaml"] + given + ["--var-file", "in/\(name).yaml"] + form)
      }
    }
    // Images that are not there, and a pool that cannot be made.
    let text = try String(contentsOfFile: "\(lab.work)/site.yaml", encoding: .utf8)
    try lab.write(
      text.replacing("/disk.raw?", with: "/nothing.raw?").replacing("stack: secret", with: "stack: away"),
      to: "away.yaml")
    try lab.write("", to: "occupied")
    try lab.write(
      text.replacing("\(lab.work)/files", with: "\(lab.work)/occupied/files")
        .replacing("stack: secret", with: "stack: fails").replacing("vft-s0", with: "vft-s1").replacing(
          "10.93.", with: "10.94."
        ).replacing("lan", with: "lan2").replacing("  web:", with: "  web2:")
        .replacing("  core:", with: "  core2:").replacing("vms.web", with: "vms.web2").replacing(
          "files: {type", with: "files2: {type"
        ).replacing("pool: files", with: "pool: files2"), to: "fails.yaml")
    for form in isLong ? [[], ["--json"]] : [[]] {
      let away = try await run(["apply", "away.yaml", "--auto-approve"] + given + form)
      #expect(away.status == 1, "\(away.output)\(away.errors)")
      let failed = try await run(
        ["apply", "fails.yaml", "--auto-approve", "--junit-into", "failed.xml", "--json-into", "failed.json"]
          + given + form)
      #expect(failed.status != 0, "\(failed.output)\(failed.errors)")
    }
    try await run(["destroy", "fails.yaml", "--auto-approve", "--allow-data-loss"] + given)
  }

  /// Ends that nothing tidies up after, while the documents of a seed lie in a file.
  func crash() async throws {
    try FileManager.default.createDirectory(atPath: "\(lab.work)/bin", withIntermediateDirectories: true)
    let slow = try lab.write("#!/bin/sh\ntouch \(lab.work)/begun\nexec sleep 20\n", to: "bin/xorriso")
    chmod(slow, 0o755)
    for (signal, login) in [("KILL", "login"), ("ABRT", "login")] {
      try write(login: login)
      try? FileManager.default.removeItem(atPath: "\(lab.work)/begun")
      let script = """
        ulimit -c unlimited
        "$0" apply site.yaml --auto-approve --var-file in/given.yaml &
        while [ ! -e begun ] && kill -0 $! 2>/dev/null; do sleep 0.1; done
        kill -\(signal) $!; wait $!
        """
      var environment = environment
      environment["PATH"] = "\(lab.work)/bin:/usr/sbin:/usr/bin:/sbin:/bin"
      let outcome = try await Lab.run(
        "/bin/bash", ["-c", script, Lab.binary], in: lab.work, environment: environment)
      search(outcome, ["apply, ended by SIG\(signal)"], #_sourceLocation)
      #expect(
        FileManager.default.fileExists(atPath: "\(lab.work)/begun"),
        "no seed was made: \(outcome.output)\(outcome.errors)")
    }
    let cores = try files(below: lab.work).filter { $0.split(separator: "/").last?.hasPrefix("core") == true }
    #expect(cores.filter { !$0.contains("/files/") } == [], "a crash has left its memory")
    // What was killed has left its documents, for its user's eyes alone. The next run removes them.
    let left = try FileManager.default.contentsOfDirectory(atPath: temporary).filter {
      $0.hasPrefix("virtform-seed-")
    }
    #expect(!left.isEmpty)
    for name in left {
      var status = stat()
      #expect(stat("\(temporary)/\(name)", &status) == 0 && status.st_mode & 0o777 == 0o700)
      let hour = timespec(tv_sec: time(nil) - 3600, tv_nsec: 0)
      utimensat(AT_FDCWD, "\(temporary)/\(name)", [hour, hour], 0)
    }
    try await runWell(["apply", "site.yaml", "--auto-approve"] + given)
    #expect(try FileManager.default.contentsOfDirectory(atPath: temporary) == [])
  }

  /// A daemon that virtform starts outlives the run, and does not get what the run's environment holds.
  func startDaemon() async throws {
    let home = "\(lab.work)/daemon"
    var environment = environment
    environment["VIRTFORM_HOME"] = home
    let show = try await Lab.run(
      Lab.binary, ["show", "site.yaml"] + given, in: lab.work, environment: environment)
    search(show, ["show, starting a daemon"], #_sourceLocation)
    #expect(show.status == 0, "\(show.output)\(show.errors)")
    let text = try String(contentsOfFile: "\(home)/libvirtd.pid", encoding: .utf8).filter(\.isNumber)
    let pid = try #require(pid_t(text))
    let variables = try #require(FileManager.default.contents(atPath: "/proc/\(pid)/environ"))
    expectNothing(in: found(in: String(decoding: variables, as: UTF8.self)), "the daemon's environment")
    kill(pid, SIGTERM)
    for _ in 0..<100 where kill(pid, 0) == 0 { try await Task.sleep(for: .milliseconds(100)) }
  }

  // MARK: The host

  /// The only files that have a secret: what a guest reads, and what libvirt keeps for it.
  private var homes: [(path: String, secrets: Set<String>, mode: mode_t?)] {
    let seed: Set<String> = ["login", "next", "file", "command", "userdata", "meta", "lines"]
    return [
      ("\(lab.work)/in/", Set(markers.keys), nil),
      ("\(lab.work)/files/web.seed-", seed, 0o600),
      ("\(lab.work)/files/core.ignition-", ["ignition"], 0o600),
      ("\(lab.home)/etc/qemu/web.xml", ["screen"], 0o600),
      ("\(lab.home)/run/qemu/web.xml", ["screen"], 0o600),
    ]
  }

  func searchHost() async throws {
    var homesFound: Set<String> = []
    for path in try files(below: lab.work) + files(below: lab.home) {
      guard let data = FileManager.default.contents(atPath: path) else { continue }
      let found = found(in: String(decoding: data, as: UTF8.self))
      guard let home = homes.first(where: { path.hasPrefix($0.path) }) else {
        expectNothing(in: found, path)
        continue
      }
      expectNothing(in: found.subtracting(home.secrets), path)
      if !found.isEmpty { homesFound.insert(home.path) }
      var status = stat()
      if let mode = home.mode {
        #expect(
          stat(path, &status) == 0 && status.st_mode & 0o077 & ~mode == 0, "\(path) can be read by others")
      }
    }
    // A search that finds nothing where there is something would prove nothing.
    #expect(homesFound.count >= homes.count - 1, "\(homesFound)")
    for arguments in [
      ["dumpxml", "web"], ["dumpxml", "web", "--inactive"], ["dumpxml", "core"], ["net-dumpxml", "lan"],
      ["pool-dumpxml", "files"], ["vol-list", "files"], ["list", "--all", "--title"],
    ] {
      expectNothing(in: found(in: try await lab.virsh(arguments)), "virsh \(arguments)")
    }
    let secure = found(in: try await lab.virsh("dumpxml", "web", "--security-info"))
    #expect(secure == ["screen"], "virsh dumpxml --security-info has \(secure)")
  }

  private func files(below directory: String) throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: directory).map { "\(directory)/\($0)" }.filter {
      path in
      var status = stat()
      return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }
  }

  // MARK: The search

  /// The markers in `text`, as they are or in Base64, by what they are a secret of.
  private func found(in text: String) -> Set<String> {
    Set(
      markers.filter { text.contains($0.value) || Self.encoded($0.value).contains(where: text.contains) }.keys
    )
  }

  /// What Base64 makes of the marker's inner bytes, wherever it begins.
  private static func encoded(_ marker: String) -> [String] {
    (0..<3).map { shift in
      let text = Data((String(repeating: " ", count: shift) + marker).utf8).base64EncodedString()
      return String(text.dropFirst(shift == 0 ? 0 : 4).dropLast(4))
    }
  }

  func expectNothing(
    in found: Set<String>, _ name: String, _ place: Testing.SourceLocation = #_sourceLocation
  ) {
    places.withLock { $0 += 1 }
    if !found.isEmpty { leaks.withLock { $0 += 1 } }
    #expect(found.isEmpty, "\(name) has the secret of \(found.sorted())", sourceLocation: place)
  }
}

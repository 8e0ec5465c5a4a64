import FoundationEssentials
import Glibc
import TestLab
import Testing

/// What an ordinary user of a host can do, and is told where a right is missing.
@Suite(
  "Least privilege", .serialized, .timeLimit(.minutes(5)),
  .enabled(if: Lab.hasQEMU, "needs root, libvirtd, QEMU, and the guest that Lab/guest/image.sh makes"))
struct LeastPrivilegeTests {
  /// A user of the host, by number and name.
  private struct User {
    let number: String
    let group: String
    static let planner = User(number: "65534", group: "65534")
    static let applier = User(number: "1", group: "1")
  }

  private func write(_ lab: Lab, title: String) throws {
    try lab.write(
      """
      virtform: 1
      stack: rights
      variables: {socket: {}}
      hosts:
        rack: {uri: "qemu+unix:///system?socket=${var.socket}"}
      pools: {files: {type: dir, path: \(lab.work)/files}}
      defaults: {pool: files}
      vms:
        web: {accel: tcg, memory: 64MiB, state: off, title: \(title), disks: {root: {size: 8MiB}}}

      """, to: "site.yaml")
  }

  private func socket(_ lab: Lab, readOnly: Bool) throws -> String {
    let socket = try #require(lab.uri.split(separator: "socket=").last).description
    return "socket=" + (readOnly && !socket.hasSuffix("-ro") ? "\(socket)-ro" : socket)
  }

  private func run(_ lab: Lab, as user: User, readOnly: Bool, _ arguments: String...) async throws
    -> Lab.Outcome
  {
    try await Lab.run(
      "/usr/bin/setpriv",
      ["--reuid", user.number, "--regid", user.group, "--clear-groups", Lab.binary] + arguments + [
        "--var", try socket(lab, readOnly: readOnly),
      ], in: lab.work, environment: ["HOME": "/nonexistent", "VIRTFORM_HOME": "/nonexistent"])
  }

  private func applyAsRoot(_ lab: Lab, title: String) async throws {
    try write(lab, title: title)
    let apply = try await lab.virtform(
      "apply", "site.yaml", "--auto-approve", "--var", try socket(lab, readOnly: false))
    #expect(apply.status == 0, "\(apply.output)\(apply.errors)")
  }

  private static let advice =
    "changing takes libvirt's read-write socket: the group that unix_sock_group names in libvirtd.conf, or "
    + "org.libvirt.unix.manage by polkit"

  /// Plans, empty and not, and all else that only reads; then an apply over either socket, which is refused.
  private func expectPlanner(_ lab: Lab) async throws {
    try await applyAsRoot(lab, title: "one")
    let calls = try await lab.calls {
      let empty = try await run(lab, as: .planner, readOnly: true, "plan", "site.yaml", "--detailed-exitcode")
      #expect(empty.status == 0 && empty.output.hasPrefix("No changes."), "\(empty.output)\(empty.errors)")
      for words in [["drift"], ["verify"], ["show"], ["hosts"], ["inventory"], ["output"]] {
        let outcome = try await run(lab, as: .planner, readOnly: true, words[0], "site.yaml")
        #expect(outcome.status == 0, "\(words): \(outcome.output)\(outcome.errors)")
      }
      try write(lab, title: "two")
      let plan = try await run(lab, as: .planner, readOnly: true, "plan", "site.yaml", "--detailed-exitcode")
      #expect(plan.status == 2 && plan.output.contains("~ title  one → two"), "\(plan.output)\(plan.errors)")
      for readOnly in [true, false] {
        let apply = try await run(
          lab, as: .planner, readOnly: readOnly, "apply", "site.yaml", "--auto-approve")
        #expect(
          apply.status == 1 && apply.errors.contains(Self.advice), "\(apply.output)\(apply.errors)")
      }
    }
    // libvirt refuses a call of a read-only connection before it leaves, or when it arrives.
    #expect(try await lab.virsh("dumpxml", "web").contains("<title>one</title>"), "\(Lab.mutating(calls))")
  }

  @Test("a user who may only read plans and looks, and an apply says what is missing")
  func sockets() async throws {
    try await Lab.with(configuration: "unix_sock_ro_perms = \"0777\"\nunix_sock_rw_perms = \"0700\"") { lab in
      try await expectPlanner(lab)
    }
  }

  @Test(
    "the rules of docs/security.md let planners plan and appliers apply",
    .enabled(if: PrivatePolkit.isInstalled, "needs polkitd, pkcheck and dbus-daemon"))
  func polkit() async throws {
    let rules = try Self.rules()
    #expect(rules.count == 2)
    // Groups that there are.
    let text = rules.map {
      $0.replacing("\"virtform-plan\"", with: "\"nogroup\"").replacing(
        "\"virtform-apply\"", with: "\"daemon\"")
    }
    let polkit = try await PrivatePolkit(rules: text)
    defer { polkit.end() }
    let configuration = """
      unix_sock_ro_perms = "0777"
      unix_sock_rw_perms = "0777"
      auth_unix_ro = "polkit"
      auth_unix_rw = "polkit"
      """
    try await Lab.with(
      configuration: configuration, launcher: ["/usr/bin/env", "DBUS_SYSTEM_BUS_ADDRESS=\(polkit.address)"]
    ) { lab in
      try await expectPlanner(lab)
      let apply = try await run(lab, as: .applier, readOnly: false, "apply", "site.yaml", "--auto-approve")
      #expect(apply.status == 0, "\(apply.output)\(apply.errors)")
      #expect(try await lab.virsh("dumpxml", "web").contains("<title>two</title>"))
    }
    let allowed: [(user: User, action: String, domain: String?)] = [
      (.planner, "domain.getattr", "other"), (.planner, "connect.search-domains", nil),
      (.applier, "domain.start", "web-12"), (.applier, "domain.write", "db"),
      (.applier, "network.write", nil),
      (.applier, "domain.read", "other"),
    ]
    let denied: [(user: User, action: String, domain: String?)] = [
      (.planner, "domain.start", "web-12"), (.planner, "network.write", nil),
      (.applier, "domain.start", "other"),
      (.applier, "domain.delete", "web-12-other"),
    ]
    for (rights, isAllowed) in [(allowed, true), (denied, false)] {
      for right in rights {
        let answer = try await polkit.allows(
          "org.libvirt.api.\(right.action)", right.user.number, right.user.group,
          details: right.domain.map { ["domain_name": $0] } ?? [:])
        #expect(answer == isAllowed, "\(right)")
      }
    }
  }

  /// The rules that the page has, as they stand there.
  private static func rules() throws -> [String] {
    let page = try String(contentsOfFile: "\(Lab.repository)/docs/security.md", encoding: .utf8)
    return page.split(separator: "```js\n").dropFirst().compactMap {
      $0.split(separator: "```").first.map(String.init)
    }
  }
}

/// A polkit daemon with rules of its own, on a bus of its own.
private final class PrivatePolkit: Sendable {
  private static let daemon = "/usr/lib/polkit-1/polkitd"
  private static let programs = [daemon, "/usr/bin/pkcheck", "/usr/bin/dbus-daemon", "/usr/bin/setpriv"]
  static let isInstalled = programs.allSatisfy(FileManager.default.isExecutableFile)

  private let directory: String
  private let processes: [pid_t]
  let address: String

  /// What libvirt's own package registers, as far as it is asked for here: nobody may, unless a rule says so.
  private static let actions = [
    "unix.monitor", "unix.manage", "api.domain.getattr", "api.domain.read", "api.domain.start",
    "api.domain.write", "api.domain.delete", "api.connect.search-domains", "api.network.write",
  ]

  init(rules: [String]) async throws {
    directory = "/tmp/vfp-\(UInt32.random(in: 0...UInt32.max))"
    address = "unix:path=\(directory)/bus"
    for name in ["rules", "actions", "empty"] {
      try FileManager.default.createDirectory(
        atPath: "\(directory)/\(name)", withIntermediateDirectories: true)
    }
    for (number, rule) in rules.enumerated() {
      try rule.write(toFile: "\(directory)/rules/6\(number).rules", atomically: true, encoding: .utf8)
      chmod("\(directory)/rules/6\(number).rules", 0o644)
    }
    let actions = Self.actions.map { id in
      """
      <action id="org.libvirt.\(id)"><description>d</description><message>m</message><defaults>
      <allow_any>no</allow_any><allow_inactive>no</allow_inactive><allow_active>no</allow_active></defaults></action>
      """
    }
    let policy = "<?xml version=\"1.0\"?><policyconfig>\(actions.joined())</policyconfig>"
    try policy.write(toFile: "\(directory)/actions/org.libvirt.policy", atomically: true, encoding: .utf8)
    let bus = """
      <busconfig><type>system</type><listen>\(address)</listen><auth>EXTERNAL</auth><policy context="default">
      <allow user="*"/><allow own="*"/><allow send_type="method_call"/><allow send_destination="*"/>
      <allow receive_sender="*"/></policy></busconfig>
      """
    try bus.write(toFile: "\(directory)/bus.conf", atomically: true, encoding: .utf8)
    // Each is told apart by the number that its shell prints.
    let script = """
      cd \(directory)
      dbus-daemon --config-file=bus.conf --nofork >/dev/null 2>&1 </dev/null & echo $!
      for i in $(seq 100); do [ -S bus ] && break; sleep 0.05; done
      unshare --mount --propagation private sh -c 'mount --bind rules /etc/polkit-1/rules.d
        mount --bind empty /usr/share/polkit-1/rules.d
        mount --bind actions /usr/share/polkit-1/actions
        DBUS_SYSTEM_BUS_ADDRESS=\(address) exec \(Self.daemon) --no-debug' >/dev/null 2>&1 </dev/null & echo $!
      """
    let started = try await Lab.run("/bin/sh", ["-c", script], in: "/")
    processes = started.output.split(separator: "\n").compactMap { pid_t($0) }
    for _ in 0..<100 {
      let owner = try await Lab.run(
        "/usr/bin/dbus-send",
        [
          "--bus=\(address)", "--print-reply", "--dest=org.freedesktop.DBus", "/",
          "org.freedesktop.DBus.GetNameOwner",
          "string:org.freedesktop.PolicyKit1",
        ], in: "/")
      if owner.status == 0 { return }
      try await Task.sleep(for: .milliseconds(50))
    }
    throw Lab.Failure(description: "polkit did not start: \(started.output)\(started.errors)")
  }

  /// What polkit says of a process of that user.
  func allows(_ action: String, _ user: String, _ group: String, details: [String: String]) async throws
    -> Bool
  {
    let words = details.flatMap { ["--detail", $0.key, $0.value] }.joined(separator: " ")
    let script = """
      setpriv --reuid \(user) --regid \(group) --clear-groups sleep 10 >/dev/null 2>&1 & sleep 0.1
      pkcheck --action-id \(action) --process $! \(words); code=$?; kill $!; exit $code
      """
    let outcome = try await Lab.run(
      "/bin/sh", ["-c", script], in: "/", environment: ["DBUS_SYSTEM_BUS_ADDRESS": address])
    return outcome.status == 0
  }

  func end() {
    for process in processes.reversed() where process > 1 { kill(process, SIGTERM) }
    try? FileManager.default.removeItem(atPath: directory)
  }
}

import FoundationEssentials
import Glibc
import Libvirt
import TestLab
import Testing

/// Several real hosts: how they are reached, what befalls them, and guests that go from one to another.
@Suite(
  "Several hosts", .serialized, .timeLimit(.minutes(20)),
  .enabled(
    if: Lab.hasHosts,
    "needs root, libvirtd, QEMU, dnsmasq, bindfs with /dev/fuse, openssl, and what make guest makes"))
struct HostLabTests {
  private func spec(_ lab: HostLab, _ transports: [HostLab.Transport]) -> String {
    let hosts = zip(lab.hosts, transports).map { "  \($0): {uri: \"\(lab.uri(of: $0, transport: $1))\"}\n" }
    return """
      virtform: 1
      stack: shop
      hosts:
      \(hosts.joined())pools:
        main: {type: dir, path: /srv/local}

      """
  }

  private func write(_ text: String, _ lab: HostLab) throws {
    try text.write(toFile: "\(lab.work)/site.yaml", atomically: true, encoding: .utf8)
  }

  /// A guest that has nothing to boot, and whose disk lies in `directory`.
  private func define(_ name: String, in directory: String, _ lab: HostLab, on host: String) async throws {
    try await lab.run(on: host, "qemu-img", "create", "-q", "-f", "qcow2", "\(directory)/\(name).qcow2", "8M")
    let document = """
      <domain type="qemu">
        <name>\(name)</name>
        <memory unit="MiB">64</memory>
        <os><type machine="q35">hvm</type></os>
        <devices>
          <disk type="file" device="disk">
            <driver name="qemu" type="qcow2" cache="none"/>
            <source file="\(directory)/\(name).qcow2"/>
            <target dev="vda" bus="virtio"/>
          </disk>
          <interface type="bridge"><source bridge="br0"/><model type="virtio"/></interface>
        </devices>
      </domain>
      """
    let path = "\(lab.work)/\(name).xml"
    try document.write(toFile: path, atomically: true, encoding: .utf8)
    try await lab.virsh(on: host, "define", path)
    try await lab.virsh(on: host, "start", name)
  }

  private func guests(_ lab: HostLab, on host: String) async throws -> [String] {
    try await lab.virsh(on: host, "list", "--name").split(whereSeparator: \.isWhitespace).map(String.init)
  }

  @Test("virtform reaches hosts by TCP, TLS and SSH, and nothing is left of them when the lab is closed")
  func transports() async throws {
    let lab = try await HostLab.start(hosts: 3)
    let directory = String(lab.work.dropLast(2))
    let link = try String(contentsOfFile: "\(directory)/link", encoding: .utf8).filter { !$0.isWhitespace }
    do {
      for transports in [[.tcp, .tls, .ssh], [.libssh, .libssh2, .tcp]] as [[HostLab.Transport]] {
        try write(spec(lab, transports), lab)
        let hosts = try await lab.virtform("hosts", "site.yaml")
        #expect(hosts.status == 0, "\(hosts.errors)")
        for (host, transport) in zip(lab.hosts, transports) {
          #expect(hosts.output.contains(lab.uri(of: host, transport: transport)), "\(hosts.output)")
        }
      }
      #expect(try await lab.virsh(on: "rack1", "hostname", transport: .ssh).contains("rack1"))
      let plan = try await lab.virtform("plan", "site.yaml", "--detailed-exitcode")
      #expect(plan.status == 2 && plan.output.contains("Plan: 3 to add"), "\(plan.output)\(plan.errors)")
      try await define("web", in: "/srv/local", lab, on: "rack2")
      #expect(!processes(of: directory).isEmpty)
      #expect(access("/sys/class/net/\(link)", F_OK) == 0)
    } catch {
      try await lab.close()
      throw error
    }
    try await lab.close()
    #expect(processes(of: directory) == [])
    #expect(access("/sys/class/net/\(link)", F_OK) != 0)
    #expect(try !String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8).contains(directory))
    #expect(access(directory, F_OK) != 0)
  }

  /// Command lines of all processes that have a file or a root of the lab's, or are named after it.
  private func processes(of directory: String) -> [String] {
    let numbers = ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).filter {
      Int($0) != nil && Int($0) != Int(getpid())
    }
    return numbers.compactMap { number in
      let command = try? String(contentsOfFile: "/proc/\(number)/cmdline", encoding: .utf8)
      let mounts = try? String(contentsOfFile: "/proc/\(number)/mountinfo", encoding: .utf8)
      guard let command, !command.isEmpty else { return nil }
      // What the root of a mount lies at, as mountinfo has it, may be below a mount of this process's.
      let name = directory.split(separator: "/").last.map { "/\($0)/" } ?? directory
      return command.contains(directory) || mounts?.contains(name) == true ? command : nil
    }
  }

  @Test("a libvirtd that is killed, frozen, cut off or refuses is told of by its host, and comes back")
  func faults() async throws {
    try await HostLab.with(hosts: 2) { lab in
      try write(spec(lab, [.tcp, .tcp]), lab)
      try await define("web", in: "/srv/local", lab, on: "rack1")
      func expectWarning(_ words: String, place: SourceLocation = #_sourceLocation) async throws {
        let plan = try await lab.virtform("plan", "site.yaml", "--timeout", "connect=1s")
        #expect(plan.status == 0, "\(plan.errors)", sourceLocation: place)
        #expect(
          plan.errors.contains("warning: host 'rack1'") && plan.errors.contains(words)
            && !plan.errors.contains("host 'rack2'"),
          "\(plan.errors)", sourceLocation: place)
        #expect(plan.output.contains("UNKNOWN: host rack1"), "\(plan.output)", sourceLocation: place)
      }
      func expectSuccess(place: SourceLocation = #_sourceLocation) async throws {
        let plan = try await lab.virtform("plan", "site.yaml")
        #expect(plan.status == 0, "\(plan.errors)", sourceLocation: place)
        #expect(try await guests(lab, on: "rack1") == ["web"], sourceLocation: place)
      }
      // Whoever was connected hears of the end; whoever comes now waits a little for the next start.
      let connection = try await Connection.open(lab.uri(of: "rack1"), access: .readWrite)
      try await lab.kill("rack1")
      await #expect(throws: LibvirtError.self) { try await connection.domains() }
      await connection.close()
      async let waiting = lab.virtform("plan", "site.yaml")
      // Long enough for its first try, and not for its last one.
      try await Task.sleep(for: .seconds(2))
      try await lab.start("rack1")
      let plan = try await waiting
      #expect(plan.status == 0, "\(plan.errors)")
      #expect(
        plan.errors.hasPrefix("warning: host 'rack1': ") && plan.errors.contains("Connection refused")
          && plan.errors.contains("; trying again in 1s (1 of 3)\n"), "\(plan.errors)")
      #expect(try await guests(lab, on: "rack1") == ["web"])

      try await lab.freeze("rack1")
      try await expectWarning("no connection within 1s")
      try await lab.thaw("rack1")
      try await expectSuccess()

      try await lab.cut("rack1")
      try await expectWarning("no connection within 1s")
      try await lab.heal("rack1")
      try await expectSuccess()

      try await lab.cut("rack1", from: [.client], isReset: true)
      await #expect(throws: Lab.Failure.self) { try await lab.virsh(on: "rack1", "hostname") }
      let seen = try await lab.run(on: "rack2", "virsh", "-c", "qemu+tcp://rack1/system", "hostname")
      #expect(seen.contains("rack1"))
      try await lab.heal("rack1")
      try await expectSuccess()
    }
  }

  @Test("a crash ends guests and loses no disk, and nobody is told of it")
  func crash() async throws {
    try await HostLab.with(hosts: 2) { lab in
      try await define("web", in: "/srv/local", lab, on: "rack1")
      let connection = try await Connection.open(lab.uri(of: "rack1"), access: .readWrite)
      #expect(try await connection.domains(.active).count == 1)
      try await lab.crash("rack1")
      try write(spec(lab, [.tcp, .tcp]), lab)
      let plan = try await lab.virtform("plan", "site.yaml", "--timeout", "connect=1s")
      #expect(plan.status == 0 && plan.errors.contains("no connection within 1s"), "\(plan.errors)")
      try await lab.start("rack1")
      #expect(try await guests(lab, on: "rack1") == [])
      #expect(try await lab.virsh(on: "rack1", "domstate", "web").contains("shut off"))
      try await lab.virsh(on: "rack1", "start", "web")
      // What it knew of its connections is gone with it.
      await #expect(throws: LibvirtError.self) { try await connection.domains() }
      await connection.close()
    }
  }

  @Test("guests go from host to host: with the directory that hosts share, with their disks, and encrypted")
  func migration() async throws {
    try await HostLab.with(hosts: 2) { lab in
      let move = ["migrate", "--live", "--persistent", "--undefinesource"]
      func migrate(_ name: String, from source: String, to target: String, _ options: String...) async throws
      {
        let outcome = try await Lab.run(
          "/usr/bin/virsh",
          ["-q", "-c", lab.uri(of: source)] + move + options + [name, lab.uri(of: target)],
          in: lab.work)
        #expect(outcome.status == 0, "\(options): \(outcome.errors)")
        #expect(try await guests(lab, on: target) == [name])
        #expect(try await lab.virsh(on: source, "list", "--all", "--name").allSatisfy(\.isWhitespace))
      }
      try await define("near", in: "/srv/shared", lab, on: "rack1")
      try await migrate("near", from: "rack1", to: "rack2")
      try await migrate("near", from: "rack2", to: "rack1", "--p2p", "--tls")
      try await lab.virsh(on: "rack1", "destroy", "near")
      try await lab.virsh(on: "rack1", "undefine", "near")

      for host in lab.hosts {
        try await lab.virsh(on: host, "pool-define-as", "local", "dir", "--target", "/srv/local")
        try await lab.virsh(on: host, "pool-start", "local")
      }
      try await define("far", in: "/srv/local", lab, on: "rack1")
      try await migrate("far", from: "rack1", to: "rack2", "--p2p", "--copy-storage-all")
      #expect(try await lab.virsh(on: "rack2", "vol-list", "local").contains("/srv/local/far.qcow2"))

      // The hosts no longer see each other, though both are seen from here.
      try await lab.cut("rack1", from: [.host("rack2")])
      let cut = try await Lab.run(
        "/usr/bin/timeout",
        ["2", "/usr/bin/virsh", "-q", "-c", lab.uri(of: "rack2")] + move
          + ["--p2p", "--copy-storage-all", "far", lab.uri(of: "rack1")], in: lab.work)
      #expect(cut.status != 0)
      #expect(try await guests(lab, on: "rack2") == ["far"])
      #expect(try await guests(lab, on: "rack1") == [])
    }
  }
}

import FoundationEssentials
import TestLab
import Testing

/// The page of what tests of faults have tried.
@Suite("The page of reliability")
struct ReliabilityPageTests {
  private static let path = "\(Lab.repository)/docs/reliability.md"

  @Test("tallies become tables, one for each heading, in an order that does not change")
  func rendering() {
    var tallies = [
      FaultTally(area: "Zones", fault: "frozen", command: "make torture FILTER=ZoneTests"),
      FaultTally(area: "Hosts", fault: "libvirtd killed", command: "make torture FILTER=HostTests"),
      FaultTally(area: "Hosts", fault: "disk full", command: "make torture"),
    ]
    (tallies[1].tried, tallies[1].survived, tallies[1].lost) = (12, 11, 1)
    let page = ReliabilityPage.markdown(
      tallies, date: "2026-01-31", versions: ["libvirt 9.0.0", "Linux 6.1"])
    #expect(
      page == """
        # Reliability

        What was tried to make virtform lose something, how often, and what came of it. `make torture` tries all of it, which takes hours, and writes
        this page; `make test` tries a sample. The numbers are those of the last run of each. *Lost* counts what nobody gave up and was gone
        afterwards: a disk, a guest, a mark, or a secret that got out.

        Last written on 2026-01-31, with libvirt 9.0.0, Linux 6.1.

        ## Hosts
        A host or its libvirtd fails in the midst of an apply, after one of its calls. It survived if the next apply on the mended host
        came to what the spec says, with all disks, and guests ran on unless the host itself went down.

        | fault | tried | survived | lost | again |
        |---|---|---|---|---|
        | disk full | 0 | 0 | 0 | `make torture` |
        | libvirtd killed | 12 | 11 | 1 | `make torture FILTER=HostTests` |

        ## Zones
        | fault | tried | survived | lost | again |
        |---|---|---|---|---|
        | frozen | 0 | 0 | 0 | `make torture FILTER=ZoneTests` |

        """)
  }

  @Test("a tally is kept in a file, and read from it")
  func keeping() throws {
    let directory = "/tmp/vft-tallies-\(UInt32.random(in: 0...UInt32.max))"
    defer { try? FileManager.default.removeItem(atPath: directory) }
    var tally = FaultTally(area: "Hosts", fault: "disk full", command: "make torture")
    tally.count(hasSurvived: true)
    tally.count(hasSurvived: false, isLoss: true)
    try tally.record(in: directory)
    tally.count(hasSurvived: true)
    try tally.record(in: directory)
    #expect(try FaultTally.all(in: directory) == [tally])
    #expect((tally.tried, tally.survived, tally.lost) == (3, 2, 1))
  }

  /// Writes the page of the last tallies.
  private static func write(_ directory: String) async throws {
    let text = ReliabilityPage.markdown(
      try FaultTally.all(in: directory), date: try await said("/usr/bin/date", "--utc", "+%Y-%m-%d"),
      versions: [
        "libvirt \(try await said("/usr/bin/virsh", "--version"))",
        try await said("/usr/bin/qemu-system-x86_64", "--version"), try await said("/usr/bin/uname", "-sr"),
      ])
    try Data(text.utf8).write(to: URL(filePath: path))
  }

  /// The first line that a program says: `Linux 6.1.0`.
  private static func said(_ program: String, _ arguments: String...) async throws -> String {
    let output = try await Lab.run(program, arguments, in: "/").output
    return output.split(separator: "\n").first.map(String.init) ?? ""
  }

  @Test(
    "nothing was lost, and every command of the page is one that is there; VIRTFORM_WRITE_DOCS=1 writes it")
  func page() async throws {
    if ProcessInfo.processInfo.environment["VIRTFORM_WRITE_DOCS"] == "1", let directory = FaultTally.directory
    {
      try await Self.write(directory)
    }
    let page = try String(contentsOfFile: Self.path, encoding: .utf8)
    let rows = page.split(separator: "\n").filter { $0.hasPrefix("| ") && !$0.hasPrefix("| fault ") }
    #expect(!rows.isEmpty)
    let sources = try Self.sources()
    for row in rows {
      let cells = row.split(separator: "|").map { $0.trimmingPrefix { $0 == " " } }
      try #require(cells.count == 5, "\(row)")
      let (tried, survived) = (try #require(Int(cells[1].dropLast())), try #require(Int(cells[2].dropLast())))
      #expect(tried > 0 && survived == tried && cells[3] == "0 ", "\(row)")
      if cells[4].firstMatch(of: /^`make sanitize SANITIZER=(?:address|thread)` $/) != nil { continue }
      let command = try #require(cells[4].firstMatch(of: /^`make torture(?: FILTER=(\w+))?` $/), "\(row)")
      guard let suite = command.1 else { continue }
      #expect(sources.contains { $0.contains("struct \(suite)") || $0.contains("class \(suite)") }, "\(row)")
    }
    #expect(try String(contentsOfFile: "\(Lab.repository)/Makefile", encoding: .utf8).contains("\ntorture:"))
  }

  /// The text of every file of tests below a directory.
  private static func sources(in directory: String = "\(Lab.repository)/Tests") throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: directory).flatMap { name in
      let path = "\(directory)/\(name)"
      if name.hasSuffix(".swift") { return [try String(contentsOfFile: path, encoding: .utf8)] }
      let isDirectory = (try? FileManager.default.contentsOfDirectory(atPath: path)) != nil
      return isDirectory ? try sources(in: path) : []
    }
  }
}

import Glibc
import Libvirt
import TestLab

/// Something that is measured.
struct Scenario: Sendable {
  let name: String
  /// Reports each row as soon as it is known.
  let run: @Sendable (_ runs: Int, _ report: (Row) -> Void) async throws -> Void

  static let all = [
    Scenario(name: "start") { try await start($0).forEach($1) },
    Scenario(name: "validate") { try await validate($0).forEach($1) },
    Scenario(name: "plan", run: plan),
    Scenario(name: "hosts") { try await manyHosts($0).forEach($1) },
    Scenario(name: "life") { try await life($0).forEach($1) },
    Scenario(name: "qemu") { try await qemu($0).forEach($1) },
    Scenario(name: "limit") { try await limit($0).forEach($1) },
  ]

  private static func withBench(
    _ runs: Int, driver: String = "test", _ body: (Bench) async throws -> [Row]
  ) async throws -> [Row] {
    try await withLabs(1, driver: driver) { labs in try await body(Bench(lab: labs[0], runs: runs)) }
  }

  private static func estate(_ bench: Bench, _ count: Int, running: Bool = false) -> Estate {
    Estate(hosts: [("sim", bench.uri)], count: count, isRunning: running, directory: bench.lab.work)
  }

  // MARK: Without a host

  private static func start(_ runs: Int) async throws -> [Row] {
    // It is short, and a machine that is busy now and then needs many to tell two alike apart.
    try await withBench(runs * 20) { bench in
      // As the package has it. What a linker wrote also lies page by page in the cache, and takes longer to map.
      let installed = "\(bench.lab.work)/virtform"
      _ = try Measurement.of(["strip", "--strip-unneeded", "-o", installed, Lab.binary])
      let (own, floor) = try bench.both {
        try .of([installed, "version"])
      } _: {
        try .of(["virsh", "-c", "test:///default", "version"])
      }
      let bar = Row.Bar(text: "time", value: own.wall / floor.wall, limit: 1)
      return [
        Row(scenario: "start-up: version", yardstick: "virsh version", floor: floor, own: own, bars: [bar])
      ]
    }
  }

  private static func validate(_ runs: Int) async throws -> [Row] {
    try await withBench(runs) { bench in
      let site = try estate(bench, 1000).write()
      let own = try bench.median { try bench.virtform("validate", site) }
      return [
        Row(
          scenario: "validate 1,000 VMs", yardstick: "", own: own, count: 1000,
          bars: [.init(text: "CPU seconds", value: own.cpu, limit: 0.3)])
      ]
    }
  }

  // MARK: Plans

  private static func plan(_ runs: Int, _ report: (Row) -> Void) async throws {
    var smaller: [String: (floor: Measurement?, own: Measurement)] = [:]
    for (count, running) in [(100, false), (1000, false), (1000, true), (10_000, false)] {
      let rows = try await withBench(count > 1000 ? min(runs, 3) : runs) { bench in
        let estate = estate(bench, count, running: running)
        let site = try estate.write()
        _ = try bench.virtform("apply", "--auto-approve", site)
        func own() throws -> Measurement { try bench.virtform("plan", "--detailed-exitcode", site) }
        let (mine, one) = try bench.both(own) { try bench.floor("read", bench.uri, threads: 1) }
        let (again, five) = try bench.both(own) { try bench.floor("read", bench.uri, threads: 5) }
        let calls = try bench.calls(of: estate) { _ = try bench.virtform("plan", $0) }
        let words = "no-op plan, \(count) VMs\(running ? ", running" : "")"
        var bars: [Row.Bar] = []
        if count == 1000, !running {
          bars = [
            .init(text: "time", value: mine.wall / one.wall, limit: 1.3),
            .init(text: "calls for each VM", value: Double(calls) / 1000, limit: 2.2),
            .init(text: "MiB", value: mine.peak, limit: 120),
          ]
        } else if count == 10_000, let thousand = smaller[Self.oneAtATime] {
          bars = [
            .init(text: "times 1,000", value: mine.wall / thousand.own.wall, limit: 12),
            .init(text: "MiB", value: mine.peak, limit: 400),
          ]
        }
        var rows = [
          Row(
            scenario: words, yardstick: Self.oneAtATime, floor: one, own: mine, calls: calls, count: count,
            bars: bars),
          Row(scenario: words, yardstick: Self.fiveAtOnce, floor: five, own: again),
        ]
        if !running {
          rows.append(try late(bench, estate, isOften: count < 10_000))
          for index in rows.indices {
            let row = rows[index]
            rows[index].tenth = smaller.updateValue((row.floor, row.own), forKey: row.yardstick)
          }
        }
        if count == 1000 { rows.append(try imported(bench)) }
        return rows
      }
      rows.forEach(report)
    }
  }

  private static let oneAtATime = "floor, a call at a time"
  private static let fiveAtOnce = "floor, five calls at once"

  /// Every call takes 20 ms longer, and five are under way at a time.
  private static func late(_ bench: Bench, _ estate: Estate, isOften: Bool) throws -> Row {
    var runs: [Measurement] = []
    var calls = 0
    for _ in 0..<(isOften ? bench.runs : 1) {
      calls = try bench.calls(of: estate, milliseconds: 20) { runs.append(try bench.virtform("plan", $0)) }
    }
    let own = Measurement.median(runs)
    let least = Double(calls) / 5 * 0.020
    return Row(
      scenario: "no-op plan, \(estate.count) VMs, 20 ms away", yardstick: "calls ÷ 5 × 20 ms",
      floor: Measurement(wall: least), own: own, calls: calls, count: estate.count,
      bars: [.init(text: "time", value: own.wall / least, limit: 1.3)])
  }

  private static func imported(_ bench: Bench) throws -> Row {
    var number = 0
    let (own, floor) = try bench.both {
      number += 1
      return try bench.virtform("import", bench.uri, "--output", "\(bench.lab.work)/imported-\(number).yaml")
    } _: {
      try bench.floor("read", bench.uri, threads: 5)
    }
    return Row(
      scenario: "import of them", yardstick: fiveAtOnce, floor: floor, own: own, count: 1000)
  }

  private static func manyHosts(_ runs: Int) async throws -> [Row] {
    try await withLabs(50) { labs in
      let bench = Bench(lab: labs[0], runs: min(runs, 3))
      let uris = labs.map { $0.uri(driver: "test") }
      let estate = Estate(
        hosts: uris.enumerated().map { ("h\($0.offset)", $0.element) }, count: 10_000,
        directory: bench.lab.work)
      let site = try estate.write()
      _ = try bench.virtform("apply", "--auto-approve", site)
      let (own, floor) = try bench.both {
        try bench.virtform("plan", "--detailed-exitcode", site)
      } _: {
        try bench.floor(reading: uris, threads: 1)
      }
      let calls = try bench.calls(of: estate) { _ = try bench.virtform("plan", $0) }
      return [
        Row(
          scenario: "no-op plan, 10,000 VMs on 50 hosts", yardstick: "\(oneAtATime) for each host",
          floor: floor, own: own, calls: calls, count: 10_000),
        try lateHosts(bench, estate, uris),
      ]
    }
  }

  /// Fifty times five calls are under way; the links take the two cores as well, so the floor goes by way of them, too.
  private static func lateHosts(_ bench: Bench, _ estate: Estate, _ uris: [String]) throws -> Row {
    var (own, floor): ([Measurement], [Measurement]) = ([], [])
    var calls = 0
    for _ in 0..<bench.runs {
      _ = try bench.links(to: uris, milliseconds: 20) { links in
        floor.append(try bench.floor(reading: links, threads: 5))
      }
      calls = try bench.calls(of: estate, milliseconds: 20) { own.append(try bench.virtform("plan", $0)) }
    }
    return Row(
      scenario: "the same, 20 ms away", yardstick: "\(fiveAtOnce) for each host", floor: .median(floor),
      own: .median(own), calls: calls, count: estate.count)
  }

  /// Daemons take seconds to begin and to end, which they do all at once.
  private static func withLabs(
    _ count: Int, driver: String = "test", _ body: ([Lab]) async throws -> [Row]
  ) async throws -> [Row] {
    let started = await withTaskGroup(of: Result<Lab, any Error>.self) { group in
      for _ in 0..<count {
        group.addTask {
          do {
            return .success(try await Lab(driver: driver, configuration: Lab.withoutCallLog))
          } catch {
            return .failure(error)
          }
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    let labs = started.compactMap { try? $0.get() }
    var rows = Result<[Row], any Error>.success([])
    do {
      rows = .success(try await body(try started.map { try $0.get() }))
    } catch {
      rows = .failure(error)
    }
    await withTaskGroup(of: Void.self) { group in
      for lab in labs { group.addTask { await lab.close() } }
    }
    return try rows.get()
  }

  // MARK: Changes

  private static func life(_ runs: Int) async throws -> [Row] {
    try await withBench(runs * 2) { bench in
      try await created(bench, count: 500, driver: "test", limit: 1.3) + changed(bench)
    }
  }

  private static func qemu(_ runs: Int) async throws -> [Row] {
    try await withBench(min(runs, 3), driver: "qemu") { bench in
      try await created(bench, count: 20, driver: "qemu", limit: 1.2)
    }
  }

  private static func created(
    _ bench: Bench, count: Int, driver: String, limit: Double
  ) async throws -> [Row] {
    let uri = bench.lab.uri(driver: driver)
    var estate = Estate(
      hosts: [("sim", uri)], count: count, isRunning: true, directory: bench.lab.work, driver: driver)
    let full = try estate.write("full.yaml")
    estate.count = 0
    let empty = try estate.write("empty.yaml")
    func fill() throws -> Measurement { try bench.virtform("apply", "--auto-approve", full) }
    func clear() throws -> Measurement {
      try bench.virtform("apply", "--auto-approve", "--allow-data-loss", empty)
    }
    _ = try fill()
    let (volume, domain, network) = try await templates(bench, driver: driver)
    _ = try clear()
    var (made, gone): ([Measurement], [Measurement]) = ([], [])
    let yardsticks = [(threads: 1, words: oneAtATime), (threads: 5, words: fiveAtOnce)]
    var floors = yardsticks.map { _ in (made: [Measurement](), gone: [Measurement]()) }
    for _ in 0..<bench.runs {
      for (index, yardstick) in yardsticks.enumerated() {
        let threads = yardstick.threads
        floors[index].made.append(
          try bench.floor("create", uri, threads: threads, "\(count)", "disks", volume, domain, network))
        floors[index].gone.append(
          try bench.floor("destroy", uri, threads: threads, "web-", "disks", "lan"))
      }
      made.append(try fill())
      gone.append(try clear())
    }
    return zip(yardsticks, floors).flatMap { yardstick, floor in
      let (own, least) = (Measurement.median(made), Measurement.median(floor.made))
      let bar = Row.Bar(text: "time", value: own.wall / least.wall, limit: limit)
      return [
        Row(
          scenario: "create and start \(count) on \(driver)", yardstick: yardstick.words, floor: least,
          own: own, count: count, bars: [bar]),
        Row(
          scenario: "destroy \(count) on \(driver)", yardstick: yardstick.words, floor: .median(floor.gone),
          own: .median(gone), count: count),
      ]
    }
  }

  /// The documents that make what virtform has made, with another number for each.
  private static func templates(_ bench: Bench, driver: String) async throws -> (
    volume: String, domain: String, network: String
  ) {
    let dumped = try await bench.lab.virsh(["dumpxml", "web-1", "--inactive"], driver: driver)
    let lines = dumped.split(separator: "\n").filter {
      !$0.contains("<uuid>") && !$0.contains("<mac ") && !$0.contains("<target dev='vnet")
    }
    var domain = lines.joined(separator: "\n")
    var rest = Substring(domain)
    domain = ""
    while let range = rest.firstRange(of: "web-1") {
      domain += rest[..<range.lowerBound] + "web-@NUMBER@"
      rest = rest[range.upperBound...]
    }
    domain += rest
    // The tag in the names of disks is one VM's.
    let names = try await bench.lab.virsh(["vol-list", "disks"], driver: driver)
    guard let name = names.split(whereSeparator: \.isWhitespace).first(where: { $0.hasPrefix("web-1.root-") })
    else { throw Measurement.Failure(text: "no disk: \(names)") }
    let volume =
      "<volume><name>web-@NUMBER@\(name.dropFirst(5))</name><capacity>1073741824</capacity><allocation>0</allocation><target><format type='qcow2'/></target></volume>"
    return (
      try bench.lab.write(volume, to: "volume.xml"), try bench.lab.write(domain, to: "domain.xml"),
      try bench.lab.write(
        try await bench.lab.virsh(["net-dumpxml", "lan"], driver: driver), to: "network.xml")
    )
  }

  private static func changed(_ bench: Bench) throws -> [Row] {
    var estate = estate(bench, 1000)
    let before = try estate.write("before.yaml")
    estate.memory = "96MiB"
    let after = try estate.write("after.yaml")
    _ = try bench.virtform("apply", "--auto-approve", before)
    var isAfter = false
    let (own, floor) = try bench.both {
      isAfter.toggle()
      return try bench.virtform("apply", "--auto-approve", isAfter ? after : before)
    } _: {
      try bench.floor("change", bench.uri, threads: 5, "web-", "100")
    }
    return [
      Row(
        scenario: "change the memory of 100 in 1,000", yardstick: fiveAtOnce, floor: floor,
        own: own, count: 1000)
    ]
  }

  // MARK: Limits

  /// libvirt lists no more than 16,384 domains in one answer.
  private static func limit(_ runs: Int) async throws -> [Row] {
    try await withBench(1) { bench in
      let estate = estate(bench, 10)
      let site = try estate.write()
      _ = try bench.virtform("apply", "--auto-approve", site)
      for prefix in ["a", "b"] {
        let domain = try bench.lab.write(
          "<domain type='test'><name>\(prefix)-@NUMBER@</name><memory>65536</memory><os><type>hvm</type></os></domain>",
          to: "\(prefix).xml")
        _ = try bench.floor("define", bench.uri, threads: 5, "10000", domain)
      }
      for number in 1...10_000 {
        if let domain = try await bench.lab.connection.domain(named: "b-\(number)") {
          try await domain.start()
        }
      }
      let floor = try bench.floor("read", bench.uri, threads: 1, "web-")
      let own = try bench.virtform("plan", "--detailed-exitcode", site)
      return [
        Row(
          scenario: "no-op plan, 10 VMs beside 20,000 of others", yardstick: oneAtATime, floor: floor,
          own: own, count: 20_010)
      ]
    }
  }
}

import Glibc
import Libvirt
import TestLab

/// Runs programs against a private daemon, and tells of what they took.
struct Bench {
  let lab: Lab
  /// How often each is run; the medians count.
  let runs: Int

  var uri: String { lab.uri(driver: "test") }

  static func tool(_ name: String) -> String {
    var path = Lab.binary
    path.removeLast("virtform".count)
    return path + name
  }

  func virtform(_ arguments: String...) throws -> Measurement {
    try .of([Lab.binary] + arguments, environment: ["VIRTFORM_HOME": lab.home])
  }

  func floor(_ verb: String, _ uri: String, threads: Int, _ arguments: String...) throws -> Measurement {
    try .of([Self.tool("floor"), verb, uri, "1", "\(threads)"] + arguments)
  }

  /// Reads all of several hosts at once.
  func floor(reading uris: [String], threads: Int) throws -> Measurement {
    try .of([Self.tool("floor"), "hosts", uris[0], "1", "\(threads)"] + uris.dropFirst())
  }

  /// Runs both in turn and returns their medians.
  func both(
    _ own: () throws -> Measurement, _ floor: () throws -> Measurement
  ) throws -> (own: Measurement, floor: Measurement) {
    var (mine, theirs): ([Measurement], [Measurement]) = ([], [])
    for _ in 0..<runs {
      theirs.append(try floor())
      mine.append(try own())
    }
    return (.median(mine), .median(theirs))
  }

  func median(_ own: () throws -> Measurement) throws -> Measurement {
    .median(try (0..<runs).map { _ in try own() })
  }

  // MARK: Links

  /// Runs `body` with the URIs of links to daemons that make every call later, and returns how many calls went by.
  func links(to uris: [String], milliseconds: Int, _ body: ([String]) throws -> Void) throws -> Int {
    var links: [Link] = []
    let result = Result {
      for (number, uri) in uris.enumerated() {
        links.append(
          try Link(to: uri, by: "\(lab.work)/link-\(number).sock", milliseconds: milliseconds))
      }
      try body(links.map(\.uri))
    }
    let calls = links.reduce(0) { $0 + $1.end() }
    try result.get()
    return calls
  }

  /// Runs `body` with the path of the spec of `estate` whose hosts are that far away, and returns how many calls went by.
  func calls(of estate: Estate, milliseconds: Int = 0, _ body: (String) throws -> Void) throws -> Int {
    try links(to: estate.hosts.map(\.uri), milliseconds: milliseconds) { uris in
      var far = estate
      far.hosts = zip(estate.hosts, uris).map { ($0.name, $1) }
      try body(try far.write("far.yaml"))
    }
  }
}

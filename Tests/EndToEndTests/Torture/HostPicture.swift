import Libvirt

/// What is to be the same however a host came to it, in lines.
struct HostPicture: Hashable, Sendable {
  /// Of every object: names, UUIDs, marks, definitions, whether it runs.
  let lines: Set<String>
  /// The numbers that running guests got when they started.
  let starts: [String: String]

  init(of connection: Connection) async throws {
    var lines: Set<String> = []
    var starts: [String: String] = [:]
    for domain in try await connection.domains() {
      let place = "vm \(domain.name) \(domain.uuid)"
      let live = try await domain.xml(.live)
      starts["\(domain.uuid)"] = live[attribute: "id"]
      let traits = "\(try await domain.state()), autostart \(try await domain.autostart())"
      lines.insert("\(place): \(traits)")
      lines.formUnion(try Self.lines(try await domain.xml(.inactive, secure: true), place))
      if starts["\(domain.uuid)"] != nil { lines.formUnion(try Self.lines(live, "running \(place)")) }
    }
    for network in try await connection.networks() {
      if network.name.hasPrefix("virtform-lock-") {
        // Whose it is and since when differs from run to run.
        lines.insert("locked")
        continue
      }
      let place = "network \(network.name) \(network.uuid)"
      lines.insert(
        "\(place): active \(try await network.isActive()), autostart \(try await network.autostart())")
      lines.formUnion(try Self.lines(try await network.xml(.inactive), place))
    }
    for pool in try await connection.storagePools() {
      let place = "pool \(pool.name) \(pool.uuid)"
      let isActive = try await pool.isActive()
      lines.insert("\(place): active \(isActive), autostart \(try await pool.autostart())")
      lines.formUnion(try Self.lines(try await pool.xml(inactive: true), place))
      guard isActive else { continue }
      for volume in try await pool.volumes() {
        lines.insert("volume \(volume.name) in \(pool.name)")
        lines.formUnion(try Self.lines(try await volume.xml(), "volume \(volume.name) in \(pool.name)"))
      }
    }
    self.lines = lines
    self.starts = starts
  }

  /// A document without what a start gives.
  private static func lines(_ document: XMLElement, _ place: String) throws -> [String] {
    var document = document
    document[attribute: "id"] = nil
    return try document.serialized().split(separator: "\n").map { "\(place): \($0.drop { $0 == " " })" }
  }

  /// The objects alone, without what their documents say.
  var objects: Set<String> { lines.filter { !$0.contains("<") } }

  /// What is there and was not to be, and what is missing; nothing if all is as it was to be.
  func differences(from expected: HostPicture) -> [String] {
    lines.subtracting(expected.lines).sorted().map { "+ \($0)" }
      + expected.lines.subtracting(lines).sorted().map { "- \($0)" }
  }
}

import FoundationEssentials
import Libvirt
import SpecModel

/// The file in which a host keeps the UEFI variables of a VM. libvirt has no call for it, so it is reached as a volume of a
/// pool that exists for that long.
///
/// QEMU sends the variables of a guest that runs, and writes them at the new host when the guest goes on there. Those of a
/// guest that does not run stay behind, and the new host would begin with none.
struct FirmwareVariables {
  private let directory: String
  private let name: String

  /// Nil for a VM without UEFI, or with variables that are no file. Where libvirt chooses the firmware, only the document of
  /// an active domain has the path.
  init?(of document: XMLElement) {
    guard let element = document.at("os", "nvram") else { return nil }
    let path = element.first("source")?[attribute: "file"] ?? element.text
    guard path.hasPrefix("/"), let slash = path.lastIndex(of: "/") else { return nil }
    directory = String(path[..<slash])
    name = String(path[path.index(after: slash)...])
  }

  /// Looks that they are files of two hosts, and copies them if `isIdle`, when nothing writes them.
  ///
  /// - Returns: False if both hosts have one file, on storage that they share.
  func bring(from origin: StepRunner, to target: StepRunner, isIdle: Bool) async throws -> Bool {
    let contents = try await withPool(on: origin) { pool -> [UInt8]? in
      guard let file = try await pool.volume(named: name) else { return nil }
      try await pool.volume(named: mark)?.delete()
      _ = try await pool.createVolume(Self.document(mark, length: 0))
      return try await file.contents(upTo: Self.limit)
    }
    // Of a VM that has never run.
    guard let contents else { return false }
    let isTwo = try await withPool(on: target) { pool in
      if try await pool.volume(named: mark) != nil { return false }
      if isIdle { try await write(contents, in: pool) }
      return true
    }
    try await remove([mark], from: origin)
    return isTwo
  }

  /// Takes them away where the VM is no more.
  func remove(from origin: StepRunner) async throws { try await remove([name], from: origin) }

  private func remove(_ names: [String], from runner: StepRunner) async throws {
    try await withPool(on: runner) { pool in
      for name in names { try await pool.volume(named: name)?.delete() }
    }
  }

  /// Seen on both hosts if they share the directory.
  private var mark: String { "\(name).moving" }

  private func write(_ contents: [UInt8], in pool: StoragePool) async throws {
    try await pool.volume(named: name)?.delete()
    let volume = try await pool.createVolume(Self.document(name, length: contents.count))
    try await PrivateDirectory.with { directory in
      let file = "\(directory)/variables"
      guard FileManager.default.createFile(atPath: file, contents: Data(contents)) else {
        throw StepRunner.Failure(description: "cannot write \(file)")
      }
      try await volume.upload(from: file, sparse: false)
    }
  }

  // MARK: The pool

  private static let poolName = "virtform-firmware"

  /// Variables of virtual machines take half a MiB, those of ARM's 64 MiB.
  private static let limit = 64 << 20

  /// libvirt has no two pools of one directory, so that runs wait for each other; what a killed one left is taken over.
  private func withPool<Value>(
    on runner: StepRunner, _ body: (StoragePool) async throws -> Value
  ) async throws -> Value {
    let connection = runner.connection
    if let there = try await connection.storageVolume(path: "\(directory)/\(name)"),
      there.pool != Self.poolName, let pool = try await connection.storagePool(named: there.pool)
    {
      try await pool.refresh()
      return try await body(pool)
    }
    let document = XMLElement("pool", ["type": "dir"]) {
      XMLElement("name", text: Self.poolName)
      XMLElement("target") { XMLElement("path", text: directory) }
    }
    var pool: StoragePool?
    for attempt in 1... {
      do {
        pool = try await connection.startStoragePool(document)
        break
      } catch let error as LibvirtError where error.code == .operationFailed && attempt <= 50 {
        try await Task.sleep(for: .milliseconds(200))
        guard attempt == 50, let left = try await connection.storagePool(named: Self.poolName) else {
          continue
        }
        try await left.stop()
      }
    }
    guard let pool else { throw StepRunner.Failure(description: "\(directory) cannot be read") }
    do {
      let value = try await body(pool)
      try await pool.stop()
      return value
    } catch {
      try? await pool.stop()
      throw error
    }
  }

  private static func document(_ name: String, length: Int) -> XMLElement {
    XMLElement("volume") {
      XMLElement("name", text: name)
      XMLElement("capacity", ["unit": "bytes"], text: String(length))
      XMLElement("target") { XMLElement("format", ["type": "raw"]) }
    }
  }
}

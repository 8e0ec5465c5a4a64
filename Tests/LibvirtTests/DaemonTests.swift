import FoundationEssentials
import Glibc
import Testing

@testable import Libvirt

/// What only a real hypervisor shows: streams. Needs a libvirtd with QEMU on this machine, which the variable
/// `VIRTFORM_TEST_URI` names (`qemu+unix:///session?socket=…`); everything is made under names of its own and
/// removed.
@Suite(.serialized, .enabled(if: Fixtures.daemonURI != nil, "needs VIRTFORM_TEST_URI; make test sets it"))
struct DaemonTests {
  /// A boot sector that sends every byte back which it gets from the first serial port.
  private static let echo: [UInt8] =
    [
      0xBA, 0xFD, 0x03,  // mov dx, 0x3FD
      0xEC,  // in al, dx
      0xA8, 0x01,  // test al, 1
      0x74, 0xF8,  // jz to the beginning
      0xBA, 0xF8, 0x03,  // mov dx, 0x3F8
      0xEC,  // in al, dx
      0xEE,  // out dx, al
      0xEB, 0xF1,  // jmp to the beginning
    ] + [UInt8](repeating: 0, count: 495) + [0x55, 0xAA]

  private func withPool(_ body: (Connection, StoragePool) async throws -> Void) async throws {
    let host = try await Connection.open(#require(Fixtures.daemonURI), access: .readWrite)
    let name = "virtform-test-\(UUID().uuidString)"
    let pool = try await host.defineStoragePool(
      XMLElement("pool", ["type": "dir"]) {
        XMLElement("name", text: name)
        XMLElement("target") { XMLElement("path", text: "/tmp/\(name)") }
      })
    try await pool.build()
    try await pool.start()
    let result: Result<Void, any Error>
    do {
      result = .success(try await body(host, pool))
    } catch {
      result = .failure(error)
    }
    for volume in try await pool.volumes() { try await volume.delete() }
    try await pool.stop()
    try await pool.undefine()
    rmdir("/tmp/\(name)")
    try result.get()
  }

  private func withGuest(_ body: (Connection, Domain) async throws -> Void) async throws {
    try await withPool { host, pool in
      let disk = try Fixtures.TemporaryFile("boot", Self.echo)
      let volume = try await pool.createVolume(Fixtures.volume("boot", bytes: 512))
      try await volume.upload(from: disk.path, sparse: false)
      let path = try await volume.path()
      let domain = try await host.defineDomain(
        XMLElement("domain", ["type": "qemu"]) {
          XMLElement("name", text: pool.name)
          XMLElement("memory", ["unit": "MiB"], text: "16")
          XMLElement("os") { XMLElement("type", ["arch": "x86_64", "machine": "pc"], text: "hvm") }
          XMLElement("devices") {
            XMLElement("disk", ["type": "file", "device": "disk"]) {
              XMLElement("driver", ["name": "qemu", "type": "raw"])
              XMLElement("source", ["file": path])
              XMLElement("target", ["dev": "hda", "bus": "ide"])
            }
            XMLElement("controller", ["type": "usb", "model": "none"])
            XMLElement("serial", ["type": "pty"])
            XMLElement("memballoon", ["model": "none"])
          }
        }, validate: true)
      let result: Result<Void, any Error>
      do {
        try await domain.start(paused: true)
        #expect(try await domain.state() == .paused)
        try await domain.resume()
        result = .success(try await body(host, domain))
      } catch {
        result = .failure(error)
      }
      if try await domain.isActive() { try await domain.powerOff() }
      try await domain.undefine([.managedSave, .nvram])
      try result.get()
    }
  }

  @Test("an uploaded file arrives as it is, with its holes or without", arguments: [false, true])
  func upload(sparse: Bool) async throws {
    let size = 24 << 20
    let file = try Fixtures.TemporaryFile("disk")
    let descriptor = open(file.path, O_WRONLY)
    for offset in [0, 5 << 20, 13 << 20] {
      let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ offset) }
      #expect(pwrite(descriptor, bytes, bytes.count, offset) == bytes.count)
    }
    ftruncate(descriptor, size)
    Glibc.close(descriptor)
    try await withPool { host, pool in
      let volume = try await pool.createVolume(
        XMLElement("volume") {
          XMLElement("name", text: "v")
          XMLElement("capacity", text: "\(size)")
          XMLElement("allocation", text: "0")
        })
      let done = Progress()
      try await volume.upload(from: file.path, sparse: sparse) { done.add($0) }
      #expect(done.values.last == UInt64(size))
      #expect(done.values == done.values.sorted())
      let sent = try Data(contentsOf: URL(filePath: file.path))
      #expect(try await Data(contentsOf: URL(filePath: volume.path())) == sent)
      try await pool.refresh()
      let allocation = try await volume.info().allocation
      #expect(sparse ? allocation < size / 2 : allocation >= size)
      #expect(host.calls["virStorageVolUpload"] == 1)
    }
  }

  @Test("an upload ends when its task is cancelled, and the connection lives on")
  func cancelledUpload() async throws {
    let file = try Fixtures.TemporaryFile("disk")
    truncate(file.path, 8 << 30)
    try await withPool { host, pool in
      let volume = try await pool.createVolume(
        XMLElement("volume") {
          XMLElement("name", text: "v")
          XMLElement("capacity", text: "\(8 << 30)")
          XMLElement("allocation", text: "0")
        })
      let (beginning, continuation) = AsyncStream.makeStream(of: Void.self)
      let task = Task {
        try await volume.upload(from: file.path, sparse: false) { _ in continuation.yield() }
      }
      for await _ in beginning { break }
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
      #expect(try await host.storagePool(named: pool.name) != nil)
    }
  }

  @Test("a console gives back what a guest sends, and sending does not wait for receiving")
  func console() async throws {
    try await withGuest { host, domain in
      let console = try await domain.openConsole()
      let message = Array("hello".utf8)
      let received = Task {
        var received: [UInt8] = []
        while received.count < message.count { received += try await console.receive(upTo: 1) }
        return received
      }
      for _ in 0..<100 where try await domain.isActive() {
        // What comes before the boot sector runs, nobody reads.
        try await Task.sleep(for: .milliseconds(20))
      }
      for byte in message {
        try await console.send([byte])
        try await Task.sleep(for: .milliseconds(20))
      }
      #expect(try await received.value == message)
      try await console.finish()
      #expect(try await console.receive(upTo: 10) == [])
      await #expect(throws: LibvirtError.self) { try await console.send([1]) }
    }
  }

  @Test("waiting for a console ends by cancellation, by abort, or with the guest")
  func consoleEnd() async throws {
    try await withGuest { host, domain in
      let console = try await domain.openConsole()
      let cancelled = Task { try await console.receive(upTo: 10) }
      try await Task.sleep(for: .milliseconds(50))
      cancelled.cancel()
      await #expect(throws: CancellationError.self) { try await cancelled.value }

      let aborted = Task { try await console.receive(upTo: 10) }
      try await Task.sleep(for: .milliseconds(50))
      try await console.abort()
      #expect(try await aborted.value == [])

      let other = try await domain.openConsole(force: true)
      let ended = Task { try await other.receive(upTo: 10) }
      try await Task.sleep(for: .milliseconds(50))
      try await domain.powerOff()
      #expect(try await ended.value == [])
    }
  }

  @Test("a dropped console is aborted, so that another can be opened")
  func droppedConsole() async throws {
    try await withGuest { host, domain in
      for _ in 0..<3 {
        var console: Libvirt.Stream? = try await domain.openConsole()
        _ = console
        console = nil
        for _ in 0..<100 {
          do {
            console = try await domain.openConsole()
            break
          } catch let error as LibvirtError where error.code == .operationFailed {
            try await Task.sleep(for: .milliseconds(10))
          }
        }
        #expect(console != nil)
        try await console?.abort()
      }
    }
  }

  @Test("closing a connection to a daemon leaves no reference")
  func closing() async throws {
    let host = try await Connection.open(#require(Fixtures.daemonURI), access: .readWrite)
    _ = try await host.domainCapabilities(virtType: "qemu")
    for domain in try await host.domains() { _ = try await domain.xml(.live) }
    #expect(await host.closeCountingReferences() == 0)
  }

  /// The numbers that an upload tells.
  private final class Progress: @unchecked Sendable {
    // One thread adds, and the test reads when the upload is over.
    private(set) var values: [UInt64] = []

    func add(_ value: UInt64) { values.append(value) }
  }
}

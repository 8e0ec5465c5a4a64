import Libvirt

/// What appears on a guest's serial console from now on. It is opened when somebody looks, and never taken from anybody.
actor GuestConsole {
  private let domain: Domain
  private var stream: Libvirt.Stream?
  private var reader: Task<Void, Never>?
  /// The last of what was seen.
  private var bytes: [UInt8] = []
  private var isClosed = false

  /// More than a guest says between two looks.
  private static let memory = 256 << 10

  init(of domain: Domain) { self.domain = domain }

  /// What was seen up to now, as far back as the memory goes, without what steers a terminal.
  ///
  /// - Throws: what libvirt says if the console cannot be opened, somebody else having it among the reasons.
  func text() async throws -> String {
    if stream == nil, !isClosed {
      let stream = try await domain.openConsole()
      self.stream = stream
      reader = Task { await self.read(stream) }
    }
    return Self.plain(String(decoding: bytes, as: UTF8.self))
  }

  func close() async {
    isClosed = true
    reader?.cancel()
    try? await stream?.abort()
    stream = nil
  }

  private func read(_ stream: Libvirt.Stream) async {
    while let more = try? await stream.receive(upTo: 16 << 10), !more.isEmpty {
      bytes += more
      if bytes.count > Self.memory { bytes.removeFirst(bytes.count - Self.memory) }
    }
    // It ended: with the guest, or since somebody took it. The next look opens it again.
    if self.stream === stream { self.stream = nil }
  }

  /// Escape sequences of colours and of the cursor are no text.
  static func plain(_ text: String) -> String {
    text.replacing(/\u{1b}\[[0-9;?]*[A-Za-z]/, with: "")
  }
}

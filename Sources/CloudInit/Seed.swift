import Crypto

/// The documents that a guest's cloud-init reads from its seed
/// (<https://cloudinit.readthedocs.io/en/latest/reference/datasources/nocloud.html>).
public struct Seed: Hashable, Sendable {
  public struct Document: Hashable, Sendable {
    /// `user-data`
    public let name: String
    public let text: String
  }

  /// `meta-data`, `network-config` unless the guest configures its network itself, and `user-data`: in this order.
  public let documents: [Document]

  /// The label by which cloud-init finds the volume.
  public static let volumeLabel = "CIDATA"

  /// Bytes of the volume, which are known before it is made: room for what the file system needs, and each document in
  /// whole sectors.
  public var length: Int {
    documents.reduce(128 << 10) { $0 + ($1.text.utf8.count + Self.sector - 1) / Self.sector * Self.sector }
  }

  private static let sector = 2048

  /// SHA-256 in lower-case hex. Two seeds of the same digest are the same bytes.
  public var digest: String {
    // Raised when the volume of the same documents becomes another one.
    var hash = SHA256()
    hash.update(data: Array("virtform seed 1\n".utf8))
    for document in documents {
      hash.update(data: Array("\(document.name) \(document.text.utf8.count)\n\(document.text)".utf8))
    }
    return Self.hex(hash.finalize())
  }

  /// Enough of each document to see that it is another one, too little to find what secrets it holds: one in 65,536
  /// changes is missed. By the document's name.
  public var traces: [String: String] {
    documents.reduce(into: [:]) { traces, document in
      let digest = SHA256.hash(data: Array("virtform/\(document.name)/\(document.text)".utf8))
      traces[document.name] = "set (\(Self.hex(digest.prefix(2))))"
    }
  }

  private static func hex(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}

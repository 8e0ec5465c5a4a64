import Crypto
import Glibc
import SpecModel

/// SHA-256 and length of a file.
struct FileDigest {
  /// In lower-case hex.
  let sha256: String
  let length: ByteCount

  /// Reads the file. Lets other tasks run between its pieces.
  init(of path: String) async throws(ValueError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw ValueError("cannot open '\(path)': \(String(cString: strerror(errno)))")
    }
    defer { close(descriptor) }
    var hash = SHA256()
    var length: UInt64 = 0
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
    defer { buffer.deallocate() }
    while true {
      let count = read(descriptor, buffer.baseAddress, buffer.count)
      guard count >= 0 else { throw ValueError("cannot read '\(path)': \(String(cString: strerror(errno)))") }
      if count == 0 { break }
      hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      length += UInt64(count)
      await Task.yield()
    }
    sha256 = Self.hex(hash.finalize())
    self.length = ByteCount(rawValue: length)
  }

  /// SHA-256 of a text in lower-case hex.
  static func sha256(of text: String) -> String { hex(SHA256.hash(data: Array(text.utf8))) }

  private static func hex(_ digest: SHA256.Digest) -> String {
    digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}

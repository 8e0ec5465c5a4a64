import Glibc

/// A file that is read in pieces, since an archive may be larger than memory.
public struct SourceFile: Sendable {
  /// The file as the user named it.
  public let path: String
  /// Bytes.
  public let size: UInt64
  private let reader: @Sendable (_ offset: UInt64, _ count: Int) throws -> [UInt8]

  /// - Parameter reader: gives the bytes from an offset on: so many, or fewer at the end of the file.
  public init(
    path: String, size: UInt64, reader: @escaping @Sendable (_ offset: UInt64, _ count: Int) throws -> [UInt8]
  ) {
    self.path = path
    self.size = size
    self.reader = reader
  }

  /// A file whose content is known.
  public init(path: String, bytes: [UInt8]) {
    self.init(path: path, size: UInt64(bytes.count)) { offset, count in
      guard offset < UInt64(bytes.count) else { return [] }
      return Array(bytes[Int(offset)...].prefix(count))
    }
  }

  /// A text that is known.
  public init(path: String, text: String) { self.init(path: path, bytes: Array(text.utf8)) }

  /// Opens a file of this machine; it is closed when the last copy of this value is gone.
  ///
  /// - Throws: if it cannot be opened, or is a pipe, a device or a directory.
  public init(opening path: String) throws(ConversionError) {
    let file = try OpenFile(path)
    self.init(path: path, size: file.size) { offset, count in try file.read(offset, count) }
  }

  /// Up to `count` bytes from `offset` on; fewer at the end of the file.
  func read(_ offset: UInt64, _ count: Int) throws(ConversionError) -> [UInt8] {
    do {
      return Array(try reader(offset, count).prefix(count))
    } catch let error as ConversionError {
      throw error
    } catch {
      throw ConversionError(path, "cannot be read: \(error)")
    }
  }

  /// All of it.
  func bytes(maximum: Int) throws(ConversionError) -> [UInt8] {
    guard size <= UInt64(maximum) else { throw ConversionError(path, "is larger than \(maximum >> 20) MiB") }
    return try read(0, Int(size))
  }

  /// All of it as UTF-8, without a byte order mark.
  func text(maximum: Int) throws(ConversionError) -> String {
    guard let text = String(validating: try bytes(maximum: maximum), as: UTF8.self) else {
      throw ConversionError(path, "is not UTF-8 text", help: "convert it, such as with iconv -t UTF-8")
    }
    return text.unicodeScalars.first == "\u{feff}" ? String(text.unicodeScalars.dropFirst()) : text
  }

  /// The last part of the path.
  var name: String { path.lastPathComponent }
}

/// A descriptor that is closed with its last user.
private final class OpenFile: Sendable {
  private let path: String
  private let descriptor: Int32
  let size: UInt64

  init(_ path: String) throws(ConversionError) {
    self.path = path
    // Without waiting: a pipe would hold up the run for ever.
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw ConversionError(
        path, "cannot be opened", help: "check that the file is there and that you may read it")
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw ConversionError(path, "is not a file")
    }
    size = UInt64(clamping: status.st_size)
  }

  deinit { close(descriptor) }

  func read(_ offset: UInt64, _ count: Int) throws(ConversionError) -> [UInt8] {
    guard let start = off_t(exactly: offset) else { return [] }
    var failed = false
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      guard let base = buffer.baseAddress else { return }
      while initialized < count {
        let got = pread(descriptor, base + initialized, count - initialized, start + off_t(initialized))
        if got < 0 { failed = true }
        guard got > 0 else { return }
        initialized += got
      }
    }
    guard !failed else { throw ConversionError(path, "cannot be read") }
    return bytes
  }
}

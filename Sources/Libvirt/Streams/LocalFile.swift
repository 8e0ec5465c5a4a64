import Glibc

/// A file on this machine, open for reading.
struct LocalFile: ~Copyable {
  /// A part of the file that has data or has none.
  struct Extent: Equatable {
    let range: Range<Int>
    let isHole: Bool
  }

  let path: String
  /// In bytes, when the file was opened.
  let size: Int
  private let descriptor: Int32

  init(opening path: String) throws(LocalFileError) {
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw LocalFileError(path: path, errno: errno) }
    let size = lseek(descriptor, 0, SEEK_END)
    guard size >= 0 else {
      let number = errno
      Glibc.close(descriptor)
      throw LocalFileError(path: path, errno: number)
    }
    self.path = path
    self.size = size
    self.descriptor = descriptor
  }

  deinit {
    Glibc.close(descriptor)
  }

  /// The extent that begins at an offset before the end, following `lseek`; all is data on a file system that
  /// knows no holes.
  func extent(at offset: Int) -> Extent {
    let data = lseek(descriptor, offset, Self.seekData)
    if data < 0 {
      return Extent(range: offset..<size, isHole: errno == ENXIO)
    }
    if data > offset {
      return Extent(range: offset..<min(data, size), isHole: true)
    }
    let hole = lseek(descriptor, offset, Self.seekHole)
    return Extent(range: offset..<(hole > offset ? min(hole, size) : size), isHole: false)
  }

  /// Fills the buffer from an offset; throws if the file has become too short for it.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(LocalFileError) {
    var done = 0
    while done < buffer.count {
      let count = pread(descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done, offset + done)
      switch count {
      case 1...: done += count
      case 0: throw LocalFileError(path: path, reason: "became shorter while it was read")
      default: if errno != EINTR { throw LocalFileError(path: path, errno: errno) }
      }
    }
  }

  /// `SEEK_DATA` and `SEEK_HOLE`, which glibc's header shows to GNU programs only.
  private static let seekData: Int32 = 3
  private static let seekHole: Int32 = 4
}

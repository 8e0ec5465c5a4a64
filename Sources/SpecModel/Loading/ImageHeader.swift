/// The head of a disk image, read to check that the file is what the spec says.
///
/// The format is stated by the spec and never guessed: a guest that writes a qcow2 header into its raw disk
/// could otherwise name any file of the host as a backing file. The layout is in QEMU's `docs/interop/qcow2.txt`.
package struct ImageHeader {
  /// The size of the disk that a guest sees.
  package let virtualSize: ByteCount

  package init(file: String, stated format: DiskFormat) throws(ValueError) {
    guard let handle = FileReader(file), handle.isRegular else {
      throw ValueError(
        "cannot read the image '\(file)'", help: "check that it is a file and that you may read it")
    }
    let head = handle.read(upTo: 104)  // the header of version 3
    let isQCOW2 = head.starts(with: [0x51, 0x46, 0x49, 0xfb])
    switch format {
    case .raw:
      guard !isQCOW2 else {
        throw ValueError("'\(file)' is stated to be raw, but it is a qcow2 file", help: "write format: qcow2")
      }
      guard handle.size > 0 else { throw ValueError("the image '\(file)' is empty") }
      virtualSize = ByteCount(rawValue: (handle.size + 511) & ~511)
    case .qcow2:
      guard isQCOW2, head.count >= 72 else {
        throw ValueError(
          "'\(file)' is stated to be qcow2, but it is not", help: "write format: raw if it is a raw disk")
      }
      func field(_ offset: Int, _ bytes: Int) -> UInt64 {
        head[offset..<offset + bytes].reduce(0) { $0 << 8 | UInt64($1) }
      }
      let version = field(4, 4)
      guard version == 2 || version == 3 && head.count == 104 else {
        throw ValueError("the qcow2 header of '\(file)' is damaged or of an unknown version")
      }
      guard field(8, 8) == 0 else {
        throw ValueError(
          "the image '\(file)' has a backing file", help: "flatten it: qemu-img convert -O qcow2")
      }
      // Bit 2 of the incompatible features: the data lies in another file.
      if version == 3, field(72, 8) & 4 != 0 {
        throw ValueError(
          "the image '\(file)' keeps its data in another file", help: "flatten it: qemu-img convert -O qcow2")
      }
      virtualSize = ByteCount(rawValue: field(24, 8))
      guard virtualSize.rawValue > 0 else { throw ValueError("the image '\(file)' is empty") }
    }
  }
}

import SpecModel

/// The head of a VMDK file, read to be sure that its whole content is in it.
///
/// A VMDK may be a text that names other files, or may have a parent: QEMU would open any file of this machine that an
/// image from elsewhere names. The layout is in VMware's "Virtual Disk Format 5.0" and QEMU's `block/vmdk.c`.
enum VMDKHeader {
  static func check(_ file: String) throws(ValueError) {
    let head = FileReader(file)?.read(upTo: 1 << 20) ?? []
    func number(_ offset: Int) -> UInt64 {
      head[offset..<offset + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    let help = "make one file of it: qemu-img convert -f vmdk -O qcow2"
    guard head.starts(with: Array("KDMV".utf8)), head.count >= 512 else {
      if head.starts(with: Array("# Disk DescriptorFile".utf8)) {
        throw ValueError("the VMDK only describes a disk whose data lies in other files", help: help)
      }
      throw ValueError("it is stated to be a VMDK, but it is not")
    }
    // A capacity of 0 says that there is nothing but a descriptor.
    guard number(12) > 0 else {
      throw ValueError("the VMDK only describes a disk whose data lies in other files", help: help)
    }
    let (start, sectors) = (number(28), number(36))
    guard start < 2048, sectors < 2048 else { throw ValueError("the VMDK's header is damaged") }
    // QEMU looks for a parent in 20 sectors behind the first, whatever the header says of where the descriptor is; and it
    // looks for bytes, not for characters.
    let places = [(1, 20), (Int(start), Int(sectors))]
    let descriptors = places.map { start, sectors in head.dropFirst(start * 512).prefix(sectors * 512) }
    guard descriptors.allSatisfy({ $0.firstRange(of: Array("parentFileNameHint".utf8)) == nil }) else {
      throw ValueError("the VMDK has a parent", help: help)
    }
  }
}

import Conversion
import FoundationEssentials
import Libvirt
import Planner

extension FuzzTarget {
  /// What is read, written and read again is the same tree, on one line and on many.
  static func readXML(_ bytes: UnsafeRawBufferPointer) throws(FuzzFault) {
    let text = String(decoding: bytes, as: UTF8.self)
    let tree: XMLElement
    do {
      tree = try XMLElement(parsing: text)
    } catch .malformed(let line, let column, let message) {
      let lines = text.utf8.count { $0 == UInt8(ascii: "\n") } + 1
      return try require(
        line >= 1 && line <= lines && column >= 1,
        "'\(message)' stands at \(line):\(column) of \(lines) lines")
    } catch {
      return
    }
    try requireSame(tree)
  }

  private static func requireSame(_ tree: XMLElement) throws(FuzzFault) {
    for indented in [true, false] {
      let written: String
      let again: XMLElement
      do {
        written = try tree.serialized(indented: indented)
        again = try XMLElement(parsing: written)
      } catch {
        throw FuzzFault("what was read cannot be written or read again: \(error)")
      }
      try require(again == tree, "it is another tree now: \(written.debugDescription)")
    }
  }

  /// A plan that is read and written is the same, byte for byte from the second time on.
  static func readPlan(_ bytes: UnsafeRawBufferPointer) throws(FuzzFault) {
    guard let plan = try? SavedPlan(decoding: Data(bytes)) else { return }
    guard let written = try? plan.encoded(), let again = try? SavedPlan(decoding: written) else {
      throw FuzzFault("a plan that was read cannot be written and read again")
    }
    try require(again == plan, "a plan that is written is read as another")
    try require((try? again.encoded()) == written, "a plan that is read is written as another")
    try require((try? again.digest) == (try? plan.digest), "its digest changes")
    _ = try? plan.options.planning
  }

  /// A source is an estate of whole documents, or an error.
  static func readImport(_ bytes: UnsafeRawBufferPointer) throws(FuzzFault) {
    // The first byte says what the rest is held for, or that this is to be found out.
    guard let first = bytes.first else { return }
    let kinds = Conversion.Kind.allCases
    let index = Int(first) % (kinds.count + 1)
    let file = SourceFile(path: "dir/source", bytes: Array(bytes.dropFirst()))
    let kind = index < kinds.count ? kinds[index] : nil
    guard let estate = try? Conversion.convert(file, as: kind, neighbours: { _ in nil }) else { return }
    for domain in estate.domains {
      // What XML cannot hold, such as control characters, is an error of the import.
      guard (try? domain.document.validate()) != nil else { continue }
      try requireSame(domain.document)
    }
  }
}

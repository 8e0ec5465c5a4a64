import FoundationEssentials
public import Libvirt

/// The documents of libvirt's own tests, as far as Lab/libvirt-corpus.sh has them.
public enum Corpus {
  public static let directory = "\(Lab.repository)/.lab/libvirt/tests"
  public static let isThere = FileManager.default.fileExists(atPath: directory)
  public static let absence = "needs the documents of libvirt's tests; make libvirt-corpus gets them"

  /// A host of the test driver with nothing on it. The driver's own one is one for the whole process.
  public static func withEmptyHost(_ body: (Connection) async throws -> Void) async throws {
    let node = "\(FileManager.default.temporaryDirectory.path)/virtform-import-\(UUID()).xml"
    try "<node/>".write(toFile: node, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: node) }
    let connection = try await Connection.open("test://\(node)", access: .readWrite)
    do { try await body(connection) } catch {
      await connection.close()
      throw error
    }
    await connection.close()
  }

  /// The documents in a directory whose root is `root`, each with a name and a UUID of its own.
  public static func documents(in name: String, _ root: String) throws -> [(
    name: String, document: XMLElement
  )] {
    let names = try FileManager.default.contentsOfDirectory(atPath: "\(directory)/\(name)").sorted()
    return names.enumerated().compactMap { index, file -> (String, XMLElement)? in
      guard file.hasSuffix(".xml"),
        let text = try? String(contentsOfFile: "\(directory)/\(name)/\(file)", encoding: .utf8),
        var document = try? XMLElement(parsing: text), document.name == root
      else { return nil }
      let stem = String(
        file.dropLast(4).prefix(50).map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") ? $0 : "_" }
      )
      let number = String(index + 1 << 20, radix: 16)
      document.mutateFirst("name", otherwise: .first) { $0.setText(stem) }
      document.mutateFirst("uuid", otherwise: .after(["name"])) {
        $0.setText("00000000-0000-4000-8000-" + String(repeating: "0", count: 12 - number.count) + number)
      }
      return (stem, document)
    }
  }
}

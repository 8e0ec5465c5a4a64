import FoundationEssentials
import Testing

@testable import SpecModel

/// `examples/reference` beside copies of the files that it names, as a checkout has none of them.
struct ReferenceExample {
  static let repository = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

  private let directory: TemporaryDirectory
  var path: String { directory.path + "/examples/reference" }

  init() throws {
    directory = try TemporaryDirectory()
    for path in ["/.lab/guest", "/examples/reference"] {
      try FileManager.default.createDirectory(
        atPath: directory.path + path, withIntermediateDirectories: true)
    }
    try directory.write(".lab/guest/guest.qcow2", qcow2(.mebibytes(100)))
    for name in ["vmlinuz", "initrd.gz"] { try directory.write(".lab/guest/\(name)", [1]) }
    for name in ["admin.pub", "flatcar.ign", "setup.sh", "site.yaml"] {
      let text = try #require(
        FileManager.default.contents(atPath: "\(Self.repository)/examples/reference/\(name)"))
      try directory.write("examples/reference/\(name)", Array(text))
    }
  }

  var sources: [SourceText] {
    get throws {
      let file = "\(path)/site.yaml"
      return [SourceText(path: file, text: try String(contentsOf: URL(filePath: file), encoding: .utf8))]
    }
  }
}

/// A page of the repository that is written from the sources.
enum WrittenPage {
  /// Expects `path` to hold `text`; with `VIRTFORM_WRITE_DOCS=1`, writes it first.
  static func check(_ path: String, _ text: String) throws {
    let file = URL(filePath: "\(ReferenceExample.repository)/\(path)")
    if ProcessInfo.processInfo.environment["VIRTFORM_WRITE_DOCS"] == "1" {
      try Data(text.utf8).write(to: file)
    }
    #expect(
      try String(contentsOf: file, encoding: .utf8) == text, "\(path) is not what the sources say: make docs")
  }
}

import FoundationEssentials
import Testing

@testable import Planner

/// The page of all fields says what the tables say.
@Suite("The reference of fields")
struct FieldReferenceTests {
  private static let page: String = {
    let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    return "/\(root)/docs/fields.md"
  }()

  @Test("docs/fields.md is as the tables are; VIRTFORM_WRITE_DOCS=1 writes it")
  func page() throws {
    let text = FieldReference.markdown()
    if ProcessInfo.processInfo.environment["VIRTFORM_WRITE_DOCS"] == "1" {
      try Data(text.utf8).write(to: URL(filePath: Self.page))
    }
    let written = try String(contentsOf: URL(filePath: Self.page), encoding: .utf8)
    #expect(written == text, "docs/fields.md is not what the tables say: make docs")
  }

  @Test("every field of every table has a line in the page")
  func completeness() {
    let text = FieldReference.markdown()
    let names =
      MachineField.allCases.map(\.rawValue) + MemoryDeviceField.allCases.map(\.rawValue)
      + DiskField.allCases.map(\.rawValue) + DriveField.allCases.map(\.rawValue)
      + NICField.allCases.map(\.rawValue) + VolumeField.allCases.map(\.rawValue)
      + ShareField.allCases.map(\.rawValue) + HostDeviceField.allCases.map(\.rawValue)
      + NetworkField.allCases.map(\.rawValue) + PoolField.allCases.map(\.rawValue)
    for name in names { #expect(text.contains("\n| `\(name)` |"), "\(name) is missing") }
  }
}

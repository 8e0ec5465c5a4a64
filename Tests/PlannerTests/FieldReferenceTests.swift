import FoundationEssentials
import Testing

@testable import Planner

/// The page of all fields says what the tables say.
@Suite("The reference of fields")
struct FieldReferenceTests {
  @Test(
    "a page is as the tables are; VIRTFORM_WRITE_DOCS=1 writes it",
    arguments: [("fields", FieldReference.markdown()), ("hypervisors", HypervisorReference.markdown())])
  func page(name: String, text: String) throws {
    let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let page = URL(filePath: "/\(root)/docs/\(name).md")
    if ProcessInfo.processInfo.environment["VIRTFORM_WRITE_DOCS"] == "1" {
      try Data(text.utf8).write(to: page)
    }
    let written = try String(contentsOf: page, encoding: .utf8)
    #expect(written == text, "docs/\(name).md is not what the tables say: make docs")
  }

  @Test("what is tested on a Xen host is a field that Xen has")
  func evidence() {
    let rows = HypervisorReference.markdown().split(separator: "\n")
    for name in HypervisorReference.testedOnXen {
      #expect(rows.contains { $0.hasPrefix("| `\(name)` |") && $0.hasSuffix("| real |") }, "\(name)")
    }
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

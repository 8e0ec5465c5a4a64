import FoundationEssentials
import Planner

/// Saved plans on this machine.
enum PlanFile {
  static func write(_ plan: SavedPlan, to path: String) throws {
    try OutputFile.replace(path, with: Array(plan.encoded()))
  }

  /// The plan in the file at `path`; nil if that is a spec or nothing at all.
  static func read(_ path: String) throws -> SavedPlan? {
    guard let data = try? Data(contentsOf: URL(filePath: path)),
      data.first(where: { !" \t\r\n".utf8.contains($0) }) == UInt8(ascii: "{"),
      data.contains(text: "\"format_version\"")
    else { return nil }
    do {
      return try SavedPlan(decoding: data)
    } catch {
      throw Terminal.fail("\(path): \(error.message)", help: error.help)
    }
  }
}

extension Data {
  fileprivate func contains(text: String) -> Bool { firstRange(of: Data(text.utf8)) != nil }
}

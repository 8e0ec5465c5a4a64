import FoundationEssentials
import Planner

/// Saved plans on this machine.
struct PlanFile {
  let plan: SavedPlan
  /// What the file holds, read once: what is verified is what is carried out.
  let bytes: Data

  /// Saves the plan, with the signature of its bytes beside it if there is a key.
  static func write(_ plan: SavedPlan, to path: String, signedBy key: String? = nil) async throws {
    let bytes = try plan.encoded()
    let signature = PlanSignature.path(of: path)
    guard let key else {
      try OutputFile.replace(path, with: Array(bytes))
      return
    }
    let signed = try await PlanSignature.make(of: bytes, by: key)
    try OutputFile.replace(path, with: Array(bytes))
    try OutputFile.replace(signature, with: signed)
  }

  /// The plan in the file at `path`; nil if that is a spec or nothing at all.
  static func read(_ path: String) throws -> PlanFile? {
    guard let data = try? Data(contentsOf: URL(filePath: path)),
      data.first(where: { !" \t\r\n".utf8.contains($0) }) == UInt8(ascii: "{"),
      data.contains(text: "\"format_version\"")
    else { return nil }
    do {
      return PlanFile(plan: try SavedPlan(decoding: data), bytes: data)
    } catch {
      throw Terminal.fail("\(path): \(error.message)", help: error.help)
    }
  }
}

extension Data {
  fileprivate func contains(text: String) -> Bool { firstRange(of: Data(text.utf8)) != nil }
}

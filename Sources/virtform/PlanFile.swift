import FoundationEssentials
import Planner
import SpecModel

/// Saved plans on this machine.
struct PlanFile {
  let plan: SavedPlan
  /// What the file holds, read once: what is verified is what is carried out.
  let bytes: Data

  /// Bytes: more than the plan of a hundred thousand VMs has.
  private static let maximumSize = 512 << 20

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
    // The start tells a plan from a spec: what never ends is not read to its end.
    guard let file = FileReader(path, patience: FileReader.patience) else { return nil }
    let start = file.read(upTo: 4096)
    guard start.first(where: { !" \t\r\n".utf8.contains($0) }) == UInt8(ascii: "{") else { return nil }
    let data = Data(start + file.read(upTo: maximumSize - start.count + 1))
    guard data.contains(text: "\"format_version\"") else { return nil }
    guard data.count <= maximumSize else {
      throw Terminal.fail("\(path): a plan is no larger than \(maximumSize >> 20) MiB")
    }
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

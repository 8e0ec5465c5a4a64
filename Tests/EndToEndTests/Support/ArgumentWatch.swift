import Dispatch
import FoundationEssentials
import Glibc
import Synchronization

/// Looks at the arguments of all processes, again and again, until it ends.
final class ArgumentWatch: Sendable {
  private let found = Mutex<Set<String>>([])
  private let isEnded = Mutex(false)

  init(_ markers: [String]) {
    DispatchQueue(label: "arguments").async { [self] in
      while !isEnded.withLock({ $0 }) {
        look(for: markers)
        usleep(5_000)
      }
    }

  }

  private func look(for markers: [String]) {
    let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    for pid in processes where pid.allSatisfy(\.isNumber) {
      guard let data = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline") else { continue }
      let text = String(decoding: data, as: UTF8.self)
      let words = markers.filter(text.contains)
      if !words.isEmpty { found.withLock { $0.formUnion(words) } }
    }
  }

  var findings: Set<String> { found.withLock { $0 } }

  func end() { isEnded.withLock { $0 = true } }
}

/// What changed between two versions of a file, as `diff -U0` shows it.
public struct LineDifference {
  private let path: String
  private let old: [Substring]
  private let new: [Substring]

  public init(from old: SourceText, to new: SourceText) {
    path = old.path
    self.old = Self.lines(old.text)
    self.new = Self.lines(new.text)
  }

  private static func lines(_ text: String) -> [Substring] {
    text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
  }

  /// Ends with a newline; nothing if there is no difference.
  public func render() -> String {
    let difference = new.difference(from: old)
    var removed: Set<Int> = []
    var inserted: Set<Int> = []
    for change in difference {
      switch change {
      case .remove(let offset, _, _): removed.insert(offset)
      case .insert(let offset, _, _): inserted.insert(offset)
      }
    }
    guard !difference.isEmpty else { return "" }
    var text = "--- \(path)\n+++ \(path)\n"
    var (left, right) = (0, 0)
    while left < old.count || right < new.count {
      let (firstLeft, firstRight) = (left, right)
      while removed.contains(left) { left += 1 }
      while inserted.contains(right) { right += 1 }
      if left == firstLeft, right == firstRight {
        (left, right) = (left + 1, right + 1)
        continue
      }
      text += "@@ -\(range(firstLeft..<left)) +\(range(firstRight..<right)) @@\n"
      text += old[firstLeft..<left].map { "-\($0)\n" }.joined()
      text += new[firstRight..<right].map { "+\($0)\n" }.joined()
    }
    return text
  }

  /// `12`, `12,3`; for no lines the one before, as diff has it.
  private func range(_ lines: Range<Int>) -> String {
    switch lines.count {
    case 0: "\(lines.lowerBound),0"
    case 1: "\(lines.lowerBound + 1)"
    default: "\(lines.lowerBound + 1),\(lines.count)"
    }
  }
}

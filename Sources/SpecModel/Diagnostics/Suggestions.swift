/// Finds what a misspelt word was most likely meant to be, within a bound on the work of one run.
struct Suggestions {
  /// Comparisons that are left; a spec with thousands of errors gets help for the first of them.
  private var budget = 200_000

  /// The candidate nearest to `word`, or nil if none is near or the budget is spent.
  mutating func nearest(to word: String, in candidates: some Collection<String>) -> String? {
    guard candidates.count <= budget else { return nil }
    budget -= candidates.count
    return SpecModel.nearest(to: word, in: candidates)
  }
}

/// The candidate that `word` was most likely meant to be, or nil if none is near.
func nearest(to word: String, in candidates: some Sequence<String>) -> String? {
  // Nobody misspells a word of this length, and the distance takes the product of both.
  guard word.utf8.count <= 100 else { return nil }
  let length = word.count
  let limit = max(1, length / 3)
  var best: (distance: Int, word: String)?
  for candidate in candidates where candidate != word && abs(candidate.count - length) <= limit {
    let distance = editDistance(word, candidate)
    // A word of which nothing is left is another word.
    guard distance <= limit, distance < length else { continue }
    if let best, (best.distance, best.word) <= (distance, candidate) { continue }
    best = (distance, candidate)
  }
  return best?.word
}

extension Duration {
  /// `2m`, `90s`, `1.5s`: in the words of options.
  var formatted: String {
    let (seconds, attoseconds) = components
    if attoseconds > 0 { return "\(Double(seconds) + Double(attoseconds) / 1e18)s" }
    if seconds > 0, seconds % 3600 == 0 { return "\(seconds / 3600)h" }
    return seconds > 0 && seconds % 60 == 0 ? "\(seconds / 60)m" : "\(seconds)s"
  }
}

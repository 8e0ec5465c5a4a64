/// `0.3 s`, `12 s`, `2 min 5 s`.
func text(_ duration: Duration) -> String {
  let seconds = Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
  if seconds < 10 { return "\((seconds * 10).rounded() / 10) s" }
  let whole = Int(seconds)
  return whole < 60 ? "\(whole) s" : "\(whole / 60) min \(whole % 60) s"
}

import Libvirt
import SpecModel

/// How long calls of a kind may take: what `--timeout` takes.
struct CallTimeout: Sendable {
  let kind: CallKind
  /// nil: for ever.
  let limit: Duration?

  /// Reads `read=5m`, or `copy=none`.
  init(parsing text: String) throws(ValueError) {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let kinds = CallKind.allCases.map(\.rawValue)
    guard parts.count == 2 else {
      throw ValueError("--timeout takes a kind of call and a time", help: "such as --timeout read=5m")
    }
    guard let kind = CallKind(rawValue: parts[0]) else {
      throw ValueError(
        "there are no calls of the kind '\(parts[0])'", help: "kinds are \(kinds.joined(separator: ", "))")
    }
    self.kind = kind
    if parts[1] == "none" {
      limit = nil
      return
    }
    let time = try TimeSpan(parsing: parts[1])
    guard time.seconds > 0 else {
      throw ValueError("no call is done within \(time)", help: "at least 1s, or none")
    }
    limit = time.duration
  }
}

extension ReadingOptions {
  /// How long calls of `host` may take. Those that are made again are told of.
  func terms(for host: Host) -> CallTerms {
    var terms = CallTerms()
    for timeout in timeouts { terms.limits[timeout.kind] = timeout.limit }
    terms.report = { retry in
      let pause = TimeSpan(seconds: Int(retry.pause.components.seconds))
      Terminal.report([
        Diagnostic(
          .warning,
          "host '\(host.name)': \(retry.error); trying again in \(pause) (\(retry.number) of \(retry.most))",
          at: nil)
      ])
    }
    return terms
  }
}

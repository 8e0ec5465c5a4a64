/// Collects the problems of one run, so that all of them are reported at once.
///
/// A profile that twenty VMs use is decoded twenty times; the same problem at the same place is kept once.
public final class Diagnostics {
  public private(set) var all: [Diagnostic] = []
  private var seen: Set<Diagnostic> = []
  /// Reports so far, with those that were there already.
  private(set) var reportCount = 0
  var suggestions = Suggestions()
  /// Hears of each mapping that was read: where it stands, and the keys that are known there. What describes the language
  /// is held to the decoders by it.
  var didRead: ((SpecPath, _ knownKeys: Set<String>) -> Void)?

  /// The name that somebody may have meant who wrote `text`.
  public func nearest(to text: String, in names: [String]) -> String? {
    suggestions.nearest(to: text, in: names)
  }

  public init() {}

  public private(set) var hasErrors = false

  /// In the order of the files, then of lines: as a person walks through them.
  public var sorted: [Diagnostic] {
    all.enumerated().sorted { a, b in
      switch (a.element.location, b.element.location) {
      case (nil, nil): a.offset < b.offset
      case (nil, _): true
      case (_, nil): false
      case (let x?, let y?): (x, a.offset) < (y, b.offset)
      }
    }.map(\.element)
  }

  /// Keeps `diagnostic`, unless the same one is there already.
  public func add(_ diagnostic: Diagnostic) {
    reportCount += 1
    guard seen.insert(diagnostic).inserted else { return }
    all.append(diagnostic)
    if diagnostic.severity == .error { hasErrors = true }
  }

  public func error(
    _ message: String, at location: SourceLocation?, help: String? = nil, related: [Diagnostic.Related] = []
  ) {
    add(Diagnostic(.error, message, at: location, help: help, related: related))
  }

  public func warning(_ message: String, at location: SourceLocation?, help: String? = nil) {
    add(Diagnostic(.warning, message, at: location, help: help))
  }
}

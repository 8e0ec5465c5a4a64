import FoundationEssentials
import Libvirt
import TestLab
import Testing

/// A lab with a spec, and what is asked of its real guests.
struct Guests {
  let lab: Lab
  /// The variables that `virtform` is run with.
  var environment: [String: String] = [:]
  var path: String { "\(lab.work)/site.yaml" }

  init(_ lab: Lab) { self.lab = lab }

  static func inLab(_ body: (Guests) async throws -> Void) async throws {
    try await Lab.with { try await body(Guests($0)) }
  }

  // MARK: Commands

  /// Runs `virtform` on the spec as it was written last.
  func run(_ command: String, _ options: String...) async throws -> Lab.Outcome {
    try await run([command, path] + options)
  }

  func run(_ arguments: [String]) async throws -> Lab.Outcome {
    try await Lab.virtform(arguments, home: lab.home, in: lab.work, environment: environment)
  }

  /// Applies `site`, and expects that nothing is left to do. Returns what the apply said.
  @discardableResult
  func apply(_ site: SiteText, _ options: String..., place: SourceLocation = #_sourceLocation) async throws
    -> String
  {
    try write(site)
    let apply = try await run(["apply", path, "--auto-approve"] + options)
    #expect(apply.status == 0, "\(apply.output)\(apply.errors)", sourceLocation: place)
    try await expectQuiet(place: place)
    return apply.output
  }

  func write(_ site: SiteText) throws { try lab.write(site.text, to: "site.yaml") }

  /// Expects an empty plan, made without changing anything. Returns it, for its notes.
  @discardableResult
  func expectQuiet(place: SourceLocation = #_sourceLocation) async throws -> String {
    var text = ""
    let calls = try await lab.calls {
      let plan = try await run("plan", "--detailed-exitcode")
      #expect(plan.status == 0, "\(plan.output)\(plan.errors)", sourceLocation: place)
      text = plan.output
    }
    #expect(Lab.mutating(calls).isEmpty, sourceLocation: place)
    return text
  }

  /// Waits until `condition` holds.
  func until(within limit: Duration = .seconds(60), _ condition: () async throws -> Bool) async throws {
    let clock = ContinuousClock()
    let deadline = clock.now + limit
    while try await !condition() {
      guard clock.now < deadline else { throw Lab.Failure(description: "it did not come true in time") }
      try await Task.sleep(for: .milliseconds(200))
    }
  }

  // MARK: Documents

  func definition(_ name: String) async throws -> XMLElement {
    try XMLElement(parsing: try await lab.virsh("dumpxml", name, "--inactive", "--security-info"))
  }

  func live(_ name: String) async throws -> XMLElement {
    try XMLElement(parsing: try await lab.virsh("dumpxml", name))
  }

  /// Makes `edit` in the persistent definition, as a person does it.
  func edit(_ name: String, _ edit: (inout XMLElement) -> Void) async throws {
    var document = try await definition(name)
    edit(&document)
    let file = try lab.write(try document.serialized(), to: "edited.xml")
    _ = try await lab.virsh("define", file)
  }

  func disk(_ target: String, of document: XMLElement) -> XMLElement? {
    document.all(at: "devices", "disk").first { $0.first("target")?[attribute: "dev"] == target }
  }

  // MARK: Files

  /// The names of the volumes in the pool, without what makes them the stack's.
  func volumes() async throws -> Set<String> {
    let volumes = try await lab.virsh("vol-list", "default").split(separator: "\n")
    return Set(
      volumes.compactMap { $0.split(separator: " ").first }.map { name in
        String(name.prefix { $0 != "-" })
      })
  }
}

/// What a plan says of each field that it changes: `title: live`, `disk.a.root size: live`.
///
/// Fields of VMs go by their path alone. A change that no guest notices has the effect `none`.
func effects(_ plan: String) -> [String: String] {
  var address = ""
  var effects: [String: String] = [:]
  for line in plan.split(separator: "\n") {
    if let headline = line.firstMatch(of: /^  (?:[~+.-]|-\/\+) (\S+)/) { address = String(headline.1) }
    guard let field = line.firstMatch(of: /^      [~+-] (\S+)/) else { continue }
    let word = line.firstMatch(of: /\((live|restart|stop|replace|data loss)\)$/)
    let path = address.hasPrefix("vm.") ? "\(field.1)" : "\(address) \(field.1)"
    effects[path] = word.map { String($0.1) } ?? "none"
  }
  return effects
}

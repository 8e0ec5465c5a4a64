public import FoundationEssentials
public import SpecModel

/// A plan as a file: what was reviewed, and what it rests on.
///
/// It holds no operations: whoever applies it plans again, on the spec and the hosts of that moment, and goes on only if
/// the outcome is the same to the letter. So a file can neither be altered into doing something else, nor hold a secret
/// that only an operation needs. The same spec and hosts give the same bytes.
public struct SavedPlan: Codable, Equatable, Sendable {
  /// Raised when an older virtform would misread the file.
  public static let formatVersion = "1.1"

  public let formatVersion: String
  public let virtformVersion: String
  public let stack: String
  public private(set) var spec: Spec
  public let options: Options
  /// By name.
  public let hosts: [String: HostIdentity]
  /// The objects that the plan changes, by host and address: `rack1/vm.web-1`.
  public let objects: [String: Object]
  public let changes: [ChangeRecord]
  public private(set) var notes: [String]
  /// SHA-256 of all steps.
  public let steps: String

  /// The spec it was made from.
  public struct Spec: Codable, Equatable, Sendable {
    /// As given on the command line, relative to the directory that virtform was started in.
    public fileprivate(set) var path: String
    /// SHA-256 of all values, after variables, but those of the policy: comments and formatting do not count.
    public let digest: String
  }

  /// What the plan was asked to do.
  public struct Options: Codable, Equatable, Sendable {
    public let destroys: Bool
    /// Disks that may lose their content, by address; `*` for all.
    public let allowsDataLoss: [String]
    public let restarts: Bool
    public let forcesShutdown: Bool
    public let replaced: [String]
    public let targets: [String]
    public let excluded: [String]
    /// Hosts that VMs leave, and unreachable ones that run nothing any more.
    public let drained: [String]?
    public let fenced: [String]?
    /// The hosts that VMs are moved to, by name.
    public let destinations: [String: String]?
    public let isOnlyMoves: Bool?
  }

  public struct HostIdentity: Codable, Equatable, Sendable {
    /// The physical machine's UUID.
    public let uuid: String
    public let driver: String
  }

  /// An object before and after.
  public struct Object: Codable, Equatable, Sendable {
    /// SHA-256 of all that is read of it; nil if it was not there.
    public let before: String?
    /// SHA-256 of what the spec wants of it; nil if it goes.
    public let after: String?
    /// What it had, by path, for people.
    public let values: [String: String]
  }

  public struct ChangeRecord: Codable, Equatable, Sendable {
    public let host: String
    public let address: String
    public let action: String
    public let effect: String
    public let reason: String?
    public let path: String?
    public let fields: [FieldRecord]
  }

  public struct FieldRecord: Codable, Equatable, Sendable {
    public let path: String
    public let from: String?
    public let to: String?
    public let effect: String
    public let cause: String
  }

  /// - Parameters:
  ///   - specPath: where the spec is, from where virtform was started.
  ///   - redact: conceals what the spec marks as secret.
  public init(
    _ plan: Plan, of site: Site, at specPath: String, hosts states: [HostState], options: SitePlanner.Options,
    version: String, redact: (String) -> String
  ) {
    formatVersion = Self.formatVersion
    virtformVersion = version
    stack = site.stack.rawValue
    spec = Spec(path: specPath, digest: Self.digest(of: site))
    self.options = Options(options)
    hosts = Dictionary(
      states.map {
        ($0.name.rawValue, HostIdentity(uuid: $0.capabilities.hostUUID, driver: "\($0.capabilities.driver)"))
      },
      uniquingKeysWith: { first, _ in first })
    let fingerprints = Fingerprints(plan, states, of: site)
    objects = Dictionary(
      plan.changes.map { change in
        let object = Object(
          before: fingerprints.before(change.address), after: fingerprints.after(change.address),
          values: Self.values(of: change, fingerprints, redact))
        return ("\(change.address.host)/\(change.address)", object)
      }, uniquingKeysWith: { first, _ in first })
    changes = plan.changes.map { ChangeRecord($0, redact) }
    notes = plan.notes.map { redact("\($0.address) on \($0.address.host): \($0.text)") }
    steps = CanonicalText.digest(plan.steps)
  }

  /// What the object has, without secrets: nor older ones, in the place of those that the plan gives it.
  private static func values(
    of change: Change, _ fingerprints: Fingerprints, _ redact: (String) -> String
  ) -> [String: String] {
    let changed = change.fields.compactMap { field in field.to.map { (field.path, $0) } }
    let wanted = fingerprints.wantedValues(change.address).merging(changed) { $1 }
    let values = fingerprints.values(change.address).map { path, value in
      (path, wanted[path].map { redact($0) != $0 } == true ? FieldChange.concealed : redact(value))
    }
    return Dictionary(values, uniquingKeysWith: { first, _ in first })
  }

  /// Of all but the policy, which changes nothing that a plan does, and which whoever applies it looks at again.
  private static func digest(of site: Site) -> String {
    let leaves = site.origins.leaves.filter { !$0.path.description.hasPrefix("policy.") }
    return CanonicalText.digest(
      text: leaves.map { "\($0.path)=\($0.value)" }.sorted().joined(separator: "\n"))
  }

  // MARK: Files

  /// The bytes of the file.
  public func encoded() throws -> Data {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(self) + Data("\n".utf8)
  }

  /// SHA-256 of all that the plan binds, in hexadecimal: the spec's values, the hosts, what would be done and why. Where the
  /// spec lies and what a note says does not count.
  public var digest: String {
    get throws {
      var plan = self
      plan.spec.path = ""
      plan.notes = []
      return CanonicalText.digest(text: String(decoding: try plan.encoded(), as: UTF8.self))
    }
  }

  /// Reads a file that `encoded()` made.
  ///
  /// - Throws: `ValueError` if it is none, or one of another version.
  public init(decoding data: Data) throws(ValueError) {
    struct Version: Decodable { let formatVersion: String? }
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    guard let version = (try? decoder.decode(Version.self, from: data))?.formatVersion else {
      throw ValueError("this is no plan that virtform saved", help: "make one with virtform plan -o FILE")
    }
    guard version.split(separator: ".").first == Self.formatVersion.split(separator: ".").first else {
      throw ValueError("this virtform reads plans of version \(Self.formatVersion), not \(version)")
    }
    do {
      self = try decoder.decode(SavedPlan.self, from: data)
    } catch {
      throw ValueError("the plan is damaged: \(error)", help: "make a new one with virtform plan -o FILE")
    }
  }
}

extension SavedPlan.Options {
  init(_ options: SitePlanner.Options) {
    destroys = options.goal == .destroy
    allowsDataLoss = (options.dataLoss.isGeneral ? ["*"] : []) + options.dataLoss.named.map(\.description)
    restarts = options.restarts
    forcesShutdown = options.forcesShutdown
    replaced = options.replaced.map(\.description)
    targets = options.scope.targets.map(\.description)
    excluded = options.scope.excluded.map(\.description)
    drained = options.drained.isEmpty ? nil : options.drained.map(\.rawValue).sorted()
    fenced = options.fenced.isEmpty ? nil : options.fenced.map(\.rawValue).sorted()
    destinations =
      options.destinations.isEmpty
      ? nil
      : Dictionary(
        options.destinations.map { ($0.key.rawValue, $0.value.rawValue) },
        uniquingKeysWith: { first, _ in first })
    isOnlyMoves = options.isOnlyMoves ? true : nil
  }

  /// What to ask the planner for, to get the same plan.
  public var planning: SitePlanner.Options {
    get throws(ValueError) {
      var options = SitePlanner.Options(goal: destroys ? .destroy : .converge)
      let named = try Self.patterns(allowsDataLoss.filter { $0 != "*" })
      options.dataLoss =
        !allowsDataLoss.contains("*") ? .only(named) : named.isEmpty ? .all : .allAnd(named)
      options.restarts = restarts
      options.forcesShutdown = forcesShutdown
      options.replaced = try Self.patterns(replaced)
      options.scope = PlanScope(targets: try Self.patterns(targets), excluded: try Self.patterns(excluded))
      for host in drained ?? [] { options.drained.insert(try ResourceName(parsing: host)) }
      for host in fenced ?? [] { options.fenced.insert(try ResourceName(parsing: host)) }
      for (machine, host) in destinations ?? [:] {
        options.destinations[try ResourceName(parsing: machine)] = try ResourceName(parsing: host)
      }
      options.isOnlyMoves = isOnlyMoves ?? false
      return options
    }
  }

  private static func patterns(_ texts: [String]) throws(ValueError) -> [AddressPattern] {
    var patterns: [AddressPattern] = []
    for text in texts { patterns.append(try AddressPattern(parsing: text)) }
    return patterns
  }
}

extension SavedPlan.ChangeRecord {
  init(_ change: Change, _ redact: (String) -> String) {
    host = change.address.host.rawValue
    address = change.address.description
    action = change.action.rawValue
    effect = change.effect.word
    reason = change.reason
    path = change.path?.description
    fields = change.fields.map { $0.redacted(redact) }.map { field in
      SavedPlan.FieldRecord(
        path: field.path, from: field.from, to: field.to, effect: field.effect.word,
        cause: field.cause.rawValue)
    }
  }
}

import FoundationEssentials
import SpecModel
import Testing

@testable import Planner

@Suite("Saved plans")
struct SavedPlanTests {
  private static let spec = Specs.web.with("memory: 2GiB", "count: 3\n    memory: 2GiB")
    .with("10.0.0.11", "10.0.0.11+")

  private static func save(
    _ scenario: Scenario, _ spec: String, _ options: SitePlanner.Options = .init(),
    redact: (String) -> String = { $0 }
  ) throws -> SavedPlan {
    let site = try Scenario.site(spec)
    let states = scenario.fleet.states(for: site).map { state in
      var state = state
      state.machines.shuffle()
      state.networks.shuffle()
      for index in state.pools.indices { state.pools[index].volumes.shuffle() }
      return state
    }
    let plan = try SitePlanner.plan(
      site, hosts: states, images: scenario.contents(of: site), options: options)
    return SavedPlan(
      plan, of: site, at: "site.yaml", hosts: states, options: options, version: "1.0", redact: redact)
  }

  @Test("the same spec and hosts give the same bytes, whatever a host lists first", arguments: 1...10)
  func sameBytes(run: Int) throws {
    let scenario = try Scenario.applied(Self.spec)
    let spec = Self.spec.with("2GiB", "3GiB")
    #expect(try Self.save(scenario, spec).encoded() == Self.save(scenario, spec).encoded())
  }

  @Test("a file is read as it was written")
  func roundTrip() throws {
    let saved = try Self.save(Scenario(), Self.spec)
    let read = try SavedPlan(decoding: saved.encoded())
    #expect(read == saved)
    #expect(read.staleness(comparedWith: saved) == [])
  }

  @Test("the options of a plan are those that it was made with")
  func options() throws {
    var options = SitePlanner.Options(restarts: true)
    options.dataLoss = .only([try AddressPattern(parsing: "disk.web-1.root")])
    options.forcesShutdown = true
    options.replaced = [try AddressPattern(parsing: "alpha/vm.web-1")]
    options.scope = PlanScope(targets: [try AddressPattern(parsing: "vm.web-*")], excluded: [])
    let saved = SavedPlan.Options(options)
    #expect(SavedPlan.Options(try saved.planning) == saved)
    #expect(
      SavedPlan.Options(try SavedPlan.Options(.init(goal: .destroy, allowsDataLoss: true)).planning)
        == SavedPlan.Options(.init(goal: .destroy, allowsDataLoss: true)))
  }

  @Test("a plan that the hosts or the spec have left behind says why")
  func staleness() throws {
    var scenario = try Scenario.applied(Specs.web)
    let spec = Specs.web.with("2GiB", "3GiB")
    let saved = try Self.save(scenario, spec)
    #expect(
      saved.staleness(comparedWith: try Self.save(scenario, Specs.web.with("2GiB", "4GiB"))).contains(
        "the spec has changed"))
    try scenario.fleet["alpha"].change("web") { $0.settings.memory = MemoryAmount(size: .gibibytes(1)) }
    #expect(
      saved.staleness(comparedWith: try Self.save(scenario, spec))
        == ["alpha/vm.web has changed: memory was 2 GiB and is 1 GiB"])
    try scenario.apply(spec)
    #expect(
      saved.staleness(comparedWith: try Self.save(scenario, spec)) == [
        "alpha/vm.web needs no change any more",
        "nothing is left to do: the plan was applied already, or somebody did the same",
      ])
  }

  @Test("a secret that takes another's place gives neither away")
  func rotatedSecret() throws {
    let old = Specs.web.with(
      "memory:", "description: \"the word is hunter2, keep it\"\n    title: shop\n    memory:")
    let new = old.with("hunter2", "sesame").with("title: shop", "title: store")
    let scenario = try Scenario.applied(old)
    func redact(_ text: String) -> String { text.replacing("sesame", with: "(secret)") }
    let plan = try scenario.plan(new).mapTexts(redact)
    let fields = try #require(plan.changes.first).fields
    #expect(fields.map(\.path) == ["title", "description"])
    #expect(fields.map(\.from) == ["shop", "(secret)"])
    #expect(fields.map(\.to) == ["store", "the word is (secret), keep it"])
    let saved = String(decoding: try Self.save(scenario, new, redact: redact).encoded(), as: UTF8.self)
    #expect(!saved.contains("hunter2") && !saved.contains("sesame"), "\(saved)")
  }

  @Test("what is no plan is refused")
  func noPlan() {
    #expect(throws: ValueError.self) { try SavedPlan(decoding: Data("{}".utf8)) }
    #expect(throws: ValueError.self) { try SavedPlan(decoding: Data("{\"format_version\": \"9.0\"}".utf8)) }
  }

  @Test("canonical text does not depend on the order of sets and dictionaries")
  func canonicalText() {
    let names = (0..<50).map(String.init)
    #expect(CanonicalText.of(Set(names)) == CanonicalText.of(Set(names.shuffled())))
    let pairs = names.map { ($0, $0) }
    let (a, b) = (Dictionary(uniqueKeysWithValues: pairs), Dictionary(uniqueKeysWithValues: pairs.shuffled()))
    #expect(CanonicalText.of(a) == CanonicalText.of(b))
    #expect(CanonicalText.of(["a", "b"]) != CanonicalText.of(["b", "a"]))
  }

  @Test("addresses on the command line")
  func patterns() throws {
    let host = try ResourceName(parsing: "rack1")
    let web = Address(.vm, "web-2", on: host)
    for text in ["vm.web-2", "vm.web-*", "vm.*", "rack1/vm.web-2", "vm.*-2", "vm.w*b*2"] {
      let pattern = try AddressPattern(parsing: text)
      #expect(pattern.matches(web), "\(text)")
      #expect("\(pattern)" == text)
    }
    for text in ["vm.web", "disk.web-2", "rack2/vm.web-2", "vm.*-3", "vm.web-2*2"] {
      #expect(try !AddressPattern(parsing: text).matches(web), "\(text)")
    }
    for text in ["web-2", "vm.", "/vm.web-2", "guest.web-2", ""] {
      #expect(throws: ValueError.self) { try AddressPattern(parsing: text) }
    }
  }
}

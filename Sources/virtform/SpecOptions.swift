import Applier
import ArgumentParser
import FoundationEssentials
import SpecModel

/// What every command that reads a spec takes.
struct SpecOptions: ParsableArguments {
  @Argument(help: "A YAML file, or a directory of them.", completion: .file(extensions: ["yaml", "yml"]))
  var spec = "."

  @OptionGroup var reading: ReadingOptions

  /// The checked spec; with errors in it, prints them all and ends the command.
  ///
  /// - Parameter policy: files whose rules count beside the spec's own.
  func load(policy: PolicyOptions? = nil) throws -> Site { try accept(try read(policy: policy)) }

  /// The site of what was read; with errors in it, prints them all and ends the command.
  func accept(_ result: SpecLoader.Result) throws -> Site {
    Terminal.report(result.diagnostics, in: result.sources)
    guard let site = result.site else {
      let count = result.diagnostics.count { $0.severity == .error }
      Terminal.remark("\(count) error\(count == 1 ? "" : "s") in the spec")
      throw ExitStatus.invalidSpec
    }
    let faults = SpecXML.faults(in: site)
    Terminal.report(faults, in: result.sources)
    guard faults.isEmpty else { throw ExitStatus.invalidSpec }
    return site
  }

  /// What comes of reading the spec; its secrets are concealed from now on. Ends the command if it is a saved plan.
  func read(policy: PolicyOptions? = nil) throws -> SpecLoader.Result {
    if try PlanFile.read(spec) != nil {
      throw Terminal.fail(
        "'\(spec)' is a saved plan, not a spec", help: "virtform apply \(spec) carries it out")
    }
    let result = loader(policy).load(spec)
    Terminal.conceal(result.secrets)
    return result
  }

  /// What would come of the spec with these texts instead of its own.
  func read(_ sources: [SourceText]) -> SpecLoader.Result {
    let result = loader(nil).load(sources)
    Terminal.conceal(result.secrets)
    return result
  }

  private func loader(_ policy: PolicyOptions?) -> SpecLoader {
    let given = GivenVariables(assignments: reading.variables, files: reading.variableFiles)
    return SpecLoader(
      environment: ProcessInfo.processInfo.environment, given: given, policies: policy?.files ?? [])
  }

  /// The VM of that name; if the spec has none, says which is near and ends the command.
  func machine(_ name: String, in site: Site) throws -> MachineSpec {
    // As a plan calls it, too.
    let name =
      name.hasPrefix("vm.") && !site.machines.contains { $0.name.rawValue == name }
      ? String(name.dropFirst(3)) : name
    if let machine = site.machines.first(where: { $0.name.rawValue == name }) { return machine }
    throw unknown("VM", name, among: site.machines.map(\.name.rawValue))
  }

  /// Checks that the spec has the host; if it does not, says which is near and ends the command.
  func requireHost(_ name: ResourceName, in site: Site) throws {
    guard site.host(name) == nil else { return }
    throw unknown("host", name.rawValue, among: site.hosts.map(\.name.rawValue))
  }

  /// Says that the spec has no `kind` of that name.
  func unknown(_ kind: String, _ name: String, among known: [String]) -> ExitStatus {
    let near = Diagnostics().nearest(to: name, in: known).map { "did you mean '\($0)'?" }
    let all =
      known.isEmpty
      ? nil : "there are " + known.prefix(10).joined(separator: ", ") + (known.count > 10 ? ", …" : "")
    return Terminal.fail("no \(kind) '\(name)' in this spec", help: near ?? all)
  }
}

import ArgumentParser
import Planner
import SpecModel

/// What every command takes that plans: which part, and what it may do.
struct PlanningOptions: ParsableArguments {
  @Flag(name: .customLong("allow-data-loss"), help: "Delete the disks of what the spec no longer has.")
  var allowsDataLoss = false

  @Option(
    name: .customLong("allow-data-loss-of"),
    help: ArgumentHelp("Let this disk lose its content; may be given again.", valueName: "address"),
    completion: Completions.diskAddresses, transform: Self.pattern)
  var dataLoss: [AddressPattern] = []

  @Flag(
    name: .customLong("restart"),
    help: "Restart guests for what they cannot take while they run, whatever on_change says.")
  var restarts = false

  @Flag(
    name: .customLong("force-shutdown"),
    help: "Power off guests that do not shut down in time, whatever 'shutdown' says.")
  var forcesShutdown = false

  @Option(
    name: .customLong("target"),
    help: ArgumentHelp(
      "Only this object and what it needs; may be given again. Such as vm.web-2 or vm.web-*.",
      valueName: "address"),
    completion: Completions.addresses, transform: Self.pattern)
  var targets: [AddressPattern] = []

  @Option(
    name: .customLong("exclude"),
    help: ArgumentHelp("Not this object, nor what needs it; may be given again.", valueName: "address"),
    completion: Completions.addresses, transform: Self.pattern)
  var excluded: [AddressPattern] = []

  @Option(
    name: .customLong("replace"),
    help: ArgumentHelp("Remove this VM and make it anew; may be given again.", valueName: "address"),
    completion: Completions.machineAddresses, transform: Self.pattern)
  var replaced: [AddressPattern] = []

  @Option(
    name: .customLong("drain"),
    help: ArgumentHelp(
      "Have the VMs leave this host, as if it were drained; may be given again.", valueName: "host"),
    transform: Self.host)
  var drained: [ResourceName] = []

  @Option(
    name: .customLong("fenced"),
    help: ArgumentHelp(
      "I have made sure that nothing runs on this unreachable host any more: start its VMs elsewhere; may be given again.",
      valueName: "host"), transform: Self.host)
  var fenced: [ResourceName] = []

  func planning(_ goal: SitePlanner.Goal) -> SitePlanner.Options {
    var options = SitePlanner.Options(goal: goal)
    options.dataLoss = allowsDataLoss ? dataLoss.isEmpty ? .all : .allAnd(dataLoss) : .only(dataLoss)
    options.restarts = restarts
    options.forcesShutdown = forcesShutdown
    options.replaced = replaced
    options.drained = Set(drained)
    options.fenced = Set(fenced)
    options.scope = PlanScope(targets: targets, excluded: excluded)
    return options
  }

  /// True if nothing of it was given.
  var isEmpty: Bool {
    !allowsDataLoss && dataLoss.isEmpty && !restarts && !forcesShutdown && targets.isEmpty && excluded.isEmpty
      && replaced.isEmpty && drained.isEmpty && fenced.isEmpty
  }

  static func host(_ text: String) throws -> ResourceName {
    do {
      return try ResourceName(parsing: text)
    } catch {
      throw ValidationError(error.message)
    }
  }

  private static func pattern(_ text: String) throws -> AddressPattern {
    do {
      return try AddressPattern(parsing: text)
    } catch {
      throw ValidationError(error.message + (error.help.map { "; \($0)" } ?? ""))
    }
  }
}

import Applier
import ArgumentParser

/// What `apply` and `destroy` take.
struct ConvergenceOptions: ParsableArguments {
  @OptionGroup var spec: SpecOptions
  @OptionGroup var consent: ConsentOptions
  @OptionGroup var approval: ApprovalOptions
  @OptionGroup var lock: LockOptions
  @OptionGroup var planning: PlanningOptions
  @OptionGroup var policy: PolicyOptions

  @Option(help: ArgumentHelp("How many steps of one host may be under way at once.", valueName: "count"))
  var parallelism = Executor.defaultStepsPerHost

  @OptionGroup(title: "Output") var output: RunOutputOptions

  func validate() throws {
    if parallelism < 1 { throw ValidationError("--parallelism is at least 1") }
  }
}

import ArgumentParser

/// What `apply` and `destroy` take.
struct ConvergenceOptions: ParsableArguments {
  @OptionGroup var spec: SpecOptions
  @OptionGroup var consent: ConsentOptions
  @OptionGroup var lock: LockOptions
  @OptionGroup var planning: PlanningOptions
}

/// How the tool ends, for scripts and pipelines.
enum ExitStatus: Int32, Error {
  case failure = 1
  case changesPresent = 2
  case invalidSpec = 3
  /// The hosts have changed since the plan was shown.
  case stalePlan = 4
  case partlyApplied = 5
  /// Somebody else works on the stack, or keeps others from doing so.
  case locked = 6
  /// What was asked for needs a consent that was not given.
  case refused = 7
}

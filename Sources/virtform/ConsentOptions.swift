import ArgumentParser

/// What a command that changes hosts takes.
struct ConsentOptions: ParsableArguments {
  @Flag(name: .customLong("auto-approve"), help: "Do it without asking.")
  var isApproved = false

  @Flag(name: .customLong("allow-data-loss"), help: "Delete the disks of what the spec no longer has.")
  var allowsDataLoss = false
}

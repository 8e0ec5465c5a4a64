import ArgumentParser

/// Checks a spec without touching a host.
struct ValidateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate", abstract: "Check a spec without any host.")

  @OptionGroup var options: SpecOptions

  func run() throws {
    let site = try options.load()
    let counts = [
      (site.hosts.count, "host"), (site.pools.count, "pool"), (site.networks.count, "network"),
      (site.disks.count, "disk"), (site.machines.count, "VM"),
    ]
    let parts = counts.filter { $0.0 > 0 }.map { "\($0) \($1)\($0 == 1 ? "" : "s")" }
    Terminal.print("The spec is valid: stack \(site.stack), \(parts.joined(separator: ", ")).")
  }
}

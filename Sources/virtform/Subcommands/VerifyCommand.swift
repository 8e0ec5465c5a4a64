import Applier
import ArgumentParser
import Libvirt
import Planner
import Reports
import SpecModel

/// Looks whether what hosts remember of the stack fits together. Opens them for reading only, unless it is to mend something.
struct VerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    subcommand: "verify",
    abstract: "Look for damaged marks, missing files, what is left over, and stale locks.",
    discussion: """
      Says of each finding what it means, and who mends it: the next apply, 'verify --fix', or a person, with the command to \
      paste. --fix does only what loses nothing. What differs from the spec is for 'virtform plan'.
      """)

  @OptionGroup var options: SpecOptions

  @Flag(name: .customLong("fix"), help: "Mend what can be mended without any loss, under the lock.")
  var fixes = false

  @OptionGroup var consent: ConsentOptions
  @OptionGroup var lock: LockOptions

  @Flag(
    name: .customLong("detailed-exitcode"),
    help: "End with 2 if anything is found; with --fix, if anything is left.")
  var hasDetailedExitCode = false

  @Flag(name: .customLong("json"), help: "As JSON.")
  var isJSON = false

  func validate() throws {
    if !fixes, consent.isApproved { throw ValidationError("--auto-approve goes with --fix") }
    if !fixes, lock.timeout.seconds > 0 { throw ValidationError("--lock-timeout goes with --fix") }
  }

  func run() async throws {
    if fixes { try PlanSignature.refuseUnsigned(SignatureRequirement.ofEnvironment) }
    let access: Connection.Access = fixes ? .readWrite : .readOnly
    let left = try await Workspace.open(options, access: access).closing { workspace in
      let found = try await workspace.verification()
      if fixes, !found.mendable.isEmpty { return try await mend(found, workspace) }
      show(found, workspace.site)
      return found
    }
    if hasDetailedExitCode, !left.findings.isEmpty { throw ExitStatus.changesPresent }
  }

  /// Shows what was found, asks, mends what is for it, and shows what is left.
  private func mend(_ found: Verification, _ start: Workspace) async throws -> Verification {
    if !isJSON { show(found, start.site) }
    _ = try await consent.obtain(for: "Mend what 'verify --fix' mends?")
    var workspace = start
    var report: ApplyReport?
    try await Locking(workspace).holding(command: "verify", timeout: lock.timeout) { lock in
      await workspace.fleet.refreshSharedPools(of: workspace.site)
      workspace = try await workspace.refreshed()
      // What was half done when it was shown may be whole by now, and what came up since nobody has seen.
      let plan = try await workspace.verification().mending(Set(found.mendable))
      let executor = Executor(fleet: workspace.fleet, states: workspace.states, interruption: { lock.loss }) {
        _ in
      }
      report = await executor.run(plan).mapTexts(Terminal.redacted)
    }
    workspace = try await workspace.refreshed()
    let left = try await workspace.verification()
    let mended = found.mendable.filter { !left.findings.contains($0) }
    if isJSON {
      show(left, workspace.site, mended: mended)
    } else {
      Terminal.print("\nMended \(mended.count) of \(found.mendable.count).")
      if !left.findings.isEmpty { show(left, workspace.site) }
    }
    guard let report, !report.succeeded else { return left }
    Terminal.remark(ReportText(report, site: workspace.site, style: .plain).render(goal: .converge))
    throw mended.isEmpty ? ExitStatus.failure : .partlyApplied
  }

  private func show(_ verification: Verification, _ site: Site, mended: [Finding] = []) {
    let location = { (finding: Finding) in finding.path.flatMap { site.origins.location(of: $0) } }
    if isJSON {
      let document = VerificationDocument(
        verification, mended: mended, version: VersionCommand.current, location: location)
      return Terminal.print(document.json)
    }
    let style = Terminal.style(noColor: options.reading.noColor)
    Terminal.print(VerificationText(verification, style: style, location: location).render(), terminator: "")
  }
}

extension Workspace {
  /// What is wrong with what the hosts have of the stack.
  func verification() async throws -> Verification {
    let locks = try await Locking(self).verified()
    return Verification(
      of: site, hosts: await fleet.lookingAtFiles(states, of: site.stack),
      unreachable: unreachable.map { UnreachableHost(name: $0.host, reason: $0.reason) }, locks: locks)
  }
}

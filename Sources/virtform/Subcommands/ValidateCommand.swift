import ArgumentParser
import Reports
import SpecModel

/// Checks a spec without touching a host.
struct ValidateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    subcommand: "validate", abstract: "Check a spec without any host.")

  /// In which form faults are shown.
  enum Format: String, CaseIterable, ExpressibleByArgument {
    case text, json, sarif, github
  }

  @OptionGroup var options: SpecOptions
  @OptionGroup var policy: PolicyOptions

  @Option(help: "How to show faults: \(Format.allCases.map(\.rawValue).joined(separator: ", ")).")
  var format: Format?

  @Flag(name: .customLong("json"), help: "Short for --format json.")
  var isJSON = false

  @Option(
    name: .customLong("sarif-into"), help: ArgumentHelp("Write faults as SARIF, too.", valueName: "file"),
    completion: .file())
  var sarif: String?

  func validate() throws {
    if isJSON, let format, format != .json {
      throw ValidationError("--json and --format \(format.rawValue) exclude each other")
    }
  }

  func run() throws {
    let result = try options.read(policy: policy)
    let report = SARIFReport(result.diagnostics, version: VersionCommand.current).json
    if let sarif {
      try OutputFile.replace(sarif, with: Array((Terminal.redacted(report).text + "\n").utf8))
    }
    switch isJSON ? .json : format ?? .text {
    case .text:
      let site = try options.accept(result)
      Terminal.print("The spec is valid: stack \(site.stack), \(Self.text(Self.counts(site))).")
    case .json:
      Terminal.report(result.diagnostics)
      Terminal.print(Self.document(result))
    case .sarif: Terminal.print(report)
    case .github:
      for diagnostic in result.diagnostics { Terminal.printExactly(GitHubAnnotations.line(diagnostic)) }
    }
    if result.site == nil { throw ExitStatus.invalidSpec }
  }

  private static func document(_ result: SpecLoader.Result) -> StructuredValue {
    var members: [String: StructuredValue] = [
      "format_version": .string(PlanDocument.formatVersion), "valid": .bool(result.site != nil),
    ]
    if let site = result.site {
      members["stack"] = .string(site.stack.rawValue)
      members["counts"] = .map(
        Dictionary(counts(site).map { ("\($1)s", StructuredValue($0)) }, uniquingKeysWith: { $1 }))
    }
    return .map(members)
  }

  private static func counts(_ site: Site) -> [(Int, String)] {
    [
      (site.hosts.count, "host"), (site.pools.count, "pool"), (site.networks.count, "network"),
      (site.disks.count, "disk"), (site.machines.count, "vm"),
    ]
  }

  private static func text(_ counts: [(Int, String)]) -> String {
    counts.filter { $0.0 > 0 }.map { "\($0) \($1 == "vm" ? "VM" : $1)\($0 == 1 ? "" : "s")" }
      .joined(separator: ", ")
  }
}

import ArgumentParser
import Planner
import Reports

/// In which form a plan is shown.
enum PlanFormat: String, CaseIterable, ExpressibleByArgument {
  case text, json, markdown, gitlab, html
}

/// How a plan is shown, and what is written besides.
struct PlanOutputOptions: ParsableArguments {
  @Option(help: "How to show the plan: \(PlanFormat.allCases.map(\.rawValue).joined(separator: ", ")).")
  var format: PlanFormat?

  @Flag(name: .customLong("json"), help: "Short for --format json.")
  var isJSON = false

  @Option(
    name: .customLong("json-into"), help: ArgumentHelp("Write the plan as JSON, too.", valueName: "file"),
    completion: .file())
  var json: String?

  @Option(
    name: .customLong("markdown-into"),
    help: ArgumentHelp("Write it as Markdown for a pull request, too.", valueName: "file"),
    completion: .file())
  var markdown: String?

  @Option(
    name: .customLong("gitlab-into"),
    help: ArgumentHelp("Write GitLab's terraform report, too.", valueName: "file"), completion: .file())
  var gitlab: String?

  @Option(
    name: .customLong("html-into"),
    help: ArgumentHelp("Write a page with a drawing of the hosts, too.", valueName: "file"),
    completion: .file(extensions: ["html"]))
  var html: String?

  func validate() throws {
    if isJSON, let format, format != .json {
      throw ValidationError("--json and --format \(format.rawValue) exclude each other")
    }
  }

  /// True if a person reads it.
  var isText: Bool { !isJSON && (format ?? .text) == .text }

  /// Shows `plan`, and writes the files.
  func show(_ plan: PlanForms, style: TextStyle) throws {
    let files = [(PlanFormat.json, json), (.markdown, markdown), (.gitlab, gitlab), (.html, html)]
    for (format, path) in files {
      if let path { try OutputFile.replace(path, with: Array(plan.text(in: format, style: .plain).utf8)) }
    }
    let format = isJSON ? .json : format ?? .text
    if format == .json { return Terminal.print(try plan.document.json) }
    Terminal.print(try plan.text(in: format, style: style), terminator: "")
  }
}

/// A plan in each of its forms, without secrets.
struct PlanForms {
  let plan: Plan
  private let workspace: Workspace
  /// What a person reads, where it is made ahead.
  private var prepared: Task<String, Never>?
  /// Of the plan, with the secrets in it; it takes time for plans of many changes, and not each form tells it.
  private let digest: () throws -> String

  /// - Parameter options: those that the plan was made with.
  init(_ plan: Plan, in workspace: Workspace, options: SitePlanner.Options) {
    self.plan = Terminal.redacted(plan)
    self.workspace = workspace
    digest = { try workspace.saved(plan, options: options).digest }
  }

  var document: PlanDocument {
    get throws {
      PlanDocument(plan, of: workspace.site, digest: try digest(), version: VersionCommand.current)
    }
  }

  /// Begins what a person reads, which takes a while for many changes and may as well be made while hosts are waited for.
  mutating func prepareText(style: TextStyle) {
    prepared = Task { [plan] in Self.text(of: plan, style: style) }
  }

  /// Takes what the forms of the same plan have prepared.
  mutating func takePrepared(from other: PlanForms) {
    if plan == other.plan { prepared = other.prepared }
  }

  /// What a person reads: what was prepared, or else made now in `style`.
  func preparedText(orIn style: TextStyle) async -> String {
    await prepared?.value ?? Self.text(of: plan, style: style)
  }

  private static func text(of plan: Plan, style: TextStyle) -> String {
    PlanText(plan, style: style).render()
  }

  func text(in format: PlanFormat, style: TextStyle) throws -> String {
    switch format {
    case .text: Self.text(of: plan, style: style)
    case .json: try document.json.text + "\n"
    case .markdown: PlanMarkdown(plan, digest: try digest()).render()
    case .gitlab: GitLabReport.json(plan).text + "\n"
    case .html: HTMLReport(plan, estate, digest: try digest(), version: VersionCommand.current).render()
    }
  }

  private var estate: Estate {
    let wanted = plan.goal == .converge ? Estate(workspace.site, plan: plan) : Estate(hostsOf: workspace.site)
    return wanted.including(leavingBy: plan, from: workspace.states)
      .gauged(by: workspace.states, plan: plan)
  }
}

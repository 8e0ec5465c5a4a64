public import SpecModel

/// Diagnostics as GitHub's workflow commands, which its runner shows at the lines they are about.
/// <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>
public enum GitHubAnnotations {
  /// `::error file=site.yaml,line=12,col=13,title=virtform::…`
  public static func line(_ diagnostic: Diagnostic) -> String {
    var properties: [String] = []
    if let location = diagnostic.location {
      properties = [
        "file=\(property(location.path))", "line=\(location.line)", "col=\(location.column)",
      ]
    }
    properties.append("title=virtform")
    let message = diagnostic.message + (diagnostic.help.map { "\nhelp: \($0)" } ?? "")
    return "::\(diagnostic.severity.rawValue) \(properties.joined(separator: ","))::\(data(message))"
  }

  private static func data(_ text: String) -> String {
    printableLines(text).replacingScalars("%", with: "%25").replacingScalars("\n", with: "%0A")
  }

  private static func property(_ text: String) -> String {
    data(text).replacingScalars(":", with: "%3A").replacingScalars(",", with: "%2C")
  }
}

import ArgumentParser
import Reports
import SpecModel

/// Draws what a spec describes.
struct GraphCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    subcommand: "graph",
    abstract: "Draw the hosts of a spec with their VMs, networks and disks; touches no host.",
    discussion: """
      DOT is for Graphviz (virtform graph | dot -Tpng -o hosts.png), Mermaid for pages of code hosts, SVG for any browser.
      """)

  enum Format: String, CaseIterable, ExpressibleByArgument {
    case dot, mermaid, svg
  }

  @OptionGroup var options: SpecOptions

  @Option(help: "The form: \(Format.allCases.map(\.rawValue).joined(separator: ", ")).")
  var format = Format.dot

  func run() throws {
    let estate = Estate(try options.load())
    let text =
      switch format {
      case .dot: EstateGraph(estate.folded).dot
      case .mermaid: EstateGraph(estate.folded).mermaid
      case .svg: EstateDrawing(estate).document
      }
    Terminal.print(text, terminator: "")
  }
}

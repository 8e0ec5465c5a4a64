import ArgumentParser
import FoundationEssentials
import Planner

/// Makes the hosts as the spec says.
struct ApplyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    subcommand: "apply", abstract: "Make the hosts as the spec says, or carry out a saved plan.",
    discussion: """
      Instead of a spec it takes a plan that 'virtform plan -o FILE' saved. That is carried out without asking, as it was \
      reviewed; if the spec or a host has changed since in what the plan rests on, nothing is done. With --require-signature \
      it has to be signed, as 'virtform plan -o FILE --sign KEY' does.
      """)

  @OptionGroup var options: ConvergenceOptions

  @OptionGroup var signature: SignatureOptions

  func run() async throws {
    guard let file = try PlanFile.read(options.spec.spec) else {
      try PlanSignature.refuseUnsigned(signature.requirements)
      return try await Convergence(options: options, goal: .converge).run()
    }
    for requirement in signature.requirements {
      let signer = try await PlanSignature.verify(file.bytes, from: options.spec.spec, requirement)
      Terminal.remark("The plan is signed by \(signer).")
    }
    let saved = file.plan
    guard options.planning.isEmpty else {
      throw Terminal.fail(
        "what a saved plan may do was said when it was made; no further options go with it")
    }
    guard FileManager.default.fileExists(atPath: saved.spec.path) else {
      throw Terminal.fail(
        "the plan '\(options.spec.spec)' is about the spec at '\(saved.spec.path)', and there is none",
        help: "carry it out in the directory that it was made in")
    }
    try await Convergence(options: options, saved: saved).run()
  }
}

import ArgumentParser

/// Whose signature a saved plan needs.
struct SignatureOptions: ParsableArguments {
  @Option(
    name: .customLong("require-signature"),
    help: ArgumentHelp(
      "Carry out nothing but a saved plan that one of these signers has signed: a file as ssh-keygen's allowed_signers. "
        + "\(SignatureRequirement.variable) asks for it always.", valueName: "file"), completion: .file())
  var signers: String?

  @Option(
    name: .customLong("signer"),
    help: ArgumentHelp("With --require-signature: only this one of them.", valueName: "principal"))
  var principal: String?

  func validate() throws {
    if principal != nil, signers == nil { throw ValidationError("--signer goes with --require-signature") }
  }

  /// What has to hold: what was asked for here never weakens what the environment asks for.
  var requirements: [SignatureRequirement] {
    SignatureRequirement.ofEnvironment
      + (signers.map {
        [SignatureRequirement(signers: $0, principal: principal, source: "--require-signature")]
      }
        ?? [])
  }
}

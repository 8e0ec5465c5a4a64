import FoundationEssentials
import Planner
import SpecModel
import Subprocess

/// Signatures of saved plans by SSH keys, which `ssh-keygen -Y` makes and verifies
/// (<https://man.openbsd.org/ssh-keygen#Y>). The signature of `FILE` is `FILE.sig`.
enum PlanSignature {
  /// Keeps what was signed for anything else from counting as a plan, and the other way round.
  static let namespace = "virtform-plan"

  private static let tool = "ssh-keygen"

  static func path(of plan: String) -> String { "\(plan).sig" }

  /// The signature of `bytes`.
  ///
  /// - Parameter key: the file of a private key, or of a public one whose private half an agent has.
  static func make(of bytes: Data, by key: String) async throws -> [UInt8] {
    guard FileManager.default.fileExists(atPath: key) else {
      throw Terminal.fail(
        "there is no key '\(key)' to sign with",
        help: "--sign takes the file of a private key, or of a public one that an agent has")
    }
    let said = try await run(["-Y", "sign", "-q", "-f", key, "-n", namespace], input: bytes)
    guard said.isSuccess, said.output.hasPrefix("-----BEGIN SSH SIGNATURE-----") else {
      throw Terminal.fail("the plan is not signed, and not saved: \(said.errors)")
    }
    return Array(said.output.utf8)
  }

  /// Checks that one of the allowed signers has signed these very bytes, and returns the one who did; if nobody did, says why
  /// and ends the command.
  ///
  /// - Parameter path: the file that they were read from.
  static func verify(_ bytes: Data, from path: String, _ requirement: SignatureRequirement) async throws
    -> String
  {
    let signature = self.path(of: path)
    for (file, what) in [(requirement.signers, "file of allowed signers")]
    where !FileManager.default.isReadableFile(atPath: file) {
      throw Terminal.fail("there is no \(what) '\(file)', which \(requirement.source) names")
    }
    guard FileManager.default.isReadableFile(atPath: signature) else {
      throw refusal(
        "the plan '\(path)' is not signed: there is no '\(signature)'",
        help: "virtform plan -o \(path) --sign KEY signs it")
    }
    var principals = [requirement.principal].compactMap { $0 }
    if principals.isEmpty {
      let found = try await run(
        ["-Y", "find-principals", "-s", signature, "-f", requirement.signers], input: Data())
      principals = found.isSuccess ? found.output.split(separator: "\n").map(String.init) : []
      guard !principals.isEmpty else {
        throw refusal(
          "the plan '\(path)' was signed by nobody who may: its key is not among the signers of "
            + "'\(requirement.signers)'" + (found.errors.isEmpty ? "" : ": \(found.errors)"))
      }
    }
    var reason = ""
    for principal in principals {
      let said = try await run(
        [
          "-Y", "verify", "-f", requirement.signers, "-I", principal, "-n", namespace, "-s", signature,
        ], input: bytes)
      if said.isSuccess { return principal }
      reason = said.errors
    }
    throw refusal(
      "the signature of the plan '\(path)' does not count"
        + (requirement.principal.map { " as one of '\($0)'" } ?? "") + (reason.isEmpty ? "" : ": \(reason)"),
      help:
        "the plan or its signature was altered, the key is not this signer's or not valid now, or it was signed for "
        + "something else than '\(namespace)'")
  }

  /// Ends a run that is not about a saved plan where only signed ones may be carried out.
  static func refuseUnsigned(_ requirements: [SignatureRequirement]) throws {
    guard let requirement = requirements.first else { return }
    throw refusal(
      "\(requirement.source) asks for a signed plan, and this run has none",
      help:
        "virtform plan -o FILE --sign KEY makes one, also with --destroy and --drain; virtform apply FILE carries it out"
    )
  }

  private static func refusal(_ message: String, help: String? = nil) -> ExitStatus {
    Terminal.fail(message, help: help, .refused)
  }

  private struct Said {
    let isSuccess: Bool
    let output: String
    /// In one line.
    let errors: String
  }

  private static func run(_ arguments: [String], input: Data) async throws -> Said {
    do {
      let result = try await Subprocess.run(
        .name(tool), arguments: Arguments(arguments), environment: .inherit.updating(["LC_ALL": "C"]),
        input: .array(Array(input)), output: .string(limit: 1 << 20), error: .string(limit: 1 << 16))
      let lines = result.standardError.split(whereSeparator: \.isNewline).map {
        printable($0.trimmingPrefix { $0 == " " }.description)
      }
      return Said(
        isSuccess: result.terminationStatus.isSuccess, output: result.standardOutput,
        errors: lines.joined(separator: "; "))
    } catch {
      throw Terminal.fail(
        "\(tool) cannot be run, which signs plans and verifies them",
        help: "on Debian: apt install openssh-client")
    }
  }
}

/// Who has to have signed a plan before it is carried out.
struct SignatureRequirement {
  /// A file of allowed signers, as `ssh-keygen` has it.
  let signers: String
  /// The one of them that counts; nil for any.
  let principal: String?
  /// What asks for it, for people.
  let source: String

  /// An owner of a pipeline sets it where `apply` runs: nothing is carried out there that nobody signed.
  static let variable = "VIRTFORM_REQUIRE_SIGNATURE"

  /// What the environment asks for. An empty value is one, too: it fails closed.
  static var ofEnvironment: [SignatureRequirement] {
    ProcessInfo.processInfo.environment[variable].map {
      [SignatureRequirement(signers: $0, principal: nil, source: variable)]
    } ?? []
  }
}

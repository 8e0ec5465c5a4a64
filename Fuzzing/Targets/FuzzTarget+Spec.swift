import SpecModel

extension FuzzTarget {
  /// A spec is a site, or there are errors that say why not. Files that it names may be read, and nothing else.
  static func readSpec(_ bytes: UnsafeRawBufferPointer) throws(FuzzFault) {
    guard let text = String(validating: bytes, as: UTF8.self) else { return }
    let source = SourceText(path: "fuzz.yaml", text: text)
    let result = SpecLoader(environment: [:]).load([source])
    try check(result.diagnostics, in: result.sources)
    let hasErrors = result.diagnostics.contains { $0.severity == .error }
    try require((result.site == nil) == hasErrors, "a site although there are errors, or none without any")
  }

  /// A URI that is accepted makes the same URI again, and has nothing in it that a shell or libvirt would run.
  static func readURI(_ bytes: UnsafeRawBufferPointer) throws(FuzzFault) {
    let text = String(decoding: bytes, as: UTF8.self)
    guard let uri = try? HostURI(parsing: text) else { return }
    let written = uri.description
    let again = try? HostURI(parsing: written)
    try require(again == uri && again?.description == written, "'\(written)' is read as another URI")
    let isPlain = written.unicodeScalars.allSatisfy { scalar in
      switch scalar {
      case "a"..."z", "A"..."Z", "0"..."9": true
      default: "/._-+:,@?&=[]%".unicodeScalars.contains(scalar)
      }
    }
    try require(isPlain, "'\(written)' has characters that no URI of a host needs")
    let allowed: Set = [
      "socket", "mode", "keyfile", "known_hosts", "sshauth", "proxy", "no_tty", "pkipath", "tls_priority",
    ]
    let names = uri.parameters.map(\.name)
    try require(allowed.isSuperset(of: names), "'\(written)' has parameters that are not allowed")
    try require(Set(names).count == names.count, "'\(written)' has a parameter twice")
    for part in [uri.user, uri.host].compactMap({ $0 }) + uri.parameters.map(\.value) {
      try require(part.first != "-", "'\(written)' has a part that a program could take for an option")
    }
  }
}

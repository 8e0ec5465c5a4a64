/// What a VM says that no output shows.
extension SiteDecoder {
  /// Remembers the passwords in `machine`, right or wrong, so that no output shows them.
  mutating func concealPasswords(in machine: YAMLNode) {
    guard let machine = machine.mapping else { return }
    for node in [Self.screenPassword(machine)] + Self.userPasswords(machine) {
      if let scalar = node?.scalar, !scalar.isNull { conceal(scalar.text) }
    }
  }

  /// Warns of passwords that `machine`, as it was written, holds itself.
  mutating func checkForLiteralPasswords(_ machine: YAMLMapping) {
    warn(
      of: Self.screenPassword(machine),
      help:
        "take it from a variable that is read from elsewhere, such as vnc: {env: VNC_PASSWORD, secret: true}")
    for node in Self.userPasswords(machine) {
      if let text = node.scalar?.string, Self.isHash(text) {
        conceal(text)
      } else {
        warn(
          of: node,
          help: "write its hash, as mkpasswd prints it, or take it from a variable with secret: true")
      }
    }
  }

  private mutating func warn(of node: YAMLNode?, help: String) {
    guard let node, let text = node.scalar?.string, !text.isEmpty, !Self.isRead(text) else { return }
    conceal(text)
    diagnostics.warning("this password stands in the spec in clear text", at: node.location, help: help)
  }

  /// True for a text that comes from elsewhere, at least in part.
  private static func isRead(_ text: String) -> Bool {
    ["${var.", "${env:", "${file:"].contains(where: text.contains)
  }

  /// True for what `crypt(5)` makes of a password.
  static func isHash(_ text: String) -> Bool {
    text.wholeMatch(of: /\$[0-9a-z]{1,3}\$[A-Za-z0-9.\/$=,]{8,}/) != nil
  }

  private static func screenPassword(_ machine: YAMLMapping) -> YAMLNode? {
    machine["graphics"]?.value.mapping?["password"]?.value
  }

  private static func userPasswords(_ machine: YAMLMapping) -> [YAMLNode] {
    let users = machine["cloud_init"]?.value.mapping?["users"]?.value.mapping?.entries ?? []
    return users.compactMap { $0.value.mapping?["password"]?.value }
  }
}

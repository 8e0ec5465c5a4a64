extension SiteDecoder {
  /// How to log in to a VM: `ssh: {user: debian, key: ~/.ssh/id_ed25519}`.
  func decodeSSH(_ reader: MappingReader) -> SSHAccess? {
    guard let ssh = reader.nonEmpty("ssh", help: "such as ssh: {user: debian}") else { return nil }
    defer { ssh.finish() }
    let user = ssh.value("user") { text throws(ValueError) in
      // What ssh could take for an option, or for another host, is none.
      guard !text.isEmpty, !text.hasPrefix("-"),
        text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != 0x40 })
      else { throw ValueError("'\(text)' is not the name of a user", help: "such as user: debian") }
      return text
    }
    let key = ssh.line("key").map { text in
      // ssh knows what a tilde means.
      text.hasPrefix("~") ? text : VariableTable.resolve(text, besides: ssh.location(of: "key").path)
    }
    if key == "" { ssh.error("'key' is empty", at: "key", help: "the path of a private key") }
    return SSHAccess(
      user: user, key: key, port: ssh.int("port", in: 1...65_535), via: ssh.value("via", Self.jumpHost))
  }

  /// `[user@]host[:port]`
  private static func jumpHost(_ text: String) throws(ValueError) -> String {
    let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
    let isUser = parts.count == 1 || !parts[0].isEmpty && (try? networkAddress(String(parts[0]))) != nil
    guard isUser, let host = parts.last, (try? networkAddress(String(host))) != nil else {
      throw ValueError("'\(text)' is not a host to jump through", help: "such as via: root@rack1.example.org")
    }
    return text
  }
}

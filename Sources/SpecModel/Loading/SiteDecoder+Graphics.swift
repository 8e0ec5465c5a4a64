extension SiteDecoder {
  /// `graphics: vnc` is short for `graphics: {type: vnc}`.
  func decodeGraphics(_ reader: MappingReader, isComplete: Bool, into settings: inout MachineSettings) {
    guard reader.node("graphics")?.mapping != nil, let graphics = reader.nested("graphics") else {
      settings.graphics = reader.choice("graphics")
      return
    }
    defer { graphics.finish() }
    settings.graphics = graphics.choice("type")
    if isComplete { graphics.missing("type", help: "such as type: vnc") }
    settings.graphicsPassword = password(graphics, of: settings.graphics)
  }

  /// The password at `password`, which no message quotes.
  private func password(_ graphics: MappingReader, of type: Graphics?) -> String? {
    guard let password = graphics.string("password") else { return nil }
    func fail(_ message: String, help: String? = nil) -> String? {
      graphics.error(message, at: "password", help: help)
      return nil
    }
    // VNC's authentication looks at 8 bytes; SPICE's ticket has room for 60.
    let maximum =
      switch type {
      case .some(.none): 0
      case .vnc: 8
      case .spice, nil: 60
      }
    guard maximum > 0 else { return fail("a VM without a screen has no password for it") }
    guard !password.isEmpty else {
      return fail("'password' is empty", help: "leave it out for a screen without a password")
    }
    guard password.utf8.allSatisfy({ (0x20...0x7e).contains($0) }) else {
      return fail("'password' has a character that cannot be typed everywhere", help: "use printable ASCII")
    }
    guard password.utf8.count <= maximum else {
      return fail(
        "'password' is longer than the \(maximum) characters that \(type == .vnc ? "VNC" : "SPICE") takes")
    }
    return password
  }
}

public import Libvirt

/// True when a text has appeared on the serial console since the wait began.
struct ConsoleProbe: Probe {
  let text: String
  let console: GuestConsole

  func look() async throws -> Sighting {
    do {
      let seen = try await console.text()
      return seen.contains(text) ? .ready : .notYet(Self.last(of: seen))
    } catch let error as LibvirtError {
      return .notYet(Self.words(error))
    }
  }

  /// Why the console cannot be opened.
  static func words(_ error: LibvirtError) -> String {
    error.isBusyConsole ? "somebody else has the console" : error.message
  }

  /// The last line that says something.
  static func last(of text: String) -> String {
    let line = text.split(whereSeparator: \.isNewline).last { !$0.allSatisfy(\.isWhitespace) }
    return line.map { "\"\($0.suffix(120))\"" } ?? "an empty console"
  }
}

extension LibvirtError {
  /// True if a console was not opened since somebody has it.
  public var isBusyConsole: Bool {
    code == .operationFailed && message.contains("console session")
  }
}

/// A reader of what strangers write. It is given any bytes, and has to say what it makes of them or what is wrong.
public enum FuzzTarget: String, CaseIterable, Sendable {
  /// The YAML reader, and the formatter that works on the same tokens.
  case yaml
  /// All of a spec: values, references, counts, checks across objects, and what is told of them.
  case spec
  /// Documents of libvirt's.
  case xml
  /// Plans that were saved.
  case plan
  /// Where hosts are reached.
  case uri
  /// What other tools describe.
  case `import`

  /// Reads `bytes`.
  ///
  /// - Throws: what the reader promises and did not keep; an error about the input is none.
  public func run(_ bytes: UnsafeRawBufferPointer) throws(FuzzFault) {
    switch self {
    case .yaml: try Self.readYAML(bytes)
    case .spec: try Self.readSpec(bytes)
    case .xml: try Self.readXML(bytes)
    case .plan: try Self.readPlan(bytes)
    case .uri: try Self.readURI(bytes)
    case .import: try Self.readImport(bytes)
    }
  }
}

/// A promise of a reader's that an input broke.
public struct FuzzFault: Error, CustomStringConvertible {
  public let description: String

  init(_ description: String) { self.description = description }
}

/// Throws `message` unless `condition` holds.
func require(_ condition: Bool, _ message: @autoclosure () -> String) throws(FuzzFault) {
  guard condition else { throw FuzzFault(message()) }
}

/// Throws if `text` has what could steer a terminal or a CI log. Line breaks are the caller's to judge.
func requirePrintable(_ text: String, _ what: String) throws(FuzzFault) {
  let bad = text.unicodeScalars.first { scalar in
    switch scalar.value {
    case 0x0a: false
    case 0...0x1f, 0x7f...0x9f, 0x202a...0x202e, 0x2066...0x2069: true
    default: false
    }
  }
  guard let bad else { return }
  throw FuzzFault("\(what) has U+\(String(bad.value, radix: 16)): \(text.debugDescription)")
}

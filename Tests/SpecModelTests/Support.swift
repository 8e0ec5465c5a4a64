import FoundationEssentials
import Glibc
import Testing

@testable import SpecModel

/// `SourceLocation` of the spec; Testing has a type of the same name.
typealias Place = SpecModel.SourceLocation

/// A spec whose text marks places: `1️⃣` before a token stands for the token's line and column.
///
/// Findings are compared as texts, `"1️⃣ message | help: what to do | 2️⃣ a related note"`, so a finding that
/// nobody expected fails a test as one that is missing does.
struct MarkedSpec {
  let sources: [SourceText]
  private var markers: [Place: String] = [:]

  init(_ text: String) { self.init(files: ["site.yaml": text]) }

  init(files: [String: String]) {
    var sources: [SourceText] = []
    for (path, text) in files.sorted(by: { $0.key < $1.key }) {
      var plain = String.UnicodeScalarView()
      var (line, column) = (1, 1)
      var rest = Array(text.unicodeScalars)[...]
      while let scalar = rest.first {
        if ("1"..."9").contains(scalar), rest.dropFirst().first == "\u{fe0f}" {
          markers[Place(path: path, line: line, column: column)] = "\(scalar)\u{fe0f}\u{20e3}"
          rest = rest.dropFirst(3)
          continue
        }
        plain.append(scalar)
        (line, column) = scalar == "\n" ? (line + 1, 1) : (line, column + (scalar == "\u{feff}" ? 0 : 1))
        rest = rest.dropFirst()
      }
      sources.append(SourceText(path: path, text: String(plain)))
    }
    self.sources = sources
  }

  /// The marker at `location`, or else the location itself.
  func place(_ location: Place?) -> String {
    guard let location else { return "-" }
    return markers[location] ?? location.description
  }

  func text(of diagnostic: Diagnostic) -> String {
    var parts = ["\(place(diagnostic.location)) \(diagnostic.message)"]
    if let help = diagnostic.help { parts.append("help: \(help)") }
    parts += diagnostic.related.map { "\(place($0.location)) \($0.message)" }
    return parts.joined(separator: " | ")
  }

  func load(environment: [String: String] = [:]) -> SpecLoader.Result {
    SpecLoader(environment: environment).load(sources)
  }
}

/// What every spec starts with, for tests of something else.
let header = "virtform: 1\nstack: shop\n"

/// The findings of a whole spec, in the order that a person sees.
func findings(_ text: String, environment: [String: String] = [:]) -> [String] {
  let spec = MarkedSpec(text)
  return spec.load(environment: environment).diagnostics.map(spec.text)
}

/// The findings of a spec that starts with the usual header.
func findings(in body: String, environment: [String: String] = [:]) -> [String] {
  findings(header + body, environment: environment)
}

/// The findings of reading a text as YAML, without looking at what it says.
func yamlFindings(_ text: String, bounds: YAMLParser.Bounds = .init()) -> [String] {
  let spec = MarkedSpec(text)
  let diagnostics = Diagnostics()
  _ = YAMLParser.parse(spec.sources[0], bounds: bounds, diagnostics: diagnostics)
  return diagnostics.sorted.map(spec.text)
}

/// The root of a text that must be good YAML.
func yaml(_ text: String, sourceLocation: Testing.SourceLocation = #_sourceLocation) throws -> YAMLNode {
  let diagnostics = Diagnostics()
  let root = YAMLParser.parse(SourceText(path: "site.yaml", text: text), diagnostics: diagnostics)
  #expect(diagnostics.all.map(\.message) == [], sourceLocation: sourceLocation)
  return try #require(root, sourceLocation: sourceLocation)
}

/// The site of a spec that must be good, to the decoder as by the description of the language; `body` follows the usual
/// header.
func site(
  _ body: String, environment: [String: String] = [:],
  sourceLocation: Testing.SourceLocation = #_sourceLocation
) throws -> Site {
  let spec = MarkedSpec(header + body)
  let result = spec.load(environment: environment)
  #expect(result.diagnostics.map(spec.text) == [], sourceLocation: sourceLocation)
  let value = try #require(StructuredValue(yaml: spec.sources[0].text), sourceLocation: sourceLocation)
  #expect(LanguageCheck.faults(of: value) == [], sourceLocation: sourceLocation)
  return try #require(result.site, sourceLocation: sourceLocation)
}

extension Site {
  func machine(_ name: String) throws -> MachineSpec {
    try #require(machines.first { $0.name.rawValue == name })
  }
}

/// The error of parsing a value, as `"message | help: what to do"`; nil if there is none.
func problem<Value>(_ text: String, _ parse: (String) throws(ValueError) -> Value) -> String? {
  do {
    _ = try parse(text)
    return nil
  } catch {
    return error.message + (error.help.map { " | help: \($0)" } ?? "")
  }
}

/// A directory of files that goes when the last reference does.
final class TemporaryDirectory: Sendable {
  let path: String

  init(_ files: [String: [UInt8]] = [:]) throws {
    path = "/tmp/virtform-spec-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    for (name, bytes) in files { try write(name, bytes) }
  }

  convenience init(texts: [String: String]) throws {
    try self.init(texts.mapValues { Array($0.utf8) })
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ name: String, _ bytes: [UInt8]) throws {
    let file = try #require(fopen("\(path)/\(name)", "w"))
    defer { fclose(file) }
    fwrite(bytes, 1, bytes.count, file)
  }
}

/// The head of a qcow2 file as `qemu-img create` writes it (QEMU's `docs/interop/qcow2.txt`).
func qcow2(_ size: ByteCount, version: UInt32 = 3, backing: UInt64 = 0, features: UInt64 = 0) -> [UInt8] {
  func bytes(_ value: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: value.bigEndian, Array.init) }
  let start = [0x51, 0x46, 0x49, 0xfb] + bytes(version) + bytes(backing) + bytes(UInt32(0))
  return start + bytes(UInt32(16)) + bytes(size.rawValue) + [UInt8](repeating: 0, count: 40) + bytes(features)
    + [UInt8](repeating: 0, count: 24)
}

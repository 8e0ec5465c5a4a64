import Conversion
import Libvirt
import Testing

/// Converts a text, with files beside it.
func converted(
  _ text: String, _ path: String, beside files: [String: [UInt8]] = [:],
  sourceLocation: SourceLocation = #_sourceLocation
) throws -> ConvertedEstate {
  try converted(Array(text.utf8), path, beside: files, sourceLocation: sourceLocation)
}

func converted(
  _ bytes: [UInt8], _ path: String, beside files: [String: [UInt8]] = [:],
  sourceLocation: SourceLocation = #_sourceLocation
) throws -> ConvertedEstate {
  try Conversion.convert(SourceFile(path: path, bytes: bytes)) { name in
    files[name].map { SourceFile(path: name, bytes: $0) }
  }
}

/// What goes wrong with a text.
func error(_ text: String, _ path: String, as kind: Conversion.Kind? = nil) -> String? {
  error(Array(text.utf8), path, as: kind)
}

func error(_ bytes: [UInt8], _ path: String, as kind: Conversion.Kind? = nil) -> String? {
  do throws(ConversionError) {
    _ = try Conversion.convert(SourceFile(path: path, bytes: bytes), as: kind) { _ in nil }
    return nil
  } catch {
    return error.description
  }
}

extension ConvertedEstate {
  var domainText: String { domains.map { text(of: $0.document) }.joined() }

  var networkText: String { networks.map(text).joined() }

  var poolText: String { pools.map(text).joined() }

  private func text(of document: XMLElement) -> String {
    do { return try document.serialized() } catch { return "\(error)" }
  }

  var noteText: String { notes.map { "\($0)\n" }.joined() }
}

extension ConvertedEstate.Volume {
  var line: String {
    [
      pool ?? "-", name, path ?? "-", capacity.map { "\($0)" } ?? "-", format ?? "-", backingPath ?? "-",
      image.map(describe) ?? "-", usedBy.map { "\($0.domain)/\($0.target)" }.joined(separator: "+"),
    ].joined(separator: " ")
  }
}

extension ConvertedEstate.Image {
  var line: String {
    [
      name, describe(source), format ?? "-", member ?? "-", sha256?.prefix(8).description ?? "-",
      capacity.map { "\($0)" } ?? "-", usedBy.map { "\($0.domain)/\($0.target)" }.joined(separator: "+"),
    ].joined(separator: " ")
  }
}

private func describe(_ source: ConvertedEstate.ImageSource) -> String {
  switch source {
  case .path(let path): path
  case .url(let url): url
  }
}

extension ConvertedEstate {
  var volumeText: String { volumes.map { "\($0.line)\n" }.joined() }
  var imageText: String { images.map { "\($0.line)\n" }.joined() }
}

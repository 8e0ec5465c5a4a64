import FoundationEssentials

/// The words for formats; `vhd` is the usual one for what QEMU calls vpc.
enum ImageFormatWord: String, CaseIterable {
  case qcow2, raw, vmdk, vpc, vhd, vhdx, ova

  var format: ImageFormat? { self == .vhd ? .vpc : ImageFormat(rawValue: rawValue) }
}

/// The words for compressions.
enum CompressionWord: String, CaseIterable {
  case gz, xz, none
}

extension SiteDecoder {
  /// What `sha256` says for a URL whose content may change.
  private static let noChecksum = "none"

  mutating func decodeImages(_ spec: MappingReader) {
    for (name, entry) in declare(.images, in: spec) {
      let path = SpecPath("images.\(name)")
      guard let reader = MappingReader(entry.value, at: path, diagnostics) else { continue }
      if let image = decodeImage(name, reader) { images.append(image, as: name) }
      reader.finish()
    }
  }

  private func decodeImage(_ name: ResourceName, _ reader: MappingReader) -> ImageSpec? {
    let text = reader.string("source")
    reader.missing("source", help: "the path of an image file on this machine, or an https URL")
    let stated = reader.choice("format", ImageFormatWord.self)
    let compressed = reader.choice("compressed", CompressionWord.self)
    let member = reader.line("disk")
    let sha256 = reader.value("sha256") { text throws(ValueError) in try Self.sha256(text) }
    guard let text else { return nil }
    guard let source = source(text, reader) else { return nil }
    checkChecksum(of: source, sha256, reader)
    let words = Self.fileName(of: source).lowercased().split(separator: ".").dropFirst().map(String.init)
    guard let compression = compression(compressed, words, of: text, reader) else { return nil }
    guard let format = format(stated, words, of: text, reader) else { return nil }
    if member != nil, format != .ova {
      reader.error("'disk' names a disk of an OVA, and this is \(format.rawValue)", at: "disk")
    }
    return diagnostics.value(at: reader.location(of: "source")) { () throws(ValueError) in
      ImageSpec(
        name: name, source: source, sourceFormat: format, compression: compression,
        member: member, virtualSize: try Self.virtualSize(of: source, format, compression),
        sha256: sha256 == Self.noChecksum ? nil : sha256, path: reader.path)
    }
  }

  /// What the image's own head says, if it can be read as it is.
  private static func virtualSize(
    of source: ImageSpec.Source, _ format: ImageFormat, _ compression: Compression?
  ) throws(ValueError) -> ByteCount? {
    guard case .file(let path) = source else { return nil }
    if !format.isConverted, compression == nil {
      return try ImageHeader(file: path, stated: format == .raw ? .raw : .qcow2).virtualSize
    }
    guard FileReader(path)?.isRegular == true else {
      throw ValueError(
        "cannot read the image '\(path)'", help: "check that it is a file and that you may read it")
    }
    return nil
  }

  // MARK: Source

  private func source(_ text: String, _ reader: MappingReader) -> ImageSpec.Source? {
    guard let scheme = text.firstRange(of: "://") else {
      let file = VariableTable.resolve(text, besides: reader.location(of: "source").path)
      guard FileManager.default.fileExists(atPath: file) else {
        reader.error(
          "no image file at '\(file)'", at: "source", help: "paths are relative to the spec's file")
        return nil
      }
      return .file(file)
    }
    guard ["http", "https"].contains(text[..<scheme.lowerBound].lowercased()) else {
      reader.error(
        "'\(text[..<scheme.lowerBound])' URLs are not supported", at: "source",
        help: "use an http or https URL, or download it and name the file")
      return nil
    }
    let authority = text[scheme.upperBound...].prefix { !"/?#".contains($0) }
    guard !authority.isEmpty, text.unicodeScalars.allSatisfy({ (0x21...0x7e).contains($0.value) }) else {
      reader.error(
        "'\(text)' is not a URL", at: "source",
        help: "it names a server, and what is no plain character is written as %20")
      return nil
    }
    guard !authority.contains("@") else {
      reader.error(
        "a URL must not have a password in it", at: "source", help: "user and password belong in ~/.netrc")
      return nil
    }
    return .url(text)
  }

  private func checkChecksum(of source: ImageSpec.Source, _ sha256: String?, _ reader: MappingReader) {
    switch source {
    case .url where !reader.has("sha256"):
      reader.error(
        "'sha256' is missing in \(reader.path)", at: "source",
        help: "what changes at the source must not change the hosts unseen; sha256sum prints it, and "
          + "sha256: none takes whatever is there")
    case .file where sha256 == Self.noChecksum:
      reader.error("'none' is for URLs", at: "sha256", help: "leave out 'sha256': a file need not have one")
    case .url, .file: break
    }
  }

  private static func sha256(_ text: String) throws(ValueError) -> String {
    if text == noChecksum { return text }
    guard text.count == 64, text.allSatisfy({ $0.isASCII && $0.isHexDigit }) else {
      throw ValueError(
        "'\(text)' is not a SHA-256", help: "it has 64 hexadecimal digits; sha256sum prints it")
    }
    return text.lowercased()
  }

  // MARK: Format

  /// The last part of the path, without what a URL has after its path.
  private static func fileName(of source: ImageSpec.Source) -> String {
    switch source {
    case .file(let path): return path.split(separator: "/").last.map(String.init) ?? ""
    case .url(let url):
      let path = url.prefix { $0 != "?" && $0 != "#" }
      return path.split(separator: "/").last.map(String.init) ?? ""
    }
  }

  private static func format(named word: String) -> ImageFormat? {
    // What a CD-ROM drive reads is a raw image.
    word == "iso" ? .raw : ImageFormatWord(rawValue: word)?.format
  }

  /// The compression that is stated, or told by a name such as `disk.raw.xz`; nil inside if there is none.
  ///
  /// An `initrd.gz` is a file that a kernel takes as it is: only what has the ending of a disk below is decompressed.
  private func compression(
    _ stated: CompressionWord?, _ words: [String], of text: String, _ reader: MappingReader
  ) -> Compression?? {
    if let stated { return .some(Compression(rawValue: stated.rawValue)) }
    guard !reader.has("compressed"), let last = words.last, let known = Compression(rawValue: last) else {
      return .some(nil)
    }
    let inner = words.dropLast().last ?? ""
    if Self.format(named: inner) != nil { return known }
    if inner == "img" {
      reader.error(
        "the name of '\(text)' does not tell whether it is decompressed", at: "source",
        help: "add compressed: \(last), or compressed: none for what a kernel reads as it is")
      return nil
    }
    return .some(nil)
  }

  private func format(
    _ stated: ImageFormatWord?, _ words: [String], of text: String, _ reader: MappingReader
  ) -> ImageFormat? {
    if let format = stated?.format { return format }
    guard !reader.has("format") else { return nil }
    var words = words
    if let last = words.last, Compression(rawValue: last) != nil { words.removeLast() }
    if let format = words.last.flatMap(Self.format(named:)) { return format }
    reader.error(
      "the format of '\(text)' cannot be told from its name", at: "source",
      help: "add format: qcow2 or format: raw")
    return nil
  }
}

/// Finds out what a file is: by its content first and its ending second.
struct KindDetection {
  private let file: SourceFile
  private let head: [UInt8]

  init(_ file: SourceFile) {
    self.file = file
    head = (try? file.read(0, 64 << 10)) ?? []
  }

  var kind: Conversion.Kind? {
    if head.isEmpty { return nil }
    if head.starts(with: [0x1f, 0x8b]) { return ending == "box" ? .vagrantBox : nil }
    if TarHeader(head) != nil { return archive }
    guard let text = String(validating: wholeCharacters, as: UTF8.self) else {
      // The encoding of a VMX file is a matter of its content.
      return ending == "vmx" ? .vmx : nil
    }
    switch text.first(where: { !$0.isWhitespace && $0 != "\u{feff}" }) {
    case "{": return json(text)
    case "<": return text.contains("/ovf/envelope") || text.contains("Envelope") ? .ovf : nil
    default: return lines(text)
    }
  }

  private var ending: String { file.path.pathExtension }

  /// The head may end in the middle of a character.
  private var wholeCharacters: ArraySlice<UInt8> {
    var end = head.count
    guard UInt64(end) < file.size else { return head[...] }
    while end > 0, end > head.count - 4, head[end - 1] & 0xc0 == 0x80 { end -= 1 }
    return head[..<max(0, end - 1)]
  }

  private var archive: Conversion.Kind? {
    let names = (try? TarArchive.names(in: file, limit: 64)) ?? []
    if names.contains(where: { $0.pathExtension == "ovf" }) { return .ova }
    if names.contains(where: { $0.lastPathComponent == "metadata.json" }) { return .vagrantBox }
    switch ending {
    case "ova": return .ova
    case "box": return .vagrantBox
    default: return nil
    }
  }

  private func json(_ text: String) -> Conversion.Kind? {
    if file.path.hasSuffix(".tf.json") { return .terraformConfiguration }
    guard let root = try? JSONReader.read(file) else {
      // Broken, but plainly meant to be one: reading it tells what is wrong.
      return ending == "tfstate" ? .terraformState : nil
    }
    if root["provider"]?.text == "libvirt" { return .vagrantBox }
    if root["format_version"] != nil, root["values"] != nil || root["prior_state"] != nil {
      return .terraformJSON
    }
    if root["version"]?.integer != nil, root["resources"] != nil || root["modules"] != nil {
      return .terraformState
    }
    if root["resource"]?.isMap == true { return .terraformConfiguration }
    if root["disks"] != nil || root["virtual_size"] != nil, file.name == "metadata.json" {
      return .vagrantBox
    }
    return ending == "tfstate" ? .terraformState : nil
  }

  /// Files of lines, told by what stands in them.
  private func lines(_ text: String) -> Conversion.Kind? {
    var dotted = 0
    var assignments: Set<String> = []
    var planKeys = 0
    // Keys of a plan's entries stand one level below the entries, which stand at the margin.
    var indentation: Int?
    for line in text.split(whereSeparator: \.isNewline).prefix(2000) {
      let key = line.prefix { $0 != "=" && $0 != ":" && $0 != "#" }
      let depth = line.prefix { $0 == " " }.count
      if depth == 0 { indentation = nil } else if indentation == nil { indentation = depth }
      let word = key.trimmingSpaces.lowercased()
      if line.dropFirst(key.count).first == "=" {
        assignments.insert(word)
        if ["config.version", "virtualhw.version", "displayname", "guestos"].contains(word) { dotted += 1 }
      } else if line.dropFirst(key.count).first == ":" {
        if word == "virtform", line.first?.isWhitespace == false { return nil }
        let value = line.dropFirst(key.count + 1).trimmingSpaces
        let isTelling =
          KcliPlan.tellingKeys.contains(word) || word == "type" && KcliPlan.types.contains(value)
        if depth > 0, depth == indentation, isTelling { planKeys += 1 }
      }
    }
    if dotted > 0 { return .vmx }
    if assignments.contains("name") || assignments.contains("kernel"),
      !assignments.isDisjoint(with: ["memory", "vcpus", "disk", "vif", "builder", "type", "bootloader"])
    {
      return .xlConfig
    }
    if planKeys > 0, ["yml", "yaml", ""].contains(ending) { return .kcliPlan }
    switch ending {
    case "vmx": return .vmx
    case "ovf": return .ovf
    case "cfg" where !assignments.isEmpty: return .xlConfig
    default: return nil
    }
  }
}

extension StringProtocol {
  var trimmingSpaces: String {
    var rest = self[...]
    while let first = rest.first, first.isWhitespace { rest.removeFirst() }
    while let last = rest.last, last.isWhitespace { rest.removeLast() }
    return String(rest)
  }
}

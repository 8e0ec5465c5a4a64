/// What a value of the language may be. A scalar may also be a text with references, `${…}`.
public indirect enum LanguageType: Sendable {
  case text
  /// A text without line breaks.
  case line
  case integer(ClosedRange<Int>)
  case boolean
  /// A text, a number or a boolean.
  case scalar
  case form(TextForm)
  case choice([Word])
  /// The name of something that the spec has.
  case reference(Target)
  case list(LanguageType)
  /// A map by names of the spec's own.
  case namedMap(LanguageType, keys: TextForm)
  /// A map that is passed on as it is.
  case freeMap
  case object(LanguageObject)
  /// One of several, the usual one first.
  case either([LanguageType])

  /// A word of a choice.
  public struct Word: Sendable {
    public let word: String
    public let meaning: String?
  }

  /// What a name refers to.
  public enum Target: String, Sendable {
    case host, pool, image, network, firewall, profile
    case disk = "disk under disks"
    case machine = "VM, or of an entry of vms that makes several"
    case nic = "NIC of the VM"
    case bootDevice = "disk or NIC of the VM"
    case portgroup = "port group of the network"
    case filter = "network filter of the host's libvirt"

    var article: String { self == .image ? "an" : "a" }
  }

  static let name = form(.name)
  static let size = form(.size)
  static let duration = form(.duration)

  static func map(_ value: LanguageType, by keys: TextForm = .name) -> LanguageType {
    .namedMap(value, keys: keys)
  }

  /// A value, or a list of them.
  static func oneOrMore(_ value: LanguageType) -> LanguageType { .either([value, .list(value)]) }

  /// The words of an enumeration of the model, each with what it means where that needs saying.
  static func choice<Choice: RawRepresentable & CaseIterable & Hashable>(
    _: Choice.Type, _ meanings: [Choice: String] = [:]
  ) -> LanguageType where Choice.RawValue == String {
    .choice(Choice.allCases.map { Word(word: $0.rawValue, meaning: meanings[$0]) })
  }

  /// Words that are no enumeration.
  static func words(_ words: String...) -> LanguageType {
    .choice(words.map { Word(word: $0, meaning: nil) })
  }

  // MARK: For people

  /// `size with a unit, or a map`
  public var title: String {
    switch self {
    case .text: return "text"
    case .line: return "text of one line"
    case .integer(let range):
      if range.count == 1 { return "\(range.lowerBound)" }
      return range.upperBound == .max
        ? "whole number from \(range.lowerBound)"
        : "whole number from \(range.lowerBound) to \(range.upperBound)"
    case .boolean: return "true or false"
    case .scalar: return "text, number, true or false"
    case .form(let form): return form.title
    case .choice(let words):
      return words.count == 1 ? words[0].word : "one of " + words.map(\.word).joined(separator: ", ")
    case .reference(let target): return "name of \(target.article) \(target.rawValue)"
    case .list(let item): return item.isCompound ? "list of maps" : "list, each: \(item.title)"
    case .namedMap(let value, let keys):
      return "map by \(keys.plural)" + (value.isCompound ? "" : " to \(value.title)")
    case .freeMap: return "map, passed on as it is"
    case .object: return "map"
    case .either(let types):
      // What may be one or more needs to be said once.
      if case .list(let item)? = types.last, types.count == 2, item.title == types[0].title {
        return types[0].title + ", or a list"
      }
      return types.map(\.title).joined(separator: "; or ")
    }
  }

  /// What it is in a word or two, for a table.
  public var kind: String {
    switch self {
    case .text, .line: "text"
    case .integer: "number"
    case .boolean: "boolean"
    case .scalar: "scalar"
    case .form(let form): form.kind
    case .choice: "choice"
    case .reference: "name"
    case .list: "list"
    case .namedMap: "map by name"
    case .freeMap, .object: "map"
    case .either(let types):
      types.map(\.kind).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        .joined(separator: " or ")
    }
  }

  private var isCompound: Bool {
    switch self {
    case .object, .freeMap: true
    case .either(let types): types.allSatisfy(\.isCompound)
    case .text, .line, .integer, .boolean, .scalar, .form, .choice, .reference, .list, .namedMap: false
    }
  }

  /// The words to choose from, of whatever form has them.
  public var choices: [Word] {
    switch self {
    case .choice(let words): words
    case .either(let types): types.flatMap(\.choices)
    case .list(let item): item.choices
    case .text, .line, .integer, .boolean, .scalar, .form, .reference, .namedMap, .freeMap, .object: []
    }
  }

  // MARK: What is in it

  /// The objects in it, each with what comes between the field and its keys: `.NAME` for each map by names.
  public var parts: [(object: LanguageObject, suffix: String)] {
    switch self {
    case .object(let object): [(object, "")]
    case .list(let item): item.parts
    case .namedMap(let value, let keys): value.parts.map { ($0.object, ".\(keys.placeholder)\($0.suffix)") }
    case .either(let types):
      // One or a list of them is the same object in the same place.
      types.flatMap(\.parts).reduce(into: []) { parts, part in
        if !parts.contains(where: { $0.object.id == part.object.id && $0.suffix == part.suffix }) {
          parts.append(part)
        }
      }
    case .text, .line, .integer, .boolean, .scalar, .form, .choice, .reference, .freeMap: []
    }
  }
}

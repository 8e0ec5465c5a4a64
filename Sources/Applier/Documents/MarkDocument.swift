import FoundationEssentials
import Libvirt
import Planner
import SpecModel

/// The mark in a domain's or a network's metadata, which is how a host remembers what belongs to which stack.
enum MarkDocument {
  static let namespace = "urn:virtform:mark:1"
  /// What the namespaces of all formats begin with.
  private static let anyNamespace = "urn:virtform:mark:"
  static let prefix = "virtform"

  static func element(_ mark: Mark) -> XMLElement {
    XMLElement(
      "\(prefix):mark",
      [
        "xmlns:\(prefix)": namespace, "stack": mark.stack, "name": mark.name, "origin": mark.origin,
        "adopted": mark.adopted?.uuidString.lowercased(),
      ]
    ) {
      mark.disks.map { disk in
        XMLElement(
          "\(prefix):disk",
          [
            "name": disk.name, "target": disk.target, "file": disk.file, "keep": disk.keep ? "yes" : nil,
            "protect": disk.isProtected ? "yes" : nil,
          ])
      }
      mark.nics.map { XMLElement("\(prefix):nic", ["name": $0.name, "mac": $0.mac]) }
      mark.applied.sorted { $0.key < $1.key }.map {
        XMLElement("\(prefix):applied", ["field": $0.key], text: $0.value)
      }
      mark.staged.sorted().map { XMLElement("\(prefix):staged", ["field": $0]) }
      mark.unfinished.sorted().map { XMLElement("\(prefix):unfinished", ["field": $0]) }
    }
  }

  /// The mark in the metadata of `document`, or nil if virtform did not make the object.
  static func read(from document: XMLElement) -> Mark? {
    guard let element = document.first("metadata")?.elements.first(where: isMark),
      let stack = element[attribute: "stack"]
    else { return nil }
    var mark = Mark(stack: stack)
    mark.name = element[attribute: "name"]
    mark.origin = element[attribute: "origin"]
    mark.adopted = element[attribute: "adopted"].flatMap { UUID(uuidString: $0) }
    for child in element.elements {
      var name: String { child[attribute: "name"] ?? "" }
      var field: String { child[attribute: "field"] ?? "" }
      switch child.localName {
      case "disk":
        mark.disks.append(
          .init(
            name: name, target: child[attribute: "target"] ?? "", file: child[attribute: "file"],
            keep: child[attribute: "keep"] == "yes", isProtected: child[attribute: "protect"] == "yes"))
      case "nic": mark.nics.append(.init(name: name, mac: child[attribute: "mac"] ?? ""))
      case "applied": mark.applied[field] = child.text
      case "staged": mark.staged.append(field)
      case "unfinished": mark.unfinished.append(field)
      default: continue
      }
    }
    return mark
  }

  /// Puts `mark` into the metadata of `document`; what others keep there stays.
  static func write(_ mark: Mark, into document: inout XMLElement) {
    document.mutateFirst("metadata", otherwise: .after(["name", "uuid", "genid", "title", "description"])) {
      metadata in
      let there = metadata.elements.first(where: isMark)?.name
      metadata.setChild(element(mark), replacing: there)
    }
  }

  /// Takes the mark out of `document`; what others keep beside it stays.
  static func remove(from document: inout XMLElement) {
    guard document.first("metadata") != nil else { return }
    document.mutateFirst("metadata") { $0.removeChildren(where: isMark) }
    if document.first("metadata")?.children.isEmpty == true { document.removeChildren(named: "metadata") }
  }

  /// What each part must say.
  private static let needed: [Substring: [String]] = [
    "disk": ["name", "target"], "nic": ["name", "mac"], "applied": ["field"],
  ]

  /// What is wrong with the mark in the metadata of `document`; nil if nothing is, or if there is none.
  static func fault(in document: XMLElement) -> MarkFault? {
    let metadata = document.first("metadata")?.elements ?? []
    guard let element = metadata.first(where: isMark) else {
      let other = metadata.flatMap(\.attributes).first {
        $0.name.hasPrefix("xmlns") && $0.value.hasPrefix(anyNamespace)
      }
      return other.map { .otherFormat($0.value) }
    }
    guard let stack = element[attribute: "stack"] else { return .unreadable("it names no stack") }
    guard (try? ResourceName(parsing: stack)) != nil else {
      return .unreadable("'\(stack)' is no name of a stack")
    }
    if let adopted = element[attribute: "adopted"], UUID(uuidString: adopted) == nil {
      return .unreadable("'\(adopted)' is no UUID")
    }
    for child in element.elements {
      let kind = child.localName
      if let missing = needed[kind]?.first(where: { (child[attribute: $0] ?? "").isEmpty }) {
        return .unreadable("its <\(kind)> has no \(missing)")
      }
    }
    return nil
  }

  private static func isMark(_ element: XMLElement) -> Bool {
    element.declares(namespace)
  }
}

extension XMLElement {
  /// The name without its prefix.
  fileprivate var localName: Substring {
    name.utf8.lastIndex(of: UInt8(ascii: ":")).map { name[name.utf8.index(after: $0)...] } ?? name[...]
  }

  /// True if the element itself declares the namespace, as libvirt writes what it keeps as metadata.
  func declares(_ namespace: String) -> Bool {
    attributes.contains { $0.value == namespace && $0.name.hasPrefix("xmlns") }
  }
}

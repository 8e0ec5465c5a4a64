import Libvirt

/// Where two documents differ: `vcpu@current`, `devices/disk[vda]/iotune`. virtform's mark does not count.
///
/// Disks go by their targets and interfaces by their addresses, so that one which goes moves no other.
func differences(_ before: XMLElement, _ after: XMLElement) -> Set<String> {
  differences(before, after, at: "")
}

private func differences(_ before: XMLElement, _ after: XMLElement, at path: String) -> Set<String> {
  var found: Set<String> = []
  let attributes = Set((before.attributes + after.attributes).map(\.name))
  for name in attributes where before[attribute: name] != after[attribute: name] {
    found.insert("\(path)@\(name)")
  }
  if text(before) != text(after) { found.insert(path) }
  let (old, new) = (children(before), children(after))
  for key in Set(old.keys).union(new.keys) {
    let place = path.isEmpty ? key : "\(path)/\(key)"
    switch (old[key], new[key]) {
    case (let a?, let b?): found.formUnion(differences(a, b, at: place))
    default: found.insert(place)
    }
  }
  return found
}

private func text(_ element: XMLElement) -> String {
  element.text.allSatisfy(\.isWhitespace) ? "" : element.text
}

private func children(_ element: XMLElement) -> [String: XMLElement] {
  var children: [String: XMLElement] = [:]
  for child in element.elements where !child.name.hasSuffix(":mark") {
    let name =
      switch child.name {
      case "disk": "disk[\(child.first("target")?[attribute: "dev"] ?? "")]"
      case "interface": "interface[\(child.first("mac")?[attribute: "address"] ?? "")]"
      case "controller": "controller[\(child[attribute: "type"] ?? "") \(child[attribute: "index"] ?? "")]"
      case "vcpupin": "vcpupin[\(child[attribute: "vcpu"] ?? "")]"
      default: child.name
      }
    var key = name
    var count = 1
    while children[key] != nil {
      count += 1
      key = "\(name)#\(count)"
    }
    children[key] = child
  }
  return children
}

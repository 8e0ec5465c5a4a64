import Libvirt

/// The names of devices of one kind, which libvirt keeps as aliases in the definition and in the running guest
/// (<https://libvirt.org/formatdomain.html#devices>).
struct DeviceAlias {
  let kind: String

  private var prefix: String { "ua-virtform-\(kind)-" }

  /// libvirt drops an alias with a dot in it without a word.
  func element(of name: String) -> XMLElement {
    let text = name.replacing("_", with: "__").replacing(".", with: "_d")
    return XMLElement("alias", ["name": prefix + text])
  }

  /// The name of a device that virtform made; nil for others.
  func name(of device: XMLElement) -> String? {
    guard let alias = device.first("alias")?[attribute: "name"], alias.hasPrefix(prefix) else { return nil }
    var name = ""
    var rest = alias.dropFirst(prefix.count)
    while let character = rest.popFirst() {
      guard character == "_", let next = rest.first, next == "_" || next == "d" else {
        name.append(character)
        continue
      }
      rest.removeFirst()
      name.append(next == "d" ? "." : "_")
    }
    return name
  }
}

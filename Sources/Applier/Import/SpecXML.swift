import Libvirt
public import SpecModel

/// What a spec says in libvirt's words: `xml` of VMs.
public enum SpecXML {
  /// What of a VM the language says, and only the language.
  private static let own: Set = ["name", "uuid", "memory", "currentMemory"]

  /// What is wrong with it, each where it stands.
  public static func faults(in site: Site) -> [Diagnostic] {
    site.machines.compactMap { machine in
      guard let text = machine.xml, let fault = fault(in: text) else { return nil }
      return Diagnostic(
        .error, "'xml' of VM '\(machine.name)' \(fault.message)",
        at: site.origins.location(of: machine.path + "xml"), help: fault.help)
    }
  }

  private static func fault(in text: String) -> ValueError? {
    let document: XMLElement
    do {
      document = try XMLElement(parsing: text)
    } catch {
      return ValueError("cannot be read: \(error)", help: "write a <domain> with parts of one")
    }
    guard document.name == "domain" else {
      return ValueError("is a <\(document.name)>", help: "write a <domain> with parts of one")
    }
    if let element = document.elements.first(where: { own.contains($0.name) && $0.text != "" }) {
      return ValueError("has a <\(element.name)>", help: "the spec says it in its own words")
    }
    return nil
  }
}

import FoundationEssentials
import Libvirt

/// A lock as XML: an object that is never started, with what there is to say in its metadata.
enum LockDocument {
  static let namespace = "urn:virtform:lock:1"
  private static let prefix = "virtform"

  /// The mode needs no bridge of libvirt's making, so the lock takes no name or address away from others.
  static func network(_ record: LockRecord, name: String) -> XMLElement {
    XMLElement("network") {
      identification(record, name)
      XMLElement("forward", ["mode": "bridge"])
      XMLElement("bridge", ["name": "virtform-lock"])
    }
  }

  /// - Parameter capabilities: of the host, from <https://libvirt.org/formatcaps.html>; some kind of guest in it.
  static func domain(_ record: LockRecord, name: String, capabilities: XMLElement) -> XMLElement {
    let native = capabilities.at("host", "cpu", "arch")?.text
    let guests = capabilities.all("guest")
    let guest = guests.first { $0.first("arch")?[attribute: "name"] == native } ?? guests.first
    let arch = guest?.first("arch")
    return XMLElement("domain", ["type": arch?.first("domain")?[attribute: "type"] ?? "qemu"]) {
      identification(record, name)
      XMLElement("memory", ["unit": "MiB"], text: "1")
      XMLElement("os") {
        XMLElement("type", ["arch": arch?[attribute: "name"]], text: guest?.first("os_type")?.text ?? "hvm")
      }
    }
  }

  private static func identification(_ record: LockRecord, _ name: String) -> [XMLElement] {
    [
      XMLElement("name", text: name), XMLElement("uuid", text: record.uuid.uuidString.lowercased()),
      XMLElement("metadata") { element(record) },
    ]
  }

  private static func element(_ record: LockRecord) -> XMLElement {
    let holder = record.holder
    return XMLElement(
      "\(prefix):lock",
      [
        "xmlns:\(prefix)": namespace, "command": record.command, "taken": text(record.taken),
        "lease-end": record.leaseEnd.map(text),
      ]
    ) {
      XMLElement(
        "\(prefix):holder",
        [
          "user": holder.user, "host": holder.host, "pid": "\(holder.pid)",
          "machine": holder.process?.machine, "start": holder.process.map { "\($0.start)" },
        ])
      record.reason.map { XMLElement("\(prefix):reason", text: $0) }
    }
  }

  /// The lock in the metadata of `document`; nil if virtform did not make the object, or a later one did.
  static func read(_ document: XMLElement, uuid: UUID) -> LockRecord? {
    guard let lock = document.first("metadata")?.elements.first(where: isLock),
      let holder = child("holder", of: lock), let pid = holder[attribute: "pid"].flatMap({ Int32($0) }),
      let command = lock[attribute: "command"], let taken = lock[attribute: "taken"].flatMap(date)
    else { return nil }
    let leaseEnd = lock[attribute: "lease-end"].map(date)
    if case .some(.none) = leaseEnd { return nil }
    var process: ProcessIdentity?
    if let machine = holder[attribute: "machine"],
      let start = holder[attribute: "start"].flatMap({ UInt64($0) })
    {
      process = ProcessIdentity(machine: machine, pid: pid, start: start)
    }
    return LockRecord(
      uuid: uuid,
      holder: LockHolder(
        user: holder[attribute: "user"] ?? "", host: holder[attribute: "host"] ?? "", pid: pid,
        process: process),
      command: command, taken: taken, leaseEnd: leaseEnd ?? nil, reason: child("reason", of: lock)?.text)
  }

  private static func isLock(_ element: XMLElement) -> Bool {
    element.attributes.contains { $0.value == namespace && $0.name.hasPrefix("xmlns") }
  }

  private static func child(_ name: String, of lock: XMLElement) -> XMLElement? {
    lock.elements.first { $0.name.split(separator: ":").last == name[...] }
  }

  private static func text(_ date: Date) -> String { date.formatted(.iso8601) }

  private static func date(_ text: String) -> Date? { try? Date.ISO8601FormatStyle().parse(text) }
}

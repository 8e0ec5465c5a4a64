import Libvirt
import Planner
import SpecModel

/// Devices that a VM has or has not.
extension DomainDocument {
  // MARK: TPM

  /// What a TPM holds is kept by libvirt under the VM's UUID, whether the definition has the device or not.
  mutating func writeTPM(_ tpm: OptionalDevice<TPMModel>?) {
    guard let tpm else { return }
    tree.mutateFirst("devices") { devices in
      guard let model = tpm.kind else {
        devices.removeChildren(named: "tpm")
        return
      }
      if devices.first("tpm")?.first("backend")?[attribute: "type"] == Self.emulator {
        devices.mutateFirst("tpm") { $0[attribute: "model"] = Self.name(of: model) }
      } else {
        devices.setChild(
          XMLElement("tpm", ["model": Self.name(of: model)]) {
            XMLElement("backend", ["type": Self.emulator, "version": "2.0"])
          })
      }
    }
  }

  private static let emulator = "emulator"
  private static func name(of model: TPMModel) -> String { "tpm-\(model.rawValue)" }

  /// nil for a TPM that the language has no word for, such as the host's own.
  static func tpm(of devices: XMLElement) -> OptionalDevice<TPMModel>? {
    guard let element = devices.first("tpm") else { return .absent }
    guard element.first("backend")?[attribute: "type"] == emulator else { return nil }
    return TPMModel.allCases.first { name(of: $0) == element[attribute: "model"] }.map { .present($0) }
  }

  // MARK: Random numbers

  /// Changes the one on `/dev/urandom`; others are a person's.
  mutating func writeRandomSource(_ source: OptionalDevice<RandomSource>?) {
    guard let source else { return }
    tree.mutateFirst("devices") { devices in
      guard let kind = source.kind else {
        if let element = Self.randomSource(in: devices) { devices.removeChildren { $0 == element } }
        return
      }
      guard Self.randomSource(in: devices) != nil else {
        devices.insert(Self.element(of: kind))
        return
      }
      devices.mutateChildren(named: "rng") { element in
        if Self.isOnURandom(element) { Self.write(kind, into: &element) }
      }
    }
  }

  static func element(of source: RandomSource) -> XMLElement {
    var element = XMLElement("rng", ["model": "virtio"]) {
      XMLElement("backend", ["model": "random"], text: "/dev/urandom")
    }
    write(source, into: &element)
    return element
  }

  private static func write(_ source: RandomSource, into element: inout XMLElement) {
    element.removeChildren(named: "rate")
    if let rate = source.rate { element.insert(XMLElement("rate", ["bytes": "\(rate.rawValue)"]), .first) }
  }

  static func randomSource(in devices: XMLElement) -> XMLElement? {
    devices.all("rng").first(where: isOnURandom)
  }

  private static func isOnURandom(_ element: XMLElement) -> Bool {
    element.first("backend")?[attribute: "model"] == "random"
      && element.first("backend")?.text == "/dev/urandom"
  }

  static func randomSource(of devices: XMLElement) -> OptionalDevice<RandomSource> {
    guard let element = randomSource(in: devices) else { return .absent }
    guard let rate = element.first("rate"), let bytes = rate[attribute: "bytes"].flatMap({ UInt64($0) })
    else {
      return .present(RandomSource())
    }
    // In milliseconds.
    let period = rate[attribute: "period"].flatMap { UInt64($0) } ?? 1000
    let (product, isTooMuch) = bytes.multipliedReportingOverflow(by: 1000)
    return .present(RandomSource(rate: ByteCount(rawValue: (isTooMuch ? .max : product) / max(period, 1))))
  }

  // MARK: Watchdog

  mutating func writeWatchdog(_ watchdog: OptionalDevice<Watchdog>?) {
    guard let watchdog else { return }
    tree.mutateFirst("devices") { devices in
      let there = devices.all("watchdog").first(where: Self.isCard)
      if watchdog.kind?.model.rawValue != there?[attribute: "model"] {
        devices.removeChildren { $0.name == "watchdog" && Self.isCard($0) }
        if let kind = watchdog.kind { devices.insert(XMLElement("watchdog", ["model": kind.model.rawValue])) }
      }
      guard let kind = watchdog.kind else { return }
      devices.mutateChildren(named: "watchdog") { element in
        if Self.isCard(element) { element[attribute: "action"] = kind.action.rawValue }
      }
    }
  }

  static func watchdog(of devices: XMLElement) -> OptionalDevice<Watchdog>? {
    guard let element = devices.all("watchdog").first(where: isCard) else { return .absent }
    guard let model = element[attribute: "model"].flatMap(Watchdog.Model.init),
      let action = Watchdog.Action(rawValue: element[attribute: "action"] ?? "reset")
    else { return nil }
    return .present(Watchdog(model: model, action: action))
  }

  /// The chipset of q35 has one by itself, which libvirt has told of since 9.1.
  private static func isCard(_ watchdog: XMLElement) -> Bool { watchdog[attribute: "model"] != "itco" }
}

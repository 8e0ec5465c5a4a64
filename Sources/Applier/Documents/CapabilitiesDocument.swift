import Libvirt
import Planner
import SpecModel

/// What a host can run, from <https://libvirt.org/formatcaps.html>.
enum CapabilitiesDocument {
  static func read(_ document: XMLElement, driver: String) -> HostCapabilities {
    let architecture = document.at("host", "cpu", "arch")?.text ?? "x86_64"
    let guests = document.all("guest").compactMap { guest in
      guest.all("arch").first { $0[attribute: "name"] == architecture }.map { (guest, $0) }
    }
    let native = guests.first?.1
    var capabilities = HostCapabilities(
      driver: Self.driver(driver), hostUUID: document.at("host", "uuid")?.text ?? "",
      architecture: architecture,
      hasKVM: native?.all("domain").contains { $0[attribute: "type"] == "kvm" } ?? false)
    capabilities.virtualizations = Set(
      guests.compactMap { Virtualization(osType: $0.0.first("os_type")?.text ?? "") })
    if capabilities.driver == .xen {
      for (guest, native) in guests {
        guard let kind = Virtualization(osType: guest.first("os_type")?.text ?? "") else { continue }
        // The domain capabilities, which tell of devices, are for nobody who may only read. They have none for PVH.
        capabilities.guests[kind] = GuestCapabilities(
          hasFirmware: native.first("loader") != nil, hasHostDevices: kind != .pvh)
      }
    }
    for machine in native?.all("machine") ?? [] {
      capabilities.machines.insert(machine.text)
      if let canonical = machine[attribute: "canonical"] {
        capabilities.machineAliases[machine.text] = canonical
      }
    }
    if let cpu = document.at("host", "cpu") {
      let words = ["vendor", "model"].compactMap { cpu.first($0)?.text }
      capabilities.cpu = (words + cpu.all("feature").compactMap { $0[attribute: "name"] }.sorted()).joined(
        separator: " ")
    }
    let cells = document.at("host", "topology", "cells")?.all("cell") ?? []
    if !cells.isEmpty {
      capabilities.cpus = cells.compactMap { $0.first("cpus")?[attribute: "num"].flatMap(Int.init) }.reduce(
        0, &+)
      let memory = cells.compactMap { $0.first("memory").flatMap { UInt64($0.text) } }.reduce(0, &+)
      // In KiB, as all that libvirt counts of a host's memory.
      capabilities.memory = ByteCount(rawValue: memory << 10)
    }
    return capabilities
  }

  private static func driver(_ name: String) -> HostCapabilities.Driver {
    switch name {
    case "QEMU": .qemu
    case "Xen": .xen
    case "ESX", "VPX": .esx
    case "TEST": .test
    default: .other(name)
    }
  }
}

import Testing

@testable import SpecModel

/// Devices that a VM has or has not, and what it has of its host.
@Suite struct DeviceTests {
  private func machine(_ fields: String) -> [String] {
    findings(in: "vms: {w: {memory: 1GiB, \(fields)}}\n")
  }

  private func settings(_ fields: String) throws -> MachineSettings {
    try site("vms: {w: {memory: 1GiB, \(fields)}}\n").machine("w").settings
  }

  @Test("firmware is a word, or a map that says whether only what is signed boots")
  func firmware() throws {
    #expect(try settings("firmware: uefi").firmware == .uefi)
    let secure = try settings("firmware: {type: uefi, secure_boot: true}")
    #expect(secure.firmware == .uefi && secure.secureBoot == true)
    #expect(try settings("firmware: {type: uefi, secure_boot: false}").secureBoot == false)
    #expect(try settings("firmware: {type: bios}").secureBoot == nil)
    #expect(
      machine("firmware: {type: bios, secure_boot: 1️⃣true}") == [
        "1️⃣ only UEFI has secure boot | help: leave it out, or use type: uefi"
      ])
    #expect(
      machine("firmware: 1️⃣{secure_boot: true}") == [
        "1️⃣ 'type' is missing in firmware | help: such as type: uefi"
      ])
    #expect(
      machine("firmware: {type: uefi, 1️⃣secureboot: true}") == [
        "1️⃣ unknown key 'secureboot' | help: did you mean 'secure_boot'?"
      ])
  }

  @Test("a TPM is there, is not, or has another model")
  func tpm() throws {
    #expect(try settings("tpm: true").tpm == .present(.crb))
    #expect(try settings("tpm: {model: tis}").tpm == .present(.tis))
    #expect(try settings("tpm: false").tpm == .absent)
    #expect(try settings("cpus: 1").tpm == nil)
    #expect(
      machine("tpm: {model: 1️⃣tiss}") == [
        "1️⃣ 'model' cannot be 'tiss' | help: did you mean 'tis'? it is one of: crb, tis"
      ])
    #expect(machine("tpm: 1️⃣crb") == ["1️⃣ 'tpm' must be a map, not crb"])
    #expect(
      machine("tpm: 1️⃣{}") == [
        "1️⃣ 'tpm' is empty | help: write tpm: true, or its model, such as tpm: {model: tis}"
      ])
  }

  @Test("a VM takes back what its profile gives it")
  func takenBack() throws {
    let site = try site(
      """
      profiles: {safe: {tpm: true, watchdog: reset, rng: {rate: 1KiB}}}
      vms:
        a: {profile: safe, memory: 1GiB}
        b: {profile: safe, memory: 1GiB, tpm: false, watchdog: false, rng: false}
      """)
    #expect(try site.machine("a").settings.tpm == .present(.crb))
    let none = try site.machine("b").settings
    #expect(none.tpm == .absent && none.watchdog == .absent && none.randomSource == .absent)
  }

  @Test("random numbers come without a limit, or with one")
  func randomSource() throws {
    #expect(try settings("rng: true").randomSource == .present(RandomSource()))
    #expect(try settings("rng: {rate: 2KiB}").randomSource == .present(RandomSource(rate: .kibibytes(2))))
    #expect(
      machine("rng: {rate: 1️⃣0B}") == [
        "1️⃣ a limit of 0 B would be no device at all | help: write rng: false"
      ])
    #expect(
      machine("rng: {rate: 1️⃣2GiB}") == [
        "1️⃣ a limit of 2 GiB a second is too much | help: at most 1GiB; rng: true is without one"
      ])
    #expect(
      machine("rng: {rate: 1️⃣64}") == [
        "1️⃣ the size '64' has no unit | help: write 64GiB, 64MiB or another unit"
      ])
  }

  @Test("a watchdog is what it does, and which card it is")
  func watchdog() throws {
    #expect(try settings("watchdog: true").watchdog == .present(Watchdog()))
    #expect(try settings("watchdog: poweroff").watchdog == .present(Watchdog(action: .poweroff)))
    #expect(try settings("watchdog: none").watchdog == .present(Watchdog(action: .none)))
    #expect(
      try settings("watchdog: {model: ib700, action: inject-nmi}").watchdog
        == .present(Watchdog(model: .ib700, action: .injectNMI)))
    #expect(
      machine("watchdog: 1️⃣restart") == [
        "1️⃣ 'watchdog' cannot be 'restart' | help: it is one of: reset, shutdown, poweroff, pause, none, dump, inject-nmi"
      ])
    #expect(
      machine("watchdog: {1️⃣modell: ib700}") == ["1️⃣ unknown key 'modell' | help: did you mean 'model'?"])
  }

  @Test("a console has a log on the host where that is asked for")
  func console() throws {
    #expect(try settings("console: true").consoleLog == nil)
    let logged = try settings("console: {log: /var/log/w.log}")
    #expect(logged.console == true && logged.consoleLog == "/var/log/w.log")
    #expect(
      machine("console: {log: 1️⃣w.log}") == [
        "1️⃣ 'w.log' is not an absolute path | help: it is a file on the host, so it starts with /"
      ])
    #expect(
      machine("console: 1️⃣{}") == [
        "1️⃣ 'console' is empty | help: write console: true, or where its log is, such as console: {log: /var/log/web.log}"
      ])
  }

  @Test("shares go by what the guest mounts them by")
  func shares() throws {
    let shares = try site(
      "vms: {w: {memory: 1GiB, shares: {web: {path: /srv/web/}, old: {path: /srv/old, type: 9p, read_only: true}}}}\n"
    ).machine("w").shares
    #expect(
      shares == [
        HostShare(name: "old", path: "/srv/old", kind: .plan9, isReadOnly: true),
        HostShare(name: "web", path: "/srv/web", kind: .virtiofs),
      ])
    #expect(
      machine("shares: {web: 1️⃣{}}") == [
        "1️⃣ 'path' is missing in shares.web | help: the directory on the host, such as /srv/web"
      ])
    #expect(
      machine("shares: {web: {path: 1️⃣srv, type: 2️⃣nfs}}") == [
        "1️⃣ 'srv' is not an absolute path | help: it is a directory on the host, so it starts with /",
        "2️⃣ 'type' cannot be 'nfs' | help: it is one of: virtiofs, 9p",
      ])
    #expect(
      machine("shares: {1️⃣\(String(repeating: "a", count: 32)): {path: /srv, type: 9p}}") == [
        "1️⃣ the name '\(String(repeating: "a", count: 32))' is longer than the 31 characters that 9p takes | help: it is what the guest mounts the share by"
      ])
  }

  @Test("devices of the host go by what does not change when it restarts")
  func hostDevices() throws {
    let devices = try site(
      "vms: {w: {memory: 1GiB, host_devices: {key: {usb: \"1050:0407\"}, gpu: {pci: \"03:00.0\"}}}}\n"
    ).machine("w").hostDevices
    #expect(devices.map(\.name) == ["gpu", "key"])
    #expect(devices.map { "\($0.id)" } == ["pci 0000:03:00.0", "usb 1050:0407"])
    for text in ["1️⃣\"3\"", "1️⃣\"03:00\"", "1️⃣\"03:20.0\"", "1️⃣\"03:00.8\"", "1️⃣\"0x3:00.0\""] {
      let value = text.split(separator: "\"").last ?? ""
      #expect(
        machine("host_devices: {a: {pci: \(text)}}") == [
          "1️⃣ '\(value)' is no PCI address | help: lspci -D shows them, such as 0000:03:00.0"
        ])
    }
    #expect(
      machine("host_devices: {a: {usb: 1️⃣\"50:407\"}}") == [
        "1️⃣ '50:407' is no vendor and product of USB | help: lsusb shows them, such as 1050:0407"
      ])
    #expect(
      machine("host_devices: {1️⃣a: {}}") == [
        "1️⃣ host_devices.a names no device | help: write where or what it is, such as pci: \"0000:03:00.0\" or usb: \"1050:0407\""
      ])
    #expect(
      machine("host_devices: {a: {pci: \"03:00.0\", usb: 1️⃣\"1050:0407\"}}") == [
        "1️⃣ 'usb' does not go with 'pci': a device is on one bus"
      ])
    #expect(
      machine("host_devices: 1️⃣{a: {pci: \"03:00.0\"}, b: {pci: \"0000:03:00.0\"}}") == [
        "1️⃣ the VM has the device pci 0000:03:00.0 twice | help: it is 'b', too; one name is enough"
      ])
  }
}

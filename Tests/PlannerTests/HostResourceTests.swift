import FoundationEssentials
import SpecModel
import Testing

@testable import Planner

/// What a VM has of its host, and what its host does not have.
@Suite("Devices")
struct HostResourceTests {
  private func spec(_ fields: String) -> String {
    Scenario.header() + "vms:\n  web: {memory: 1GiB, \(fields)}\n"
  }

  private func refusal(_ fields: String, on host: SimulatedHost) throws -> String {
    let scenario = Scenario(SimulatedFleet([host]))
    let text = try scenario.refusal(spec(fields))
    return String(text.split(separator: "\n").first ?? "")
  }

  @Test(
    "Xen takes these without a word and gives a guest none of them, so they are refused",
    arguments: [
      ("tpm: true", "tpm"), ("rng: true", "rng"), ("watchdog: reset", "watchdog"),
      ("console: {log: /var/log/web}", "console.log"), ("shares: {a: {path: /srv}}", "shares.a"),
      ("firmware: {type: uefi, secure_boot: true}", "firmware.secure_boot"),
      ("cpus: {count: 2, topology: {cores: 2}}", "cpus.topology"), ("numa: {nodes: 0}", "numa.nodes"),
    ])
  func xen(fields: String, path: String) throws {
    let text = try refusal(fields, on: SimulatedHost("alpha", driver: .xen))
    #expect(text.contains("error: host 'alpha' (Xen) cannot give a VM '\(path)'"), "\(text)")
    _ = try Scenario.applied(spec(fields))
  }

  @Test("what the host says that it does not give guests of a kind is refused for those")
  func kinds() throws {
    var host = SimulatedHost("alpha", driver: .xen)
    host.state.capabilities.virtualizations = [.pv, .hvm]
    host.state.capabilities.guests = [
      .pv: GuestCapabilities(hasFirmware: false, hasHostDevices: true),
      .hvm: GuestCapabilities(hasFirmware: true, hasHostDevices: false),
    ]
    let device = "host_devices: {key: {usb: \"1050:0407\"}}"
    for (fields, message) in [
      ("virt: pv, firmware: uefi", "gives a pv guest no 'firmware'"),
      ("virt: hvm, \(device)", "gives a hvm guest no 'host_devices.key'"),
      // Without a kernel it is a whole machine.
      (device, "gives a hvm guest no 'host_devices.key'"),
    ] {
      let text = try refusal(fields, on: host)
      #expect(text.hasSuffix("error: host 'alpha' (Xen) \(message)"), "\(text)")
    }
    for fields in ["virt: hvm, firmware: uefi", "virt: pv, \(device)", "virt: pv, firmware: bios"] {
      _ = try Scenario.applied(spec(fields), on: SimulatedFleet([host]))
    }
  }

  @Test("Xen's weights end at 65535, and dom0 is no VM")
  func scheduler() throws {
    let host = SimulatedHost("alpha", driver: .xen)
    _ = try Scenario.applied(spec("cpus: {count: 1, shares: 65535}"), on: SimulatedFleet([host]))
    #expect(
      try refusal("cpus: {count: 1, shares: 65536}", on: host).hasSuffix(
        "error: host 'alpha' (Xen) takes no weight above 65535"))
    _ = try Scenario.applied(spec("cpus: {count: 1, shares: 65536}"))
    let text = Scenario.header() + "vms:\n  Domain-0: {memory: 1GiB}\n"
    let refused = try Scenario(SimulatedFleet([host])).refusal(text)
    #expect(refused.contains("error: 'Domain-0' is dom0 of host 'alpha', and no VM"), "\(refused)")
    _ = try Scenario.applied(text)
  }

  @Test("a host whose driver keeps no marks is refused")
  func marks() throws {
    let text = try Scenario(SimulatedFleet([SimulatedHost("alpha", driver: .esx)])).refusal(spec("cpus: 1"))
    #expect(
      text.contains("error: libvirt's driver for host 'alpha' (ESX) keeps no marks and edits no definition"),
      "\(text)")
  }

  @Test("what is not there is not refused for not being there")
  func nothing() throws {
    let fleet = SimulatedFleet([SimulatedHost("alpha", driver: .xen)])
    _ = try Scenario.applied(spec("tpm: false, watchdog: false"), on: fleet)
  }

  @Test("secure boot needs firmware variables that are named, which takes a privileged libvirt")
  func secureBoot() throws {
    var host = SimulatedHost("alpha")
    host.state.isPrivileged = false
    let text = try refusal("firmware: {type: uefi, secure_boot: true}", on: host)
    #expect(text.contains("error: host 'alpha' runs without root"), "\(text)")
    _ = try Scenario.applied(spec("firmware: uefi"), on: SimulatedFleet([host]))
  }

  @Test("a device that the host does not have is refused where the host's devices are known")
  func missingDevice() throws {
    let fields = "host_devices: {key: {usb: \"1050:0407\"}}"
    var host = SimulatedHost("alpha")
    _ = try Scenario.applied(spec(fields), on: SimulatedFleet([host]))
    host.state.devices = [.usb(USBProduct(vendor: 0x1050, product: 0x407))]
    _ = try Scenario.applied(spec(fields), on: SimulatedFleet([host]))
    host.state.devices = [.usb(USBProduct(vendor: 0x1050, product: 0x408))]
    let text = try refusal(fields, on: host)
    #expect(text.hasSuffix("error: host 'alpha' has no device usb 1050:0407"), "\(text)")
  }

  @Test("another device under the same name waits for a restart, and so does one on PCI")
  func exchange() throws {
    var scenario = try Scenario.applied(
      spec("host_devices: {a: {usb: \"1050:0407\"}, b: {usb: \"1050:0408\"}}"))
    let plan = try scenario.apply(spec("host_devices: {a: {usb: \"1050:0409\"}, c: {pci: \"03:00.0\"}}"))
    let fields = try #require(plan.changes.first?.fields)
    #expect(
      fields.map { "\($0.path) \($0.effect.word)" } == [
        "host_devices.a restart", "host_devices.c restart", "host_devices.b live",
      ], "\(PlanText(plan).render())")
  }

  // MARK: What a TPM holds

  private let tpm = "tpm: true, disks: {root: {size: 1GiB}}"

  private func sealed(_ fields: String) -> String {
    spec(fields).with("vms:", "pools: {main: {path: /srv/main}}\nvms:")
  }

  @Test("what a TPM holds stays when its VM goes, unless data loss is allowed, and then the plan says so")
  func removal() throws {
    var scenario = try Scenario.applied(sealed(tpm))
    let gone = sealed(tpm).without("vms:")
    let kept = try scenario.plan(gone)
    #expect(kept.changes.allSatisfy { $0.effect != .dataLoss })
    let text = PlanText(kept).render()
    #expect(text.contains("vm.web on alpha: what its TPM holds stays on the host"), "\(text)")
    #expect(keepsState(kept) == [true])
    let lost = try scenario.apply(gone, allowsDataLoss: true)
    #expect(PlanText(lost).render().contains("DATA LOSS on 1 disk and 1 TPM"), "\(PlanText(lost).render())")
    #expect(keepsState(lost) == [false])
  }

  @Test("consent to the loss of a disk is none to that of a TPM")
  func consent() throws {
    let scenario = try Scenario.applied(sealed(tpm))
    var options = SitePlanner.Options()
    options.dataLoss = .only([try AddressPattern(parsing: "disk.web.root")])
    let plan = try scenario.plan(sealed(tpm).without("vms:"), options)
    #expect(keepsState(plan) == [true])
    #expect(plan.summary.dataLosses == 1 && plan.summary.tpmLosses == 0)
  }

  @Test("a VM with a TPM is made anew only with consent")
  func replacement() throws {
    let scenario = try Scenario.applied(sealed("tpm: true"))
    var options = SitePlanner.Options()
    options.replaced = [try AddressPattern(parsing: "vm.web")]
    let failure = #expect(throws: SitePlanner.Failure.self) {
      _ = try scenario.plan(sealed("tpm: true"), options)
    }
    #expect(failure?.diagnostics.map(\.message) == ["replacing VM 'web' destroys what its TPM holds"])
    options.dataLoss = .all
    let plan = try scenario.plan(sealed("tpm: true"), options)
    #expect(plan.changes.first?.effect == .dataLoss, "\(PlanText(plan).render())")
  }

  @Test("a TPM that leaves the spec leaves the definition, and nothing is lost")
  func leaving() throws {
    var scenario = try Scenario.applied(sealed("tpm: true"))
    let plan = try scenario.apply(sealed("tpm: false"))
    #expect(plan.changes.first?.fields.map(\.effect) == [.restart])
    #expect(try scenario.plan(sealed("tpm: false")).isEmpty)
  }

  private func keepsState(_ plan: Plan) -> [Bool] {
    plan.steps.compactMap { step in
      if case .undefineMachine(_, let keepsState) = step.operation { keepsState } else { nil }
    }
  }
}

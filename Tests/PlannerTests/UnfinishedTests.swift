import SpecModel
import Testing

@testable import Planner

/// What a run leaves that ended while it changed a running guest: the mark says so, and its definition is as before.
@Suite("Live changes that ended early")
struct UnfinishedTests {
  @Test("what the spec has taken back goes from the guest, and is nobody's change outside virtform")
  func takenBack() throws {
    var scenario = try Scenario.applied(Specs.web)
    try scenario.fleet["alpha"].change("web") { machine in
      machine.mark?.unfinished = [
        "title", "cpus.shares", "disks.root.iotune", "nics.lan.link", "nics.lan.qos",
      ]
    }
    try scenario.fleet["alpha"].changeGuest("web") { guest in
      guest.settings.title = "New"
      guest.disks[0].ioTune = IOTune()
      guest.disks[0].ioTune?.totalIOPS = 100
      guest.nics[0].linkState = .down
    }
    let text = try scenario.text(Specs.web)
    #expect(!text.contains("outside virtform"), "\(text)")
    for change in [
      "- title              New  (live)", "- disks.root.iotune  total 100 IOPS  (live)",
      "~ nics.lan.link      down → up  (live)",
    ] {
      #expect(text.contains(change), "\(text)")
    }
    let guest = try #require(scenario.fleet["alpha"].guests.values.first)
    #expect(guest.settings.title == nil && guest.disks[0].ioTune == nil && guest.nics[0].linkState == .up)
  }

  @Test("a device that only the guest got is unplugged again")
  func plugged() throws {
    var scenario = try Scenario.applied(Specs.web)
    let mac = try MACAddress(parsing: "52:54:00:00:00:77")
    try scenario.fleet["alpha"].change("web") { $0.mark?.nics.append(.init(name: "back", mac: "\(mac)")) }
    try scenario.fleet["alpha"].changeGuest("web") { guest in
      guest.nics.append(.init(name: "back", link: .network("lan"), mac: mac, model: "virtio"))
    }
    let text = try scenario.text(Specs.web)
    #expect(text.contains("- nics.back  lan  (live)"), "\(text)")
  }

  @Test("an interface that is parked is its network's to take back, and no change of its VM")
  func parked() throws {
    let scenario = try Scenario.applied(Specs.web)
    let site = try Scenario.site(Specs.web)
    var state = try #require(scenario.fleet.states(for: site).first)
    let uuid = try scenario.fleet["alpha"].machine("web").uuid
    let lan = try #require(state.networks.first { $0.name == "lan" })
    state.liveNetworks[lan.uuid]?.unplugged = [uuid]
    state.guests[uuid]?.nics[0].link = .network(Network.parkingName(for: "lan"))
    state.guests[uuid]?.nics[0].linkState = .down
    let plan = try SitePlanner.plan(site, hosts: [state], images: [:])
    let operations = plan.steps.map { "\($0.operation)".prefix { $0 != "(" } }
    #expect(operations == ["reconnectGuests"], "\(PlanText(plan).render())")
  }
}

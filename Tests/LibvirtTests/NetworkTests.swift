import Testing

@testable import Libvirt

@Suite struct NetworkTests {
  @Test("a network is defined, started, stopped and undefined")
  func lifecycle() async throws {
    let host = try await Fixtures.emptyHost()
    let network = try await host.defineNetwork(Fixtures.network("lan"))
    #expect(network.name == "lan")
    #expect(try await !network.isActive())
    #expect(try await host.networks(.inactive).map(\.name) == ["lan"])
    try await network.start()
    #expect(try await network.isActive())
    #expect(try await network.bridgeName() == "virbr7")
    #expect(try await host.networks(.active).map(\.name) == ["lan"])
    #expect(try await !network.autostart())
    try await network.setAutostart(true)
    #expect(try await network.autostart())
    #expect(try await network.xml(.inactive).first("ip")?[attribute: "prefix"] == "24")
    #expect(try await host.network(uuid: network.uuid)?.name == "lan")
    try await network.stop()
    try await network.undefine()
    #expect(try await host.network(named: "lan") == nil)
  }

  @Test("a fixed address is added to a network and removed")
  func update() async throws {
    let host = try await Fixtures.emptyHost()
    var xml = Fixtures.network("lan")
    xml.mutateFirst("ip") { ip in
      ip.insert(XMLElement("dhcp") { XMLElement("range", ["start": "10.9.8.100", "end": "10.9.8.200"]) })
    }
    let network = try await host.defineNetwork(xml)
    let fixed = XMLElement("host", ["mac": "52:54:00:00:00:01", "ip": "10.9.8.5"])
    try await network.update(command: .addLast, section: .dhcpHost, xml: fixed, affecting: .config)
    #expect(try await network.xml(.inactive).at("ip", "dhcp", "host")?[attribute: "ip"] == "10.9.8.5")
    try await network.update(command: .delete, section: .dhcpHost, xml: fixed, affecting: .config)
    #expect(try await network.xml(.inactive).at("ip", "dhcp", "host") == nil)
  }
}

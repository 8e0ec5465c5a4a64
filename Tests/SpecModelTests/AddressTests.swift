import Testing

@testable import SpecModel

@Suite struct AddressTests {
  private func mac(_ text: String) -> String? {
    problem(text) { text throws(ValueError) in try MACAddress(parsing: text) }
  }
  private func ip(_ text: String) -> String? {
    problem(text) { text throws(ValueError) in try IPv4Address(parsing: text) }
  }
  private func cidr(_ text: String) -> String? {
    problem(text) { text throws(ValueError) in try CIDRBlock<IPv4Address>(parsing: text) }
  }

  @Test("a MAC address is shown in lower case with colons")
  func macAddress() throws {
    #expect(try MACAddress(parsing: "52:54:00:AA:0b:10").description == "52:54:00:aa:0b:10")
    #expect(MACAddress(bytes: [2, 0, 0, 0, 0, 255])?.description == "02:00:00:00:00:ff")
    #expect(MACAddress(bytes: [2, 0, 0, 0, 0]) == nil)
  }

  @Test(
    "what has not six pairs of hexadecimal digits is no MAC address",
    arguments: [
      "", "52:54:00:aa:00", "52:54:00:aa:00:10:11", "52-54-00-aa-00-10", "525400aa0010", "52:54:00:aa:00:g0",
      "52:54:00:aa:00:1", "52:54:00:aa:00:+1", "52:54:00:aa:00:１0", " 52:54:00:aa:00:10",
      "52:54:00:aa:00:10:zz",
    ])
  func noMAC(text: String) {
    #expect(
      mac(text) == "'\(text)' is not a MAC address | help: write six pairs such as \"52:54:00:aa:00:10\"")
  }

  @Test("a multicast address and all zeros are no address of an interface")
  func unusableMAC() {
    #expect(
      mac("53:54:00:aa:00:10")
        == "'53:54:00:aa:00:10' is a multicast address, which no interface can have | help: make the first byte even, such as 52"
    )
    #expect(mac("ff:ff:ff:ff:ff:ff")?.contains("multicast") == true)
    #expect(
      mac("00:00:00:00:00:00")
        == "'00:00:00:00:00:00' is all zeros, which is no address of an interface | help: leave out 'mac' to have one derived from the names"
    )
  }

  @Test("an IPv4 address reads back from its text")
  func ipv4() throws {
    #expect(try IPv4Address(parsing: "10.0.0.1").rawValue == 0x0a00_0001)
    for value: UInt32 in [0, 1, 255, 256, 0x0a0a_000b, .max] {
      let address = IPv4Address(rawValue: value)
      #expect(try IPv4Address(parsing: address.description) == address)
    }
    #expect(try IPv4Address(parsing: "9.255.255.255") < IPv4Address(parsing: "10.0.0.0"))
  }

  @Test(
    "what is not four numbers up to 255 is no IPv4 address",
    arguments: [
      "", ".", "10.0.0", "10.0.0.0.0", "10.0.0.256", "10.0.0.01", "10.0.0.+1", "10.0.0.-1", "10..0.1",
      "a.b.c.d",
      "10.0.0.1 ", "١.0.0.1", "0x0a.0.0.1", "::1", "10.0.0.1/24",
    ])
  func noIPv4(text: String) {
    #expect(ip(text) == "'\(text)' is not an IPv4 address | help: write one such as 10.10.0.11")
  }

  @Test(
    "an IPv6 address has one normal form, however it is written",
    arguments: [
      ("::", "::"), ("::1", "::1"), ("0:0:0:0:0:0:0:1", "::1"), ("FD00:0010::000B", "fd00:10::b"),
      ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),
      ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"), ("1::", "1::"),
      ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
      ("::ffff:10.0.0.1", "::ffff:a00:1"), ("1:2:3:4:5:6:10.0.0.1", "1:2:3:4:5:6:a00:1"),
      ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ])
  func ipv6(text: String, normal: String) throws {
    let address = try IPv6Address(parsing: text)
    #expect(address.description == normal)
    #expect(try IPv6Address(parsing: normal) == address)
    #expect(try IPAddress(parsing: text) == .ipv6(address))
  }

  @Test(
    "what is not eight groups of hexadecimal digits is no IPv6 address",
    arguments: [
      "", ":", ":::", "1", "10.0.0.1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "1:2:3:4:5:6:7:8::",
      "::1:2:3:4:5:6:7:8", "12345::", "g::", "+1::", "1:", ":1", "::1 ", "fd00::/64", "::10.0.0",
      "10.0.0.1::",
      "::10.0.0.1:1", "１::",
    ])
  func noIPv6(text: String) {
    let said = problem(text) { text throws(ValueError) in try IPv6Address(parsing: text) }
    #expect(said == "'\(text)' is not an IPv6 address | help: write one such as fd00:10::11")
  }

  @Test("a zone is of one machine, and no address of a spec has one")
  func zone() {
    let said = problem("fe80::1%eth0") { text throws(ValueError) in try IPv6Address(parsing: text) }
    #expect(said == "'fe80::1%eth0' is not an IPv6 address | help: leave out the zone behind '%'")
  }

  @Test("a block of IPv6 has no broadcast, and its hosts are all but the network's own address")
  func ipv6Block() throws {
    for prefix in 0...128 {
      let address = try IPv6Address(parsing: "2001:db8:1234:5678:9abc:def0:1234:5679")
      let block = CIDRBlock(containing: address, prefix: prefix)
      #expect(try CIDRBlock(parsing: block.description) == block)
      #expect(block.contains(address) && !block.containsHost(block.network))
      #expect(prefix == 128 || block.containsHost(block.last))
    }
    let block = try CIDRBlock<IPv6Address>(parsing: "fd00:10::/64")
    #expect(block.firstHost.description == "fd00:10::1")
    #expect(block.last.description == "fd00:10::ffff:ffff:ffff:ffff")
    #expect(IPv6Address(rawValue: .max).advanced(by: 1) == nil)
    let said = problem("fd00::1/64") { text throws(ValueError) in try IPBlock(parsing: text) }
    #expect(
      said == "'fd00::1/64' is an address inside a block, not the block | help: did you mean fd00::/64?")
  }

  @Test("counting up stops at the ends of the address space")
  func advancing() throws {
    let address = try IPv4Address(parsing: "10.0.0.255")
    #expect(address.advanced(by: 1)?.description == "10.0.1.0")
    #expect(address.advanced(by: -255)?.description == "10.0.0.0")
    #expect(IPv4Address(rawValue: .max).advanced(by: 1) == nil)
    #expect(IPv4Address(rawValue: 0).advanced(by: -1) == nil)
  }

  @Test("a block knows its netmask, its hosts and its ends, for every prefix")
  func block() throws {
    for prefix in 0...32 {
      let block = CIDRBlock(containing: IPv4Address(rawValue: 0xc0a8_1234), prefix: prefix)
      #expect(try CIDRBlock(parsing: block.description) == block)
      #expect(block.contains(IPv4Address(rawValue: 0xc0a8_1234)))
      #expect(!block.containsHost(block.network) && !block.containsHost(block.last))
      #expect(
        UInt64(block.last.rawValue) - UInt64(block.network.rawValue) + 1 == UInt64(1) << (32 - prefix))
      #expect(block.netmask.rawValue.nonzeroBitCount == prefix)
      #expect(prefix > 30 || block.containsHost(block.firstHost))
    }
    #expect(try CIDRBlock<IPv4Address>(parsing: "10.10.0.0/24").netmask.description == "255.255.255.0")
  }

  @Test("blocks overlap if one lies in the other")
  func overlap() throws {
    let outer = try CIDRBlock<IPv4Address>(parsing: "10.0.0.0/8")
    #expect(try outer.overlaps(CIDRBlock(parsing: "10.1.0.0/16")))
    #expect(try CIDRBlock<IPv4Address>(parsing: "10.1.0.0/16").overlaps(outer))
    #expect(try !outer.overlaps(CIDRBlock(parsing: "11.0.0.0/8")))
  }

  @Test("an address inside a block is answered with the block")
  func addressForBlock() {
    #expect(
      cidr("10.10.0.5/24")
        == "'10.10.0.5/24' is an address inside a block, not the block | help: did you mean 10.10.0.0/24?")
  }

  @Test(
    "what has no address and prefix is no block",
    arguments: [
      "", "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/08", "10.0.0.0/8/8",
      "/8",
    ])
  func noBlock(text: String) {
    let said = cidr(text)
    #expect(
      said == "'\(text)' is not a block of IPv4 addresses | help: write one such as 10.10.0.0/24"
        || said?.contains("is not an IPv4 address") == true)
  }
}

extension Language {
  static let network = LanguageObject(
    "network", "A network that NICs are plugged into.",
    [
      LanguageField(
        "mode",
        .choice(
          NetworkMode.self,
          [
            .nat: "guests reach out behind the host's address",
            .routed: "guests reach out with their own addresses; the LAN needs a route to the host",
            .isolated: "guests reach each other and the host only",
            .open: "as routed, without any firewall rule of libvirt's",
            .bridge: "a bridge that the host has: guests are on its LAN",
            .ovs: "an Open vSwitch bridge that the host has, with VLANs",
            .macvtap: "NICs of their own on an interface of the host's",
            .user: "QEMU's own: no root, guests reach out and nobody reaches in",
            .auto: "user where all its hosts are of QEMU, else nat",
          ]), "How it reaches the world.", required: .sometimes("unless it is external"), example: "nat"),
      LanguageField(
        "cidr", .form(.ipv4Block), "Its block of IPv4 addresses, from /8 to /30.",
        required: .sometimes("for nat, routed and open without ipv6, and for auto"), example: "10.10.0.0/24"),
      LanguageField(
        "gateway", .form(.ipv4), "The host's own address on it.", default: .words("the first of the cidr"),
        example: "10.10.0.1"),
      LanguageField(
        "dhcp", .object(range("dhcp-range", .ipv4, "10.10.0.100", "10.10.0.199")),
        "The addresses that DHCP hands out. Addresses that NICs reserve by `ip` lie beside them.",
        example: "{from: 10.10.0.100, to: 10.10.0.199}"),
      LanguageField(
        "ipv6", .object(ipv6), "A second block of addresses, or the only one.",
        example: "{cidr: \"fd00:10::/64\"}"),
      LanguageField("dns", .object(dns), "What its DNS server knows beside the names of the VMs."),
      LanguageField(
        "bridge", .form(.interface),
        "Of `bridge` and `ovs` the bridge to use; of the others the name that libvirt's own bridge gets.",
        required: .sometimes("for bridge and ovs"),
        default: .words("for libvirt's own, virtform chooses one"),
        example: "br0"),
      LanguageField(
        "direct", .boolean,
        "Of `bridge`: whether NICs are plugged straight into the bridge, without a network of libvirt's.",
        default: false),
      LanguageField(
        "device", .oneOrMore(.form(.interface)),
        "Of `macvtap`: the host's interface, or several over which guests are spread.",
        required: .sometimes("for macvtap"), example: "eth1"),
      LanguageField(
        "type",
        .choice(
          MacvtapType.self,
          [
            .bridge: "guests reach each other, and not the host",
            .vepa: "all goes out to a switch, which sends back what is for one of them",
            .private: "guests do not reach each other", .passthrough: "one guest has the whole interface",
          ]), "Of `macvtap`: how its guests reach each other.", default: .value("bridge")),
      LanguageField(
        "portgroups", .map(.object(portgroup)), "What NICs have in common, by a name that they choose it by.",
        example: "{web: {vlan: 10, default: true}}"),
      LanguageField("mtu", .integer(68...65535), "The largest packet, in bytes.", example: "1500"),
      LanguageField(
        "hosts", .list(.reference(.host)), "The hosts that have it.", default: .words("every host"),
        example: "[rack1]"),
      LanguageField("autostart", .boolean, "Whether it starts with its host.", default: true),
      LanguageField(
        "protect", .boolean, "Nothing removes it as long as this stands here.", default: false),
      LanguageField(
        "external", .boolean,
        "The network is there already: it is used, never changed. Nothing but `hosts` goes with it.",
        default: false),
    ])

  private static func range(_ id: String, _ form: TextForm, _ from: String, _ to: String) -> LanguageObject {
    LanguageObject(
      id, "A range of addresses, with both ends.",
      [
        LanguageField("from", .form(form), "The first address.", required: .always, example: "\"\(from)\""),
        LanguageField("to", .form(form), "The last address.", required: .always, example: "\"\(to)\""),
      ])
  }

  private static let ipv6 = LanguageObject(
    "ipv6", "The IPv6 addresses of a network.",
    [
      LanguageField(
        "cidr", .form(.ipv6Block),
        "Its block, from /64 to /126. In one of /64 without `dhcp`, guests make themselves addresses.",
        required: .always, example: "\"fd00:10::/64\""),
      LanguageField(
        "gateway", .form(.ipv6), "The host's own address on it.", default: .words("the first of the cidr"),
        example: "\"fd00:10::1\""),
      LanguageField(
        "dhcp", .object(range("dhcp-ipv6-range", .ipv6, "fd00:10::1000", "fd00:10::1fff")),
        "The addresses that DHCP hands out.", example: "{from: \"fd00:10::1000\", to: \"fd00:10::1fff\"}"),
      LanguageField(
        "nat", .boolean,
        "Of `mode: nat`: whether IPv6 leaves behind the host's address, too, or with the guests' own.",
        default: true),
    ])

  private static let dns = LanguageObject(
    "dns", "What the DNS server of a network knows.",
    [
      LanguageField("domain", .name, "The DNS domain of its guests.", example: "shop.example"),
      LanguageField(
        "hosts", .map(.oneOrMore(.form(.address)), by: .dnsName),
        "Names beside those of the VMs, each with an address of one or both families.",
        example: "{mail: 10.10.0.9, db: [10.10.0.10, \"fd00:10::10\"]}"),
    ])

  private static let portgroup = LanguageObject(
    "portgroup", "What the NICs in a port group of a network have in common.",
    [
      LanguageField("vlan", vlan, "The VLAN that they are on; on Open vSwitch only.", example: "10"),
      LanguageField("qos", .object(qos), "Limits of their traffic.", example: "{inbound: {average: 10MiB}}"),
      LanguageField("default", .boolean, "Whether it is for NICs that name none.", default: false),
    ])

  // MARK: Of NICs and port groups

  static let vlan = LanguageType.either([.integer(VLAN.possibleTags), .object(vlanTrunk)])

  private static let vlanTrunk = LanguageObject(
    "vlan-trunk", "Several VLANs, all but the native one with tags.", isLayered: true,
    [
      LanguageField(
        "trunk", .oneOrMore(.form(.tags)), "The tags that pass.", required: .always, example: "[10, 20-30]"),
      LanguageField(
        "native", .integer(VLAN.possibleTags), "The VLAN whose tag the guest does not see.", example: "10"),
    ])

  static let qos = LanguageObject(
    "qos", "Limits of traffic, as the guest sees it.", isLayered: true,
    [
      LanguageField(
        "inbound", .object(bandwidth), "What the guest receives.", example: "{average: 10MiB, peak: 20MiB}"),
      LanguageField("outbound", .object(bandwidth), "What the guest sends.", example: "{average: 5MiB}"),
    ])

  private static let bandwidth = LanguageObject(
    "bandwidth", "A limit of traffic in one direction, in whole KiB.", isLayered: true,
    [
      LanguageField("average", .size, "Bytes a second over time.", required: .always, example: "10MiB"),
      LanguageField("peak", .size, "Bytes a second for the length of a burst.", example: "20MiB"),
      LanguageField("burst", .size, "Bytes that may be sent at the peak, less than 4GiB.", example: "1MiB"),
    ])

  // MARK: Firewalls

  static let firewall = LanguageObject(
    "firewall", "What may pass between a NIC and its network. Answers to what passed always pass.",
    [
      LanguageField(
        "in", .either([.list(.object(rule("in-rule", peers: "from", "Who it comes from"))), .words("any")]),
        "What reaches the guest.", default: .words("nothing"), example: "[{protocol: tcp, port: 443}]"),
      LanguageField(
        "out", .either([.words("any"), .list(.object(rule("out-rule", peers: "to", "Who it goes to")))]),
        "What leaves the guest.", default: .value("any"),
        example: "[{protocol: udp, port: 53, to: 10.10.0.1}]"),
      LanguageField(
        "include", .list(.reference(.filter)),
        "Filters of libvirt's that count, too, such as one against forged addresses.",
        example: "[clean-traffic]"),
    ])

  private static func rule(_ id: String, peers key: String, _ whose: String) -> LanguageObject {
    LanguageObject(
      id, "Traffic that passes.",
      [
        LanguageField(
          "protocol", .choice(FirewallRule.Transport.self), "What a packet carries.", default: .value("any")),
        LanguageField(
          "port", .oneOrMore(.form(.ports)), "The ports that are reached, of tcp and udp.",
          default: .words("all"), example: "[5432, 8000-8099]"),
        LanguageField(
          key, .oneOrMore(.form(.peer)),
          "\(whose). A VM, or an entry of `vms` with a count, stands for its addresses.",
          default: .words("anybody"), example: "[app, 10.10.9.0/24]"),
      ])
  }
}

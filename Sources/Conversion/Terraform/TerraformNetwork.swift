import Libvirt

/// A `libvirt_network`, in the form before 0.9 (`mode`, `addresses`, `dns`) or since.
struct TerraformNetwork {
  let resource: TerraformResource
  let owner: TerraformEstate

  init(_ resource: TerraformResource, in owner: TerraformEstate) {
    self.resource = resource
    self.owner = owner
  }

  private var node: SourceNode { resource.attributes }

  func convert() {
    let name = resource.name(owner.estate)
    let subject = "network \(name)"
    let id = node["id"]?.word
    let uuid = node["uuid"]?.word?.canonicalUUID ?? id?.canonicalUUID
    for key in [id, uuid].compactMap({ $0 }) { owner.know(network: name, by: key) }
    let forward = forward
    let isBridge = forward?[attribute: "mode"] == "bridge"
    let bridge = bridge(isBridge: isBridge)
    let mtu = node["mtu"]?.natural ?? node.at("mtu", "size")?.natural
    let domain = domain
    let dns = isBridge ? nil : dns
    let addresses = isBridge ? [] : addresses(subject)
    let routes = routes
    let groups = TerraformRules.elements(node, TerraformRules.network)
    if let autostart = node["autostart"]?.flag, !autostart, !resource.isFilledIn {
      owner.estate.note(subject, at: resource.address, "that it does not start with its host is not carried")
    }
    node.ignore(["active", "create", "destroy"])
    if isBridge { node.ignore(["addresses", "dhcp", "dns"]) }
    owner.estate.add(
      network: XMLElement("network") {
        XMLElement("name", text: name)
        uuid.map { XMLElement("uuid", text: $0) }
        forward
        bridge
        mtu.map { XMLElement("mtu", ["size": "\($0)"]) }
        domain
        dns
        groups
        addresses
        routes
      })
    owner.noteUnread(resource, of: subject)
  }

  /// Before 0.9, a network forwards by NAT unless it says otherwise; since, one that says nothing is isolated.
  private var forward: XMLElement? {
    let isOld = node["forward"] == nil && (node.keys.contains("mode") || node.keys.contains("addresses"))
    if let forward = node["forward"] {
      let mode = forward["mode"]?.word
      let device = forward["dev"]?.word
      let range = forward.at("nat", "ports")?.items.first
      let start = range?["start"]?.text
      let end = range?["end"]?.text
      return XMLElement("forward", ["mode": mode, "dev": device]) {
        range == nil
          ? nil : XMLElement("nat") { XMLElement("port", ["start": start, "end": end]) }
      }
    }
    let mode =
      node["mode"]?.word?.lowercased() ?? (isOld || node["ips"] == nil && !resource.isFilledIn ? "nat" : nil)
    guard let mode, mode != "none" else { return nil }
    return XMLElement("forward", ["mode": mode]) {
      mode == "nat" ? XMLElement("nat") { XMLElement("port", ["start": "1024", "end": "65535"]) } : nil
    }
  }

  private func bridge(isBridge: Bool) -> XMLElement? {
    let block = node["bridge"]?.isMap == true ? node["bridge"] : nil
    let name = block?["name"]?.word ?? node["bridge"]?.word
    let spanning = block?["stp"]?.word ?? "on"
    let delay = block?["delay"]?.text
    let zone = block?["zone"]?.word
    if isBridge { return name.map { XMLElement("bridge", ["name": $0]) } }
    return XMLElement("bridge", ["name": name, "stp": spanning, "delay": delay, "zone": zone])
  }

  private var domain: XMLElement? {
    let name = node.at("domain", "name")?.word ?? node["domain"]?.word
    let isLocal = node.at("dns", "local_only")?.flag ?? node.at("domain", "local_only")?.flag ?? false
    return name.map { XMLElement("domain", ["name": $0, "localOnly": isLocal ? "yes" : nil]) }
  }

  private var dns: XMLElement? {
    guard let dns = node["dns"]?.items.first else { return nil }
    var enable = dns["enable"]?.word
    if let isOn = dns["enabled"]?.flag, isOn { enable = "yes" }
    let forwarders = (dns["forwarders"]?.items ?? []).map { item in
      XMLElement(
        "forwarder", ["domain": item["domain"]?.word, "addr": item["address"]?.word ?? item["addr"]?.word])
    }
    var hosts: [(ip: String, names: [String])] = []
    for item in (dns["hosts"]?.items ?? []) + (dns["host"]?.items ?? []) {
      guard let ip = item["ip"]?.word else { continue }
      let names =
        item["hostname"]?.word.map { [$0] }
        ?? (item["hostnames"]?.items ?? []).compactMap { $0.isMap ? $0["hostname"]?.word : $0.word }
      if let index = hosts.firstIndex(where: { $0.ip == ip }) {
        hosts[index].names += names
      } else {
        hosts.append((ip, names))
      }
    }
    let services = (dns["srvs"]?.items ?? []) + (dns["sr_vs"]?.items ?? [])
    let records = services.map { item in
      XMLElement(
        "srv",
        [
          "service": item["service"]?.word, "protocol": item["protocol"]?.word,
          "domain": item["domain"]?.word,
          "target": item["target"]?.word, "port": item["port"]?.text, "priority": item["priority"]?.text,
          "weight": item["weight"]?.text,
        ])
    }
    if enable == nil, forwarders.isEmpty, hosts.isEmpty, records.isEmpty { return nil }
    return XMLElement("dns", ["enable": enable]) {
      forwarders
      records
      hosts.map { ip, names in
        XMLElement("host", ["ip": ip]) { names.map { XMLElement("hostname", text: $0) } }
      }
    }
  }

  /// `addresses` are subnets whose first address is the host's; `ips` are libvirt's own.
  private func addresses(_ subject: String) -> [XMLElement] {
    let hasDHCP = node.at("dhcp", "enabled")?.flag ?? true
    var elements: [XMLElement] = []
    for item in node["addresses"]?.items ?? [] {
      guard let text = item.text else { continue }
      guard let subnet = Subnet(text) else {
        owner.estate.note(
          subject, at: resource.address, "'\(text)' is no subnet with room for guests: it is not carried")
        continue
      }
      elements.append(subnet.element(range: hasDHCP ? (subnet.firstGuest, subnet.lastHost) : nil))
    }
    for item in node["ips"]?.items ?? [] {
      let dhcp = item["dhcp"]
      let ranges = (dhcp?["ranges"]?.items ?? []).map { range in
        XMLElement("range", ["start": range["start"]?.word, "end": range["end"]?.word])
      }
      let hosts = (dhcp?["hosts"]?.items ?? []).map { host in
        XMLElement(
          "host",
          [
            "mac": host["mac"]?.word, "id": host["id"]?.word, "name": host["name"]?.word,
            "ip": host["ip"]?.word,
          ])
      }
      dhcp?.ignore(["enabled"])
      let family = item["family"]?.word
      elements.append(
        XMLElement(
          "ip",
          [
            "family": family == "ipv4" ? nil : family, "address": item["address"]?.word,
            "netmask": item["netmask"]?.word, "prefix": item["prefix"]?.text,
            "localPtr": item["local_ptr"]?.word,
          ]
        ) {
          dhcp == nil
            ? nil
            : XMLElement("dhcp") {
              ranges
              hosts
            }
        })
    }
    return elements
  }

  private var routes: [XMLElement] {
    (node["routes"]?.items ?? []).compactMap { item in
      let gateway = item["gateway"]?.word
      if let cidr = item["cidr"]?.word {
        let parts = cidr.split(separator: "/").map(String.init)
        guard parts.count == 2 else { return nil }
        return XMLElement(
          "route",
          [
            "family": cidr.contains(":") ? "ipv6" : nil, "address": parts[0], "prefix": parts[1],
            "gateway": gateway,
          ])
      }
      return XMLElement(
        "route",
        [
          "family": item["family"]?.word, "address": item["address"]?.word, "prefix": item["prefix"]?.text,
          "netmask": item["netmask"]?.word, "gateway": gateway, "metric": item["metric"]?.text,
        ])
    }
  }
}

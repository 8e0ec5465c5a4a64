import FoundationEssentials
import TestLab

/// A stack with a running guest that grows and shrinks, again and again, and what it comes to each time.
struct GrowingStack {
  /// What a spec of this form has on its hosts, and the calls of an apply that gets there from the other form.
  struct Form: Sendable {
    var objects: Set<String>
    var calls: [String]
  }

  let stack: String
  /// Of its networks, which no other test may have.
  let bridge: String
  let subnet: String
  /// The URI of its host; nil for the embedded one.
  var uri: String?
  /// Where the host has its disks, if not where libvirt has them.
  var pool: String?

  func text(isLarge: Bool) -> String {
    var site = SiteText(stack)
    if let uri { site.hosts["one"] = "{uri: \"\(uri)\", accel: tcg}" }
    if let pool { site.pools["default"] = "{type: dir, path: \(pool)}" }
    let dhcp = "dhcp: {from: \(subnet).100, to: \(subnet).\(isLarge ? 199 : 150)}"
    site.networks["lan"] = "{mode: isolated, cidr: \(subnet).0/24, bridge: \(bridge), \(dhcp)}"
    site.vms["web"] = SiteText.guest(
      "web",
      [
        "disks": "{root: {size: 8MiB}, kept: {size: 8MiB, protect: true}}", "nics": "{lan: {}}",
        // A guest that has not booted lets go of no device.
        "ready": "{console: VF-STATUS}",
      ])
    guard isLarge else { return site.text }
    site.images["guest"] = "{source: \(Lab.guest)/guest.qcow2}"
    site.networks["side"] = "{mode: isolated, bridge: \(bridge)-s}"
    site.disks["shared"] = "{size: 8MiB}"
    site.vms["web"]?.merge([
      "title": "Large",
      "disks":
        "{root: {size: 8MiB}, kept: {size: 8MiB, protect: true}, more: {size: 8MiB, iotune: {total_iops: 500}}}",
      "nics": "{lan: {}, side: {}}",
    ]) { $1 }
    site.vms["cold"] = [
      "accel": "tcg", "memory": "64MiB", "state": "off", "image": "guest",
      "disks": "{data: {disk: shared}}", "nics": "{side: {}}",
    ]
    return site.text
  }
}

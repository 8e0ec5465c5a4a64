import Testing

@testable import SpecModel

@Suite struct ReadinessTests {
  private func ready(_ text: String, _ more: String = "") -> [String] {
    findings(
      in: "networks: {lan: {mode: nat, cidr: 10.0.0.0/24}}\n"
        + "vms: {w: {memory: 1GiB, nics: {lan: {}}, \(more)ready: \(text)}}\n")
  }

  private func readiness(_ text: String) throws -> Readiness? {
    try site(
      "networks: {lan: {mode: nat, cidr: 10.0.0.0/24}}\n"
        + "vms: {w: {memory: 1GiB, nics: {lan: {}}, ready: \(text)}}\n"
    ).machine("w").readiness
  }

  @Test("a VM says what it is waited for")
  func probes() throws {
    let lan = try ResourceName(parsing: "lan")
    #expect(try readiness("{tcp: 22}") == Readiness(probes: [.tcp(.init(port: 22))]))
    #expect(
      try readiness(
        """
        {lease: lan, agent: true, tcp: {port: 22, nic: lan}, console: "login:", cloud_init: true, timeout: 90s,
         http: {port: 8080, address: web.example.org, path: /healthz, status: 204}}
        """)
        == Readiness(
          probes: [
            .lease(nic: lan), .agent, .tcp(.init(port: 22, place: .nic(lan))),
            .http(.init(port: 8080, place: .address("web.example.org")), path: "/healthz", status: 204),
            .console("login:"), .cloudInit,
          ], timeout: TimeSpan(seconds: 90)))
    #expect(
      try readiness("{http: {}}") == Readiness(probes: [.http(.init(port: 80), path: "/", status: 200)]))
    #expect(try readiness("{http: {}}")?.timeout.seconds == 300)
    // What a profile asks for, a VM may leave out.
    #expect(try readiness("{agent: false, tcp: 1}")?.probes == [.tcp(.init(port: 1))])
  }

  @Test("mistakes in what a VM is waited for")
  func mistakes() {
    #expect(ready("1️⃣{}") == ["1️⃣ 'ready' is empty | help: such as ready: {tcp: 22}"])
    #expect(ready("1️⃣~") == ["1️⃣ 'ready' has no value | help: such as ready: {tcp: 22}"])
    #expect(ready("1️⃣22") == ["1️⃣ 'ready' must be a map, not 22"])
    let words = "help: one or more of agent, cloud_init, console, http, lease, tcp"
    #expect(ready("1️⃣{timeout: 5m}") == ["1️⃣ 'ready' does not say what to wait for | \(words)"])
    #expect(ready("1️⃣{agent: false}") == ["1️⃣ 'ready' does not say what to wait for | \(words)"])
    #expect(ready("{1️⃣tpc: 22}") == ["1️⃣ unknown key 'tpc' | help: did you mean 'tcp'?"])
    #expect(ready("{lease: 1️⃣lam}") == ["1️⃣ this VM has no NIC 'lam' | help: did you mean 'lan'?"])
    #expect(ready("{lease: 1️⃣uplink}") == ["1️⃣ this VM has no NIC 'uplink' | help: it has lan"])
    #expect(ready("{tcp: 1️⃣0}") == ["1️⃣ 'tcp' is 0, but must be from 1 to 65535"])
    #expect(ready("{tcp: 1️⃣{nic: lan}}") == ["1️⃣ 'port' is missing in ready.tcp | help: such as port: 22"])
    #expect(
      ready("{tcp: {port: 1, address: 10.0.0.5, nic: 1️⃣lan}}") == [
        "1️⃣ a probe has either 'address' or 'nic'"
      ])
    #expect(
      ready("{tcp: {port: 1, address: 1️⃣-x}}") == [
        "1️⃣ '-x' is not an address | help: write an IP address or a host name"
      ])
    #expect(
      ready("{http: {path: 1️⃣healthz}}") == [
        "1️⃣ 'healthz' is not the path of a URL | help: such as path: /healthz"
      ])
    #expect(
      ready("{http: {path: 1️⃣\"/a b\"}}") == [
        "1️⃣ '/a b' is not the path of a URL | help: such as path: /healthz"
      ])
    #expect(ready("{http: {status: 1️⃣20}}") == ["1️⃣ 'status' is 20, but must be from 100 to 599"])
    #expect(ready("{console: 1️⃣\"\"}") == ["1️⃣ 'console' is empty | help: such as console: \"login:\""])
    #expect(
      ready("{console: 1️⃣up}", "console: false, ") == [
        "1️⃣ this VM has no serial console to look at | help: give it console: true"
      ])
    #expect(ready("{tcp: 22, timeout: 1️⃣0s}") == ["1️⃣ nothing gets ready within 0s | help: such as 5m"])
    #expect(
      ready("{tcp: 22, timeout: 1️⃣5}") == ["1️⃣ '5' is not a length of time | help: write 30s, 5m or 1h"])
  }

  @Test("of a profile, the NICs are those of the VMs that use it")
  func profiles() throws {
    let site = try site(
      """
      networks: {lan: {mode: nat, cidr: 10.0.0.0/24}}
      profiles: {p: {ready: {lease: lan, timeout: 10s}}}
      vms: {w: {profile: p, memory: 1GiB, nics: {lan: {}}, ready: {timeout: 20s}}}
      """)
    #expect(try site.machine("w").readiness?.timeout.seconds == 20)
  }
}

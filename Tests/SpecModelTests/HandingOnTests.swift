import Testing

@testable import SpecModel

@Suite("SSH, groups and outputs") struct HandingOnTests {
  private func ssh(_ text: String) -> [String] { findings(in: "vms: {w: {memory: 1GiB, ssh: \(text)}}\n") }

  @Test("a VM says how to log in, and which groups it is in")
  func access() throws {
    let site = try site(
      """
      profiles: {p: {ssh: {user: debian, key: ~/.ssh/lab}, groups: [b, a]}}
      vms:
        w: {profile: p, memory: 1GiB, ssh: {port: 2222, via: "root@rack1.example.org:22"}}
        x: {memory: 1GiB}
      """)
    #expect(
      try site.machine("w").ssh
        == SSHAccess(user: "debian", key: "~/.ssh/lab", port: 2222, via: "root@rack1.example.org:22"))
    #expect(try site.machine("w").groups.map(\.rawValue) == ["a", "b"])
    #expect(try site.machine("x").ssh == nil)
  }

  @Test("mistakes in how to log in; nothing that ssh would take for an option")
  func mistakes() {
    #expect(ssh("1️⃣{}") == ["1️⃣ 'ssh' is empty | help: such as ssh: {user: debian}"])
    #expect(ssh("{1️⃣usr: a}") == ["1️⃣ unknown key 'usr' | help: did you mean 'user'?"])
    for user in ["-oProxyCommand=x", "a b", "a@b"] {
      #expect(
        ssh("{user: 1️⃣\"\(user)\"}") == ["1️⃣ '\(user)' is not the name of a user | help: such as user: debian"])
    }
    #expect(ssh("{key: 1️⃣\"\"}") == ["1️⃣ 'key' is empty | help: the path of a private key"])
    #expect(ssh("{port: 1️⃣70000}") == ["1️⃣ 'port' is 70000, but must be from 1 to 65535"])
    for via in ["-x", "a b", "@x", "x@"] {
      #expect(
        ssh("{via: 1️⃣\"\(via)\"}") == [
          "1️⃣ '\(via)' is not a host to jump through | help: such as via: root@rack1.example.org"
        ])
    }
  }

  private func outputs(_ text: String) -> [String] {
    findings(
      in: "variables: {d: {default: example.org}}\nnetworks: {lan: {mode: nat, cidr: 10.0.0.0/24}}\n"
        + "vms: {web: {count: 2, memory: 1GiB, nics: {lan: {}}}, web-1.x: {memory: 1GiB, nics: {lan: {}}}}\n"
        + "outputs: \(text)\n")
  }

  @Test("outputs name what is known of VMs, between text and variables")
  func outputs() throws {
    let site = try site(
      """
      variables: {d: {default: example.org}}
      networks: {lan: {mode: nat, cidr: 10.0.0.0/24}}
      vms:
        web: {count: 2, memory: 1GiB, nics: {lan: {}}}
        web-1.x: {memory: 1GiB}
      outputs:
        url: "http://${vms.web-1.nics.lan.ip}/${var.d}"
        mac: ${vms.web-2.nics.lan.mac}
        where: ${vms.web-1.x.host} and ${vms.web-2.ip}
        plain: 5 $${x}
      """)
    let (web1, web2, x) = (
      try ResourceName(parsing: "web-1"), try ResourceName(parsing: "web-2"),
      try ResourceName(parsing: "web-1.x")
    )
    let lan = try ResourceName(parsing: "lan")
    #expect(
      site.outputs.map(\.parts) == [
        [.text("http://"), .value(.nicIP(lan), ofVM: web1), .text("/"), .text("example.org")],
        [.value(.nicMAC(lan), ofVM: web2)],
        [.value(.host, ofVM: x), .text(" and "), .value(.ip, ofVM: web2)],
        [.text("5 "), .text("${"), .text("x}")],
      ])
  }

  @Test("mistakes in outputs")
  func outputMistakes() {
    #expect(outputs("1️⃣[a]") == ["1️⃣ 'outputs' must be a map, not a list"])
    #expect(
      outputs("{a: 1️⃣[b]}") == [
        "1️⃣ 'a' must be a single value, not a list | help: such as a: \"${vms.web.ip}\""
      ])
    #expect(
      outputs("{a: 1️⃣\"${vms.wbe-1.ip}\"}") == ["1️⃣ no VM 'wbe-1' in this spec | help: did you mean 'web-1'?"])
    #expect(
      outputs("{a: 1️⃣\"${vms.web-1.nics.lam.ip}\"}") == [
        "1️⃣ VM 'web-1' has no NIC 'lam' | help: did you mean 'lan'?"
      ])
    #expect(
      outputs("{a: 1️⃣\"${vms.web-1.memory}\"}") == [
        "1️⃣ '${vms.web-1.memory}' is nothing that is known of a VM | help: write ${vms.VM.ip}, ${vms.VM.host}, "
          + "${vms.VM.nics.NIC.ip} or ${vms.VM.nics.NIC.mac}"
      ])
    #expect(
      outputs("{a: 1️⃣\"${vms.web-1.ip\"}") == [
        "1️⃣ '${' without its '}' | help: write $${ for the characters ${"
      ])
    #expect(outputs("{a: 1️⃣\"${var.x}\"}").count == 1)
    #expect(outputs("{a: 1️⃣\"${name}\"}") == ["1️⃣ '${name}' has a value only in VMs and profiles"])
  }
}

import Testing

@testable import SpecModel

@Suite struct HostTests {
  private let two = "hosts: {a: {uri: qemu:///system}, b: {uri: \"test:///default\"}}\n"

  @Test("without hosts and pools, VMs run on an embedded host with a pool of its own")
  func embedded() throws {
    let site = try site("vms: {w: {memory: 1GiB, disks: {d: {size: 1GiB}}}}\n")
    #expect(site.hosts.map(\.name.rawValue) == ["local"] && site.hosts[0].isEmbedded)
    #expect(site.pools.map(\.name.rawValue) == ["default"] && site.pools[0].source == nil)
    #expect(try site.machine("w").host.rawValue == "local")
    let named = try SpecModelTests.site(
      "hosts: {me: {uri: embedded, accel: tcg}, far: {uri: qemu:///system}}\n")
    #expect(named.pools.map(\.hosts) == [[named.hosts[1].name]])
    #expect(named.hosts[1].isEmbedded && named.hosts[1].accel == .tcg && !named.hosts[0].isEmbedded)
    #expect(try SpecModelTests.site("hosts: {far: {uri: qemu:///system}}\n").pools.isEmpty)
  }

  @Test("what a site holds is sorted and found by name")
  func lookup() throws {
    let site = try site(
      two + "pools: {p: {path: /p}}\nnetworks: {n: {mode: user}}\ndisks: {d: {size: 1GiB, host: b}}\n")
    #expect(site.hosts.map(\.name.rawValue) == ["a", "b"])
    let names = try ["a", "p", "n", "d", "x"].map { try ResourceName(parsing: $0) }
    #expect(site.host(names[0])?.name == names[0] && site.pool(names[1])?.name == names[1])
    #expect(site.network(names[2])?.name == names[2] && site.disk(names[3])?.host.rawValue == "b")
    #expect(site.host(names[4]) == nil && site.image(names[4]) == nil)
    #expect(site.stack.rawValue == "shop")
  }

  @Test("a host has a URI that is no other host's")
  func uris() {
    #expect(
      findings(in: "hosts: {a: 1️⃣{}}\n")
        == [
          "1️⃣ 'uri' is missing in hosts.a | help: such as qemu+ssh://root@a/system, or embedded for a libvirt of virtform's own"
        ])
    #expect(
      findings(in: "hosts:\n  a: {uri: 1️⃣qemu:///system}\n  b: {uri: 2️⃣\"qemu:///system\"}\n")
        == ["2️⃣ two hosts reach the same libvirt, 'qemu:///system' | 1️⃣ the first is here"])
    #expect(
      findings(in: "hosts:\n  a: {uri: 1️⃣embedded}\n  b: {uri: 2️⃣embedded}\npools: {p: {path: /p}}\n")
        == ["2️⃣ two hosts reach the same libvirt, 'embedded' | 1️⃣ the first is here"])
    #expect(
      findings(in: "hosts: {a: {uri: 1️⃣qemu+ssh://h/system?command=/x}}\n")
        == ["1️⃣ the parameter 'command' is not allowed in a URI | help: it runs a program on this machine"])
    #expect(
      findings(in: "hosts: {a: {uri: 1️⃣4}}\n") == [
        "1️⃣ '4' is not a libvirt URI | help: write one such as qemu+ssh://root@rack1/system"
      ])
  }

  @Test("with several hosts, a VM and a shared disk say theirs; with one, it is theirs")
  func choice() throws {
    #expect(
      findings(in: two + "pools: {p: {path: /p}}\nvms: {1️⃣w: {memory: 1GiB}}\ndisks: {d: 2️⃣{size: 1GiB}}\n")
        .sorted() == [
          "1️⃣ 'host' is missing in vms.w | help: name one of a, b",
          "2️⃣ 'host' is missing in disks.d | help: name one of a, b",
        ])
    #expect(
      findings(in: "hosts: {}\nvms: {1️⃣w: {memory: 1GiB}}\n")
        == ["1️⃣ 'host' is missing in vms.w | help: there is no host: declare one under hosts:"])
    #expect(
      findings(in: two + "vms: {w: {memory: 1GiB, host: 1️⃣ab}}\n") == [
        "1️⃣ no host 'ab' in this spec | help: did you mean 'a'?"
      ])
    #expect(
      try site("hosts: {x: {uri: qemu:///system}}\nvms: {w: {memory: 1GiB}}\n").machine("w").host.rawValue
        == "x")
  }

  @Test("a host that is declared in error is no unknown host")
  func declaredInError() {
    #expect(
      findings(
        in:
          "hosts: {a: {uri: 1️⃣nowhere}}\npools: {p: {path: /p, hosts: [a]}}\nnetworks: {n: {mode: user}}\nvms: {w: {host: a, memory: 1GiB, disks: {d: {size: 1GiB}}, nics: {n: {}}}}\n"
      ).count == 1)
    #expect(
      findings(in: "hosts: 1️⃣[a]\nvms: {w: {memory: 1GiB}, v: {memory: 1GiB, host: a}}\n") == [
        "1️⃣ 'hosts' must be a map, not a list"
      ])
    #expect(findings(in: "hosts: {1️⃣a b: {uri: qemu:///system}}\nvms: {w: {memory: 1GiB}}\n").count == 1)
    #expect(
      findings(in: "pools: 1️⃣[a]\nvms: {w: {memory: 1GiB, pool: a, disks: {d: {size: 1GiB}}}}\n") == [
        "1️⃣ 'pools' must be a map, not a list"
      ])
  }

  @Test("a list of hosts names hosts of the spec, each once; without one it is all of them")
  func lists() throws {
    let names = try site(
      two + "pools: {p: {path: /p}, q: {path: /q, hosts: [b]}, r: {path: /r, hosts: []}}\n"
    ).pools.map { $0.hosts.map(\.rawValue) }
    #expect(names == [["a", "b"], ["b"], []])
    #expect(
      findings(in: two + "pools: {p: {path: /p, hosts: [a, 1️⃣c, 2️⃣a, 3️⃣4]}, q: {path: /q, hosts: 4️⃣a}}\n") == [
        "1️⃣ no host 'c' in this spec | help: declare it under hosts:", "2️⃣ 'a' stands in 'hosts' twice",
        "3️⃣ a name must be a string, not 4 | help: quote it: \"4\"",
        "4️⃣ 'hosts' must be a list, not a | help: write [a]",
      ])
  }

  @Test("what is on another host cannot be used, and the error says where it is")
  func elsewhere() {
    let spec =
      two
      + "pools: {p: {path: /p, hosts: [a]}, q: {path: /q}}\nnetworks: {n: {mode: user, hosts: [a]}}\ndisks: {s: {size: 1GiB, host: a, pool: p}}\n"
    #expect(
      findings(
        in: spec
          + "vms:\n  w:\n    host: b\n    memory: 1GiB\n    disks: {x: {size: 1GiB, pool: 1️⃣p}, y: {disk: 2️⃣s}}\n    nics: {3️⃣n: {}, o: {network: 4️⃣n}}\n"
      ) == [
        "1️⃣ pool 'p' is not on host 'b' | help: it is on a", "2️⃣ disk 's' is on host 'a', this VM on 'b'",
        "3️⃣ network 'n' is not on host 'b' | help: it is on a",
        "4️⃣ network 'n' is not on host 'b' | help: it is on a",
      ])
  }
}

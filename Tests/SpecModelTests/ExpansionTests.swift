import Testing

@testable import SpecModel

@Suite struct ExpansionTests {
  @Test("defaults, then the profile, then the VM: maps merge, lists and values replace")
  func mergeOrder() throws {
    let site = try site(
      """
      defaults: {cpus: 1, memory: 1GiB, firmware: bios, disks: {a: {size: 1GiB}}}
      profiles:
        big: {cpus: 8, memory: {size: 8GiB, max: 16GiB}, disks: {a: {bus: scsi}, b: {size: 2GiB}}}
      vms:
        plain: {}
        web: {profile: big, cpus: 2, memory: {size: 4GiB}, disks: {a: {size: 3GiB}}}
        none: {profile: big, disks: }
      """)
    let plain = try site.machine("plain")
    #expect(plain.settings.cpus?.count == 1 && plain.settings.memory?.size == .gibibytes(1))
    let web = try site.machine("web")
    #expect(web.settings.cpus?.count == 2 && web.settings.firmware == .bios)
    #expect(web.settings.memory == MemoryAmount(size: .gibibytes(4), max: .gibibytes(16)))
    #expect(web.disks.map(\.name.rawValue) == ["a", "b"])
    #expect(web.disks[0].bus == .scsi)
    guard case .own(let size, nil, nil, _) = web.disks[0].source else {
      Issue.record("no own disk"); return
    }
    #expect(size == .gibibytes(3))
    #expect(try site.machine("none").disks == [])
  }

  @Test("an error in a profile is reported there, once, however many VMs use it")
  func errorInProfile() {
    #expect(
      findings(
        in:
          "profiles:\n  p: {memory: 1️⃣4, 2️⃣cpu_count: 1, disks: {d: 3️⃣{}}, title: 4️⃣\"${var.x}\"}\nvms: {a: {profile: p}, b: {profile: p, count: 9}}\n"
      )
      .map { $0.prefix(1) } == ["1️⃣", "2️⃣", "3️⃣", "4️⃣"])
    #expect(
      findings(
        in:
          "profiles: {p: {disks: {d: 1️⃣{}}}}\nvms: {a: {memory: 1GiB, profile: p}, b: {memory: 1GiB, profile: p, count: 9}}\n"
      )
        == ["1️⃣ 'size' is missing in disks.d | help: such as size: 20GiB"])
  }

  @Test("an error in a VM of a count is reported once")
  func errorInCount() {
    #expect(
      findings(in: "vms: {1️⃣w: {count: 1000}}\n") == [
        "1️⃣ 'memory' is missing in vms.w | help: such as memory: 1GiB"
      ])
    #expect(
      findings(
        in:
          "networks: {n: {mode: nat, cidr: 10.0.0.0/24}}\nvms: {w: {count: 1000, memory: 1GiB, nics: {n: {ip: 1️⃣10.0.0.250+}}}}\n"
      )
        == ["1️⃣ 10.0.0.255 is not an address of network 'n', which is 10.0.0.0/24"])
    #expect(
      findings(in: "vms: {w: {for_each: [a, b], memory: 1GiB, image: 1️⃣\"${each}\"}}\n") == [
        "1️⃣ no image 'a' in this spec | help: declare it under images:",
        "1️⃣ no image 'b' in this spec | help: declare it under images:",
      ])
  }

  @Test("profiles and defaults that no VM uses, or that all override, are checked all the same")
  func unused() {
    #expect(
      findings(
        in:
          "defaults: {memory: 1️⃣4, 2️⃣memmory: 1}\nprofiles:\n  p: {cpus: 3️⃣two, kernel: 4️⃣x, nics: {a: {mac: 5️⃣zz}}, disks: {d: {size: 6️⃣1}}}\n  q: 7️⃣5\nvms: {w: {memory: 1GiB}}\n"
      )
      .map { $0.prefix(1) } == ["1️⃣", "2️⃣", "3️⃣", "4️⃣", "5️⃣", "6️⃣", "7️⃣"])
    #expect(
      findings(in: "vms: {w: {count: 0, 1️⃣memmory: 1}}\n") == [
        "1️⃣ unknown key 'memmory' | help: did you mean 'memory'?"
      ])
  }

  @Test("a profile need not have what only the whole VM must have")
  func partialProfiles() {
    #expect(
      findings(
        in: """
          hosts: {a: {uri: qemu:///system}, b: {uri: "test:///default"}}
          pools: {x: {path: /x}, y: {path: /y}}
          networks: {lan: {mode: nat, cidr: 10.0.0.0/24}}
          profiles:
            p:
              cpus: {max: 4}
              memory: {max: 4GiB}
              cmdline: quiet ${name} ${index} ${each}
              image: "${each}"
              disks: {root: {bus: scsi}, data: {pool: x}}
              nics: {eth0: {ip: 10.0.0.1+, model: virtio}, eth1: {mac: "${var.mac}"}}
          variables: {mac: {default: "52:54:00:00:00:01"}}
          """) == [])
  }

  @Test("count and for_each name the VMs of a group")
  func groups() throws {
    let site = try site(
      "vms: {w: {count: 11, memory: 1GiB}, x: {for_each: [b, a], memory: 1GiB}, y: {count: 0, memory: 1GiB}, z: {for_each: [], memory: 1GiB}}\n"
    )
    #expect(site.machines.map(\.name.rawValue) == (1...11).map { "w-\($0)" } + ["x-a", "x-b"])
  }

  @Test("an address with a plus counts up with the index, in VMs with a count only")
  func countingAddresses() throws {
    let networks = "networks: {n: {mode: nat, cidr: 10.0.0.0/23}}\n"
    let machines = try site(networks + "vms: {w: {count: 3, memory: 1GiB, nics: {n: {ip: 10.0.0.254+}}}}\n")
      .machines
    #expect(machines.map { $0.nics[0].ip?.description } == ["10.0.0.254", "10.0.0.255", "10.0.1.0"])
    #expect(
      findings(in: networks + "vms: {w: {memory: 1GiB, nics: {n: {ip: 1️⃣10.0.0.5+}}}}\n")
        == ["1️⃣ '10.0.0.5+' counts up, but this VM has no count | help: leave out the '+', or add a count"])
    #expect(
      findings(in: networks + "vms: {w: {count: 2, memory: 1GiB, nics: {n: {ip: 1️⃣255.255.255.255+}}}}\n")
        == ["1️⃣ 255.255.255.255 is not an address of network 'n', which is 10.0.0.0/23"])
    #expect(
      findings(
        in:
          "networks: {n: {mode: nat, cidr: 10.0.0.0/23}}\nvms: {w: {count: 1, memory: 1GiB, nics: {n: {ip: 1️⃣10.0.0+}}}}\n"
      )
        == ["1️⃣ '10.0.0' is not an IPv4 address | help: write one such as 10.10.0.11"])
    #expect(
      findings(
        in: networks
          + "vms: {w: {for_each: [a, b], memory: 1GiB, nics: {n: {ip: 1️⃣255.255.255.255+}}}}\n"
      ) == [
        "1️⃣ 255.255.255.255 is not an address of network 'n', which is 10.0.0.0/23",
        "1️⃣ '255.255.255.255+' runs past the last address",
      ])
  }

  @Test("a wrong count, list or profile is reported where it stands")
  func wrongExpansion() {
    func machine(_ fields: String) -> [String] {
      findings(in: "profiles: {small: {}}\nvms: {w: {memory: 1GiB, \(fields)}}\n")
    }
    #expect(machine("count: 1️⃣-1") == ["1️⃣ 'count' is -1, but must be from 0 to 10000"])
    #expect(machine("count: 1️⃣10001") == ["1️⃣ 'count' is 10001, but must be from 0 to 10000"])
    #expect(
      machine("count: 1️⃣\"3\"") == [
        "1️⃣ 'count' must be a whole number, not the string \"3\" | help: write it without quotes: 3"
      ])
    #expect(machine("count: 1, for_each: 1️⃣[a]") == ["1️⃣ a VM has either 'count' or 'for_each'"])
    #expect(machine("for_each: 1️⃣a") == ["1️⃣ 'for_each' must be a list, not a | help: write [a]"])
    #expect(machine("for_each: 1️⃣~") == ["1️⃣ 'for_each' has no value"])
    #expect(
      machine("for_each: [a, 1️⃣a, 2️⃣1, 3️⃣[x], 4️⃣b/c]") == [
        "1️⃣ 'a' stands in 'for_each' twice", "2️⃣ a name must be a string, not 1 | help: quote it: \"1\"",
        "3️⃣ a name must be a string, not a list",
        "4️⃣ the name 'b/c' has the character '/' | help: names are letters, digits, '.', '_' and '-', and start with a letter or a digit",
      ])
    #expect(machine("profile: 1️⃣smal") == ["1️⃣ no profile 'smal' in this spec | help: did you mean 'small'?"])
    #expect(machine("profile: 1️⃣[small]") == ["1️⃣ 'profile' must be a single value, not a list"])
    #expect(
      findings(in: "defaults: {count: 1️⃣1}\nprofiles: {p: {for_each: 2️⃣[a], profile: 3️⃣p}}\n") == [
        "1️⃣ 'count' belongs to a VM, not to defaults", "2️⃣ 'for_each' belongs to a VM, not to profiles.p",
        "3️⃣ 'profile' belongs to a VM, not to profiles.p",
      ])
    let name = String(repeating: "a", count: 62)
    #expect(
      findings(in: "vms: {\(name): {count: 1️⃣100, memory: 1GiB}}\n")
        == ["1️⃣ the name 'aaaaaaaaaaaaaaaaaaaaaaaa…' is longer than 63 characters"])
  }

  @Test("two VMs of one name are shown both, whichever way the name came about")
  func collisions() {
    #expect(
      findings(in: "vms:\n  web: {count: 1️⃣2, memory: 1GiB}\n  2️⃣web-2: {memory: 1GiB}\n")
        == ["2️⃣ two VMs are named 'web-2' | 1️⃣ the first is here"])
    #expect(
      findings(
        in:
          "vms:\n  1️⃣a-b-1: {memory: 1GiB}\n  a: {for_each: [2️⃣b-1], memory: 1GiB}\n  a-b: {count: 3️⃣1, memory: 1GiB}\n"
      ) == [
        "2️⃣ two VMs are named 'a-b-1' | 1️⃣ the first is here",
        "3️⃣ two VMs are named 'a-b-1' | 1️⃣ the first is here",
      ])
  }

  @Test("every value of the resolved spec knows where it was written")
  func origins() throws {
    let text =
      header + """
        defaults: {firmware: 1️⃣bios}
        profiles: {p: {cpus: 2️⃣2, disks: {d: {size: 3️⃣1GiB}}}}
        vms:
          4️⃣web: {profile: p, count: 2, memory: 5️⃣1GiB, disks: {e: 6️⃣{size: 1GiB}}}
        """
    let spec = MarkedSpec(text)
    let origins = try #require(spec.load().site).origins
    for (path, place) in [
      ("vms.web-1.firmware", "1️⃣"), ("vms.web-2.cpus", "2️⃣"), ("vms.web-1.disks.d.size", "3️⃣"),
      ("vms.web-1", "4️⃣"),
      ("vms.web-1.memory", "5️⃣"), ("vms.web-1.disks.e", "6️⃣"), ("vms.web-1.disks.e.bus", "6️⃣"),
      ("vms.web-1.title", "4️⃣"),
    ] {
      #expect(spec.place(origins.location(of: SpecPath(path))) == place, "\(path)")
    }
    #expect(origins.location(of: SpecPath("vms.db.memory")) == nil)
    #expect(origins.location(of: SpecPath("hosts.local.uri")) == nil)
    #expect(
      origins.leaves.map { "\($0.path)=\($0.value)" }.suffix(5) == [
        "vms.web-2.firmware=bios", "vms.web-2.cpus=2", "vms.web-2.disks.d.size=1GiB",
        "vms.web-2.disks.e.size=1GiB", "vms.web-2.memory=1GiB",
      ])
  }
}

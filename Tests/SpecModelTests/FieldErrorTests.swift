import Testing

@testable import SpecModel

/// Every way in which the value of one field can be wrong.
@Suite struct FieldErrorTests {
  /// The findings of a VM with these fields.
  private func machine(_ fields: String) -> [String] {
    findings(in: "networks: {lan: {mode: nat, cidr: 10.0.0.0/24}}\nvms:\n  web: {memory: 1GiB, \(fields)}\n")
  }

  @Test("a spec names its version and its stack")
  func headerKeys() {
    #expect(
      findings("1️⃣") == [
        "1️⃣ 'virtform' is missing in the spec | help: start the spec with virtform: 1",
        "1️⃣ 'stack' is missing in the spec | help: name what belongs together, such as stack: shop",
      ])
    #expect(
      findings("virtform: 1️⃣2\nstack: 2️⃣a/b\n") == [
        "1️⃣ this virtform reads version 1 of the language, not 2",
        "2️⃣ the name 'a/b' has the character '/' | help: names are letters, digits, '.', '_' and '-', and start with a letter or a digit",
      ])
    #expect(
      findings("virtform: 1️⃣\"1\"\nstack: s\n") == [
        "1️⃣ 'virtform' must be a whole number, not the string \"1\" | help: write it without quotes: 1"
      ])
    #expect(findings("virtform: 1️⃣0\nstack: s\n") == ["1️⃣ 'virtform' is 0, but must be at least 1"])
    #expect(findings("virtform: 1\nstack:1️⃣\n") == ["1️⃣ 'stack' has no value"])
    #expect(findings("1️⃣- a\n") == ["1️⃣ a spec must be a map, not a list"])
    #expect(findings("1️⃣hello\n") == ["1️⃣ a spec must be a map, not hello"])
  }

  @Test("an unknown key is an error at the key, with the nearest one or all that are known")
  func unknownKeys() {
    #expect(findings(in: "1️⃣vm: {}\n") == ["1️⃣ unknown key 'vm' | help: did you mean 'vms'?"])
    #expect(
      findings(in: "1️⃣stuff: {}\n")
        == [
          "1️⃣ unknown key 'stuff' | help: known keys are adopt, defaults, disks, firewalls, hosts, images, moved, networks, outputs, policy, pools, profiles, removed, stack, variables, virtform, vms"
        ])
    #expect(machine("1️⃣memmory: 1GiB") == ["1️⃣ unknown key 'memmory' | help: did you mean 'memory'?"])
    #expect(
      machine("cpus: {count: 1, 1️⃣maximum: 2}") == [
        "1️⃣ unknown key 'maximum' | help: known keys are count, limit, max, pin, shares, topology"
      ])
    #expect(
      machine("disks: {a: {size: 1GiB, 1️⃣sise: 2}}") == ["1️⃣ unknown key 'sise' | help: did you mean 'size'?"])
    #expect(machine("nics: {lan: {1️⃣ipp: 10.0.0.2}}") == ["1️⃣ unknown key 'ipp' | help: did you mean 'ip'?"])
    #expect(
      machine("shutdown: {1️⃣time: 5s}") == ["1️⃣ unknown key 'time' | help: known keys are force, timeout"])
    for section in ["hosts", "pools", "images", "networks", "disks", "variables"] {
      #expect(
        findings(in: "\(section): {a: {1️⃣qqqqqq: 1}}\n").contains {
          $0.hasPrefix("1️⃣ unknown key 'qqqqqq' | help: known keys are ")
        }, "\(section)")
    }
  }

  @Test("a map where a value stands and a value where a map stands name what is there")
  func kinds() {
    #expect(findings(in: "vms: 1️⃣[a]\n") == ["1️⃣ 'vms' must be a map, not a list"])
    #expect(findings(in: "vms: {web: 1️⃣5}\n") == ["1️⃣ 'vms.web' must be a map, not 5"])
    #expect(findings(in: "hosts: {a.b: 1️⃣[x]}\n") == ["1️⃣ 'hosts.a.b' must be a map, not a list"])
    #expect(machine("disks: 1️⃣\"x\"") == ["1️⃣ 'disks' must be a map, not the string \"x\""])
    #expect(machine("disks: {a.b: 1️⃣4GiB}") == ["1️⃣ 'disks.a.b' must be a map, not 4GiB"])
    #expect(machine("nics: 1️⃣[lan]") == ["1️⃣ 'nics' must be a map, not a list"])
    #expect(machine("title: 1️⃣{a: 1}") == ["1️⃣ 'title' must be a string, not a map"])
    #expect(machine("cpus: 1️⃣[1]") == ["1️⃣ 'cpus' must be a whole number, not a list"])
    #expect(machine("machine: 1️⃣[q35]") == ["1️⃣ 'machine' must be a single value, not a list"])
    #expect(machine("accel: 1️⃣{}") == ["1️⃣ 'accel' must be a single value, not a map"])
    #expect(
      findings(in: "variables: 1️⃣5\nvms: {web: {memory: \"${var.x}\"}}\n") == [
        "1️⃣ 'variables' must be a map, not 5"
      ])
  }

  @Test("a string is no number and no boolean, and the other way round")
  func types() {
    #expect(machine("title: 1️⃣4") == ["1️⃣ 'title' must be a string, not 4 | help: quote it: \"4\""])
    #expect(
      machine("description: 1️⃣true") == [
        "1️⃣ 'description' must be a string, not true | help: quote it: \"true\""
      ])
    #expect(
      machine("description: 1️⃣1e3") == ["1️⃣ 'description' must be a string, not 1e3 | help: quote it: \"1e3\""])
    #expect(machine("description: 1️⃣~") == ["1️⃣ 'description' has no value"])
    #expect(machine("title: NO") == [])
    #expect(
      machine("cpus: 1️⃣\"4\"") == [
        "1️⃣ 'cpus' must be a whole number, not the string \"4\" | help: write it without quotes: 4"
      ])
    #expect(
      machine("cpus: 1️⃣0100") == [
        "1️⃣ 'cpus' must be a whole number, not 0100 | help: write it without leading zeros"
      ])
    for text in ["1.5", "1e3", "0x10", "two"] {
      #expect(machine("cpus: 1️⃣\(text)") == ["1️⃣ 'cpus' must be a whole number, not \(text)"])
    }
    #expect(machine("autostart: 1️⃣yes") == ["1️⃣ 'autostart' must be true or false, not yes | help: write true"])
    #expect(
      machine("autostart: 1️⃣Off") == ["1️⃣ 'autostart' must be true or false, not Off | help: write false"])
    #expect(machine("autostart: 1️⃣1") == ["1️⃣ 'autostart' must be true or false, not 1"])
    #expect(
      machine("console: 1️⃣'true'") == [
        "1️⃣ 'console' must be true or false, not the string \"true\" | help: write it without quotes: true"
      ])
    #expect(machine("state: 1️⃣null") == ["1️⃣ 'state' has no value"])
  }

  @Test("a text of one line has no line break")
  func lines() {
    #expect(
      machine("title: 1️⃣\"a\\nb\"") == [
        "1️⃣ 'title' has a line break or another control character | help: write it in one line"
      ])
    #expect(machine("description: \"a\\nb\"") == [])
  }

  @Test("a word outside of its list is answered with the list")
  func choices() {
    #expect(
      machine("firmware: 1️⃣uefy") == [
        "1️⃣ 'firmware' cannot be 'uefy' | help: did you mean 'uefi'? it is one of: bios, uefi"
      ])
    #expect(
      machine("graphics: 1️⃣rdp") == ["1️⃣ 'graphics' cannot be 'rdp' | help: it is one of: none, vnc, spice"])
    #expect(machine("accel: 1️⃣true") == ["1️⃣ 'accel' cannot be 'true' | help: it is one of: auto, kvm, tcg"])
    #expect(
      machine("on_change: 1️⃣restart") == [
        "1️⃣ 'on_change' cannot be 'restart' | help: it is one of: live-only, stage, restart-if-needed"
      ])
    #expect(
      machine("disks: {a: {size: 1GiB, bus: 1️⃣ide, format: 2️⃣vmdk}}") == [
        "1️⃣ 'bus' cannot be 'ide' | help: it is one of: virtio, scsi, sata",
        "2️⃣ 'format' cannot be 'vmdk' | help: it is one of: qcow2, raw",
      ])
  }

  @Test("vCPUs and memory have bounds, and a maximum is no less than the amount")
  func amounts() {
    #expect(machine("cpus: 1️⃣0") == ["1️⃣ 'cpus' is 0, but must be from 1 to 4096"])
    #expect(
      machine("cpus: {count: 1️⃣-1, max: 2️⃣5000}") == [
        "1️⃣ 'count' is -1, but must be from 1 to 4096", "2️⃣ 'max' is 5000, but must be from 1 to 4096",
      ])
    #expect(machine("cpus: {count: 4, max: 1️⃣2}") == ["1️⃣ 'max' is 2, less than 'count', which is 4"])
    #expect(machine("cpus: 1️⃣{max: 2}") == ["1️⃣ 'count' is missing in cpus"])
    func memory(_ text: String) -> [String] { findings(in: "vms: {web: {memory: \(text)}}\n") }
    #expect(memory("1️⃣4") == ["1️⃣ the size '4' has no unit | help: write 4GiB, 4MiB or another unit"])
    #expect(memory("1️⃣1023KiB") == ["1️⃣ memory of 1023 KiB is too little | help: at least 1MiB"])
    #expect(memory("1️⃣65TiB") == ["1️⃣ memory of 65 TiB is too much | help: at most 64TiB"])
    #expect(memory("{size: 2GiB, max: 1️⃣1GiB}") == ["1️⃣ 'max' is 1 GiB, less than 'size', which is 2 GiB"])
    #expect(memory("1️⃣{max: 1GiB}") == ["1️⃣ 'size' is missing in memory"])
    #expect(memory("1️⃣~") == ["1️⃣ 'memory' has no value"])
    #expect(
      findings(in: "vms: {1️⃣web: {}}\n") == ["1️⃣ 'memory' is missing in vms.web | help: such as memory: 1GiB"])
    #expect(
      findings(in: "vms: {1️⃣web: }\n") == ["1️⃣ 'memory' is missing in vms.web | help: such as memory: 1GiB"])
  }

  @Test("a shutdown has a time with a unit")
  func shutdown() {
    #expect(
      machine("shutdown: {timeout: 1️⃣60, force: 2️⃣no}") == [
        "1️⃣ '60' is not a length of time | help: write 30s, 5m or 1h",
        "2️⃣ 'force' must be true or false, not no | help: write false",
      ])
  }

  @Test("names of machine types and CPU models are names")
  func names() {
    #expect(
      machine("machine: 1️⃣'q35;x', cpu: 2️⃣'<x>'").map { $0.split(separator: " | ")[0] }
        == ["1️⃣ the name 'q35;x' has the character ';'", "2️⃣ the name '<x>' has the character '<'"])
  }

  @Test("all errors of a file are reported in one run, each once")
  func allAtOnce() {
    let found = findings(
      """
      virtform: 1
      stack: 1️⃣${var.nope}
      hosts: {a: {uri: 2️⃣lxc:///}, b: {uri: qemu:///system}}
      pools: {p: {path: 3️⃣images, hosts: [a, 4️⃣c]}}
      networks: {lan: {mode: nat, cidr: 5️⃣10.0.0.0}}
      profiles: {small: {cpus: 6️⃣"1"}}
      vms:
        web: {profile: small, count: 3, host: a, memory: 7️⃣1, nics: {lan: {ip: 10.0.0.5+}}, disks: {d: {size: 1GiB}}}
        db: {profile: small, host: 8️⃣d, memory: 1GiB, 9️⃣imag: x}
      """)
    #expect(found.map { String($0.prefix(1)) } == (1...9).map { "\($0)\u{fe0f}\u{20e3}" })
  }
}

import Testing

@testable import SpecModel

/// What a VM is beside its disks and NICs.
@Suite struct GuestTests {
  private let networks = "networks: {lan: {mode: nat, cidr: 10.0.0.0/24}}\n"

  /// The findings of a VM with these fields.
  private func machine(_ fields: String) -> [String] {
    findings(in: networks + "vms:\n  web: {memory: 1GiB, \(fields)}\n")
  }

  private func settings(_ fields: String) throws -> MachineSettings {
    try site("vms: {web: {memory: 1GiB, \(fields)}}\n").machine("web").settings
  }

  // MARK: State

  @Test("a guest runs, is paused or is off")
  func states() throws {
    #expect(try settings("state: running").state == .running)
    #expect(try settings("state: paused").state == .paused)
    #expect(try settings("state: off").state == .off)
    #expect(try settings("title: x").state == nil)
    #expect(
      machine("state: 1️⃣of") == [
        "1️⃣ 'state' cannot be 'of' | help: did you mean 'off'? it is one of: running, paused, off"
      ])
    #expect(machine("state: 1️⃣[off]") == ["1️⃣ 'state' must be a single value, not a list"])
  }

  @Test("the key 'running' is answered with the state to write, in a VM and in what it is made of")
  func running() {
    #expect(machine("1️⃣running: true") == ["1️⃣ unknown key 'running' | help: write state: running"])
    #expect(machine("1️⃣running: false") == ["1️⃣ unknown key 'running' | help: write state: off"])
    #expect(
      machine("1️⃣running: maybe") == ["1️⃣ unknown key 'running' | help: write state: running or state: off"])
    #expect(
      findings(
        in:
          "defaults: {1️⃣running: true}\nprofiles: {p: {2️⃣running: false}}\nvms: {a: {memory: 1GiB}, b: {memory: 1GiB, profile: p, count: 2}}\n"
      ) == [
        "1️⃣ unknown key 'running' | help: write state: running",
        "2️⃣ unknown key 'running' | help: write state: off",
      ])
    #expect(machine("1️⃣runing: true").first?.contains("write state") == false)
  }

  @Test("a change may be refused, staged or followed by a restart")
  func changePolicies() throws {
    for policy in ChangePolicy.allCases {
      let machine = try site("vms: {web: {memory: 1GiB, on_change: \(policy.rawValue)}}\n").machine("web")
      #expect(machine.onChange == policy)
    }
    #expect(
      machine("on_change: 1️⃣live_only") == [
        "1️⃣ 'on_change' cannot be 'live_only' | help: did you mean 'live-only'? it is one of: live-only, stage, restart-if-needed"
      ])
  }

  @Test("a VM is protected if it says so, or what it is made of")
  func protection() throws {
    let site = try site(
      "profiles: {p: {protect: true}}\nvms: {a: {memory: 1GiB, protect: true}, b: {memory: 1GiB}, c: {memory: 1GiB, profile: p}, d: {memory: 1GiB, profile: p, protect: false}}\n"
    )
    #expect(site.machines.map(\.isProtected) == [true, false, true, false])
    #expect(
      machine("protect: 1️⃣\"true\"") == [
        "1️⃣ 'protect' must be true or false, not the string \"true\" | help: write it without quotes: true"
      ])
  }

  // MARK: Processors

  @Test("a VM's processors have a weight and a place")
  func processors() throws {
    let all = try settings("cpus: {count: 2, max: 4, shares: 2048, pin: \"0-1,4\"}")
    #expect(all.cpus == VCPUs(count: 2, max: 4) && all.cpuShares == 2048)
    #expect(all.cpuPinning?.description == "0: 0-1,4, 1: 0-1,4, 2: 0-1,4, 3: 0-1,4")
    #expect(try settings("cpus: {count: 1, pin: 3}").cpuPinning?.description == "0: 3")
    let each = try settings("cpus: {count: 2, max: 3, pin: {0: 0-1, 2: 2}}")
    #expect(each.cpuPinning?.description == "0: 0-1, 2: 2" && each.cpuShares == nil)
    let none = try settings("cpus: 2")
    #expect(none.cpuPinning == nil && none.cpuShares == nil && none.cpuLimit == nil)
  }

  @Test(
    "a limit is a number of CPUs, exact to a hundredth",
    arguments: [("2", 200, "2"), ("1.5", 150, "1.5"), ("0.05", 5, "0.05"), ("1.20", 120, "1.2")])
  func limits(text: String, percent: Int, shown: String) throws {
    let limit = try #require(try settings("cpus: {count: 2, limit: \(text)}").cpuLimit)
    #expect(limit.percent == percent && limit.description == shown)
  }

  @Test("a place in a profile goes with the VM's own number of vCPUs, and variables may say either")
  func processorsOfProfile() throws {
    let site = try site(
      """
      variables: {cores: {default: 4-7}, weight: {default: 512}}
      profiles:
        all: {cpus: {pin: "${var.cores}", shares: "${var.weight}"}}
        each: {cpus: {max: 1, pin: {0: 1, 3: 2}}}
      vms:
        a: {memory: 1GiB, profile: all, cpus: {count: 2}}
        b: {memory: 1GiB, profile: each, cpus: {count: 2, max: 4, pin: {0: "${var.cores}"}}}
        c: {memory: 1GiB, profile: each, cpus: {count: 2, max: 2, pin: 5}}
      """)
    #expect(
      site.machines.map(\.settings.cpuPinning?.description) == [
        "0: 4-7, 1: 4-7", "0: 4-7, 3: 2", "0: 5, 1: 5",
      ])
    #expect(site.machines[0].settings.cpuShares == 512)
  }

  @Test("weights have bounds, and a place is a set of CPUs for a vCPU that there is")
  func badProcessors() {
    #expect(
      machine("cpus: {count: 1, shares: 1️⃣1}") == ["1️⃣ 'shares' is 1, but must be from 2 to 262144"])
    #expect(
      machine("cpus: {count: 1, shares: 1️⃣262145}") == [
        "1️⃣ 'shares' is 262145, but must be from 2 to 262144"
      ])
    #expect(
      machine("cpus: {count: 1, shares: 1️⃣\"1024\"}") == [
        "1️⃣ 'shares' must be a whole number, not the string \"1024\" | help: write it without quotes: 1024"
      ])
    let number = "help: write a number such as 2, 1.5 or 0.25"
    for text in ["many", "-1", "1.555", "1."] {
      #expect(
        machine("cpus: {count: 1, limit: 1️⃣\(text)}") == ["1️⃣ '\(text)' is no number of CPUs | \(number)"])
    }
    for text in ["0", "1000.01"] {
      #expect(
        machine("cpus: {count: 1, limit: 1️⃣\(text)}") == [
          "1️⃣ the number of CPUs '\(text)' must be above 0 and at most 1000"
        ])
    }
    let set = "help: write numbers and ranges of the host's CPUs, such as 0-3,7"
    #expect(machine("cpus: {count: 1, pin: 1️⃣all}") == ["1️⃣ 'all' is no set of CPUs | \(set)"])
    #expect(machine("cpus: {count: 1, pin: 1️⃣[0, 1]}") == ["1️⃣ 'pin' must be a single value, not a list"])
    #expect(machine("cpus: {count: 1, pin: 1️⃣~}") == ["1️⃣ 'pin' has no value"])
    #expect(
      machine("cpus: {count: 1, pin: 1️⃣{}}") == [
        "1️⃣ 'pin' is empty | help: write the host's CPUs for all vCPUs, such as pin: 0-3, or by vCPU, such as pin: {0: 0-1}"
      ])
    #expect(
      machine("cpus: {count: 2, max: 4, pin: {0: 1️⃣x, 3: 2️⃣20000, 3️⃣4: 0, 4️⃣01: 0, 5️⃣-1: 0, 6️⃣a: 0, 2: 7️⃣}}") == [
        "1️⃣ 'x' is no set of CPUs | \(set)", "2️⃣ CPU 20000 is more than 16383, the most there can be",
        "3️⃣ there is no vCPU 4: the VM has at most 4 | help: vCPUs are numbered from 0",
        "4️⃣ '01' is not the number of a vCPU | help: vCPUs are numbered from 0",
        "5️⃣ '-1' is not the number of a vCPU | help: vCPUs are numbered from 0",
        "6️⃣ 'a' is not the number of a vCPU | help: vCPUs are numbered from 0", "7️⃣ '2' has no value",
      ])
    #expect(
      findings(
        in:
          "defaults: {cpus: {count: 1, pin: {1️⃣4096: 0, 3: 0}}}\nvms: {w: {memory: 1GiB, cpus: {max: 5000}}}\n"
      ).contains("1️⃣ there is no vCPU 4096: the VM has at most 4096 | help: vCPUs are numbered from 0"))
  }

  // MARK: Boot

  @Test("the firmware tries the disks and NICs that 'boot' names, in its order")
  func boot() throws {
    let machine = try site(
      networks
        + "profiles: {net: {boot: [lan]}}\nvms:\n  a: {memory: 1GiB, boot: [cd, lan, root], disks: {root: {size: 1GiB}, cd: {cdrom: none}}, nics: {lan: {}}}\n  b: {memory: 1GiB, profile: net, nics: {lan: {}}}\n"
    )
    #expect(try machine.machine("a").boot?.map(\.rawValue) == ["cd", "lan", "root"])
    #expect(try machine.machine("b").boot?.map(\.rawValue) == ["lan"])
    let directory = try TemporaryDirectory(["a.raw": [1]])
    let image = "images: {i: {source: \(directory.path)/a.raw}}\n"
    let implied = try site(image + "vms: {w: {memory: 1GiB, image: i, boot: [root]}}\n")
    #expect(try implied.machine("w").boot?.map(\.rawValue) == ["root"])
    #expect(
      findings(in: image + "vms: {w: {memory: 1GiB, kernel: i, boot: 1️⃣[d], disks: {d: {size: 1GiB}}}}\n") == [
        "1️⃣ 'boot' does not go with a 'kernel' | help: the kernel is started without trying any device"
      ])
  }

  @Test("what 'boot' names is there, once, and is one thing")
  func badBoot() {
    let devices = "disks: {root: {size: 1GiB}, lan: {size: 1GiB}}, nics: {lan: {}}"
    #expect(
      machine("boot: [1️⃣rot, root, 2️⃣root, 3️⃣lan, 4️⃣4, 5️⃣x/y], \(devices)") == [
        "1️⃣ this VM has no disk and no NIC 'rot' | help: did you mean 'root'?",
        "2️⃣ 'root' stands in 'boot' twice",
        "3️⃣ 'lan' is a disk and a NIC of this VM | help: give one of them another name",
        "4️⃣ a name must be a string, not 4 | help: quote it: \"4\"",
        "5️⃣ the name 'x/y' has the character '/' | help: names are letters, digits, '.', '_' and '-', and start with a letter or a digit",
      ])
    #expect(
      machine("boot: [1️⃣network], \(devices)") == [
        "1️⃣ this VM has no disk and no NIC 'network' | help: it has lan, root"
      ])
    #expect(machine("boot: [1️⃣hd]") == ["1️⃣ this VM has no disk and no NIC 'hd'"])
    #expect(machine("boot: 1️⃣root") == ["1️⃣ 'boot' must be a list, not root | help: write [root]"])
    #expect(
      machine("boot: 1️⃣[]") == ["1️⃣ 'boot' is empty | help: leave it out to try the disks in their order"])
    #expect(
      findings(
        in:
          "defaults: {boot: 1️⃣5}\nprofiles: {p: {boot: [a, 2️⃣a]}}\nvms: {w: {memory: 1GiB, boot: [3️⃣a], disks: 4️⃣[a]}, v: {memory: 1GiB, boot: [5️⃣b]}}\n"
      ) == [
        "1️⃣ 'boot' must be a list, not 5 | help: write [5]", "2️⃣ 'a' stands in 'boot' twice",
        "4️⃣ 'disks' must be a map, not a list", "5️⃣ this VM has no disk and no NIC 'b'",
      ])
  }
}

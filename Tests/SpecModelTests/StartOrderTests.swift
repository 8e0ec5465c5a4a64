import Testing

@testable import SpecModel

@Suite struct StartOrderTests {
  private func names(_ machine: MachineSpec) -> [String] { machine.startAfter.map(\.rawValue) }

  @Test("a VM starts after others by their names; that of a count means all of its VMs")
  func names() throws {
    let site = try site(
      """
      variables: {backend: {default: db}}
      defaults: {memory: 1GiB}
      profiles: {late: {start_after: [web, db]}}
      vms:
        db: {}
        web: {count: 3, start_after: ["${var.backend}"]}
        none: {count: 0, start_after: [db]}
        edge: {profile: late}
        last: {for_each: [a, b], start_after: [web-2, none]}
        alone: {profile: late, start_after: []}
      """)
    #expect(try names(site.machine("db")) == [])
    #expect(try names(site.machine("web-3")) == ["db"])
    #expect(try names(site.machine("edge")) == ["db", "web-1", "web-2", "web-3"])
    #expect(try names(site.machine("last-b")) == ["web-2"])
    #expect(try names(site.machine("alone")) == [])
    #expect(try site.machine("web-3").group?.rawValue == "web")
    #expect(try site.machine("db").group == nil)
  }

  @Test("a name that no VM has is reported once, with the nearest there is")
  func unknown() {
    #expect(
      findings(
        in: """
          defaults: {memory: 1GiB}
          vms:
            db: {}
            web: {count: 3, start_after: [1️⃣dbb, 2️⃣nothing-like-it]}
          """) == [
          "1️⃣ no VM 'dbb' in this spec | help: did you mean 'db'?",
          "2️⃣ no VM 'nothing-like-it' in this spec | help: name a VM, or the entry of vms: that makes several",
        ])
    #expect(
      findings(in: "vms: {a: {memory: 1GiB, start_after: 1️⃣b}, b: {memory: 1GiB}}\n") == [
        "1️⃣ 'start_after' must be a list, not b | help: write [b]"
      ])
    #expect(
      findings(in: "vms: {a: {memory: 1GiB, start_after: [b, 1️⃣b, 2️⃣7]}, b: {memory: 1GiB}}\n") == [
        "1️⃣ 'b' stands in 'start_after' twice",
        "2️⃣ a name must be a string, not 7 | help: quote it: \"7\"",
      ])
  }

  @Test("what may be one of a count that is in error is no error itself")
  func unclear() {
    #expect(
      findings(in: "vms: {web: {count: 1️⃣x, memory: 1GiB}, a: {memory: 1GiB, start_after: [web-2]}}\n") == [
        "1️⃣ 'count' must be a whole number, not x"
      ])
  }

  @Test("no VM starts after itself, be it by way of its count or of others")
  func cycles() {
    #expect(
      findings(in: "vms: {a: {memory: 1GiB, start_after: [1️⃣a]}}\n") == [
        "1️⃣ VM 'a' cannot start after itself"
      ])
    #expect(
      findings(in: "vms: {a: {count: 2, memory: 1GiB, start_after: [1️⃣a]}}\n") == [
        "1️⃣ VM 'a-1' cannot start after itself | help: 'a' means all VMs of its count; it is one of them"
      ])
    #expect(
      findings(
        in: """
          defaults: {memory: 1GiB}
          vms:
            app: {start_after: [1️⃣db, free]}
            db: {start_after: [2️⃣web]}
            free: {}
            outer: {start_after: [app]}
            web: {count: 2, start_after: [3️⃣app]}
            x: {start_after: [4️⃣y]}
            y: {start_after: [5️⃣x]}
          """) == [
          "1️⃣ these VMs start after each other: app → db → web-1 → app | help: leave one of these words out"
            + " | 2️⃣ 'db' starts after 'web-1' | 3️⃣ 'web-1' starts after 'app'",
          "4️⃣ these VMs start after each other: x → y → x | help: leave one of these words out"
            + " | 5️⃣ 'y' starts after 'x'",
        ])
  }

  @Test("an order of very many VMs is found out in time, or refused for its size")
  func size() throws {
    let site = try site(
      "vms: {a: {count: 800, memory: 1GiB}, b: {count: 800, memory: 1GiB, start_after: [a]}}\n")
    #expect(site.machines.last?.startAfter.count == 800)
    let refused = findings(
      in: "vms: {a: {count: 4000, memory: 1GiB}, b: {count: 4000, memory: 1GiB, start_after: [1️⃣a]}}\n")
    #expect(refused.count == 1 && refused[0].hasPrefix("1️⃣ the spec grows beyond"))
  }
}

import FoundationEssentials
import Libvirt
import TestLab
import Testing

/// Plans that are reviewed before they are carried out, parts of plans, and what leaves a stack or gets a new name: the
/// binary against libvirt's test driver in a daemon.
@Suite(
  "Reviewed plans, parts of plans, renames and removals", .serialized,
  .enabled(if: Lab.hasLibvirt, "needs libvirtd and virsh"))
struct ReviewTests {
  private func header(_ lab: Lab, _ more: String = "") -> String {
    """
    virtform: 1
    stack: shop
    hosts:
      sim: {uri: "\(lab.uri(driver: "test"))"}
    pools:
      main: {type: dir, path: \(lab.work)/main}
    \(more)
    """
  }

  private func spec(_ lab: Lab, memory: String = "64MiB", count: Int = 3, options: String = "") -> String {
    header(
      lab,
      """
      vms:
        web: {count: \(count), memory: \(memory), disks: {root: {size: 1GiB}}\(options)}

      """)
  }

  @discardableResult
  private func apply(_ lab: Lab, _ spec: String, _ options: String..., status: Int32 = 0) async throws
    -> String
  {
    let path = try lab.write(spec, to: "site.yaml")
    let outcome = try await lab.virtform(["apply", path, "--auto-approve"] + options)
    #expect(outcome.status == status, "\(outcome.output)\(outcome.errors)")
    return outcome.output + outcome.errors
  }

  private func expectQuiet(_ lab: Lab, _ place: SourceLocation = #_sourceLocation) async throws {
    let plan = try await lab.virtform("plan", "site.yaml", "--detailed-exitcode")
    #expect(plan.status == 0, "\(plan.output)\(plan.errors)", sourceLocation: place)
  }

  // MARK: Secrets

  @Test("a secret that another one takes the place of is shown nowhere, and a short one spoils no document")
  func secrets() async throws {
    try await Lab.with(driver: "test") { lab in
      let site = try lab.write(
        spec(lab, options: ", description: \"word ${var.word}.\", title: \"${var.number}\"")
          + "variables: {word: {env: VF_WORD, secret: true}, number: {env: VF_NUMBER, secret: true}}\n",
        to: "site.yaml")
      let first = ["VF_WORD": "hunter2", "VF_NUMBER": "7"]
      let apply = try await lab.virtform("apply", site, "--auto-approve", environment: first)
      #expect(apply.status == 0, "\(apply.output)\(apply.errors)")
      let second = ["VF_WORD": "sesame", "VF_NUMBER": "1"]
      let plan = try await lab.virtform("plan", site, "-o", "saved.json", environment: second)
      #expect(plan.output.contains("~ description  (secret) → word (secret)."), "\(plan.output)")
      #expect(plan.output.contains("~ title        (secret) → (secret)"), "\(plan.output)")
      let saved = try String(contentsOfFile: "\(lab.work)/saved.json", encoding: .utf8)
      let json = try await lab.virtform("plan", site, "--json", environment: second)
      for text in [plan.output, saved, json.output] {
        #expect(!text.contains("hunter2") && !text.contains("sesame"), "\(text)")
      }
      #expect(json.output.contains("\"format_version\" : \"1."), "\(json.output)")
      let digest = json.output.firstMatch(of: /"digest" : "([0-9a-f]*)"/)
      #expect(digest?.1.count == 64, "\(json.output)")
    }
  }

  // MARK: Saved plans

  @Test("a saved plan is carried out once, without asking, and only as it was reviewed")
  func savedPlan() async throws {
    try await Lab.with(driver: "test") { lab in
      try await apply(lab, spec(lab))
      try lab.write(spec(lab, options: ", title: New"), to: "site.yaml")
      let plan = try await lab.virtform("plan", "site.yaml", "-o", "a.json", "--detailed-exitcode")
      #expect(plan.status == 2)
      #expect(plan.output.contains("Saved to a.json"))
      _ = try await lab.virtform("plan", "site.yaml", "-o", "b.json")
      let bytes = try Data(contentsOf: URL(filePath: "\(lab.work)/a.json"))
      #expect(try Data(contentsOf: URL(filePath: "\(lab.work)/b.json")) == bytes)

      let done = try await lab.virtform("apply", "a.json")
      #expect(done.status == 0, "\(done.output)\(done.errors)")
      #expect(done.output.contains("0 added, 3 changed, 0 removed"))
      try await expectQuiet(lab)
      let again = try await lab.virtform("apply", "a.json")
      #expect(again.status == 4)
      #expect(again.errors.contains("the plan was applied already"), "\(again.errors)")
    }
  }

  @Test("a plan whose spec, hosts or file have changed is refused before anything happens")
  func stalePlan() async throws {
    try await Lab.with(driver: "test") { lab in
      try await apply(lab, spec(lab))
      try lab.write(spec(lab, options: ", title: New"), to: "site.yaml")
      _ = try await lab.virtform("plan", "site.yaml", "-o", "plan.json")
      let text = try String(contentsOfFile: "\(lab.work)/plan.json", encoding: .utf8)
      func expectStale(_ reason: String, _ place: SourceLocation = #_sourceLocation) async throws {
        let calls = try await lab.calls {
          let outcome = try await lab.virtform("apply", "plan.json")
          #expect(outcome.status == 4, "\(outcome.output)\(outcome.errors)", sourceLocation: place)
          #expect(outcome.errors.contains(reason), "\(outcome.errors)", sourceLocation: place)
        }
        #expect(Lab.mutating(calls).isEmpty, "\(calls)", sourceLocation: place)
      }

      try lab.write(spec(lab, options: ", title: Newer"), to: "site.yaml")
      try await expectStale("the spec has changed")
      try lab.write("# A comment is no change.\n" + spec(lab, options: ", title: New"), to: "site.yaml")
      _ = try await lab.virsh("desc", "web-2", "--config", "--title", "by hand", driver: "test")
      try await expectStale("sim/vm.web-2 has changed: title was not set and is by hand")
      _ = try await lab.virsh("desc", "web-2", "--config", "--title", "", driver: "test")
      _ = try await lab.virsh("destroy", "web-3", driver: "test")
      try await expectStale("sim/vm.web-3 has changed: state was running and is off")
      _ = try await lab.virsh("start", "web-3", driver: "test")

      // What the file says is what was reviewed: it cannot be made to say less than is done.
      try lab.write(
        text.replacing("\"address\" : \"vm.web-2\"", with: "\"address\" : \"vm.web-9\""), to: "plan.json")
      try await expectStale("other steps would be needed")
      try lab.write(String(text.dropLast(40)), to: "plan.json")
      let damaged = try await lab.virtform("apply", "plan.json")
      #expect(damaged.status == 1 && damaged.errors.contains("plan.json:"), "\(damaged.errors)")
      try lab.write(text, to: "plan.json")
      let widened = try await lab.virtform("apply", "plan.json", "--allow-data-loss")
      #expect(widened.status == 1 && widened.errors.contains("saved plan"), "\(widened.errors)")
      #expect(try await lab.virtform("apply", "plan.json").status == 0)
    }
  }

  @Test("a plan carries its consents: what it may delete, and what it was told to leave out")
  func consentsInPlan() async throws {
    try await Lab.with(driver: "test") { lab in
      try await apply(lab, spec(lab))
      try lab.write(spec(lab, count: 1), to: "site.yaml")
      let plan = try await lab.virtform(
        "plan", "site.yaml", "-o", "plan.json", "--allow-data-loss-of", "disk.web-3.root")
      #expect(plan.output.contains("- disk.web-3.root  (data loss)"), "\(plan.output)")
      #expect(plan.output.contains("disk.web-2.root on sim: stays at"))
      #expect(try await lab.virtform("apply", "plan.json").status == 0)
      // The test driver keeps volumes in its memory only.
      let volumes = try await #require(try await lab.connection.storagePool(named: "main")).volumes().map(
        \.name)
      #expect(
        volumes.contains { $0.hasPrefix("web-2.root") } && !volumes.contains { $0.hasPrefix("web-3.root") })
    }
  }

  // MARK: Parts

  @Test("--target and --exclude do a part, say so loudly, and the rest is left for a whole run")
  func parts() async throws {
    try await Lab.with(driver: "test") { lab in
      try await apply(lab, spec(lab))
      let changed = spec(lab, options: ", title: New")
      let part = try await apply(lab, changed, "--target", "vm.web-2")
      #expect(part.contains("PARTIAL PLAN: --target vm.web-2, 2 other changes left out."), "\(part)")
      #expect(part.contains("0 added, 1 changed, 0 removed"))
      let rest = try await apply(lab, changed, "--exclude", "sim/vm.web-3")
      #expect(rest.contains("PARTIAL PLAN") && rest.contains("0 added, 1 changed, 0 removed"), "\(rest)")
      let last = try await lab.virtform("plan", "site.yaml")
      #expect(last.output.contains("Plan: 0 to add, 1 to change, 0 to remove."), "\(last.output)")
      let typo = try await lab.virtform("plan", "site.yaml", "--target", "vm.wbe-3")
      #expect(typo.status == 1 && typo.errors.contains("did you mean 'vm.web-3'?"), "\(typo.errors)")

      // What a target needs comes with it.
      let more = header(
        lab,
        """
        networks:
          lan: {mode: nat, cidr: 10.98.0.0/24, bridge: vfbr8}
        vms:
          web: {count: 3, memory: 64MiB, disks: {root: {size: 1GiB}}, title: New}
          db: {memory: 64MiB, disks: {data: {size: 1GiB}}, nics: {lan: {}}}

        """)
      let db = try await apply(lab, more, "--target", "vm.db")
      for made in ["+ disk.db.data", "+ network.lan", "+ vm.db"] { #expect(db.contains(made), "\(db)") }
      #expect(!db.contains("vm.web-3") && db.contains("1 other change left out"), "\(db)")
    }
  }

  @Test("--replace makes one VM of a count anew, and only with consent to what its disks lose")
  func replace() async throws {
    try await Lab.with(driver: "test") { lab in
      try await apply(lab, spec(lab))
      let before = try await lab.virsh("dumpxml", "web-1", driver: "test")
      let id = try await lab.virsh("domid", "web-2", driver: "test")
      let refused = try await lab.virtform("apply", "site.yaml", "--auto-approve", "--replace", "vm.web-2")
      #expect(refused.status == 7)
      #expect(refused.errors.contains("destroys the content of disk.web-2.root"), "\(refused.errors)")
      #expect(try await lab.virsh("domid", "web-2", driver: "test") == id)

      let plan = try await lab.virtform("plan", "site.yaml", "--replace", "vm.web-2", "--allow-data-loss")
      #expect(plan.output.contains("-/+ vm.web-2  (replace)"), "\(plan.output)")
      #expect(plan.output.contains("-/+ disk.web-2.root  (data loss)"))
      #expect(plan.output.contains("1 replacement, DATA LOSS on 1 disk"))
      try await apply(lab, spec(lab), "--replace", "vm.web-2", "--allow-data-loss")
      #expect(try await lab.virsh("domid", "web-2", driver: "test") != id)
      #expect(try await lab.virsh("dumpxml", "web-1", driver: "test") == before)
      try await expectQuiet(lab)
    }
  }

  @Test("many VMs that are replaced at once are all there again")
  func replaceMany() async throws {
    try await Lab.with(driver: "test") { lab in
      let spec = spec(lab, count: 60)
      try await apply(lab, spec)
      let before = try await lab.virsh("list", "--uuid", driver: "test").split(separator: "\n")
      let text = try await apply(lab, spec, "--replace", "vm.web-*", "--allow-data-loss")
      #expect(text.contains("Apply complete."), "\(text)")
      let after = try await lab.virsh("list", "--uuid", driver: "test").split(separator: "\n")
      #expect(Set(after) == Set(before) && after.count == 61, "\(after.count)")
      try await expectQuiet(lab)
    }
  }

  // MARK: Names

  @Test("a VM that moves keeps its UUID and its disks, and the spec may forget the move afterwards")
  func moved() async throws {
    try await Lab.with(driver: "test") { lab in
      func spec(_ name: String, _ state: String, _ more: String = "") -> String {
        header(
          lab,
          """
          vms:
            \(name): {memory: 64MiB, state: \(state), disks: {root: {size: 1GiB}}}
          \(more)
          """)
      }
      try await apply(lab, spec("web", "running"))
      let uuid = try await lab.virsh("domuuid", "web", driver: "test")
      let files = try await lab.virsh("domblklist", "web", driver: "test")
      // A running guest keeps libvirt's name, and the stack knows it by its new one.
      let staged = try await apply(lab, spec("front", "running", "moved: {vms.web: vms.front}\n"))
      #expect(
        staged.contains("~ vm.front  (restart)") && staged.contains("~ name  web → front  (restart)"),
        "\(staged)")
      #expect(try await lab.virsh("domstate", "web", driver: "test").contains("running"))
      try await expectQuiet(lab)
      try lab.write(spec("front", "running"), to: "site.yaml")
      try await expectQuiet(lab)
      #expect(try await lab.virtform("plan", "site.yaml").output.contains("pending restart: name"))
      // Once it is off it has its name.
      try await apply(lab, spec("front", "off"))
      #expect(try await lab.virsh("domuuid", "front", driver: "test") == uuid)
      #expect(try await lab.virsh("domblklist", "front", driver: "test") == files)
      #expect(try await lab.connection.domain(named: "web") == nil)
      try await expectQuiet(lab)
      try await apply(lab, spec("front", "running"))
      let destroy = try await lab.virtform("destroy", "site.yaml", "--auto-approve", "--allow-data-loss")
      #expect(destroy.status == 0, "\(destroy.output)\(destroy.errors)")
      #expect(try await lab.connection.domains().map(\.name) == ["test"])
    }
  }

  @Test("what is let go keeps all but its mark, and is no longer the stack's")
  func forgotten() async throws {
    try await Lab.with(driver: "test") { lab in
      try await apply(lab, spec(lab))
      let before = try XMLElement(
        parsing: try await lab.virsh("dumpxml", "web-3", "--inactive", driver: "test"))
      let id = try await lab.virsh("domid", "web-3", driver: "test")
      let output = try await apply(lab, spec(lab, count: 2) + "removed: {vms.web-3: {forget: true}}\n")
      #expect(output.contains(". vm.web-3  # it stays as it is"), "\(output)")
      var after = try XMLElement(
        parsing: try await lab.virsh("dumpxml", "web-3", "--inactive", driver: "test"))
      #expect(after.at("metadata", "virtform:mark") == nil)
      var unmarked = before
      unmarked.removeChildren(named: "metadata")
      after.removeChildren(named: "metadata")
      #expect(after.isEquivalent(to: unmarked))
      #expect(try await lab.virsh("domid", "web-3", driver: "test") == id)
      try await expectQuiet(lab)
      try lab.write(spec(lab, count: 2), to: "site.yaml")
      try await expectQuiet(lab)
      let destroy = try await lab.virtform("destroy", "site.yaml", "--auto-approve", "--allow-data-loss")
      #expect(destroy.status == 0, "\(destroy.output)\(destroy.errors)")
      #expect(try await lab.virsh("domid", "web-3", driver: "test") == id)
    }
  }

  // MARK: Protection

  @Test("protection wins over removal, destruction and consent to data loss, until the spec takes it back")
  func protected() async throws {
    try await Lab.with(driver: "test") { lab in
      func spec(_ protect: Bool, vms: Bool = true, disks: Bool = true) -> String {
        let word = protect ? ", protect: true" : ""
        return header(
          lab,
          (disks ? "disks:\n  data: {size: 1GiB\(word)}\n" : "")
            + (vms
              ? "vms:\n  db: {memory: 64MiB\(word), disks: {root: {size: 1GiB\(word)}\(disks ? ", data: {disk: data}" : "")}}\n"
              : ""))
      }
      func volumes() async throws -> [String] {
        try await #require(try await lab.connection.storagePool(named: "main")).volumes().map(\.name).sorted()
      }
      try await apply(lab, spec(true))
      let all = try await volumes()
      #expect(all.count == 4, "two disks, and the signs that they are protected: \(all)")
      let id = try await lab.virsh("domid", "db", driver: "test")
      let destroy = try await lab.virtform("destroy", "site.yaml", "--auto-approve", "--allow-data-loss")
      #expect(destroy.output.contains("vm.db on sim: stays (protect: true)"), "\(destroy.output)")
      for options in [["--allow-data-loss"], []] {
        let path = try lab.write(spec(false, vms: false, disks: false), to: "site.yaml")
        let removal = try await lab.virtform(["apply", path, "--auto-approve"] + options)
        #expect(
          removal.output.contains("vm.db on sim: stays (protect: true)"), "\(removal.output)\(removal.errors)"
        )
        let left = try await volumes()
        #expect(left == all, "\(removal.output)")
        #expect(try await lab.virsh("domid", "db", driver: "test") == id)
      }
      try await apply(lab, spec(false))
      #expect(try await volumes().count == 2)
      try await apply(lab, spec(false, vms: false, disks: false), "--allow-data-loss")
      #expect(try await volumes().isEmpty)
      #expect(try await lab.connection.domains().map(\.name) == ["test"])
    }
  }

  // MARK: Drift

  @Test("drift is what others changed, not what the spec has changed since")
  func drift() async throws {
    try await Lab.with(driver: "test") { lab in
      try await apply(lab, spec(lab, options: ", title: Mine"))
      #expect(try await lab.virtform("drift", "site.yaml", "--detailed-exitcode").status == 0)
      // The spec changes one field, a person another, and a third that no spec ever had.
      try lab.write(spec(lab, options: ", title: Mine, description: new"), to: "site.yaml")
      _ = try await lab.virsh("desc", "web-1", "--config", "--live", "--title", "Theirs", driver: "test")
      _ = try await lab.virsh("autostart", "web-2", driver: "test")
      let drift = try await lab.virtform("drift", "site.yaml", "--detailed-exitcode")
      #expect(drift.status == 2)
      #expect(
        drift.output == """
          vm.web-1 on sim
              title  applied: Mine, is: Theirs
          The spec wants 3 changes besides: virtform plan

          """, "\(drift.output)")
      let plan = try await lab.virtform("plan", "site.yaml")
      #expect(
        plan.output.contains(
          """
            ~ vm.web-1
                + description  new  (live)
                not as it was last applied, goes back:
                ~ title        Theirs → Mine  (live)
          """), "\(plan.output)")
      #expect(!plan.output.contains("autostart"))
      let calls = try await lab.calls { _ = try await lab.virtform("drift", "site.yaml") }
      #expect(Lab.mutating(calls).isEmpty)
      _ = try await lab.virsh("undefine", "web-3", driver: "test")
      _ = try await lab.virsh("destroy", "web-3", driver: "test")
      let missing = try await lab.virtform("drift", "site.yaml", "--detailed-exitcode")
      #expect(
        missing.status == 2 && missing.output.contains("vm.web-3 on sim is not there"), "\(missing.output)")
    }
  }
}

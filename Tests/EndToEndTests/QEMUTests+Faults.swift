import FoundationEssentials
import Libvirt
import TestLab
import Testing

extension QEMUTests {
  @Test("an apply that is killed while it makes real guests is finished by the next one")
  func killed() async throws {
    try await Lab.with { lab in
      let site = try lab.write(lan(), to: "site.yaml")
      var tally = FaultTally(
        area: "Calls", fault: "killed at any time, while it makes real guests",
        command: "make torture FILTER=QEMUTests")
      let moments = Torture.isLong ? (2...40).map { "\(Double($0) / 10)" } : ["0.15", "0.4", "0.8", "1.2"]
      for seconds in moments {
        _ = try await Lab.run(
          "/usr/bin/timeout", ["-s", "KILL", seconds, Lab.binary, "apply", site, "--auto-approve"],
          in: lab.work,
          environment: ["VIRTFORM_HOME": lab.home])
        let finish = try await lab.virtform("apply", site, "--auto-approve")
        #expect(finish.status == 0, "\(finish.output)\(finish.errors)")
        try await expectQuiet(lab, site)
        let guests = try await lab.connection.domains(.active).map(\.name)
        #expect(guests == ["db", "web-1", "web-2"])
        // Three images, the shared disk and what protects it, the log and what keeps it, two roots: nothing doubled.
        let volumes = try await lab.connection.storagePool(named: "default")?.volumes().count ?? 0
        #expect(volumes == 9)
        tally.count(
          hasSurvived: finish.status == 0 && guests.count == 3 && volumes == 9,
          isLoss: guests.count < 3 || volumes < 9)
        let destroy = try await lab.virtform("destroy", site, "--auto-approve", "--allow-data-loss")
        #expect(destroy.status == 0, "\(destroy.output)\(destroy.errors)")
      }
      try tally.record()
    }
  }

  @Test("an image whose file somebody deleted is uploaded again, though libvirt still lists it")
  func deletedImage() async throws {
    try await Lab.with { lab in
      func spec(_ vms: String) -> String {
        """
        virtform: 1
        stack: lost
        images: {guest: {source: \(Lab.guest)/guest.qcow2}}
        pools: {files: {type: dir, path: \(lab.work)/files}}
        vms: {\(vms)}
        """
      }
      let vm = "{image: guest, clone: full, memory: 128MiB, accel: tcg, state: off}"
      let site = try lab.write(spec("one: \(vm)"), to: "site.yaml")
      let apply = try await lab.virtform("apply", site, "--auto-approve")
      #expect(apply.status == 0, "\(apply.output)\(apply.errors)")
      let files = try FileManager.default.contentsOfDirectory(atPath: "\(lab.work)/files")
      let image = try #require(files.first { $0.hasPrefix("guest-") })
      try FileManager.default.removeItem(atPath: "\(lab.work)/files/\(image)")
      try lab.write(spec("one: \(vm), two: \(vm)"), to: "site.yaml")
      let again = try await lab.virtform("apply", site, "--auto-approve")
      #expect(again.status == 0, "\(again.output)\(again.errors)")
      try await expectQuiet(lab, site)
    }
  }

  @Test(
    "a pool that is full says so before anything is made, or names what failed and goes on after room is made"
  )
  func fullPool() async throws {
    try await Lab.with(
      prepare: { work in
        try FileManager.default.createDirectory(atPath: "\(work)/small", withIntermediateDirectories: true)
        try await mount("-t", "tmpfs", "-o", "size=20m", "tmpfs", "\(work)/small")
      },
      { lab in
        do {
          try await expectFullPool(lab, "\(lab.work)/small")
        } catch {
          _ = try await Lab.run("/usr/bin/umount", ["-l", "\(lab.work)/small"], in: "/")
          throw error
        }
        _ = try await Lab.run("/usr/bin/umount", ["-l", "\(lab.work)/small"], in: "/")
      })
  }

  func mount(_ arguments: String...) async throws {
    let outcome = try await Lab.run("/usr/bin/mount", arguments, in: "/")
    if outcome.status != 0 { throw Lab.Failure(description: outcome.errors) }
  }

  func expectFullPool(_ lab: Lab, _ mount: String) async throws {
    func spec(_ vms: String) -> String {
      """
      virtform: 1
      stack: tight
      images: {guest: {source: \(Lab.guest)/guest.qcow2}}
      pools: {small: {type: dir, path: \(mount)/pool}}
      vms: {\(vms)}
      """
    }
    let site = try lab.write(spec(""), to: "site.yaml")
    let pool = try await lab.virtform("apply", site, "--auto-approve")
    #expect(pool.status == 0, "\(pool.output)\(pool.errors)")
    // libvirt does not see that the room goes, so only the upload finds out.
    let filler = "\(mount)/filler"
    try Data(count: 12 << 20).write(to: URL(filePath: filler))
    try lab.write(spec("vm: {image: guest, memory: 128MiB, accel: tcg, state: off}"), to: "site.yaml")
    let apply = try await lab.virtform("apply", site, "--auto-approve")
    #expect(apply.status == 5, "\(apply.output)\(apply.errors)")
    #expect(
      apply.output.contains("site.yaml:3:17: image.guest on local: uploading: the pool 'small' is full: "),
      "\(apply.output)")
    #expect(apply.output.contains("skipped"))
    // Now it is known, and nothing is sent.
    let plan = try await lab.virtform("plan", site)
    #expect(plan.status == 7, "\(plan.output)\(plan.errors)")
    #expect(
      plan.errors.contains(
        "site.yaml:3:17: error: image.guest does not fit into pool 'small' on host 'local': "),
      "\(plan.errors)")
    #expect(try await lab.virtform("apply", site, "--auto-approve").status == 7)
    try FileManager.default.removeItem(atPath: filler)
    _ = try await lab.virsh("pool-refresh", "small")
    let finish = try await lab.virtform("apply", site, "--auto-approve")
    #expect(finish.status == 0, "\(finish.output)\(finish.errors)")
    try await expectQuiet(lab, site)

    // A copy takes more room than its image, which is compressed: this shows only while it is made.
    try await self.mount("-o", "remount,size=29m", mount)
    let vms = "vm: {image: guest, memory: 128MiB, accel: tcg, state: off}"
    try lab.write(
      spec("\(vms), copy: {image: guest, clone: full, memory: 128MiB, accel: tcg, state: off}"),
      to: "site.yaml")
    let cutOff = try await lab.virtform("apply", site, "--auto-approve")
    #expect(
      cutOff.status == 5 && cutOff.output.contains("disk.copy.root on local: creating: "),
      "\(cutOff.output)\(cutOff.errors)")
    let files = try FileManager.default.contentsOfDirectory(atPath: "\(mount)/pool")
    #expect(!files.contains { $0.hasPrefix("copy.root") }, "\(files)")
    try await self.mount("-o", "remount,size=64m", mount)
    let copied = try await lab.virtform("apply", site, "--auto-approve")
    #expect(copied.status == 0, "\(copied.output)\(copied.errors)")
    try await expectQuiet(lab, site)
    var tally = FaultTally(
      area: "Hosts", fault: "a pool that fills up while an image arrives, or is copied",
      command: "make torture FILTER=QEMUTests")
    tally.count(hasSurvived: apply.status == 5 && finish.status == 0)
    tally.count(hasSurvived: cutOff.status == 5 && copied.status == 0)
    try tally.record()
    let destroy = try await lab.virtform("destroy", site, "--auto-approve", "--allow-data-loss")
    #expect(destroy.status == 0)
    #expect(try await lab.connection.storagePools().map(\.name) == ["default"])
  }
}
